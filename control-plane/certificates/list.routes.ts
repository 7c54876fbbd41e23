import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { notFound } from '../platform/http/problem';
import { listPages, none, oneOf, type Asked, type ListSpec } from '../tables';
import { fieldsOf, formErrors } from '../ui';
import { certificateColumns, certificateStates, fileHref, type Listed } from './admin.view';
import { SERVER_NAME } from './authority';
import { authorityPem, listCertificates, subscriptionName } from './queries';

const certificateQuery = listQuery.extend({
  subscription: none.or(idField).optional(),
  state: oneOf(certificateStates),
  revoked: oneOf(['yes']),
});

async function scopeOf(ctx: Context, { query: { q, subscription, state }, person }: Asked<string, Query>) {
  const username = subscription === undefined ? undefined : await subscriptionName(ctx, subscription);
  if (subscription !== undefined && username === undefined) throw notFound('That subscription');
  const mayRevoke = person.actor.permissions.has('subscriptions.write');
  return { filter: { q: q || undefined, subscriptionId: subscription, state }, username, mayRevoke };
}
type Query = ReturnType<typeof certificateQuery.parse>;
type Scope = Awaited<ReturnType<typeof scopeOf>>;

/** Certificates of all devices, or of those of one service, beside which one more is issued. */
export const certificateSpec: ListSpec<'/certificates', typeof certificateQuery, Listed, Scope> = {
  list: 'certificates',
  path: '/certificates',
  permission: 'subscriptions.read',
  view: 'certificates/list',
  query: certificateQuery,
  title: 'certificates.title',
  find: 'certificates.find',
  foot: 'certificates.foot',
  columns: certificateColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('certificates.state'),
      value: query.state ?? '',
      options: certificateStates.map((value) => ({ value, label: t(`certificates.state_${value}`) })),
    },
    {
      name: 'subscription',
      label: t('certificates.username'),
      value: query.subscription?.toString() ?? '',
      fromLink: true,
    },
  ],
  scope: scopeOf,
  async page(ctx, { filter, mayRevoke }, { cursor, limit }) {
    const page = await listCertificates(ctx, { ...filter, limit, before: cursorId(cursor) });
    return { ...page, items: page.items.map((one) => ({ ...one, mayRevoke })) };
  },
  empty: ({ reader: { t } }) => ({
    text: t('certificates.empty'),
    href: '/subscribers',
    step: t('ui.nav_subscribers'),
  }),
  emptyFiltered: ({ query: { q, state }, reader: { t } }) =>
    q || state
      ? { text: t('certificates.none_found'), href: '/certificates', step: t('certificates.show_all') }
      : { text: t('certificates.empty_one') },
  model: (ctx, { query, reader }, { scope }) => certificateModel(ctx, { query, reader }, scope),
};

/** What stands around the list; `refused`: what was in the form to issue one, and why it was not taken. */
export async function certificateModel(
  ctx: Context,
  { query, reader }: Pick<Asked<string, Query>, 'query' | 'reader'>,
  { username, mayRevoke }: Scope,
  refused?: { name: string; message: string },
): Promise<Record<string, unknown>> {
  const { t } = reader;
  const authority = await authorityPem(ctx);
  const faults = refused ? { name: refused.message } : {};
  const field = fieldsOf('certificates', { name: refused?.name ?? '' }, faults, reader);
  return {
    title: username === undefined ? t('certificates.title') : t('certificates.title_of', { username }),
    one: username !== undefined && { id: String(query.subscription), username },
    told: query.revoked && { text: t('certificates.revoked_told') },
    errors: refused && formErrors(faults),
    name:
      mayRevoke &&
      username !== undefined &&
      field('name', { required: true, autocomplete: 'off', max: 64, help: t('certificates.name_help') }),
    server: SERVER_NAME,
    authorityHref: authority === undefined ? undefined : fileHref('application/x-x509-ca-cert', authority),
  };
}

export const certificateList = listPages(certificateSpec);
