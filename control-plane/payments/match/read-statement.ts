import { readCsv, type ReadOutcome } from '../../imports';
import { centsOf } from '../amount';

export const lineKinds = ['payment', 'reversal', 'fee', 'moved', 'other'] as const;
export type LineKind = (typeof lineKinds)[number];

/** One line of a provider's statement. */
export interface Line {
  kind: LineKind;
  receipt: string;
  /** Into the account above zero, out of it below. */
  amount_cents: bigint;
  at: Date;
  linked: string;
  payer: string;
  bill_ref: string;
  details: string;
}

export type StatementOutcome =
  | { kind: 'done'; lines: Line[]; skipped: number }
  | Exclude<ReadOutcome, { kind: 'done' }>
  /** No line names the columns that a statement has. */
  | { kind: 'no_head' }
  | { kind: 'bad_line'; line: number; what: string };

/** How Safaricom's portal calls its columns; spelling and case change between its versions. */
const COLUMNS = {
  receipt: /^receipt ?(no\.?|number)$/i,
  at: /^completion ?time$/i,
  details: /^details$/i,
  status: /^transaction ?status$/i,
  in: /^paid ?in$/i,
  out: /^withdrawn$/i,
  reason: /^reason ?type$/i,
  payer: /^other ?party ?info$/i,
  linked: /^linked ?transaction ?id$/i,
  account: /^a\/?c ?no\.?$/i,
} as const;
type Name = keyof typeof COLUMNS;

/**
 * Reads the statement of an M-Pesa organisation as its portal exports it: some lines about the account, the heads, the lines, of which only completed ones
 * moved money. Amounts have thousands' commas; what was withdrawn is written with a minus or without.
 */
export function readMpesaStatement(bytes: Buffer): StatementOutcome {
  const read = readCsv(bytes);
  if (read.kind !== 'done') return read;
  const all = [{ line: 1, cells: read.table.head }, ...read.table.rows];
  const headAt = all.findIndex(({ cells }) => cells.some((cell) => COLUMNS.receipt.test(cell.trim())));
  const heads = all[headAt]?.cells ?? [];
  const place = (name: Name) => heads.findIndex((cell) => COLUMNS[name].test(cell.trim()));
  const places = Object.fromEntries((Object.keys(COLUMNS) as Name[]).map((name) => [name, place(name)])) as Record<
    Name,
    number
  >;
  if (headAt < 0 || places.at < 0 || places.in < 0 || places.out < 0) return { kind: 'no_head' };
  const lines: Line[] = [];
  let skipped = 0;
  for (const { line, cells } of all.slice(headAt + 1)) {
    const cell = (name: Name): string => (places[name] < 0 ? '' : (cells[places[name]] ?? '').trim());
    const receipt = cell('receipt').toUpperCase();
    if (receipt === '' || (cell('status') !== '' && !/^completed$/i.test(cell('status')))) {
      skipped += 1;
      continue;
    }
    const amount = amountOf(cell('in'), cell('out'));
    const at = momentOf(cell('at'));
    if (!/^[A-Z0-9]{6,20}$/.test(receipt)) return { kind: 'bad_line', line, what: 'receipt' };
    if (amount === undefined) return { kind: 'bad_line', line, what: 'amount' };
    if (at === undefined) return { kind: 'bad_line', line, what: 'time' };
    const words = cell('reason') || cell('details');
    lines.push({
      kind: kindOf(words, amount),
      receipt,
      amount_cents: amount,
      at,
      linked: cell('linked').toUpperCase().slice(0, 100),
      payer: cell('payer').slice(0, 200),
      bill_ref: cell('account').slice(0, 100),
      details: cell('details').slice(0, 300),
    });
  }
  return lines.length === 0 ? { kind: 'empty' } : { kind: 'done', lines, skipped };
}

/** What a line is, by the portal's own words. */
export function kindOf(words: string, amount_cents: bigint): LineKind {
  if (/\b(charges?|fees?|tariff)\b/i.test(words)) return 'fee';
  if (/revers/i.test(words)) return 'reversal';
  if (amount_cents > 0n)
    return /pay ?bill|buy goods|merchant payment|customer|payment|utility/i.test(words) ? 'payment' : 'other';
  return /settlement|withdraw|funds transfer|to bank|working account|b2b/i.test(words) ? 'moved' : 'other';
}

function amountOf(paidIn: string, withdrawn: string): bigint | undefined {
  const read = (text: string): bigint | undefined => {
    const bare = text.replaceAll(/[,\s]/g, '').replace(/^-/, '');
    return bare === '' ? 0n : centsOf(bare);
  };
  const into = read(paidIn);
  const out = read(withdrawn);
  if (into === undefined || out === undefined || (into === 0n) === (out === 0n)) return undefined;
  return into > 0n ? into : -out;
}

/** Nairobi's time, in one of the forms that the portal and spreadsheets write. */
export function momentOf(text: string): Date | undefined {
  const iso = /^(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  const local = /^(\d\d)[-/.](\d\d)[-/.](\d{4}) (\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  const found = iso ?? local;
  if (!found) return undefined;
  const [, a = '', month = '', b = '', hour = '', minute = '', second = '00'] = found;
  const [year, day] = iso ? [a, b] : [b, a];
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}+03:00`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
