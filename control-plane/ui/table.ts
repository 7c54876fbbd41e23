import { csvLine } from '../platform/csv';
import type { CsvValue } from '../platform/csv';
import type { Page } from '../platform/http/input';
import { pagerOf, withQuery } from './page';
import type { Proof } from './proof';
import type { Reader } from './reader';
import type { outcomeBadge, StateBadge } from './state';

/** A button of a row. With a consequence it stands in a menu that says it first. */
export interface RowAct {
  /** Path that the form is sent to. */
  to: string;
  label: string;
  /** What the menu is called by those who cannot see it; it names the row. */
  spoken?: string;
  consequence?: string;
  cut?: boolean;
  fields?: { name: string; value: string }[];
  /** The row is drawn anew in its place, without a page of its own. */
  inPlace?: boolean;
}

/** What one cell shows: a first line, a second one below it, a badge, a bar or a button. */
export interface Cell {
  first?: string;
  second?: string;
  href?: string;
  state?: StateBadge | null;
  outcome?: ReturnType<typeof outcomeBadge>;
  /** Identifiers (MAC, address, login) have a face of their own. */
  id?: boolean;
  secondId?: boolean;
  tone?: string;
  /** What counts in the row. */
  strong?: boolean;
  /** What a card says around the first line, where no head stands above it. */
  inCard?: string;
  afterInCard?: string;
  /** How full something is, 0 to 1, drawn before the first line; null where there is no measure. */
  bar?: { part: number | null; tone: string };
  /** Several things that each have a page. */
  links?: { href: string; name: string }[];
  act?: RowAct;
  /** What is long and seldom read, behind its own name. */
  fold?: { label: string; text: string };
}

/** A column: how it is called, drawn, written to CSV, and what becomes of it in a card. */
export interface Column<Row> {
  key: string;
  /** Locale key of the head. */
  label: string;
  num?: boolean;
  /** `card-top` stands beside the name, wherever its column is. */
  card?: 'card-top' | 'card-end' | 'card-full' | 'not-in-card';
  /** Names the row: always there, first. */
  isName?: boolean;
  /** Shown only when a person chose it. */
  extra?: boolean;
  /** Holds what is done with the row: always there, and its head is only spoken. */
  acts?: boolean;
  /** The list stands in the order of this column. */
  sorted?: boolean;
  /** Gives its place to the proof of an order where a row has one. */
  yields?: boolean;
  cell(row: Row, reader: Reader): Cell;
  csv?: (row: Row, reader: Reader) => CsvValue;
}

/** What a row is beside its cells. */
export interface RowLook {
  /** It follows what happens: `id` names it, `on` says to what, `href` draws it anew. */
  live?: { id: string; on: string; href: string };
  tint?: string;
  proof?: Proof | null;
  /** A box by which the row is chosen: of the form with this id, under this name. */
  pick?: { form: string; name: string; value: string; spoken: string };
}

/** A filter of a list that lives in the URL. A value that is not among the options is shown as it is (a text, a day). */
export interface Filter {
  name: string;
  label: string;
  value: string;
  options?: { value: string; label: string }[];
  /** What the list shows while this is not set, where that is not everything. */
  any?: string;
  type?: 'text' | 'date';
  max?: number;
  help?: string;
  /** Comes from a link elsewhere: its chip can be taken off, and no field asks for it. */
  fromLink?: boolean;
}

/** What a person set up for a list; made by the slice tables. */
export interface ListSettings {
  list: string;
  columns: string[] | null;
  views: { id: string; name: string; query: string; shared: boolean; mine: boolean }[];
}

export interface ListState {
  path: string;
  search: URLSearchParams;
  q: string;
  /** What may be looked for; empty where a list has no search of its own. */
  findHint: string;
  filters: Filter[];
  settings: ListSettings;
  /** Path of the CSV of the same rows; absent where there is none or it may not be had. */
  csv?: string;
}

/** Columns in their order: the name, then what was chosen, or what the list shows by itself. */
export function shownColumns<Row>(columns: Column<Row>[], { columns: chosen }: ListSettings): Column<Row>[] {
  return columns.filter((one) => one.isName || one.acts || (chosen === null ? !one.extra : chosen.includes(one.key)));
}

/** The chips over a list and the form that adds more; everything lives in the URL. */
export function chipsOf({ path, search, q, findHint, filters }: ListState, { t }: Reader) {
  const set = filters.filter((one) => one.value !== '');
  return {
    path,
    q,
    findHint,
    kept: set.map(({ name, value }) => ({ name, value })),
    active: set.map(({ name, label, value, options }) => ({
      label,
      value: options?.find((one) => one.value === value)?.label ?? value,
      off: withQuery(path, search, { [name]: null }),
      offLabel: t('ui.filter_off', { name: label }),
    })),
    choices: filters
      .filter((one) => !one.fromLink)
      .map(({ name, label, value, options, any, type, max, help }) => ({
        name,
        label,
        value,
        ...(type ? { type } : {}),
        ...(max ? { max } : {}),
        ...(help ? { help } : {}),
        ...(options
          ? {
              options: [
                { value: '', label: any ?? t('ui.filter_any'), selected: value === '' },
                ...options.map((one) => ({ ...one, selected: one.value === value })),
              ],
            }
          : {}),
      })),
    clear: set.length > 0 || q ? path : '',
  };
}

