import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, pagerOf, readerFor, type Reader } from '../ui';
import { printCertificate, printHandover, printServer } from './admin.view';
import { issueRouterCertificate } from './issue-certificate';
import { beginAuthorityChange, endAuthorityChange } from './change-authority';
import { certificateList } from './list.routes';
import { findServer, listCertificates, routerName } from './queries';
import { renewServer, replaceServer, type ReplaceOutcome } from './replace-server';
import { revokeCertificate } from './revoke-certificate';
import { renewServerBody, replaceServerBody } from './schema';

const YEARS = ['1', '2', '3', '5', '10'];
const issueForm = z.object({
  years: z.enum(['1', '2', '3', '5', '10']),
  csr: z.string().trim().max(32_768).default(''),
});
const namesForm = z.object({
  names: z
    .string()
    .transform((text) => text.split(/[\s,]+/).filter((name) => name !== ''))
    .pipe(renewServerBody.shape.names),
});
const doneQuery = z.object({ revoked: z.string().max(5).optional(), cursor: z.string().max(500).optional() });

async function routerPage(
  ctx: Context,
  id: bigint,
  reader: Reader,
  may: boolean,
  more: { query?: z.output<typeof doneQuery>; values?: Record<string, string>; fault?: string } = {},
): Promise<PageResult> {
  const name = await routerName(ctx, id);
  if (name === undefined) throw notFound('That router');
  const limit = 20;
  const cursor = more.query?.cursor;
  const page = await listCertificates(ctx, { routerId: id, limit, before: cursorId(cursor) });
  const errors: Record<string, string> = more.fault === undefined ? {} : { csr: more.fault };
  const values = more.values ?? {};
  return view(
    'radsec/router',
    {
      title: reader.t('radsec.router_title', { router: name }),
      router: { id: id.toString(), name },
      told: more.query?.revoked && { text: reader.t('radsec.revoked_told') },
      errors: formErrors(errors),
      csr: fieldsOf(
        'radsec',
        values,
        errors,
        reader,
      )('csr', {
        lines: 4,
        autocomplete: 'off',
        help: reader.t('radsec.csr_help'),
      }),
      mayIssue: may,
      years: YEARS.map((value) => ({
        value,
        label: reader.t('radsec.years', { count: Number(value) }),
        selected: value === (values['years'] ?? '3'),
      })),
      rows: page.items.map((one) => printCertificate(one, reader)),
      pager: pagerOf(
        `/routers/${id}/certificate`,
        new URLSearchParams(),
        { cursor, next: page.nextCursor, limit },
        reader,
      ),
      empty: { text: reader.t('radsec.router_empty') },
    },
    more.fault === undefined ? {} : { status: 422 },
  );
}

interface Refused {
  values: Record<string, string>;
  errors: Record<string, string>;
}

async function serverPage(ctx: Context, reader: Reader, may: boolean, refused?: Refused): Promise<PageResult> {
  const server = await findServer(ctx);
  const printed = server && printServer(server, reader);
  const values = { names: printed?.names ?? '', ...refused?.values, key_pem: '' };
  const field = fieldsOf('radsec', values, refused?.errors ?? {}, reader);
  const pem = { required: true, lines: 4, autocomplete: 'off' };
  return view(
    'radsec/server',
    {
      title: reader.t('radsec.server_title'),
      mayReplace: may,
      server: printed,
      names: field('names', { required: true, autocomplete: 'off', help: reader.t('radsec.names_help') }),
      certificate: field('certificate_pem', pem),
      // A key is never shown again.
      key: field('key_pem', pem),
      cutOffError: refused?.errors['cut_off'],
      empty: { text: reader.t('radsec.no_authority') },
      errors: refused && formErrors(refused.errors),
    },
    refused ? { status: 422 } : {},
  );
}

async function replaced(
  ctx: Context,
  reader: Reader,
  values: Record<string, string>,
  outcome: ReplaceOutcome,
): Promise<PageResult> {
  if (outcome.kind === 'refused')
    return serverPage(ctx, reader, true, { values, errors: { [outcome.field]: reader.t('radsec.pem_refused') } });
  if (outcome.kind === 'no_authority') return serverPage(ctx, reader, true);
  return seeOther('/radsec/server');
}

