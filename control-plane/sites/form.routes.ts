import type { Context } from '../platform/context';
import { pageRoute, seeOther, type PageResult } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { readerFor } from '../ui';
import { findSite } from './queries';
import { changeSite, createSite, type SiteOutcome } from './save-site';
import type { NewSite } from './schema';
import { formPage, readSite, siteForm, valuesOf, type Asked } from './site-form';

async function save(
  ctx: Context,
  person: Person,
  asked: Asked,
  write: (input: NewSite) => Promise<SiteOutcome>,
): Promise<PageResult> {
  const { t } = readerFor(ctx, person);
  const again = (errors: Record<string, string>) => formPage(ctx, person, { ...asked, errors, status: 422 });
  const wrong = (names: string[]) => again(Object.fromEntries(names.map((name) => [name, t(`sites.${name}_needed`)])));
  const read = readSite(asked.values);
  if (read.kind === 'wrong') return wrong(read.fields);
  const outcome = await write(read.input);
  switch (outcome.kind) {
    case 'done':
      return seeOther(`/sites/${outcome.site.id}`);
    case 'not_found':
      throw notFound('That site');
    case 'name_taken':
      return again({ name: t('sites.name_taken') });
    case 'slug_taken':
      return again({ slug: t('sites.slug_taken') });
    case 'router_taken':
      return again({ router_ids: t('sites.router_taken', { router: outcome.router, site: outcome.site }) });
    case 'invalid':
      return wrong(Object.keys(outcome.fields));
    case 'changed_meanwhile':
      return formPage(ctx, person, { ...asked, changed: true, status: 409 });
  }
}

export const formRoutes = [
  pageRoute({
    method: 'GET',
    path: '/sites/new',
    permission: 'sites.write',
    run: (ctx, _input, _web, person) => formPage(ctx, person, { values: {} }),
  }),
  pageRoute({
    method: 'POST',
    path: '/sites',
    permission: 'sites.write',
    form: siteForm,
    run: (ctx, { form }, _web, person) =>
      save(ctx, person, { values: form.ok ? form.value : form.values }, (input) => createSite(ctx, input)),
  }),
  pageRoute({
    method: 'GET',
    path: '/sites/:id/edit',
    permission: 'sites.write',
    async run(ctx, { params }, _web, person) {
      const site = await findSite(ctx, { id: params.id });
      if (!site) throw notFound('That site');
      return formPage(ctx, person, { values: valuesOf(site), site });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/sites/:id/edit',
    permission: 'sites.write',
    form: siteForm,
    async run(ctx, { params, form }, _web, person) {
      const values = form.ok ? form.value : form.values;
      const site = await findSite(ctx, { id: params.id });
      if (!site) throw notFound('That site');
      const version = Number(values['version']) || 0;
      return save(ctx, person, { values, site }, ({ slug: _slug, ...input }) =>
        changeSite(ctx, params.id, { ...input, version }),
      );
    },
  }),
];
