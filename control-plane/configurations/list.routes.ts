import { listQuery } from '../platform/http/input';
import { listPages } from '../tables';
import { formatCount, formatMoment } from '../ui';
import type { Column } from '../ui';
import { listConfigurations, type Configuration } from './queries';

const columns: Column<Configuration>[] = [
  {
    key: 'router',
    label: 'configurations.router',
    isName: true,
    cell: (row) => ({ first: row.router, href: `/configurations/${row.id}`, second: row.version }),
    csv: (row) => row.router,
  },
  {
    key: 'taken',
    label: 'configurations.taken',
    card: 'card-full',
    cell: (row, reader) => ({
      first: formatMoment(new Date(row.taken_at), reader),
      second: reader.t('configurations.same_until', { at: formatMoment(new Date(row.seen_at), reader) }),
    }),
    csv: (row) => row.taken_at,
  },
  {
    key: 'changes',
    label: 'configurations.changes',
    num: true,
    card: 'card-end',
    cell: (row) => ({ first: `+${row.added} −${row.removed}` }),
    csv: (row) => `+${row.added} -${row.removed}`,
  },
  {
    key: 'lines',
    label: 'configurations.lines',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatCount(row.lines, reader.locale) }),
    csv: (row) => row.lines,
  },
];

/** Configurations of all routers, one line for each time that one had changed. */
export const configurationList = listPages({
  list: 'configurations',
  path: '/configurations',
  permission: 'configurations.read',
  view: 'configurations/list',
  query: listQuery,
  title: 'configurations.title',
  find: 'configurations.find',
  foot: 'configurations.foot',
  columns,
  scope: (_ctx, { query }) => query.q || undefined,
  page: (ctx, q, page) => listConfigurations(ctx, { q, ...page }),
  empty: ({ reader: { t } }) => ({ text: t('configurations.empty') }),
});
