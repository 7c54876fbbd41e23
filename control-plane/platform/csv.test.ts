import { csvOf } from './csv';

test('cells are quoted where they must be, and what a spreadsheet would run is not a formula any more', () => {
  expect(
    csvOf(
      ['name', 'cents'],
      [
        ['Kamau, "Jo"', 5],
        ['=1+1', -5n],
        ['two\nlines', null],
      ],
    ),
  ).toBe('\uFEFFname,cents\r\n"Kamau, ""Jo""",5\r\n\'=1+1,-5\r\n"two\nlines",\r\n');
});
