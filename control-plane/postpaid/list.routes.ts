import { cursorId, listQuery } from '../platform/http/input';
import type { PageRoute } from '../platform/http/page';
import { listPages, oneOf } from '../tables';
import { accountColumns, debtColumns, runColumns } from './list.view';
import { listAccounts, listDebts, listRuns } from './queries';

const yes = ['yes'] as const;

const debts = listPages({
  list: 'postpaid',
  path: '/postpaid',
  permission: 'postpaid.read',
  view: 'postpaid/debts',
  query: listQuery.extend({ overdue: oneOf(yes) }),
  title: 'postpaid.title',
  find: 'postpaid.find',
  foot: 'postpaid.foot',
  columns: debtColumns,
  live: 'payment',
  filters: (_ctx, { query, reader }) => [
    {
      name: 'overdue',
      label: reader.t('postpaid.overdue'),
      value: query.overdue ?? '',
      options: [{ value: 'yes', label: reader.t('postpaid.overdue_only') }],
    },
  ],
  scope: (_ctx, { query }) => ({ q: query.q || undefined, overdue: query.overdue === 'yes' }),
  page: (ctx, filter, { cursor, limit }) => listDebts(ctx, { ...filter, limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('postpaid.nobody_owes') }),
  model: (_ctx, { person }) => ({ maySet: person.actor.permissions.has('postpaid.settings') }),
});

const accounts = listPages({
  list: 'postpaid-accounts',
  path: '/postpaid/accounts',
  permission: 'postpaid.read',
  view: 'postpaid/list',
  query: listQuery.extend({ parked: oneOf(yes) }),
  title: 'postpaid.accounts',
  find: 'postpaid.find',
  foot: 'postpaid.foot',
  columns: accountColumns,
  filters: (_ctx, { query, reader }) => [
    {
      name: 'parked',
      label: reader.t('postpaid.parked'),
      value: query.parked ?? '',
      options: [{ value: 'yes', label: reader.t('postpaid.parked_only') }],
    },
  ],
  scope: (_ctx, { query }) => ({ q: query.q || undefined, parked: query.parked === 'yes' }),
  page: (ctx, filter, { cursor, limit }) => listAccounts(ctx, { ...filter, limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('postpaid.no_accounts') }),
});

const runs = listPages({
  list: 'postpaid-runs',
  path: '/postpaid/runs',
  permission: 'postpaid.read',
  view: 'postpaid/list',
  query: listQuery,
  title: 'postpaid.runs',
  foot: 'postpaid.foot',
  columns: runColumns,
  scope: () => ({}),
  page: (ctx, _all, { cursor, limit }) => listRuns(ctx, { limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('postpaid.no_runs') }),
});

/** Who owes what, who is billed afterwards, and the runs of billing. */
export const listRoutes: PageRoute[] = [...debts, ...accounts, ...runs];
