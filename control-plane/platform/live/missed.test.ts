import { MissedChanges } from './missed';

const change = (tenant: string, id: string) => ({ tenant, topic: 'sessions', id });

test('what changed since a moment is told to its company alone, oldest first, and what is no longer known is said to be so', () => {
  let now = 1_000;
  const missed = new MissedChanges(() => now);
  expect(missed.since('1', 999)).toBeUndefined();
  expect(missed.since('1', 1_000)).toEqual([]);
  now = 1_010;
  missed.add(change('1', 'a'));
  missed.add(change('2', 'b'));
  now = 1_020;
  missed.add(change('1', 'c'));
  expect(missed.since('1', 1_010)).toEqual([change('1', 'a'), change('1', 'c')]);
  expect(missed.since('1', 1_011)).toEqual([change('1', 'c')]);
  expect(missed.since('2', 1_000)).toEqual([change('2', 'b')]);
  now = 20_000;
  missed.add(change('1', 'd'));
  expect(missed.since('1', 1_015)).toBeUndefined();
  expect(missed.since('1', 19_000)).toEqual([change('1', 'd')]);
  for (let n = 0; n < 3_000; n += 1) missed.add(change('1', 'x'));
  expect(missed.since('1', 19_000)).toBeUndefined();
  now = 30_000;
  missed.forget();
  expect(missed.since('1', 29_999)).toBeUndefined();
  expect(missed.since('1', 30_000)).toEqual([]);
});
