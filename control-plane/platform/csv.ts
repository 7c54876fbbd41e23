/** A cell that begins so is taken for a formula by spreadsheets (OWASP, "CSV injection"); a phone number with its plus is only a number. */
const formula = /^(?!\+\d{1,18}$)[=+\-@\t\r]/;

export type CsvValue = string | number | bigint | null;

/** One cell: quoted where RFC 4180 section 2 asks for it; what a spreadsheet would run gets an apostrophe in front. Numbers stay numbers. */
function cell(value: CsvValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One row with its end (CRLF), for files that are written as they are read. */
export function csvLine(row: CsvValue[]): string {
  return `${row.map(cell).join(',')}\r\n`;
}

/** A table as CSV (RFC 4180): a head, CRLF between rows, and the mark by which Excel knows UTF-8. */
export function csvOf(head: string[], rows: CsvValue[][]): string {
  return `\uFEFF${[head, ...rows].map(csvLine).join('')}`;
}
