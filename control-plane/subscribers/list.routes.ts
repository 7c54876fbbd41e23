import type { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery, pageOf } from '../platform/http/input';
import type { Permission } from '../platform/permissions';
import { subscriptionStates } from '../subscriptions';
import { listPages, named, none, oneOf } from '../tables';
import { formatCount } from '../ui';
import type { Filter, Reader } from '../ui';
import { EXPIRES, JOINED, peopleFilter } from './list.filter';
import { COUNT_MOST, countRows, listRows, planChoices } from './list.queries';
import { peopleColumns } from './list.view';
import type { PeopleFilter } from './search';

const keysOf = <K extends string>(table: Record<K, number>): [K, ...K[]] => Object.keys(table) as [K, ...K[]];

const rowsQuery = listQuery.extend({
  state: oneOf(subscriptionStates),
  plan: none.or(idField).optional(),
  online: oneOf(['yes', 'no']),
  joined: oneOf(keysOf(JOINED)),
  expires: oneOf(keysOf(EXPIRES)),
});
type RowsQuery = z.output<typeof rowsQuery>;

/** The filter, and how many it matches once a page has told. */
interface Scope {
  filter: PeopleFilter;
  matching: number | undefined;
}

/** What can be done with those who are ticked, in the words of the bulk slice, the most frequent first. */
const ACTS: [string, Permission][] = [
  ['extend', 'subscriptions.write'],
  ['message', 'messages.send'],
  ['suspend', 'subscriptions.suspend'],
  ['resume', 'subscriptions.suspend'],
  ['change_plan', 'subscriptions.write'],
];

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
  scope: async (ctx, { query, person }): Promise<Scope> => ({
    filter: await peopleFilter(ctx, query, person.tenant.timezone),
    matching: undefined,
  }),
  async page(ctx, scope, { cursor, limit }) {
    const rows = await listRows(ctx, scope.filter, { before: cursorId(cursor), limit: limit + 1 });
    const matching = rows[0]?.matching;
    if (typeof matching === 'bigint') scope.matching = Number(matching);
    return pageOf(rows, limit, (row) => row.id);
  },
  look: (row, { person, reader: { t } }) =>
    person.actor.permissions.has('subscriptions.write')
      ? {
          pick: {
            form: 'pick',
            name: 'clients',
            value: row.id.toString(),
            spoken: t('subscribers.choose', { name: row.name }),
          },
        }
      : {},
  empty: ({ person, reader: { t } }) => ({
    text: t('subscribers.empty'),
    ...(person.actor.permissions.has('subscribers.write')
      ? { href: '/subscribers/new', step: t('subscribers.add'), action: true }
      : {}),
  }),
  async model(ctx, { person, reader }, { scope, filtered, here }) {
    const count = scope.matching ?? (await countRows(ctx, scope.filter));
    return {
      total: `${formatCount(Math.min(count, COUNT_MOST), reader.locale)}${count > COUNT_MOST ? '+' : ''}`,
      mayAdd: person.actor.permissions.has('subscribers.write'),
      pickBar: person.actor.permissions.has('subscriptions.write') && {
        id: 'pick',
        to: '/bulk/new',
        label: reader.t('subscribers.picked'),
        acts: ACTS.filter(([, needs]) => person.actor.permissions.has(needs)).map(([value]) => ({
          value,
          label: reader.t(`bulk.action_${value}`),
        })),
        all: {
          href: `/bulk/new?${here.toString()}`,
          label: reader.t(filtered ? 'subscribers.pick_all_matching' : 'subscribers.pick_all'),
        },
      },
      filtered,
      query: here.toString(),
    };
  },
});
