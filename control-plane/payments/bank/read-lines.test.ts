import { readCsv, type Table } from '../../imports';
import { guessColumns, sheetOf } from './columns';
import { guessReading, readCents, readDay, readLines } from './read-lines';

/** A bank's file read: amounts and days as they are written, and never as they might be meant. */

test.each([
  ['1,234.50', 'point', 123_450n],
  ['1.234,50', 'comma', 123_450n],
  ['(1,234.50)', 'point', -123_450n],
  ['1,234.50-', 'point', -123_450n],
  ['-1 234,5', 'comma', -123_450n],
  ['KES 1,500', 'point', 150_000n],
  ['1500.00 DR', 'point', -150_000n],
  ['1500.00 CR', 'point', 150_000n],
  ["1'500.00", 'point', 150_000n],
  // What would be read as another amount than it says.
  ['1.500', 'point', undefined],
  ['1,500', 'comma', undefined],
  ['1.234,50', 'point', undefined],
  ['1,23,456.00', 'point', undefined],
  ['12,34', 'point', undefined],
  ['=1+1', 'point', undefined],
  ['1e3', 'point', undefined],
  ['(100', 'point', undefined],
  ['', 'point', undefined],
  ['1234567890123', 'point', undefined],
] as const)('%s with cents after a %s', (text, decimal, cents) => {
  expect(readCents(text, decimal)).toBe(cents);
});

test.each([
  ['03/04/2026', 'dmy', '2026-04-03'],
  ['03/04/2026', 'mdy', '2026-03-04'],
  ['2026-04-03', 'dmy', '2026-04-03'],
  ['2026-04-03 10:05:11', 'dmy', '2026-04-03'],
  ['2026-04-03T10:05:11Z', 'dmy', '2026-04-03'],
  ['3.4.26', 'dmy', '2026-04-03'],
  ['03-Apr-2026', 'mdy', '2026-04-03'],
  ['3 April 2026', 'dmy', '2026-04-03'],
  ['26/04/03', 'ymd', '2026-04-03'],
  ['20260403', 'dmy', '2026-04-03'],
  ['31/06/2026', 'dmy', undefined],
  ['13/13/2026', 'dmy', undefined],
  ['Total', 'dmy', undefined],
  ['03/04/1998', 'dmy', undefined],
] as const)('%s by %s', (text, order, day) => {
  expect(readDay(text, order)).toBe(day);
});

const tableOf = (bytes: Buffer | string): Table => {
  const read = readCsv(Buffer.from(bytes as string));
  if (read.kind !== 'done') throw new Error(read.kind);
  return read.table;
};

describe('a file', () => {
  const text =
    'Akaunti 0123;;;;\r\n\r\nTarehe;Maelezo;Zilizotoka;Zilizoingia;Salio\r\n21/11/2026;Wanjirũ – kodi;;1.500,00;9.000,00\r\n22/11/2026;Ledger fee;50,00;;8.950,00\r\n;Jumla;50,00;1.500,00;\r\n';
  const windows = Buffer.from(text.replace('ũ', 'u').replace('–', '\u0096'), 'latin1');
  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)])],
    ['Windows-1252', windows],
    ['UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])],
  ])('in %s, with lines above its heads, a decimal comma and a sum below', (_how, bytes) => {
    const sheet = sheetOf(tableOf(bytes));
    const columns = guessColumns(sheet.heads);
    expect(columns).toEqual(['date', 'description', 'out', 'in', undefined]);
    const reading = guessReading(sheet, columns);
    expect(reading).toEqual({ decimal: 'comma', dates: 'dmy' });
    const read = readLines(sheet, columns, reading, '2026-11-22');
    expect(read).toMatchObject([
      { kind: 'line', line: { day: '2026-11-21', amount_cents: 150_000n, description: expect.stringContaining('–') } },
      { kind: 'line', line: { day: '2026-11-22', amount_cents: -5_000n, description: 'Ledger fee' } },
      { kind: 'unread', unread: { note: 'no_date' } },
    ]);
  });

  test('whose days cannot be days first is read by the month first; a day to come is a day misread', () => {
    const table = tableOf(
      'Date,Amount,Dr/Cr\n11/21/2026,10.00,CR\n11/20/2026,5.00,DR\n12/01/2026,5.00,DR\n11/01/2026,5.00,??\n',
    );
    const sheet = sheetOf(table);
    const columns = guessColumns(sheet.heads);
    const reading = guessReading(sheet, columns);
    expect(reading.dates).toBe('mdy');
    expect(readLines(sheet, columns, reading, '2026-11-21')).toMatchObject([
      { line: { day: '2026-11-21', amount_cents: 1_000n } },
      { line: { day: '2026-11-20', amount_cents: -500n } },
      { unread: { note: 'future' } },
      { unread: { note: 'bad_amount' } },
    ]);
  });

  test('what was said of its heads last time counts before what they look like', () => {
    expect(
      guessColumns(['Date', 'Ref', 'Credit', 'Their words'], { date: 'date', credit: 'in', theirwords: 'account' }),
    ).toEqual(['date', undefined, 'in', 'account']);
  });
});
