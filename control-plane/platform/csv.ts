/** A cell that begins so is taken for a formula by spreadsheets (OWASP, "CSV injection"). */
const formula = /^[=+\-@\t\r]/;

/** One cell: quoted where RFC 4180 section 2 asks for it; what a spreadsheet would run gets an apostrophe in front. Numbers stay numbers. */
function cell(value: string | number | bigint | null): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table as CSV (RFC 4180): a head, CRLF between rows, and the mark by which Excel knows UTF-8. */
export function csvOf(head: string[], rows: (string | number | bigint | null)[][]): string {
  return `\uFEFF${[head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}
