import { together } from './together';

/** A go that ends when it is told to. */
function gate() {
  const goes: { batch: number[]; end: () => void; fail: () => void }[] = [];
  const work = (batch: number[]) =>
    new Promise<number[]>((done, failed) => {
      goes.push({ batch, end: () => done(batch.map((one) => one * 10)), fail: () => failed(new Error('refused')) });
    });
  return { goes, work };
}
const turn = () => new Promise<void>((over) => setImmediate(over));

test('what comes while a go is under way goes together in the next, and each has its own result', async () => {
  const { goes, work } = gate();
  const line = together({ most: 2 }, work);
  const first = line.put(1);
  await turn();
  const rest = [line.put(2), line.put(3), line.put(4)];
  await turn();
  expect(goes.map(({ batch }) => batch)).toEqual([[1]]);
  goes[0]!.end();
  expect(await first).toBe(10);
  await turn();
  goes[1]!.end();
  await turn();
  goes[2]!.end();
  expect(await Promise.all(rest)).toEqual([20, 30, 40]);
  expect(goes.map(({ batch }) => batch)).toEqual([[1], [2, 3], [4]]);
});

test('a go that fails is done one by one: the one at fault fails, the others do not', async () => {
  const line = together<number, number>({ most: 10 }, (batch) =>
    batch.includes(2) ? Promise.reject(new Error('refused')) : Promise.resolve(batch.map((one) => one * 10)),
  );
  const all = await Promise.allSettled([line.put(1), line.put(2), line.put(3)]);
  expect(all.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual([10, 'failed', 30]);
  // And the line goes on.
  expect(await line.put(4)).toBe(40);
});

test('who asks for quiet waits for what was put, and not for a pause', async () => {
  const done: number[] = [];
  const line = together<number, number>({ most: 10, pause_ms: 3_600_000 }, (batch) => {
    done.push(...batch);
    return Promise.resolve(batch);
  });
  await line.put(1);
  const second = line.put(2);
  await line.idle();
  expect([await second, done]).toEqual([2, [1, 2]]);
  await line.idle();
});
