import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { file, filePage, pageRoute, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { subscriptionStates } from '../subscriptions';
import { listSettings } from '../tables';
import { csvRows, cursorOf, formatCount, readerFor, tableOf } from '../ui';
import type { Filter, Reader } from '../ui';
import { EXPIRES, JOINED, peopleFilter } from './list.filter';
import { COUNT_MOST, countRows, listRows, planChoices } from './list.queries';
import type { SubscriberRow } from './list.queries';
import { peopleColumns } from './list.view';

const none = z.literal('').transform(() => undefined);
const choice = <T extends [string, ...string[]]>(values: T) => z.union([none, z.enum(values)]).optional();

const keysOf = <K extends string>(table: Record<K, number>): [K, ...K[]] => Object.keys(table) as [K, ...K[]];

const rowsQuery = listQuery.extend({
  state: choice([...subscriptionStates]),
  plan: z.union([none, idField]).optional(),
  online: choice(['yes', 'no']),
  joined: choice(keysOf(JOINED)),
  expires: choice(keysOf(EXPIRES)),
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
      options: (await planChoices(ctx)).map(({ id, name }) => ({ value: id.toString(), label: name })),
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

function emptyWords(filtered: boolean, mayAdd: boolean, { t }: Reader) {
  if (filtered)
    return { text: t('subscribers.empty_filtered'), href: '/subscribers', step: t('subscribers.empty_filtered_step') };
  return {
    text: t('subscribers.empty'),
    ...(mayAdd ? { href: '/subscribers/new', step: t('subscribers.add'), action: true } : {}),
  };
}

const CSV_PAGE = 1000;

export const listRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/subscribers',
    permission: 'subscribers.read',
    query: rowsQuery,
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const { limit, cursor } = query;
      const filter = await peopleFilter(ctx, query, person.tenant.timezone);
      const rows = await listRows(ctx, filter, { before: cursorId(cursor), limit: limit + 1 });
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      const mayAdd = person.actor.permissions.has('subscribers.write');
      const count = await countRows(ctx, filter);
      const filters = await filtersOf(ctx, query, reader);
      const filtered = Boolean(query.q) || filters.some((one) => one.value !== '');
      return view('subscribers/list', {
        title: reader.t('subscribers.title'),
        total: `${formatCount(Math.min(count, COUNT_MOST), reader.locale)}${count > COUNT_MOST ? '+' : ''}`,
        mayAdd,
        filtered,
        query: new URLSearchParams(web.query).toString(),
        table: tableOf(
          {
            path: '/subscribers',
            search: new URLSearchParams(web.query),
            q: query.q ?? '',
            findHint: reader.t('ui.search_hint'),
            filters,
            settings: await listSettings(ctx, person, 'subscribers'),
            csv: '/subscribers/csv',
          },
          peopleColumns,
          shown,
          {
            title: reader.t('subscribers.title'),
            foot: reader.t('subscribers.foot'),
            empty: emptyWords(filtered, mayAdd, reader),
            cursor,
            next: rows.length > limit && last ? cursorOf(last.id) : null,
            limit,
          },
          reader,
        ),
      });
    },
  }),
  filePage({
    path: '/subscribers/csv',
    permission: 'subscribers.read',
    query: rowsQuery,
    async run(call, { query }, web, person) {
      // Who took people's data out of the house, and which.
      const { filter, reader } = await call.inTenant(async (ctx) => {
        await recordAudit(ctx, 'subscribers.export', { type: 'staff', id: person.staffId }, { filter: web.query });
        return {
          filter: await peopleFilter(ctx, query, person.tenant.timezone),
          reader: readerFor(ctx, person),
        };
      });
      const next = (after: SubscriberRow | undefined) =>
        call.inTenant((ctx) => listRows(ctx, filter, { before: after?.id, limit: CSV_PAGE }));
      return file('subscribers.csv', 'text/csv', csvRows(peopleColumns, next, reader));
    },
  }),
];
