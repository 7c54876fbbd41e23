import { RecordQueue } from './record-queue';
import type { EnforcementRecord, EnforcementStore } from './store';

const quiet = { debug() {}, info() {}, warn() {}, error() {} } as never;
const record = (n: number): EnforcementRecord => ({ id: String(n), instance: 'one', due: '2030-01-01T00:00:00Z' });

/** A store whose first write is answered when the test says so. */
function slowStore() {
  const written: string[] = [];
  let answer: (error?: Error) => void = () => undefined;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((done) => (begin = done));
  const store = {
    first: true,
    async record(records: readonly EnforcementRecord[]) {
      if (this.first) {
        this.first = false;
        begin();
        const fault = await new Promise<Error | undefined>((done) => (answer = done));
        if (fault) throw fault;
      }
      written.push(...records.map(({ id }) => id));
    },
  };
  return { store: store as unknown as EnforcementStore, written, begun, answer: (error?: Error) => answer(error) };
}

test('outcomes that come while a long queue is being written push out the oldest that wait, and nothing that is being written', async () => {
  const { store, written, answer, begun } = slowStore();
  const queue = new RecordQueue(store, quiet, () => undefined);
  // One is on its way to the database, 10,000 wait behind it, and three too many come.
  queue.add(record(0));
  await begun;
  for (let n = 1; n < 10_004; n += 1) queue.add(record(n));
  answer();
  await queue.stop();
  expect(written).toHaveLength(10_001);
  expect(written[0]).toBe('0');
  expect(written.slice(1, 3)).toEqual(['4', '5']);
  expect(written.at(-1)).toBe('10003');
});

test('what a database that is away did not take stands first in line again, and is written at the end', async () => {
  const { store, written, answer, begun } = slowStore();
  const queue = new RecordQueue(store, quiet, () => undefined);
  for (let n = 0; n < 3; n += 1) queue.add(record(n));
  const stopped = queue.stop();
  await begun;
  answer(new Error('away'));
  await stopped;
  expect(written).toEqual(['0', '1', '2']);
});

test('outcomes of one moment are written in one go, and whoever sleeps is told when the first that stays open is due', async () => {
  const goes: string[][] = [];
  const due = [null, -3, 250];
  const store = {
    async record(records: readonly EnforcementRecord[]) {
      goes.push(records.map(({ id }) => id));
      return due[goes.length - 1];
    },
  } as unknown as EnforcementStore;
  const told: number[] = [];
  // However long this process is kept waiting between two of them.
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  const queue = new RecordQueue(store, quiet, (ms) => told.push(ms));
  for (const go of [[0, 1, 2], [3], [4, 5]]) {
    for (const n of go) {
      queue.add(record(n));
      await new Promise((done) => setImmediate(done));
    }
    await jest.advanceTimersByTimeAsync(50);
  }
  await queue.stop();
  jest.useRealTimers();
  expect(goes).toEqual([['0', '1', '2'], ['3'], ['4', '5']]);
  expect(told).toEqual([-3, 250]);
});
