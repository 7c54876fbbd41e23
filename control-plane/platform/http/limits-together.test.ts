import { createTestDatabase, type TestDatabase } from '../../test-kit/database';
import { until } from '../../test-kit/until';
import { createSecretBox } from '../crypto';
import { createDatabase, type Database } from '../db/prisma';
import { createLog } from '../log';
import { LIMITS, RequestLimits } from './limits';
import { Minutes } from './rate-limit';
import { sharedBuckets, type TakeTogether } from './shared-bucket';

let test_db: TestDatabase;
let db: Database;
/** What has been told to the others and heard back, and how often it was asked for. */
let told = 0;
let heard = 0;
beforeAll(async () => {
  test_db = await createTestDatabase();
  db = createDatabase(test_db.urls.web, createSecretBox(test_db.masterKey), createLog('test', 'silent'), 2);
});
afterAll(async () => {
  await db?.close();
  await test_db?.drop();
});

/** The shared buckets as a process has them, without what comes in by and by: how long a test takes must not count. */
function process(): TakeTogether {
  const together = sharedBuckets(db);
  return async (key, n, burst) => {
    told += 1;
    const left = await together(key, n, burst, 0);
    setImmediate(() => (heard += 1));
    return left;
  };
}
const settled = () =>
  until(
    () => told - heard,
    (open) => open === 0,
  );

test('one source has one bucket, however many processes it reaches', async () => {
  const both = [new RequestLimits(() => 0, process()), new RequestLimits(() => 0, process())];
  const { burst } = LIMITS.costly;
  let taken = 0;
  for (let n = 0; n < 2 * burst; n += 1) {
    if (both[n % 2]?.take('costly', 'POST /join', '196.201.7.1') === 0) taken += 1;
    await settled();
  }
  // Each process may have a part of a bucket that it has not told of.
  expect(taken).toBeGreaterThanOrEqual(burst);
  expect(taken).toBeLessThanOrEqual(burst + 2 * (burst / 20));
});

test('whoever is far from the limit costs no question', async () => {
  told = heard = 0;
  const one = new RequestLimits(() => 0, process());
  for (let n = 1; n < LIMITS.read.burst / 20; n += 1) one.take('read', 'GET /garden', '196.201.7.2');
  expect(told).toBe(0);
  one.take('read', 'GET /garden', '196.201.7.2');
  expect(told).toBe(1);
  await settled();
});

test('a token has its minute once, however many processes it reaches', async () => {
  const both = [new Minutes(100, process(), () => 0), new Minutes(100, process(), () => 0)];
  let taken = 0;
  for (let n = 0; n < 200; n += 1) {
    if ((both[n % 2]?.increment('one').totalHits ?? 0) <= 100) taken += 1;
    await settled();
  }
  expect(taken).toBeGreaterThanOrEqual(95);
  expect(taken).toBeLessThanOrEqual(110);
});

test('where Postgres does not answer a process counts alone', async () => {
  const one = new RequestLimits(
    () => 0,
    () => Promise.reject(new Error('gone')),
  );
  const { burst } = LIMITS.costly;
  const taken = Array.from({ length: burst + 5 }, () => one.take('costly', 'POST /join', '196.201.7.3'));
  expect(taken.filter((wait_s) => wait_s === 0)).toHaveLength(burst);
});