export const pageRoutes: PageRoute[] = [
  ...certificateList,
  pageRoute({
    method: 'GET',
    path: '/routers/:id/certificate',
    permission: 'radsec.read',
    query: doneQuery,
    run: (ctx, { params, query }, _web, person) =>
      routerPage(ctx, params.id, readerFor(ctx, person), person.actor.permissions.has('radsec.write'), { query }),
  }),
  pageRoute({
    method: 'POST',
    path: '/routers/:id/certificate',
    permission: 'radsec.write',
    form: issueForm,
    async run(ctx, { params, form }, _web, person) {
      const reader = readerFor(ctx, person);
      const values = form.ok ? form.value : form.values;
      const again = (fault: string) => routerPage(ctx, params.id, reader, true, { values, fault });
      if (!form.ok) return again(reader.t('radsec.csr_refused'));
      const { years, csr } = form.value;
      const outcome = await issueRouterCertificate(ctx, params.id, {
        days: Number(years) * 365,
        csr: csr || undefined,
      });
      switch (outcome.kind) {
        case 'not_found':
          throw notFound('That router');
        case 'no_authority':
          return again(reader.t('radsec.no_authority'));
        case 'too_many':
          return again(reader.t('radsec.too_many'));
        case 'bad_request':
          return again(reader.t('radsec.csr_refused'));
        case 'done': {
          const name = (await routerName(ctx, params.id)) ?? '';
          return view('radsec/issued', {
            title: reader.t('radsec.issued_title'),
            router: { id: params.id.toString(), name },
            ...printHandover(outcome.handover, name),
          });
        }
      }
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/radsec/certificates/:id/revoke',
    permission: 'radsec.write',
    form: z.object({ router: z.string().regex(/^\d{1,19}$/) }),
    async run(ctx, { params, form }) {
      if ((await revokeCertificate(ctx, params.id, '')) === 'not_found') throw notFound('That certificate');
      return seeOther(form.ok ? `/routers/${form.value.router}/certificate?revoked=yes` : '/radsec');
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/radsec/server',
    permission: 'radsec.read',
    run: (ctx, _input, _web, person) =>
      serverPage(ctx, readerFor(ctx, person), person.actor.permissions.has('radsec.authority')),
  }),
  pageRoute({
    method: 'POST',
    path: '/radsec/server/renew',
    permission: 'radsec.authority',
    form: namesForm,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      const errors = { names: reader.t('radsec.names_refused') };
      if (!form.ok) return serverPage(ctx, reader, true, { values: form.values, errors });
      return replaced(ctx, reader, form.values, await renewServer(ctx, form.value.names));
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/radsec/server/replace',
    permission: 'radsec.authority',
    form: replaceServerBody,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      const wrong = form.ok ? [] : Object.keys(form.fields);
      const errors = Object.fromEntries(wrong.map((name) => [name, reader.t('radsec.pem_refused')]));
      if (!form.ok) return serverPage(ctx, reader, true, { values: form.values, errors });
      return replaced(
        ctx,
        reader,
        form.values,
        await replaceServer(ctx, form.value.certificate_pem, form.value.key_pem),
      );
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/radsec/authority/change',
    permission: 'radsec.authority',
    async run(ctx) {
      // Twice is once: the page then shows that one is under way.
      await beginAuthorityChange(ctx);
      return seeOther('/radsec/server');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/radsec/authority/end',
    permission: 'radsec.authority',
    form: z.object({ cut_off: z.string().max(5).optional() }),
    async run(ctx, { form }, _web, person) {
      const outcome = await endAuthorityChange(ctx, form.ok && form.value.cut_off === 'yes');
      if (outcome.kind !== 'still_used') return seeOther('/radsec/server');
      const reader = readerFor(ctx, person);
      const errors = { cut_off: reader.t('radsec.still_used', { count: outcome.routers }) };
      return serverPage(ctx, reader, true, { values: {}, errors });
    },
  }),
];
