import fc from 'fast-check';
import { csvOf } from '../platform/csv';
import { readCsv, ROWS_MAX } from './read-csv';

const read = (bytes: Buffer | string) => {
  const outcome = readCsv(Buffer.from(bytes as string));
  if (outcome.kind !== 'done') throw new Error(outcome.kind);
  return outcome.table;
};
const text = 'Name;Phone\nMuthoni Ngũgĩ;0712345678\nJosé Peña;0722\n';
const cells = [
  ['Muthoni Ngũgĩ', '0712345678'],
  ['José Peña', '0722'],
];

test.each([
  ['UTF-8', Buffer.from(text), 'utf-8'],
  ['UTF-8 with its mark', Buffer.from(`\uFEFF${text}`), 'utf-8'],
  ['UTF-16 as Excel saves "Unicode text"', Buffer.from(`\uFEFF${text.replaceAll(';', '\t')}`, 'utf16le'), 'utf-16le'],
  ['UTF-16 the other way round', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(), 'utf-16be'],
  ['UTF-16 without a mark', Buffer.from(text, 'utf16le'), 'utf-16le'],
])('reads %s', (_name, bytes, encoding) => {
  const table = read(bytes);
  expect(table.encoding).toBe(encoding);
  expect(table.head).toEqual(['Name', 'Phone']);
  expect(table.rows.map((row) => row.cells)).toEqual(cells);
});

test('reads what Windows wrote before Unicode', () => {
  const table = read(Buffer.from('Name,Note\r\nJos\xe9 Pe\xf1a,5 \x80\r\n', 'latin1'));
  expect(table).toMatchObject({ encoding: 'windows-1252', rows: [{ line: 2, cells: ['José Peña', '5 €'] }] });
});

test.each([',', ';', '\t', '|'])('finds the delimiter %j, also when quoted cells hold others', (mark) => {
  const other = mark === ',' ? ';;;' : ',,,';
  expect(read(`"a${other}"${mark}b\n1${mark}"2\n3"\n`)).toMatchObject({
    delimiter: mark,
    rows: [{ cells: ['1', '2\n3'] }],
  });
});

test('takes the delimiter that Excel names, and tells lines as an editor counts them', () => {
  const table = read('sep=;\r\nname;phone\r\n\r\n;;\r\nAli;1\r\n');
  expect(table.rows).toEqual([{ line: 5, cells: ['Ali', '1'] }]);
});

test('takes off what keeps spreadsheets from spoiling a value', () => {
  expect(read(`name,phone\n'=1+1,"=""0712"""\n'Ali,'+254712\n`).rows.map((row) => row.cells)).toEqual([
    ['=1+1', '0712'],
    ["'Ali", '+254712'],
  ]);
});

test('says what is no CSV, and what is too much', () => {
  const kind = (bytes: Buffer | string) => readCsv(Buffer.from(bytes as string)).kind;
  expect(kind('')).toBe('empty');
  expect(kind('name,phone\n')).toBe('empty');
  expect(kind(Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(9), Buffer.from('x'.repeat(90))]))).toBe('binary');
  expect(readCsv(Buffer.from('name\n"never closed\n'))).toMatchObject({ kind: 'broken' });
  expect(kind(`name\n${'a\n'.repeat(ROWS_MAX + 1)}`)).toBe('too_many');
});

test('reads back whatever our own export writes', () => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 12 }).map((value) => value.replace(/[\0\r]/g, '').trim());
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }), (rows) => {
      const kept = rows.filter(
        (row) =>
          row.some((value) => value !== '' && !/^="|^'[=+\-@\t]/.test(value)) &&
          !row.some((value) => /^="|^'[=+\-@\t]/.test(value)),
      );
      fc.pre(kept.length > 0);
      expect(read(csvOf(['a', 'b'], kept)).rows.map((row) => row.cells)).toEqual(kept);
    }),
  );
});
