import { cursorId, listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { formatMoment, type Column, type Reader } from '../ui';
import { pageOfTokens } from './queries';
import type { Token } from './schema';

/** A token with whether the list is of the whole company. */
type Listed = Token & { all: boolean };

const nameOf = (token: Token, { t }: Reader) => token.name ?? t('tokens.sign_in');
const iso = (at: Date | null) => at?.toISOString() ?? null;

const tokenColumns: Column<Listed>[] = [
  {
    key: 'name',
    label: 'tokens.name',
    isName: true,
    cell: (token, reader) => ({
      first: nameOf(token, reader),
      second: [
        ...(token.all ? [token.owner.name] : []),
        reader.t('tokens.made', { when: formatMoment(token.created_at, reader) }),
      ].join(', '),
    }),
    csv: nameOf,
  },
  {
    key: 'owner',
    label: 'tokens.owner',
    extra: true,
    card: 'not-in-card',
    cell: (token) => ({ first: token.owner.name }),
    csv: (token) => token.owner.name,
  },
  {
    key: 'scopes',
    label: 'tokens.scopes',
    card: 'card-full',
    cell: (token, { t }) => ({ first: token.scopes ? token.scopes.join(', ') : t('tokens.everything'), tone: 'wrap' }),
    csv: (token, { t }) => (token.scopes ? token.scopes.join(' ') : t('tokens.everything')),
  },
  {
    key: 'used',
    label: 'tokens.used',
    num: true,
    card: 'not-in-card',
    cell: (token, reader) => ({
      first: token.last_used_at
        ? formatMoment(token.last_used_at, reader)
        : token.kind === 'token'
          ? reader.t('tokens.never')
          : '–',
      second: token.last_used_ip ?? '',
      secondId: true,
    }),
    csv: (token) => iso(token.last_used_at),
  },
  {
    key: 'ends',
    label: 'tokens.ends',
    num: true,
    cell: (token, reader) => ({ first: formatMoment(token.expires_at, reader) }),
    csv: (token) => iso(token.expires_at),
  },
  {
    key: 'revoke',
    label: 'tokens.revoke',
    num: true,
    acts: true,
    card: 'card-top',
    cell: (token, reader) => ({
      act: {
        to: `/tokens/${token.id}/revoke`,
        label: reader.t('tokens.revoke'),
        spoken: `${reader.t('tokens.revoke')}: ${nameOf(token, reader)}`,
        cut: true,
        ...(token.all ? { fields: [{ name: 'all', value: 'yes' }] } : {}),
      },
    }),
  },
];

/** One's own tokens and programs' sign-ins; with the permission those of the whole company. */
export const tokenList = listPages({
  list: 'tokens',
  path: '/tokens',
  permission: 'signed_in',
  view: 'tokens/list',
  query: listQuery.extend({ all: oneOf(['yes']), told: oneOf(['revoked']) }),
  title: 'tokens.title',
  foot: 'tokens.foot',
  columns: tokenColumns,
  filters: (_ctx, { query, person, reader: { t } }) =>
    person.actor.permissions.has('tokens.manage')
      ? [
          {
            name: 'all',
            label: t('tokens.owner'),
            value: query.all ?? '',
            any: t('tokens.mine'),
            options: [{ value: 'yes', label: t('tokens.of_all') }],
          },
        ]
      : [],
  scope: (_ctx, { query, person }) => ({
    all: query.all === 'yes' && person.actor.permissions.has('tokens.manage'),
    staffId: person.staffId,
    currentHash: person.tokenHash,
  }),
  async page(ctx, { all, staffId, currentHash }, { cursor, limit }) {
    const of = { staffId: all ? undefined : staffId, currentHash };
    const page = await pageOfTokens(ctx, of, { limit, before: cursorId(cursor) });
    return { ...page, items: page.items.map((token) => ({ ...token, all })) };
  },
  empty: ({ reader: { t } }) => ({ text: t('tokens.empty'), href: '/tokens/new', step: t('tokens.add'), action: true }),
  model: (_ctx, { query, reader }) => ({ told: query.told && { text: reader.t('tokens.told_revoked') } }),
});
