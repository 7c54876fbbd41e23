import { parse } from 'csv-parse/sync';

export interface Table {
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
  delimiter: string;
  head: string[];
  /** Cells of each row, with the line it stands in. */
  rows: { line: number; cells: string[] }[];
}

export type ReadOutcome =
  | { kind: 'done'; table: Table }
  | { kind: 'empty' }
  | { kind: 'binary' }
  | { kind: 'broken'; line: number }
  | { kind: 'too_many'; rows: number };

export const ROWS_MAX = 50_000;
const COLUMNS_MAX = 100;

/**
 * Cells of a CSV file in any encoding and with any delimiter that spreadsheets write. Cells are trimmed, empty lines are left out, and what a
 * spreadsheet or our own export wrapped around a value is taken off (see `plain`).
 */
export function readCsv(bytes: Buffer): ReadOutcome {
  const decoded = decode(bytes);
  if (decoded === undefined) return { kind: 'binary' };
  const { text, encoding } = decoded;
  // Excel's own line that names the delimiter.
  const named = /^sep=(.)\r?\n/i.exec(text);
  const body = named ? text.slice(named[0].length) : text;
  const delimiter = named?.[1] ?? delimiterOf(body);
  const cells = cellsOf(body, delimiter);
  if (!Array.isArray(cells)) return cells;
  const [head, ...rows] = cells;
  if (!head || rows.length === 0) return { kind: 'empty' };
  if (rows.length > ROWS_MAX) return { kind: 'too_many', rows: rows.length };
  const offset = named ? 1 : 0;
  return {
    kind: 'done',
    table: {
      encoding,
      delimiter,
      head: head.record.slice(0, COLUMNS_MAX).map(plain),
      rows: rows.map(({ record, info }) => ({
        line: info.lines + offset,
        cells: record.slice(0, COLUMNS_MAX).map(plain),
      })),
    },
  };
}

/** By its mark; else UTF-16 by its zeros, UTF-8 if it is valid, and what Windows wrote before that. */
function decode(bytes: Buffer): { text: string; encoding: Table['encoding'] } | undefined {
  const as = (encoding: Table['encoding'], from: number) => ({
    text: new TextDecoder(encoding).decode(bytes.subarray(from)),
    encoding,
  });
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return as('utf-8', 3);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return as('utf-16le', 2);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return as('utf-16be', 2);
  const sample = bytes.subarray(0, 4096);
  const zeros = [0, 0];
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (odd > sample.length / 5 && even < odd / 10) return as('utf-16le', 0);
  if (even > sample.length / 5 && odd < even / 10) return as('utf-16be', 0);
  // A workbook, a picture: no text holds a zero byte.
  if (bytes.includes(0)) return undefined;
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf-8' };
  } catch {
    return { text: fromWindows(bytes), encoding: 'windows-1252' };
  }
}

/** 0x80 to 0x9F of Windows-1252; the rest is Latin-1. Node's own decoder takes these for control characters in some versions. */
const WINDOWS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

function fromWindows(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\u0080-\u009f]/g, (c) => WINDOWS[c.charCodeAt(0) - 0x80] ?? c);
}

/** The one of the usual delimiters that the first line with any of them holds most often, outside quotes: some write a title above their heads. */
function delimiterOf(text: string): string {
  const lines = text
    .slice(0, 20_000)
    .replace(/"[^"]*"/g, '')
    .split(/[\r\n]+/);
  const line = lines.find((one) => /[,;\t|]/.test(one)) ?? '';
  const count = (mark: string) => line.split(mark).length - 1;
  return [',', ';', '\t', '|'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

type Record = { record: string[]; info: { lines: number } };

function cellsOf(text: string, delimiter: string): Record[] | { kind: 'broken'; line: number } {
  try {
    return parse(text, {
      delimiter,
      info: true,
      relax_column_count: true,
      // A quote in the middle of a value is a quote: formulas, inches.
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
    }) as unknown as Record[];
  } catch (error) {
    const { lines } = error as { lines?: number };
    if (lines === undefined) throw error;
    return { kind: 'broken', line: lines };
  }
}

/**
 * A value without what keeps spreadsheets from spoiling it: ="0712…" and a leading apostrophe, which our own export puts before what would be a formula.
 */
function plain(cell: string): string {
  const kept = /^="((?:[^"]|"")*)"$/.exec(cell)?.[1]?.replaceAll('""', '"');
  const text = kept ?? cell;
  return /^'[=+\-@\t\r]/.test(text) ? text.slice(1) : text;
}
