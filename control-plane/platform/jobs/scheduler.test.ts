import { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../test-kit/database';
import { until } from '../../test-kit/until';
import { createPool } from '../db/pool';
import { createLog } from '../log';
import type { JobSpec } from './job';
import { runTick, startScheduler } from './scheduler';

const o = { log: createLog('test', 'silent'), dataDir: '/nonexistent' };
let db: TestDatabase;
let pools: Pool[];
beforeAll(async () => {
  db = await createTestDatabase();
  pools = [createPool(db.urls.jobs, 'jobs', 4), createPool(db.urls.jobs, 'jobs', 4)];
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await db.drop();
});
const pool = (): Pool => pools[0] as Pool;
const job = (name: string, run: JobSpec['run']): JobSpec => ({ name, cron: '* * * * *', run });

test('a tick that fires in several processes runs once, also when they fire again later', async () => {
  let runs = 0;
  const spec = job('test.once', async () => (runs += 1));
  const at = new Date('2030-01-01T00:00:00Z');
  await Promise.all([...pools, ...pools].map((one) => runTick(one, spec, at, o)));
  await runTick(pool(), spec, at, o);
  expect(runs).toBe(1);
  const { rows } = await pool().query(
    `SELECT finished_at, rows_touched, error FROM platform_job_tick WHERE job = 'test.once'`,
  );
  expect(rows).toEqual([{ finished_at: expect.any(Date), rows_touched: '1', error: null }]);
});

test('a long run is never joined by a second one of its kind, and the job comes round again after it', async () => {
  let now = 0;
  let most = 0;
  let over = 0;
  const spec = job('test.long', async () => {
    most = Math.max(most, (now += 1));
    // Until the two others have come and gone.
    if (over < 3)
      await until(
        () => over,
        (n) => n === 2,
      );
    now -= 1;
    return 0;
  });
  await Promise.all(
    [1, 2, 3].map((minute) =>
      runTick(pools[minute % 2] as Pool, spec, new Date(2030, 0, 1, 0, minute), o).then(() => (over += 1)),
    ),
  );
  expect(most).toBe(1);
  await runTick(pool(), spec, new Date(2030, 0, 1, 1), o);
  const { rows } = await pool().query(
    `SELECT count(*)::int AS n FROM platform_job_tick WHERE job = 'test.long' AND finished_at IS NOT NULL`,
  );
  expect(rows[0].n).toBe(2);
});

test('more jobs in one second than there are connections all do their work', async () => {
  const specs = [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
    job(`test.crowd${n}`, async (connection) => (await connection.query('SELECT pg_sleep(0.05)')).rowCount ?? 0),
  );
  await Promise.all(specs.map((spec) => runTick(pool(), spec, new Date('2030-01-01T00:00:00Z'), o)));
  const { rows } = await pool().query(
    `SELECT count(*) FILTER (WHERE error IS NULL)::int AS done, count(*)::int AS n FROM platform_job_tick WHERE job LIKE 'test.crowd%'`,
  );
  expect(rows).toEqual([{ done: 8, n: 8 }]);
});

test('a job that throws is kept with its words and does not stop the next tick', async () => {
  const spec = job('test.throws', async () => Promise.reject(new Error('provider away')));
  await runTick(pool(), spec, new Date('2030-01-01T00:00:00Z'), o);
  await runTick(pool(), spec, new Date('2030-01-01T00:01:00Z'), o);
  const { rows } = await pool().query(`SELECT error FROM platform_job_tick WHERE job = 'test.throws'`);
  expect(rows).toEqual([{ error: 'provider away' }, { error: 'provider away' }]);
});

test('two schedulers with a job of every second do it once a second; stop() waits for what runs', async () => {
  const runs: number[] = [];
  let ended = 0;
  const spec: JobSpec = {
    name: 'test.second',
    cron: '* * * * * *',
    async run(_db, { scheduledFor }) {
      runs.push(scheduledFor.getTime());
      await new Promise((done) => setTimeout(done, 300));
      ended += 1;
      return 0;
    },
  };
  const schedulers = pools.map((one) => startScheduler(one, [spec], o));
  await until(
    () => runs.length,
    (n) => n >= 3,
  );
  await Promise.all(schedulers.map((one) => one.stop()));
  expect(new Set(runs).size).toBe(runs.length);
  expect(ended).toBe(runs.length);
  await new Promise((done) => setTimeout(done, 1_200));
  expect(ended).toBe(runs.length);
});

test('a tick whose moment passes while the process stands still is done afterwards, without a word on the console', async () => {
  const said = [jest.spyOn(console, 'warn'), jest.spyOn(console, 'log')];
  const runs: number[] = [];
  const now = new Date();
  // Once a day, a second and a half or two from now.
  const due = new Date(Math.floor(now.getTime() / 1000) * 1000 + 2_000);
  const spec: JobSpec = {
    name: 'test.missed',
    cron: `${due.getUTCSeconds()} ${due.getUTCMinutes()} ${due.getUTCHours()} * * *`,
    async run(_db, { scheduledFor }) {
      return runs.push(scheduledFor.getTime());
    },
  };
  const scheduler = startScheduler(pool(), [spec], o);
  while (Date.now() < due.getTime() + 1_500);
  await until(
    () => runs.length,
    (n) => n > 0,
  );
  await scheduler.stop();
  expect(runs).toEqual([due.getTime()]);
  for (const one of said) {
    expect(one).not.toHaveBeenCalled();
    one.mockRestore();
  }
});

test('a job without the database is missed, not thrown', async () => {
  const away = new Pool({ connectionString: 'postgresql://nobody:x@127.0.0.1:1/none', connectionTimeoutMillis: 300 });
  await expect(
    runTick(
      away,
      job('test.away', async () => 0),
      new Date(),
      o,
    ),
  ).resolves.toBeUndefined();
  await away.end();
});

test('a cron line that does not parse, or a name used twice, stops the start', () => {
  expect(() => startScheduler(pool(), [{ ...job('test.bad', async () => 0), cron: 'every day' }], o)).toThrow(
    /test.bad/,
  );
  const twin = { ...job('test.twin', async () => 0), cron: '0 0 1 1 *' };
  expect(() => startScheduler(pool(), [twin, twin], o)).toThrow(/Two jobs/);
});
