import { seeOther, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formPages, type FormRefusal, type Reader } from '../ui';
import { findSite } from './queries';
import { changeSite, createSite, type SiteOutcome } from './save-site';
import type { NewSite, Site } from './schema';
import { readSite, siteForm, siteFormView, type Values } from './site-form';

/** Writes what the form asks for; what is in the way is said at its field. */
async function save(
  values: Values,
  { t }: { t: Reader['t'] },
  write: (input: NewSite) => Promise<SiteOutcome>,
): Promise<PageResult | FormRefusal> {
  const read = readSite(values);
  if (read.kind === 'wrong') return { kind: 'wrong', fields: read.fields };
  const outcome = await write(read.input);
  switch (outcome.kind) {
    case 'done':
      return seeOther(`/sites/${outcome.site.id}`);
    case 'not_found':
      throw notFound('That site');
    case 'name_taken':
      return { kind: 'refused', errors: { name: t('sites.name_taken') } };
    case 'slug_taken':
      return { kind: 'refused', errors: { slug: t('sites.slug_taken') } };
    case 'router_taken':
      return {
        kind: 'refused',
        errors: { router_ids: t('sites.router_taken', { router: outcome.router, site: outcome.site }) },
      };
    case 'invalid':
      return { kind: 'wrong', fields: Object.keys(outcome.fields) };
    case 'changed_meanwhile':
      return { kind: 'changed' };
  }
}

export const formRoutes: PageRoute[] = [
  ...formPages({
    ...siteFormView,
    page: '/sites/new',
    post: '/sites',
    permission: 'sites.write',
    form: siteForm,
    open: (): Site | undefined => undefined,
    save: (values, call) => save(values, call, (input) => createSite(call.ctx, input)),
  }),
  ...formPages({
    ...siteFormView,
    page: '/sites/:id/edit',
    post: '/sites/:id/edit',
    permission: 'sites.write',
    form: siteForm,
    async open({ ctx, params }): Promise<Site | undefined> {
      const site = await findSite(ctx, { id: params.id });
      if (!site) throw notFound('That site');
      return site;
    },
    save: (values, call) =>
      save(values, call, ({ slug: _slug, ...input }) =>
        changeSite(call.ctx, call.params.id, { ...input, version: Number(values['version']) || 0 }),
      ),
  }),
];
