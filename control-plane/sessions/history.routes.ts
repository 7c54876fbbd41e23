import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { file, filePage, pageRoute, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { localMoment } from '../platform/local-moment';
import { listSettings } from '../tables';
import { csvRows, cursorOf, formatBytes, formatMoment, formatSpan, readerFor, tableOf } from '../ui';
import type { Column, Filter, Reader } from '../ui';
import { liveChoices } from './admin.queries';
import { listPast } from './history.queries';
import type { PastFilter, PastRow } from './history.queries';

const none = z.literal('').transform(() => undefined);
const day = z.union([none, z.iso.date()]).optional();
const pastQuery = listQuery.extend({ router: z.union([none, idField]).optional(), from: day, to: day });
type PastQuery = z.output<typeof pastQuery>;

const columns: Column<PastRow>[] = [
  {
    key: 'who',
    label: 'subscribers.customer',
    isName: true,
    cell: (row, { t }) => ({
      first: row.name ?? t('sessions.unknown_login'),
      second: row.username,
      ...(row.subscriber_id === null ? {} : { href: `/subscribers/${row.subscriber_id}` }),
    }),
    csv: (row) => row.username,
  },
  {
    key: 'start',
    label: 'sessions.from',
    card: 'card-end',
    cell: (row, reader) => ({ first: formatMoment(row.started_at, reader) }),
    csv: (row) => row.started_at.toISOString(),
  },
  {
    key: 'end',
    label: 'sessions.until',
    cell: (row, reader) => ({
      first: row.stopped_at ? formatMoment(row.stopped_at, reader) : reader.t('ui.state.online'),
      second: row.terminate_cause ?? '',
    }),
    csv: (row) => row.stopped_at?.toISOString() ?? null,
  },
  {
    key: 'span',
    label: 'sessions.since',
    num: true,
    card: 'not-in-card',
    cell: (row) => ({ first: formatSpan(Number(row.seconds) * 1000) }),
    csv: (row) => row.seconds,
  },
  {
    key: 'address',
    label: 'sessions.address',
    card: 'not-in-card',
    cell: (row) => ({ first: row.ip ?? '–', id: true, second: row.mac ?? '', secondId: true }),
    csv: (row) => row.ip,
  },
  {
    key: 'device',
    label: 'subscribers.device',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.mac ?? '–', id: true }),
    csv: (row) => row.mac,
  },
  {
    key: 'router',
    label: 'sessions.router',
    card: 'not-in-card',
    cell: (row, { t }) => ({ first: row.router ?? t('sessions.router_gone') }),
    csv: (row) => row.router,
  },
  {
    key: 'data',
    label: 'sessions.used',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({ first: formatBytes(row.input_bytes + row.output_bytes, locale) }),
    csv: (row) => row.input_bytes + row.output_bytes,
  },
];

async function filterOf(ctx: Context, { q, router, from, to }: PastQuery, zone: string): Promise<PastFilter> {
  const midnight = (text: string) => localMoment(ctx, `${text}T00:00`, zone);
  const end = to ? await midnight(to) : undefined;
  return {
    q: q || undefined,
    router,
    from: from ? await midnight(from) : undefined,
    // The last day is meant with all of its hours.
    to: end && new Date(end.getTime() + 86_400_000),
  };
}

async function filtersOf(ctx: Context, query: PastQuery, { t }: Reader): Promise<Filter[]> {
  const { routers } = await liveChoices(ctx);
  return [
    {
      name: 'router',
      label: t('sessions.router'),
      value: query.router?.toString() ?? '',
      options: routers.map(({ id, name }) => ({ value: id.toString(), label: name })),
    },
    { name: 'from', label: t('sessions.from'), value: query.from ?? '', type: 'date' },
    { name: 'to', label: t('sessions.until'), value: query.to ?? '', type: 'date' },
  ];
}

const CSV_PAGE = 1000;

/** All sessions there have been, open ones too. */
export const historyRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/sessions/history',
    permission: 'sessions.read',
    query: pastQuery,
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const { limit, cursor } = query;
      const filter = await filterOf(ctx, query, person.tenant.timezone);
      const rows = await listPast(ctx, filter, { before: cursorId(cursor), limit: limit + 1 });
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return view('sessions/history', {
        title: reader.t('sessions.history'),
        table: tableOf(
          {
            path: '/sessions/history',
            search: new URLSearchParams(web.query),
            q: query.q ?? '',
            findHint: reader.t('sessions.history_find'),
            filters: await filtersOf(ctx, query, reader),
            settings: await listSettings(ctx, person, 'sessions-history'),
            csv: '/sessions/history/csv',
          },
          columns,
          shown,
          {
            title: reader.t('sessions.history'),
            foot: reader.t('sessions.history_foot'),
            empty: { text: reader.t('sessions.history_none') },
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
    path: '/sessions/history/csv',
    permission: 'sessions.read',
    query: pastQuery,
    async run(call, { query }, web, person) {
      const { filter, reader } = await call.inTenant(async (ctx) => {
        await recordAudit(ctx, 'sessions.export', { type: 'staff', id: person.staffId }, { filter: web.query });
        return { filter: await filterOf(ctx, query, person.tenant.timezone), reader: readerFor(ctx, person) };
      });
      const next = (after: PastRow | undefined) =>
        call.inTenant((ctx) => listPast(ctx, filter, { before: after?.id, limit: CSV_PAGE }));
      return file('sessions.csv', 'text/csv', csvRows(columns, next, reader));
    },
  }),
];
