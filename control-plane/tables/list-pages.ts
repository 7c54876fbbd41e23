import type { z } from 'zod';
import type { Context } from '../platform/context';
import type { listQuery, Page } from '../platform/http/input';
import { file, freePage, pageRoute, view, type PageRoute, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import type { ParamsOf } from '../platform/http/route';
import type { Permission } from '../platform/permissions';
import { recordAudit } from '../platform/record-audit';
import { csvRows, readerFor, tableOf, type Column, type Filter, type Reader, type RowLook } from '../ui';
import { listSettings } from './settings';

type ListQuery = z.output<typeof listQuery>;

/** Who looks at a list, and what they asked. */
export interface Asked<P extends string, Q> {
  params: ParamsOf<P>;
  query: Q;
  web: Web;
  person: Person;
  reader: Reader;
}

/** What stands where the rows would be. */
interface Nothing {
  text: string;
  href?: string;
  step?: string;
  action?: boolean;
}

export interface ListSpec<P extends string, Q extends z.ZodType<ListQuery>, Row, Scope> {
  /** Names it in choices, saved views and CSV files: letters and dashes. */
  list: string;
  path: P;
  permission: Permission | 'signed_in';
  /** `{{> table table}}` stands somewhere in it. */
  view: string;
  /** `listQuery`, extended by its filters. */
  query: Q;
  /** Locale keys. Without `find` there is no search field. */
  title: string;
  find?: string;
  foot: string | ((ctx: Context, reader: Reader) => Promise<string>);
  columns: Column<Row>[];
  filters?(ctx: Context, asked: Asked<P, z.output<Q>>): Filter[] | Promise<Filter[]>;
  /** What the rows are chosen by, worked out once for all pages. @throws Problem 404 where the list is of something that is not there */
  scope(ctx: Context, asked: Asked<P, z.output<Q>>): Scope | Promise<Scope>;
  page(ctx: Context, scope: Scope, page: { cursor: string | undefined; limit: number }): Promise<Page<Row>>;
  empty(asked: Asked<P, z.output<Q>>): Nothing;
  /** Where there is more to say than that nothing matches. */
  emptyFiltered?(asked: Asked<P, z.output<Q>>): Nothing;
  /** Topic of the event stream at which the whole list is asked for again. */
  live?: string;
  /** Or the rows alone, at an address of their own. */
  body?(asked: Asked<P, z.output<Q>>, here: URLSearchParams): { on: string; every: number; href: string };
  look?: (row: Row, asked: Asked<P, z.output<Q>>) => RowLook;
  /** What the page shows beside the list; `filtered` is whether anything narrows it. */
  model?(
    ctx: Context,
    asked: Asked<P, z.output<Q>>,
    shown: { scope: Scope; filtered: boolean; here: URLSearchParams },
  ): Record<string, unknown> | Promise<Record<string, unknown>>;
}

/** Rows of a CSV that are read in one transaction. */
const CSV_PAGE = 1000;

/** What the address says of a list and links within it keep: the search, the page size, the filters, the place. */
function kept(query: Record<string, string>, filters: Filter[]): URLSearchParams {
  const names = ['q', 'limit', ...filters.map((one) => one.name), 'cursor'];
  return new URLSearchParams(names.flatMap((name) => (query[name] ? [[name, query[name]] as [string, string]] : [])));
}

/** What a CSV was narrowed by, for the audit: only what the list knows, as it was asked. */
function chosen(query: object, asked: Record<string, string>): Record<string, string> {
  const names = Object.keys(query).filter((name) => name !== 'limit' && name !== 'cursor');
  return Object.fromEntries(names.flatMap((name) => (asked[name] ? [[name, asked[name]]] : [])));
}

/** The model of a list's page. `path`: where the list stands, for a form elsewhere that shows it again. */
export async function listModel<P extends string, Q extends z.ZodType<ListQuery>, Row, Scope>(
  spec: ListSpec<P, Q, Row, Scope>,
  ctx: Context,
  asked: Asked<P, z.output<Q>>,
  path: string = asked.web.path,
): Promise<Record<string, unknown>> {
  const { reader, person, web } = asked;
  const { t } = reader;
  const { q, cursor, limit } = asked.query;
  const scope = await spec.scope(ctx, asked);
  const page = await spec.page(ctx, scope, { cursor, limit });
  const filters = (await spec.filters?.(ctx, asked)) ?? [];
  const filtered = Boolean(spec.find && q) || filters.some((one) => one.value !== '');
  const here = kept(web.query, filters);
  const state = {
    path,
    search: here,
    q: q ?? '',
    findHint: spec.find ? t(spec.find) : '',
    filters,
    settings: await listSettings(ctx, person, spec.list),
    csv: `${path}/csv`,
  };
  const title = t(spec.title);
  const none = { text: t('tables.none_so'), href: path, step: t('tables.show_all') };
  const nothing = filtered ? (spec.emptyFiltered?.(asked) ?? none) : spec.empty(asked);
  return {
    title,
    live: spec.live,
    table: tableOf(
      state,
      spec.columns,
      page.items,
      {
        title,
        foot: typeof spec.foot === 'string' ? t(spec.foot) : await spec.foot(ctx, reader),
        empty: nothing,
        live: spec.live,
        body: spec.body?.(asked, here),
        look: spec.look && ((row) => spec.look?.(row, asked) ?? {}),
        cursor,
        next: page.nextCursor,
        limit,
      },
      reader,
    ),
    ...(await spec.model?.(ctx, asked, { scope, filtered, here })),
  };
}

/**
 * The two addresses of a list: its page, and `<path>/csv` with all the rows that match, read a page at a time. Who takes a CSV is written into the audit as
 * `<slice>.export`.
 */
export function listPages<const P extends string, Q extends z.ZodType<ListQuery>, Row, Scope>(
  spec: ListSpec<P, Q, Row, Scope>,
): PageRoute[] {
  const { permission, path } = spec;
  return [
    pageRoute({
      method: 'GET',
      path,
      permission,
      query: spec.query,
      async run(ctx, { params, query }, web, person) {
        const asked = { params, query: query as z.output<Q>, web, person, reader: readerFor(ctx, person) };
        return view(spec.view, await listModel(spec, ctx, asked));
      },
    }),
    freePage({
      path: `${path}/csv` as P,
      permission,
      query: spec.query,
      async run(call, { params, query }, web, person) {
        const { scope, reader } = await call.inTenant(async (ctx) => {
          const asked = { params, query: query as z.output<Q>, web, person, reader: readerFor(ctx, person) };
          const made = { scope: await spec.scope(ctx, asked), reader: asked.reader };
          const ids = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
          const detail = { list: spec.list, ...ids, filter: chosen(asked.query, web.query) };
          const slice = permission === 'signed_in' ? spec.list : permission.split('.')[0];
          await recordAudit(ctx, `${slice}.export`, { type: 'staff', id: person.staffId }, detail);
          return made;
        });
        const next = (cursor: string | undefined) =>
          call.inTenant((ctx) => spec.page(ctx, scope, { cursor, limit: CSV_PAGE }));
        return file(`${spec.list}.csv`, 'text/csv', csvRows(spec.columns, next, reader));
      },
    }),
  ];
}
