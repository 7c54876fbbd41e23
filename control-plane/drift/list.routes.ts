import { listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { formatMoment } from '../ui';
import type { Column } from '../ui';
import { driftKinds } from './find-drift';
import { listFindings, type Finding } from './queries';

const states = ['there', 'gone'] as const;

const columns: Column<Finding>[] = [
  {
    key: 'router',
    label: 'drift.router',
    isName: true,
    cell: (row) => ({ first: row.router, href: `/drift/${row.id}`, second: row.subject }),
    csv: (row) => row.router,
  },
  {
    key: 'what',
    label: 'drift.what',
    card: 'card-full',
    cell: (row, { t }) => ({ first: t(`drift.kind_${row.kind}`), second: row.detail, secondId: true }),
    csv: (row, { t }) => `${t(`drift.kind_${row.kind}`)}: ${row.subject}`,
  },
  {
    key: 'found',
    label: 'drift.found',
    card: 'card-full',
    cell: (row, reader) => ({
      first: formatMoment(new Date(row.found_at), reader),
      second: row.gone_at
        ? reader.t('drift.gone_since', { at: formatMoment(new Date(row.gone_at), reader) })
        : reader.t('drift.seen', { at: formatMoment(new Date(row.seen_at), reader) }),
    }),
    csv: (row) => row.found_at,
  },
];

/** What goes past billing on routers. */
export const findingList = listPages({
  list: 'drift',
  path: '/drift',
  permission: 'drift.read',
  view: 'drift/list',
  query: listQuery.extend({ state: oneOf(states), kind: oneOf(driftKinds) }),
  title: 'drift.title',
  find: 'drift.find',
  foot: 'drift.foot',
  columns,
  live: 'router',
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('drift.state'),
      value: query.state ?? '',
      options: states.map((value) => ({ value, label: t(`drift.state_${value}`) })),
    },
    {
      name: 'kind',
      label: t('drift.what'),
      value: query.kind ?? '',
      options: driftKinds.map((value) => ({ value, label: t(`drift.kind_${value}`) })),
    },
  ],
  scope: (_ctx, { query: { q, state, kind } }) => ({ q: q || undefined, state, kind }),
  page: (ctx, filter, page) => listFindings(ctx, { ...filter, ...page }),
  empty: ({ reader: { t } }) => ({ text: t('drift.empty') }),
});
