import { ManualClock, realClock } from '.';

test('a manual clock runs what is due in order and at its time, also what was added on the way', () => {
  const clock = new ManualClock(1000);
  const ran: [string, number][] = [];
  clock.after(20, () => ran.push(['second', clock.now_ms()]));
  clock.after(10, () => {
    ran.push(['first', clock.now_ms()]);
    clock.after(5, () => ran.push(['added', clock.now_ms()]));
  });
  clock.after(15, () => ran.push(['cancelled', clock.now_ms()]))();
  clock.advance(30);
  expect(ran).toEqual([
    ['first', 1010],
    ['added', 1015],
    ['second', 1020],
  ]);
  expect(clock.now_ms()).toBe(1030);
});

test('a delay of more than 31 bits is waited for', () => {
  jest.useFakeTimers();
  try {
    const run = jest.fn();
    const never = jest.fn();
    realClock.after(2 ** 31 + 1000, run);
    const cancel = realClock.after(2 ** 31 + 1000, never);
    jest.advanceTimersByTime(2 ** 31);
    expect(run).not.toHaveBeenCalled();
    cancel();
    jest.advanceTimersByTime(1000);
    expect(run).toHaveBeenCalledTimes(1);
    expect(never).not.toHaveBeenCalled();
  } finally {
    jest.useRealTimers();
  }
});
