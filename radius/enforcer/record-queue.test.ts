import { RecordQueue } from './record-queue';
import type { EnforcementRecord, EnforcementStore } from './store';

const quiet = { debug() {}, info() {}, warn() {}, error() {} } as never;
const record = (n: number): EnforcementRecord => ({ id: String(n), instance: 'one', due: '2030-01-01T00:00:00Z' });

/** A store whose first write is answered when the test says so. */
function slowStore() {
  const written: string[] = [];
  let answer: (error?: Error) => void = () => undefined;
  const store = {
    first: true,
    async record(records: readonly EnforcementRecord[]) {
      if (this.first) {
        this.first = false;
        const fault = await new Promise<Error | undefined>((done) => (answer = done));
        if (fault) throw fault;
      }
      written.push(...records.map(({ id }) => id));
    },
  };
  return { store: store as unknown as EnforcementStore, written, answer: (error?: Error) => answer(error) };
}

test('outcomes that come while a long queue is being written push out the oldest that wait, and nothing that is being written', async () => {
  const { store, written, answer } = slowStore();
  const queue = new RecordQueue(store, quiet, () => undefined);
  // One is on its way to the database, 10,000 wait behind it, and three too many come.
  for (let n = 0; n < 10_004; n += 1) queue.add(record(n));
  answer();
  await queue.stop();
  expect(written).toHaveLength(10_001);
  expect(written[0]).toBe('0');
  expect(written.slice(1, 3)).toEqual(['4', '5']);
  expect(written.at(-1)).toBe('10003');
});

test('what a database that is away did not take stands first in line again, and is written at the end', async () => {
  const { store, written, answer } = slowStore();
  const queue = new RecordQueue(store, quiet, () => undefined);
  for (let n = 0; n < 3; n += 1) queue.add(record(n));
  const stopped = queue.stop();
  answer(new Error('away'));
  await stopped;
  expect(written).toEqual(['0', '1', '2']);
});
