import { Gathering } from '.';

beforeEach(() => jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => jest.useRealTimers());

function gathering(): { gathering: Gathering; again: jest.Mock } {
  const again = jest.fn();
  return { gathering: new Gathering({ enough: 8, wait_ms: 5 }, again), again };
}

test('what comes first, and what comes after a pause, begins at once', () => {
  const { gathering: g } = gathering();
  expect(g.mayBegin(1)).toBe(true);
  g.ended();
  jest.advanceTimersByTime(6);
  expect(g.mayBegin(1)).toBe(true);
});

test('what comes right after a batch waits for company, and is told when the moment is over, once', () => {
  const { gathering: g, again } = gathering();
  g.ended();
  expect([g.mayBegin(1), g.mayBegin(2)]).toEqual([false, false]);
  jest.advanceTimersByTime(3);
  expect([g.mayBegin(7), again.mock.calls.length]).toEqual([false, 0]);
  jest.advanceTimersByTime(3);
  expect(again).toHaveBeenCalledTimes(1);
  expect(g.mayBegin(7)).toBe(true);
});

test('enough of them do not wait, and nobody is told of a wait that is over', () => {
  const { gathering: g, again } = gathering();
  g.ended();
  expect(g.mayBegin(7)).toBe(false);
  expect(g.mayBegin(8)).toBe(true);
  jest.advanceTimersByTime(20);
  expect(again).not.toHaveBeenCalled();
});
