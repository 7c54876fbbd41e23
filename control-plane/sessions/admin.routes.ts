import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { cursorOf, pagerOf, readerFor, withQuery } from '../ui';
import type { Reader } from '../ui';
import { addressRoutes } from './address.routes';
import { historyRoutes } from './history.routes';
import { findLive, listLive, listOrders, liveChoices, totalLive } from './admin.queries';
import type { LiveFilter, LiveRow } from './admin.queries';
import { filterChips, LIVE_STATES, proofsOf, sessionRow, totalsLine } from './admin.view';
import { disconnectSession } from './enforce-session';

const none = z.literal('').transform(() => undefined);
const liveQuery = listQuery.extend({
  router: z.union([none, idField]).optional(),
  plan: z.union([none, idField]).optional(),
  state: z.union([none, z.enum(LIVE_STATES)]).optional(),
  asked: z.string().max(20).optional(),
});
type LiveQuery = z.output<typeof liveQuery>;

function filterOf(query: LiveQuery): LiveFilter {
  const { q, router, plan, state, cursor, limit } = query;
  return { q: q || undefined, router, plan, state, before: cursorId(cursor), limit };
}

/** Rows with their proofs: three queries for any page. */
async function printRows(ctx: Context, rows: LiveRow[], reader: Reader, person: Person) {
  const { orders, attempts } = await listOrders(
    ctx,
    rows.flatMap((row) => row.enforcement_id ?? []),
  );
  const proofs = proofsOf(orders, attempts, reader);
  const mayCut = person.actor.permissions.has('sessions.disconnect');
  return rows.map((row) =>
    sessionRow(row, (row.enforcement_id && proofs.get(row.enforcement_id)) || null, reader, mayCut),
  );
}

async function printRow(ctx: Context, id: bigint, reader: Reader, person: Person) {
  const row = await findLive(ctx, id);
  if (!row) throw notFound('That session');
  return (await printRows(ctx, [row], reader, person))[0];
}

function emptyWords(filtered: boolean, mayAdd: boolean, { t }: Reader) {
  if (filtered)
    return { text: t('sessions.empty_filtered'), href: '/sessions', step: t('sessions.empty_filtered_step') };
  return {
    text: t('sessions.empty'),
    ...(mayAdd ? { href: '/routers/new', step: t('sessions.empty_step'), action: true } : {}),
  };
}

export const pageRoutes: PageRoute[] = [
  ...addressRoutes,
  ...historyRoutes,
  pageRoute({
    method: 'GET',
    path: '/sessions',
    permission: 'sessions.read',
    query: liveQuery,
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const filter = filterOf(query);
      const found = await listLive(ctx, filter);
      const shown = found.slice(0, filter.limit);
      const totals = await totalLive(ctx, filter);
      const search = new URLSearchParams(web.query);
      search.delete('asked');
      const chosen = {
        router: String(query.router ?? ''),
        plan: String(query.plan ?? ''),
        state: query.state ?? '',
        q: query.q ?? '',
      };
      const last = shown.at(-1);
      const here = (path: string) => withQuery(path, search, { cursor: query.cursor ?? null });
      return view('sessions/list', {
        title: reader.t('sessions.title'),
        live: 'sessions,enforcement',
        mayTrace: person.actor.permissions.has('sessions.trace'),
        told: query.asked && {
          text: reader.t(query.asked === 'gone' ? 'sessions.cut_gone' : 'sessions.cut_asked'),
          warn: query.asked === 'gone',
        },
        totals: totalsLine(totals, reader),
        totalsHref: here('/sessions/totals'),
        rowsHref: here('/sessions/rows'),
        filters: filterChips(chosen, await liveChoices(ctx), search, reader),
        rows: await printRows(ctx, shown, reader, person),
        empty: emptyWords(isFiltered(filter), person.actor.permissions.has('routers.write'), reader),
        pager: pagerOf(
          '/sessions',
          search,
          {
            cursor: query.cursor,
            next: found.length > filter.limit && last ? cursorOf(last.id) : null,
            limit: filter.limit,
          },
          reader,
        ),
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/sessions/rows',
    permission: 'sessions.read',
    query: liveQuery,
    async run(ctx, { query }, _web, person) {
      const filter = filterOf(query);
      const rows = (await listLive(ctx, filter)).slice(0, filter.limit);
      return view('sessions/rows', { layout: null, rows: await printRows(ctx, rows, readerFor(ctx, person), person) });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/sessions/totals',
    permission: 'sessions.read',
    query: liveQuery,
    async run(ctx, { query }, web, person) {
      const totals = await totalLive(ctx, filterOf(query));
      return view('sessions/totals', {
        layout: null,
        totals: totalsLine(totals, readerFor(ctx, person)),
        totalsHref: web.url,
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/sessions/:id/row',
    permission: 'sessions.read',
    async run(ctx, { params }, _web, person) {
      return view('sessions/row', {
        layout: null,
        row: await printRow(ctx, params.id, readerFor(ctx, person), person),
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/sessions/:id/disconnect',
    permission: 'sessions.disconnect',
    form: z.object({ back: z.string().max(500).optional() }),
    async run(ctx, { params, form }, web, person) {
      const outcome = await disconnectSession(ctx, params.id);
      if (outcome.kind === 'not_found') throw notFound('That session');
      if (!web.isHtmx) {
        // From a customer's page back to it; anything else is not a place of ours.
        const back =
          form.ok && /^\/subscribers\/\d+(\?subscription=\d+)?$/.test(form.value.back ?? '')
            ? form.value.back
            : undefined;
        return seeOther(back ?? `/sessions?asked=${outcome.kind === 'asked' ? 'yes' : 'gone'}`);
      }
      return view('sessions/row', {
        layout: null,
        row: await printRow(ctx, params.id, readerFor(ctx, person), person),
      });
    },
  }),
];

function isFiltered(filter: LiveFilter): boolean {
  return [filter.q, filter.router, filter.plan, filter.state].some((value) => value !== undefined);
}
