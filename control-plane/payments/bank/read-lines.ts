import type { BankField, Reading, Sheet } from './columns';

/** One line of a bank's statement. */
export interface BankLine {
  line: number;
  /** The bank's day, YYYY-MM-DD. */
  day: string;
  /** Into the account above zero, out of it below. */
  amount_cents: bigint;
  reference: string;
  /** What the customer wrote, where the bank tells it. */
  account: string;
  description: string;
}

/** A line that tells of no movement, and why. */
export interface Unread {
  line: number;
  text: string;
  note: 'no_date' | 'bad_date' | 'bad_amount' | 'future';
}

export type ReadLine = { kind: 'line'; line: BankLine } | { kind: 'unread'; unread: Unread };

type Cells = Partial<Record<BankField, string>>;

/**
 * Reads the lines of a sheet. What cannot be read is said line by line and never guessed: 1.500 is no amount where the point stands before cents.
 * @param today the company's day; a line of after tomorrow is read with the wrong order of day and month
 */
export function readLines(
  sheet: Sheet,
  columns: (BankField | undefined)[],
  reading: Pick<Reading, 'decimal' | 'dates'>,
  today: string,
): ReadLine[] {
  const tomorrow = addDays(today, 1);
  return sheet.rows.map(({ line, cells }): ReadLine => {
    const values: Cells = {};
    for (const [at, field] of columns.entries()) if (field) values[field] = cellText(cells[at]);
    const text = [values.date, values.reference, values.description].filter(Boolean).join(' ').slice(0, 128);
    const unread = (note: Unread['note']): ReadLine => ({ kind: 'unread', unread: { line, text, note } });
    if (!values.date) return unread('no_date');
    const day = readDay(values.date, reading.dates);
    if (day === undefined) return unread('bad_date');
    if (day > tomorrow) return unread('future');
    const amount_cents = amountOf(values, reading.decimal);
    if (amount_cents === undefined) return unread('bad_amount');
    const { reference = '', account = '', description = '' } = values;
    return { kind: 'line', line: { line, day, amount_cents, reference, account, description } };
  });
}

const cellText = (cell = ''): string => cell.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim();

/** Signed cents out of one column with its sign or its letters, or out of two of which one is filled. */
function amountOf(cells: Cells, decimal: Reading['decimal']): bigint | undefined {
  if (cells.amount) {
    const cents = readCents(cells.amount, decimal);
    if (cents === undefined || cents === 0n) return undefined;
    if (!cells.direction) return cents;
    const size = cents < 0n ? -cents : cents;
    if (/^(\+|C|CR|CREDIT|IN)$/i.test(cells.direction)) return size;
    return /^(-|D|DR|DEBIT|OUT)$/i.test(cells.direction) ? -size : undefined;
  }
  const into = cells.in ? readCents(cells.in, decimal) : 0n;
  const out = cells.out ? readCents(cells.out, decimal) : 0n;
  if (into === undefined || out === undefined || (into === 0n) === (out === 0n)) return undefined;
  return into === 0n ? -(out < 0n ? -out : out) : into;
}

const AMOUNT = /^(\()?(?:[A-Z]{3})?([-+])?(?:[A-Z]{3})?(\d[\d.,]*)(-)?(CR|DR|C|D)?(\))?$/;

/** "1,234.50", "(1.234,50)", "KES 1 234,50-", "1234.5 DR" in signed cents. Undefined for anything else. */
export function readCents(text: string, decimal: Reading['decimal']): bigint | undefined {
  const [, open, sign, body = '', after, letters, close] =
    AMOUNT.exec(text.toUpperCase().replace(/[\s\u00a0\u202f'’]/g, '')) ?? [];
  if (body === '' || (open === undefined) !== (close === undefined)) return undefined;
  const [mark, group] = decimal === 'point' ? ['.', ','] : [',', '.'];
  const [whole = '', part = '', more] = body.split(mark);
  if (more !== undefined || !/^\d{0,2}$/.test(part)) return undefined;
  const groups = whole.split(group);
  if (groups.length > 1 && !(/^\d{1,3}$/.test(groups[0] ?? '') && groups.slice(1).every((one) => /^\d{3}$/.test(one))))
    return undefined;
  const digits = groups.join('');
  if (!/^\d{1,12}$/.test(digits)) return undefined;
  const cents = BigInt(digits) * 100n + BigInt(part.padEnd(2, '0') || '0');
  const minus = [open !== undefined, sign === '-', after === '-', letters?.startsWith('D') ?? false].filter(Boolean);
  return minus.length > 0 ? -cents : cents;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** A day as banks write it, with or without a time after it, as YYYY-MM-DD. Undefined for what is none, the thirty-first of June included. */
export function readDay(text: string, order: Reading['dates']): string | undefined {
  const [date = ''] = /^[^T]+?(?=T?\s*\d{1,2}:\d\d|$)/.exec(text.trim()) ?? [];
  const bare = date.trim();
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(bare) ?? /^(\d{4})(\d\d)(\d\d)$/.exec(bare);
  if (iso) return dayOf(iso[1], iso[2], iso[3]);
  const named = /^(\d{1,2})[-/. ]?([A-Za-z]{3,9})[-/., ]*(\d{4}|\d\d)$/.exec(bare);
  if (named) return dayOf(named[3], String(MONTHS.indexOf((named[2] ?? '').slice(0, 3).toLowerCase()) + 1), named[1]);
  const parts = /^(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})$/.exec(bare);
  if (!parts) return undefined;
  const [, a, b, c] = parts;
  if (order === 'ymd') return dayOf(a, b, c);
  return order === 'dmy' ? dayOf(c, b, a) : dayOf(c, a, b);
}

function dayOf(year = '', month = '', day = ''): string | undefined {
  if (year.length !== 4 && year.length !== 2) return undefined;
  const full = year.length === 2 ? `20${year}` : year;
  const text = [full, month.padStart(2, '0'), day.padStart(2, '0')].join('-');
  const at = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text || full < '2000' ? undefined : text;
}

/** Another day, YYYY-MM-DD. */
export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** How a file looks to be written, before anybody has said it: by what its dates and amounts cannot be otherwise. */
export function guessReading(sheet: Sheet, columns: (BankField | undefined)[]): Pick<Reading, 'decimal' | 'dates'> {
  const cellsOf = (...fields: BankField[]): string[] =>
    sheet.rows
      .slice(0, 500)
      .flatMap(({ cells }) =>
        columns.flatMap((field, at) => (field && fields.includes(field) && cells[at] ? [cellText(cells[at])] : [])),
      );
  const amounts = cellsOf('amount', 'in', 'out');
  const fits = (decimal: Reading['decimal']) => amounts.filter((text) => readCents(text, decimal) !== undefined).length;
  const days = cellsOf('date');
  const best = (['dmy', 'mdy', 'ymd'] as const).map((order) => ({
    order,
    fits: days.filter((text) => readDay(text, order) !== undefined).length,
  }));
  const dates = best.reduce((a, b) => (b.fits > a.fits ? b : a)).order;
  return { decimal: fits('comma') > fits('point') ? 'comma' : 'point', dates };
}
