import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery, pageOf, type Page } from '../platform/http/input';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { listPages, listSettings, named, none, oneOf } from '../tables';
import { readerFor, rowsOf } from '../ui';
import type { Filter, Reader } from '../ui';
import { addressRoutes } from './address.routes';
import { historyRoutes } from './history.routes';
import { findLive, listLive, listOrders, liveChoices, totalLive } from './admin.queries';
import type { LiveFilter, LiveRow } from './admin.queries';
import { LIVE_STATES, liveColumns, liveLook, proofsOf, totalsLine } from './admin.view';
import type { ShownSession } from './admin.view';
import { disconnectSession } from './enforce-session';

const liveQuery = listQuery.extend({
  router: none.or(idField).optional(),
  plan: none.or(idField).optional(),
  state: oneOf(LIVE_STATES),
  asked: z.string().max(20).optional(),
});
type LiveQuery = z.output<typeof liveQuery>;
type LiveScope = { filter: Omit<LiveFilter, 'before' | 'limit'>; reader: Reader; mayCut: boolean };

function scopeOf({ q, router, plan, state }: LiveQuery, reader: Reader, person: Person): LiveScope {
  const mayCut = person.actor.permissions.has('sessions.disconnect');
  return { filter: { q: q || undefined, router, plan, state }, reader, mayCut };
}

/** Sessions with the proofs of the orders about them: three statements for any number of rows. */
async function withProofs(ctx: Context, rows: LiveRow[], { reader, mayCut }: LiveScope): Promise<ShownSession[]> {
  const ids = rows.flatMap((row) => row.enforcement_id ?? []);
  const { orders, attempts } = await listOrders(ctx, ids);
  const proofs = proofsOf(orders, attempts, reader);
  return rows.map((row) => ({
    ...row,
    proof: (row.enforcement_id && proofs.get(row.enforcement_id)) || null,
    mayCut,
  }));
}

async function pageAt(
  ctx: Context,
  scope: LiveScope,
  { cursor, limit }: { cursor: string | undefined; limit: number },
): Promise<Page<ShownSession>> {
  const rows = await listLive(ctx, { ...scope.filter, before: cursorId(cursor), limit });
  const { items, nextCursor } = pageOf(rows, limit, (row) => row.id);
  return { items: await withProofs(ctx, items, scope), nextCursor };
}

async function filtersOf(ctx: Context, { router, plan, state }: LiveQuery, { t }: Reader): Promise<Filter[]> {
  const { routers, plans } = await liveChoices(ctx);
  return [
    { name: 'router', label: t('sessions.router'), value: router?.toString() ?? '', options: named(routers) },
    {
      name: 'state',
      label: t('sessions.state'),
      value: state ?? '',
      options: LIVE_STATES.map((value) => ({ value, label: t(`ui.state.${value}`) })),
    },
    { name: 'plan', label: t('sessions.plan'), value: plan?.toString() ?? '', options: named(plans) },
  ];
}

const LIST = 'sessions';

const liveList = listPages({
  list: LIST,
  path: '/sessions',
  permission: 'sessions.read',
  view: 'sessions/list',
  query: liveQuery,
  title: 'sessions.title',
  find: 'sessions.find',
  foot: 'sessions.foot',
  columns: liveColumns,
  look: liveLook,
  filters: (ctx, { query, reader }) => filtersOf(ctx, query, reader),
  scope: (_ctx, { query, reader, person }) => scopeOf(query, reader, person),
  page: pageAt,
  body: (_asked, here) => ({ on: 'sessions', every: 4000, href: `/sessions/rows?${here.toString()}` }),
  empty: ({ person, reader: { t } }) => ({
    text: t('sessions.empty'),
    ...(person.actor.permissions.has('routers.write')
      ? { href: '/routers/new', step: t('sessions.empty_step'), action: true }
      : {}),
  }),
  async model(ctx, { query, person, reader }, { scope, here }) {
    const { t } = reader;
    return {
      live: 'sessions,enforcement',
      mayTrace: person.actor.permissions.has('sessions.trace'),
      told: query.asked && {
        text: t(query.asked === 'gone' ? 'sessions.cut_gone' : 'sessions.cut_asked'),
        warn: query.asked === 'gone',
      },
      totals: totalsLine(await totalLive(ctx, scope.filter), reader),
      totalsHref: `/sessions/totals?${here.toString()}`,
    };
  },
});

/** Rows as the list draws them, in the columns that this person chose. */
async function drawRows(ctx: Context, rows: ShownSession[], reader: Reader, person: Person) {
  return rowsOf(liveColumns, await listSettings(ctx, person, LIST), rows, liveLook, reader);
}

async function drawRow(ctx: Context, id: bigint, person: Person): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const row = await findLive(ctx, id);
  if (!row) throw notFound('That session');
  const rows = await withProofs(ctx, [row], scopeOf(liveQuery.parse({}), reader, person));
  return view('sessions/rows', { layout: null, rows: await drawRows(ctx, rows, reader, person) });
}

export const pageRoutes: PageRoute[] = [
  ...addressRoutes,
  ...historyRoutes,
  ...liveList,
  pageRoute({
    method: 'GET',
    path: '/sessions/rows',
    permission: 'sessions.read',
    query: liveQuery,
    async run(ctx, { query }, _web, person) {
      const reader = readerFor(ctx, person);
      const { items } = await pageAt(ctx, scopeOf(query, reader, person), { cursor: query.cursor, limit: query.limit });
      return view('sessions/rows', { layout: null, rows: await drawRows(ctx, items, reader, person) });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/sessions/totals',
    permission: 'sessions.read',
    query: liveQuery,
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const totals = totalsLine(await totalLive(ctx, scopeOf(query, reader, person).filter), reader);
      return view('sessions/totals', { layout: null, totals, totalsHref: web.url });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/sessions/:id/row',
    permission: 'sessions.read',
    run: (ctx, { params }, _web, person) => drawRow(ctx, params.id, person),
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
      return drawRow(ctx, params.id, person);
    },
  }),
];
