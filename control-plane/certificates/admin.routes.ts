import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, pagerOf, readerFor, type Reader } from '../ui';
import { fileHref, printCertificate, printHandover } from './admin.view';
import { SERVER_NAME } from './authority';
import { issueCertificate } from './issue-certificate';
import { authorityPem, listCertificates, subscriptionName } from './queries';
import { revokeCertificate } from './revoke-certificate';
import { newCertificate } from './schema';

const pageQuery = listQuery.extend({
  subscription: z.union([z.literal('').transform(() => undefined), idField]).optional(),
  revoked: z.string().max(5).optional(),
});
type PageQuery = z.output<typeof pageQuery>;
const issueForm = newCertificate.omit({ days: true });

interface Shown {
  query: PageQuery;
  search: URLSearchParams;
  mayIssue: boolean;
  /** What stood in the form when it was refused, and why. */
  refused?: { name: string; message: string };
}

async function listPage(
  ctx: Context,
  reader: Reader,
  { query, search, mayIssue, refused }: Shown,
): Promise<PageResult> {
  const { t } = reader;
  const { q, limit, cursor, subscription } = query;
  const username = subscription === undefined ? undefined : await subscriptionName(ctx, subscription);
  if (subscription !== undefined && username === undefined) throw notFound('That subscription');
  const [page, authority] = [
    await listCertificates(ctx, { q: q || undefined, subscriptionId: subscription, limit, before: cursorId(cursor) }),
    await authorityPem(ctx),
  ];
  const field = fieldsOf(
    'certificates',
    { name: refused?.name ?? '' },
    refused ? { name: refused.message } : {},
    reader,
  );
  return view(
    'certificates/list',
    {
      title: username === undefined ? t('certificates.title') : t('certificates.title_of', { username }),
      q,
      one: username !== undefined && { id: String(subscription), username },
      told: query.revoked && { text: t('certificates.revoked_told') },
      errors: refused && formErrors({ name: refused.message }),
      name:
        mayIssue &&
        username !== undefined &&
        field('name', { required: true, autocomplete: 'off', max: 64, help: t('certificates.name_help') }),
      mayRevoke: mayIssue,
      rows: page.items.map((one) => printCertificate(one, reader)),
      empty: q
        ? { text: t('certificates.none_found'), href: '/certificates', step: t('certificates.show_all') }
        : username === undefined
          ? { text: t('certificates.empty'), href: '/subscribers', step: t('ui.nav_subscribers') }
          : { text: t('certificates.empty_one') },
      server: SERVER_NAME,
      authorityHref: authority === undefined ? undefined : fileHref('application/x-x509-ca-cert', authority),
      pager: pagerOf('/certificates', search, { cursor, next: page.nextCursor, limit }, reader),
    },
    refused ? { status: 422 } : {},
  );
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/certificates',
    permission: 'subscriptions.read',
    query: pageQuery,
    run: (ctx, { query }, web, person) =>
      listPage(ctx, readerFor(ctx, person), {
        query,
        search: new URLSearchParams(web.query),
        mayIssue: person.actor.permissions.has('subscriptions.write'),
      }),
  }),
  pageRoute({
    method: 'POST',
    path: '/certificates',
    permission: 'subscriptions.write',
    form: issueForm,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      const given = form.ok ? { ...form.value, id: form.value.subscription_id } : undefined;
      const subscription = given?.id ?? idField.safeParse(form.ok ? '' : form.values['subscription_id']).data;
      const again = (message: string): Promise<PageResult> =>
        listPage(ctx, reader, {
          query: { ...pageQuery.parse({}), subscription },
          search: new URLSearchParams(),
          mayIssue: true,
          refused: { name: given?.name ?? (form.ok ? '' : (form.values['name'] ?? '')), message },
        });
      if (!form.ok) return again(reader.t('certificates.name_needed'));
      const outcome = await issueCertificate(ctx, form.value);
      if (outcome.kind === 'no_subscription') throw notFound('That subscription');
      if (outcome.kind !== 'done') return again(reader.t(`certificates.${outcome.kind}`));
      return view('certificates/issued', {
        title: reader.t('certificates.issued_title'),
        back: `/certificates?subscription=${form.value.subscription_id}`,
        server: SERVER_NAME,
        ...printHandover(outcome, form.value.name),
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/certificates/:id/revoke',
    permission: 'subscriptions.write',
    form: z.object({ subscription: idField }),
    async run(ctx, { params, form }) {
      if ((await revokeCertificate(ctx, params.id)) === 'not_found') throw notFound('That certificate');
      return seeOther(form.ok ? `/certificates?subscription=${form.value.subscription}&revoked=yes` : '/certificates');
    },
  }),
];
