import { listQuery } from '../platform/http/input';
import { listPages } from '../tables';
import { poolColumns } from './admin.view';
import { listPools } from './queries';

/** The company's address pools, on one page. */
export const poolList = listPages({
  list: 'pools',
  path: '/pools',
  permission: 'pools.read',
  view: 'pools/list',
  query: listQuery,
  title: 'pools.title',
  foot: 'pools.foot',
  columns: poolColumns,
  scope: () => undefined,
  page: async (ctx) => ({ items: await listPools(ctx), nextCursor: null }),
  empty: ({ person, reader: { t } }) => ({
    text: t('pools.empty'),
    ...(person.actor.permissions.has('pools.write') ? { href: '/pools/new', step: t('pools.add'), action: true } : {}),
  }),
  model: (_ctx, { person }) => ({ mayAdd: person.actor.permissions.has('pools.write') }),
});