/** The bar over a list: views, chips, the choice of columns, the CSV. `{{> list-bar bar}}`. */
export function listBar(
  state: ListState,
  columns: { key: string; label: string; isName?: boolean; extra?: boolean; acts?: boolean }[],
  reader: Reader,
) {
  const { path, search, settings, csv } = state;
  const now = new URLSearchParams(search);
  now.delete('cursor');
  const query = now.toString();
  const here = query ? `${path}?${query}` : path;
  return {
    list: settings.list,
    here,
    query,
    filters: chipsOf(state, reader),
    views: settings.views.map((view) => ({
      id: view.id,
      name: view.name,
      shared: view.shared,
      mine: view.mine,
      href: view.query ? `${path}?${view.query}` : path,
      current: view.query === query,
    })),
    maySave: query !== '' && !settings.views.some((view) => view.query === query),
    columns: columns
      .filter((one) => !one.isName && !one.acts)
      .map((one) => ({
        key: one.key,
        label: reader.t(one.label),
        checked: settings.columns === null ? !one.extra : settings.columns.includes(one.key),
      })),
    csv: csv ? withQuery(csv, now, {}) : '',
  };
}

/** One row as `{{> table-row}}` draws it. A proof takes the place of the columns that yield to it. */
function rowOf<Row>(columns: Column<Row>[], row: Row, look: RowLook, reader: Reader) {
  const { live, tint, proof, pick } = look;
  const yielding = proof ? columns.filter((one) => one.yields) : [];
  const cells = columns.flatMap<object>((one) => {
    const at = yielding.indexOf(one);
    if (at === 0) return [{ classes: 'card-full', proof, span: yielding.length }];
    if (at > 0) return [];
    return [
      {
        ...one.cell(row, reader),
        isName: one.isName ?? false,
        ...(one.isName && pick ? { pick } : {}),
        classes: [one.num ? 'num' : '', one.acts ? 'act' : '', one.card ?? ''].filter(Boolean).join(' '),
        // What may change under the reader's eye is known by a name.
        ...(live ? { mark: `${live.id}-${one.key}` } : {}),
      },
    ];
  });
  return { cells, live, tint: tint ?? '' };
}

/** Rows alone, for a part of a list that asks for itself again. */
export function rowsOf<Row>(
  columns: Column<Row>[],
  settings: ListSettings,
  rows: Row[],
  look: ((row: Row) => RowLook) | undefined,
  reader: Reader,
) {
  const shown = shownColumns(columns, settings);
  return rows.map((row) => rowOf(shown, row, look?.(row) ?? {}, reader));
}

/** The whole of a list as `{{> table table}}` draws it: bar, head, rows, foot with its pages, or what stands there when it is empty. */
export function tableOf<Row>(
  state: ListState,
  columns: Column<Row>[],
  rows: Row[],
  more: {
    title: string;
    foot: string;
    empty: object;
    /** Topic of the event stream at which the list is asked for again. */
    live?: string | undefined;
    /** Only the rows are asked for again, at this address and not more often than every so many ms. */
    body?: { on: string; every: number; href: string } | undefined;
    look?: ((row: Row) => RowLook) | undefined;
    cursor: string | undefined;
    next: string | null | undefined;
    limit: number;
  },
  reader: Reader,
) {
  return {
    title: more.title,
    bar: listBar(state, columns, reader),
    head: shownColumns(columns, state.settings).map((one) => ({
      label: reader.t(one.label),
      num: one.num ?? false,
      acts: one.acts ?? false,
      sorted: one.sorted ?? false,
    })),
    rows: rowsOf(columns, state.settings, rows, more.look, reader),
    foot: more.foot,
    live: more.live ?? '',
    body: more.body,
    empty: more.empty,
    pager: pagerOf(state.path, state.search, { cursor: more.cursor, next: more.next, limit: more.limit }, reader),
  };
}

/**
 * The rows of a list as CSV, a page at a time, so that no transaction and no memory holds all of them. `next` gives the page at a cursor; at most
 * `most` rows, and then a last line that says so.
 */
export async function* csvRows<Row>(
  columns: Column<Row>[],
  next: (cursor: string | undefined) => Promise<Page<Row>>,
  reader: Reader,
  most = 500_000,
): AsyncGenerator<string> {
  const kept = columns.flatMap((one) => (one.csv ? [{ label: reader.t(one.label), csv: one.csv }] : []));
  yield `\uFEFF${csvLine(kept.map((one) => one.label))}`;
  let count = 0;
  let cursor: string | undefined;
  for (;;) {
    const { items, nextCursor } = await next(cursor);
    yield items.map((row) => csvLine(kept.map((one) => one.csv(row, reader)))).join('');
    count += items.length;
    if (nextCursor === null) return;
    cursor = nextCursor;
    if (count < most) continue;
    yield csvLine([reader.t('ui.csv_cut', { count: most })]);
    return;
  }
}
