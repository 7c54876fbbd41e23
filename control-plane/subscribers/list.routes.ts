import type { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery, pageOf } from '../platform/http/input';
import { subscriptionStates } from '../subscriptions';
import { listPages, named, none, oneOf } from '../tables';
import { formatCount } from '../ui';
import type { Filter, Reader } from '../ui';
import { EXPIRES, JOINED, peopleFilter } from './list.filter';
import { COUNT_MOST, countRows, listRows, planChoices } from './list.queries';
import { peopleColumns } from './list.view';

const keysOf = <K extends string>(table: Record<K, number>): [K, ...K[]] => Object.keys(table) as [K, ...K[]];

const rowsQuery = listQuery.extend({
  state: oneOf(subscriptionStates),
  plan: none.or(idField).optional(),
  online: oneOf(['yes', 'no']),
  joined: oneOf(keysOf(JOINED)),
  expires: oneOf(keysOf(EXPIRES)),
});
type RowsQuery = z.output<typeof rowsQuery>;

async function filtersOf(ctx: Context, query: RowsQuery, { t }: Reader): Promise<Filter[]> {
  const words = (name: string, values: readonly string[]) =>
    values.map((value) => ({ value, label: t(`subscribers.${name}_${value}`) }));
  return [
    {
      name: 'state',
      label: t('sessions.state'),
      value: query.state ?? '',
      options: subscriptionStates.map((value) => ({ value, label: t(`ui.state.${value}`) })),
    },
    {
      name: 'plan',
      label: t('sessions.plan'),
      value: query.plan?.toString() ?? '',
      options: named(await planChoices(ctx)),
    },
    {
      name: 'online',
      label: t('subscribers.online'),
      value: query.online ?? '',
      options: words('online', ['yes', 'no']),
    },
    {
      name: 'expires',
      label: t('subscribers.expires'),
      value: query.expires ?? '',
      options: words('expires', keysOf(EXPIRES)),
    },
    {
      name: 'joined',
      label: t('subscribers.joined'),
      value: query.joined ?? '',
      options: words('joined', keysOf(JOINED)),
    },
  ];
}

export const listRoutes = listPages({
  list: 'subscribers',
  path: '/subscribers',
  permission: 'subscribers.read',
  view: 'subscribers/list',
  query: rowsQuery,
  title: 'subscribers.title',
  find: 'ui.search_hint',
  foot: 'subscribers.foot',
  columns: peopleColumns,
  filters: (ctx, { query, reader }) => filtersOf(ctx, query, reader),
  scope: (ctx, { query, person }) => peopleFilter(ctx, query, person.tenant.timezone),
  async page(ctx, filter, { cursor, limit }) {
    const rows = await listRows(ctx, filter, { before: cursorId(cursor), limit: limit + 1 });
    return pageOf(rows, limit, (row) => row.id);
  },
  empty: ({ person, reader: { t } }) => ({
    text: t('subscribers.empty'),
    ...(person.actor.permissions.has('subscribers.write')
      ? { href: '/subscribers/new', step: t('subscribers.add'), action: true }
      : {}),
  }),
  async model(ctx, { person, reader }, { scope, filtered, here }) {
    const count = await countRows(ctx, scope);
    return {
      total: `${formatCount(Math.min(count, COUNT_MOST), reader.locale)}${count > COUNT_MOST ? '+' : ''}`,
      mayAdd: person.actor.permissions.has('subscribers.write'),
      filtered,
      query: here.toString(),
    };
  },
});
