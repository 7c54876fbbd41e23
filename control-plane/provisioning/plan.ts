import { parseDuration, type Row } from '../../radius/routeros';
import type { Fields, Piece, Step, StepName } from './pieces';

/** What a router was last told by us: the fields of each piece, by its key. Secrets are not among them. */
export type Applied = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** One difference between what a router should have and what it has. */
export interface PlanItem {
  /** Menu and what the row is known by: `/ip/pool lango-pppoe-ether2`. */
  key: string;
  step: StepName;
  menu: string;
  /** by_hand: somebody changed a row of ours on the router; it is shown, and left as it is unless its key is named. */
  action: 'add' | 'change' | 'by_hand';
  /** The row on the router, where there is one. */
  id?: string;
  fields: { name: string; from: string | null; to: string }[];
}

export const keyOf = (piece: Exclude<Piece, { kind: 'service' }>): string => {
  if (piece.kind === 'row') return `${piece.menu} ${piece.known.as}`;
  return piece.kind === 'settings' ? piece.menu : `${piece.menu} ${Object.values(piece.where).join(' ')}`;
};

/**
 * What it would take to make a router what it should be. Pure: `rows` is what each menu holds. Fields that the router does not show (secrets) are taken to
 * be right; rows that are not ours are not looked at.
 */
export function planOf(
  steps: readonly Step[],
  rows: ReadonlyMap<string, readonly Row[]>,
  applied: Applied,
): PlanItem[] {
  return steps.flatMap(({ name, pieces }) => pieces.flatMap((piece) => itemsOf(name, piece, rows, applied)));
}

function itemsOf(
  step: StepName,
  piece: Piece,
  rows: ReadonlyMap<string, readonly Row[]>,
  applied: Applied,
): PlanItem[] {
  // Whoever is asked by the API has it on.
  if (piece.kind === 'service') return [];
  const there = rows.get(piece.menu) ?? [];
  const about = { key: keyOf(piece), step, menu: piece.menu };
  if (piece.kind === 'others') {
    const fits = (row: Row) => Object.entries(piece.where).every(([name, value]) => row[name] === value);
    return there.filter(fits).flatMap((row) => changeOf(about, row, piece.fields, {}));
  }
  const row = piece.kind === 'settings' ? there[0] : there.find((one) => one[piece.known.by] === piece.known.as);
  const shown = visible(piece);
  if (!row) {
    if (piece.kind === 'settings') return [];
    return [{ ...about, action: 'add', fields: Object.entries(shown).map(([name, to]) => ({ name, from: null, to })) }];
  }
  return changeOf(about, row, shown, applied[about.key] ?? {});
}

function changeOf(
  about: Pick<PlanItem, 'key' | 'step' | 'menu'>,
  row: Row,
  wanted: Readonly<Record<string, string>>,
  applied: Readonly<Record<string, string>>,
): PlanItem[] {
  const fields = Object.entries(wanted)
    .filter(([name, to]) => !alike(row[name] ?? '', to))
    .map(([name, to]) => ({ name, from: row[name] ?? '', to }));
  if (fields.length === 0) return [];
  // We wrote what is wanted, and it is not there any more: somebody else was here.
  const byHand = fields.every(({ name, to }) => applied[name] !== undefined && alike(applied[name], to));
  return [{ ...about, action: byHand ? 'by_hand' : 'change', ...(row['.id'] && { id: row['.id'] }), fields }];
}

/** The fields of a piece that may be seen and compared. Names of hosts have been looked up. */
function visible(piece: Extract<Piece, { kind: 'row' | 'settings' }>): Record<string, string> {
  const hidden = piece.kind === 'row' ? (piece.secret ?? []) : [];
  return Object.fromEntries(
    Object.entries(piece.fields)
      .filter(([name]) => !hidden.includes(name))
      .map(([name, value]) => [name, plainOf(value)]),
  );
}

/** What is to be remembered as told. */
export function appliedOf(steps: readonly Step[]): Applied {
  const kept: Record<string, Record<string, string>> = {};
  for (const piece of steps.flatMap(({ pieces }) => pieces))
    if (piece.kind === 'row' || piece.kind === 'settings') kept[keyOf(piece)] = visible(piece);
  return kept;
}

/** The words with which an item is carried out, secrets included. */
export function wordsOf(item: PlanItem, piece: Piece): string[] {
  if (piece.kind === 'service') return [];
  const said = (fields: Fields | Readonly<Record<string, string>>) =>
    Object.entries(fields).map(([name, value]) => `=${name}=${plainOf(value)}`);
  if (item.action === 'add' && piece.kind === 'row')
    return [`${piece.menu}/add`, ...said(piece.fields), `=${piece.known.by}=${piece.known.as}`];
  return [
    `${piece.menu}/set`,
    ...(item.id && piece.kind !== 'settings' ? [`=.id=${item.id}`] : []),
    ...item.fields.map(({ name, to }) => `=${name}=${to}`),
  ];
}

const plainOf = (value: string | { resolve: string }): string => (typeof value === 'string' ? value : value.resolve);

const BOOLEANS: Record<string, string> = { yes: 'true', no: 'false' };

/** Whether RouterOS would call two texts the same value: yes and true, 5m and 300s, 2M and 2000k, lists in any order, one address and its /32. */
export function alike(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

function plain(text: string): string {
  const value = BOOLEANS[text] ?? text;
  if (/^\d+([wdhms]\d*)+$/.test(value)) return String(parseDuration(value) ?? value);
  if (/^\d+[kM]?(\/\d+[kM]?)+$/.test(value)) return value.split('/').map(rate).join('/');
  if (value.includes(',')) return value.split(',').sort().join(',');
  return value.replace(/\/32$/, '');
}

const rate = (text: string): string =>
  String(Number.parseInt(text, 10) * (text.endsWith('M') ? 1_000_000 : text.endsWith('k') ? 1000 : 1));
