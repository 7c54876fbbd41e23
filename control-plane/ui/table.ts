import { csvLine } from '../platform/csv';
import type { CsvValue } from '../platform/csv';
import { pagerOf, withQuery } from './page';
import type { Reader } from './reader';
import type { outcomeBadge, StateBadge } from './state';

/** What one cell shows: a first line, a second one below it, or a badge. */
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
}

/** A column: how it is called, drawn, written to CSV, and what becomes of it in a card. */
export interface Column<Row> {
  key: string;
  /** Locale key of the head. */
  label: string;
  num?: boolean;
  card?: 'card-end' | 'card-full' | 'not-in-card';
  /** Names the row: always there, first. */
  isName?: boolean;
  /** Shown only when a person chose it. */
  extra?: boolean;
  cell(row: Row, reader: Reader): Cell;
  csv?: (row: Row) => CsvValue;
}

/** A filter of a list that lives in the URL. A value that is not among the options is shown as it is (a text, a day). */
export interface Filter {
  name: string;
  label: string;
  value: string;
  options?: { value: string; label: string }[];
  type?: 'text' | 'date';
  help?: string;
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
  findHint: string;
  filters: Filter[];
  settings: ListSettings;
  /** Path of the CSV of the same rows; absent where there is none or it may not be had. */
  csv?: string;
}

/** Columns in their order: the name, then what was chosen, or what the list shows by itself. */
export function shownColumns<Row>(columns: Column<Row>[], { columns: chosen }: ListSettings): Column<Row>[] {
  return columns.filter((one) => one.isName || (chosen === null ? !one.extra : chosen.includes(one.key)));
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
    choices: filters.map(({ name, label, value, options, type, help }) => ({
      name,
      label,
      value,
      ...(type ? { type } : {}),
      ...(help ? { help } : {}),
      ...(options
        ? {
            options: [
              { value: '', label: t('ui.filter_any'), selected: value === '' },
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
  columns: { key: string; label: string; isName?: boolean; extra?: boolean }[],
  reader: Reader,
) {
  const { path, search, settings, csv } = state;
  const now = new URLSearchParams(search);
  for (const name of ['cursor', 'done', 'asked']) now.delete(name);
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
      .filter((one) => !one.isName)
      .map((one) => ({
        key: one.key,
        label: reader.t(one.label),
        checked: settings.columns === null ? !one.extra : settings.columns.includes(one.key),
      })),
    csv: csv ? withQuery(csv, now, {}) : '',
  };
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
    /** Topic of the event stream at which the rows are asked for again. */
    live?: string;
    cursor: string | undefined;
    next: string | null | undefined;
    limit: number;
  },
  reader: Reader,
) {
  const shown = shownColumns(columns, state.settings);
  return {
    title: more.title,
    bar: listBar(state, columns, reader),
    head: shown.map((one) => ({ label: reader.t(one.label), num: one.num ?? false })),
    rows: rows.map((row) =>
      shown.map((one) => ({
        ...one.cell(row, reader),
        isName: one.isName ?? false,
        classes: [one.num ? 'num' : '', one.card ?? ''].filter(Boolean).join(' '),
      })),
    ),
    foot: more.foot,
    live: more.live ?? '',
    empty: more.empty,
    pager: pagerOf(state.path, state.search, { cursor: more.cursor, next: more.next, limit: more.limit }, reader),
  };
}

/**
 * The rows of a list as CSV, a page at a time, so that no transaction and no memory holds all of them. `next` gives the page after a row, empty at
 * the end; at most `most` rows, and then a last line that says so.
 */
export async function* csvRows<Row>(
  columns: Column<Row>[],
  next: (after: Row | undefined) => Promise<Row[]>,
  { t }: Reader,
  most = 500_000,
): AsyncGenerator<string> {
  const kept = columns.flatMap((one) => (one.csv ? [{ label: t(one.label), csv: one.csv }] : []));
  yield `\uFEFF${csvLine(kept.map((one) => one.label))}`;
  let count = 0;
  for (let page = await next(undefined); page.length > 0; page = await next(page.at(-1))) {
    yield page.map((row) => csvLine(kept.map((one) => one.csv(row)))).join('');
    count += page.length;
    if (count < most) continue;
    yield csvLine([t('ui.csv_cut', { count: most })]);
    return;
  }
}
