import { cursorId, idField, listQuery, pageOf } from '../platform/http/input';
import { dayFilters, dayQuery, dayRange, listPages, named, none } from '../tables';
import { liveChoices } from './admin.queries';
import { listPast } from './history.queries';
import { pastColumns } from './history.view';

/** All sessions there have been, open ones too. */
export const historyRoutes = listPages({
  list: 'sessions-history',
  path: '/sessions/history',
  permission: 'sessions.read',
  view: 'sessions/history',
  query: listQuery.extend({ router: none.or(idField).optional(), ...dayQuery }),
  title: 'sessions.history',
  find: 'sessions.history_find',
  foot: 'sessions.history_foot',
  columns: pastColumns,
  filters: async (ctx, { query, reader }) => [
    {
      name: 'router',
      label: reader.t('sessions.router'),
      value: query.router?.toString() ?? '',
      options: named((await liveChoices(ctx)).routers),
    },
    ...dayFilters(query, reader),
  ],
  async scope(ctx, { query, person }) {
    const { from, until } = await dayRange(ctx, query, person.tenant.timezone);
    return { q: query.q || undefined, router: query.router, from, to: until };
  },
  async page(ctx, filter, { cursor, limit }) {
    const rows = await listPast(ctx, filter, { before: cursorId(cursor), limit: limit + 1 });
    return pageOf(rows, limit, (row) => row.id);
  },
  empty: ({ reader }) => ({ text: reader.t('sessions.history_none') }),
});
