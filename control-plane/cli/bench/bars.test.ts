import { barsHold, belowStandard, judge, promised, renderBars, type Subject } from './bars';

const standard = () => undefined;
const given = (options: Record<string, string>) => (name: string) => options[name.slice(2)];

test('a rate at or above its bar is met, one below it is not, and what was not measured is neither', () => {
  const judged = judge('stock', {
    'pap 32 outstanding': 3.5,
    'chap 32 outstanding': 3.6,
    'mschapv2 32 outstanding': 3.4999,
    // Stock answered nothing at all: no times as many.
    'interim 128 outstanding': Infinity,
    'pap 32 beside 2000 interims/s': NaN,
  });
  expect(judged.map(({ verdict }) => verdict)).toEqual([
    'met',
    'met',
    'not_met',
    'not_measured',
    'not_measured',
    'not_measured',
  ]);
});

test('a wait at or below its bar is met, one above it is not', () => {
  const found = { 'cap crossed to Disconnect, p99': 100, 'midnight, all proven': 10_001 };
  expect(judge('enforcement', found).map(({ verdict }) => verdict)).toEqual(['met', 'not_met']);
});

test('a run at the standard fails by one bar that was missed or not measured, and by none', () => {
  const met = { 'interims at a fixed rate, p99': 26, 'spool drained': 57_700 };
  const below = belowStandard('endurance', standard);
  expect(below).toEqual([]);
  expect(barsHold(judge('endurance', met), below)).toBe(true);
  expect(barsHold(judge('endurance', { ...met, 'spool drained': 19_999 }), below)).toBe(false);
  expect(barsHold(judge('endurance', { ...met, 'spool drained': undefined }), below)).toBe(false);
});

test('a shorter or smaller run judges what it measured and leaves the exit code; a longer one does not', () => {
  const short = belowStandard('stock', given({ seconds: '1', users: '100000' }));
  expect(short).toEqual(['--seconds 1 (standard 4)']);
  const judged = judge('stock', { 'pap 32 outstanding': 2 });
  expect(judged[0]).toMatchObject({ verdict: 'not_met', value: 2 });
  expect(barsHold(judged, short)).toBe(true);
  expect(barsHold(judged, belowStandard('stock', given({ seconds: '60' })))).toBe(false);
});

test('each bar has a line that says on which side of it the figure lies', () => {
  const judged = judge('stock', { 'pap 32 outstanding': 3.8214, 'mschapv2 32 outstanding': 3.4999 });
  const lines = renderBars(judged, ['--seconds 1 (standard 4)']).split('\n');
  expect(lines.map((line) => line.trim().replace(/ {2,}/g, ' | '))).toEqual([
    'bars:',
    'pap 32 outstanding | 3.82× | bar 3.50× or more | met',
    'chap 32 outstanding | - | bar 3.50× or more | NOT measured',
    'mschapv2 32 outstanding | 3.4999× | bar 3.50× or more | NOT met',
    'interim 128 outstanding | - | bar 5× or more | NOT measured',
    'pap 32 beside 2000 interims/s | - | bar 4× or more | NOT measured',
    'pap 8, one session, 1M history | - | bar 50× or more | NOT measured',
    'Below the standard by --seconds 1 (standard 4): bars leave the exit code as it is.',
  ]);
});

test.each(Object.keys(promised) as Subject[])('every bar of %s is one limit, no less or no more', (subject) => {
  for (const { bar } of judge(subject, {})) expect([bar.least, bar.most].filter(Number.isFinite)).toHaveLength(1);
});
