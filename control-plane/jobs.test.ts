import { startJobs } from './jobs';
import { sliceJobs, sliceNames } from './slices';
import { until } from './test-kit/until';
import { createTestDatabase, type TestDatabase } from './test-kit/database';
import { createLog } from './platform/log';
import { createPool } from './platform/db/pool';
import { Client } from 'pg';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test('every job is named after its slice and runs with no more rights than the jobs role has', async () => {
  const pool = createPool(db.urls.jobs, 'jobs', 4);
  const log = createLog('test', 'silent');
  try {
    for (const job of sliceJobs()) {
      expect(sliceNames()).toContain(job.name.split('.')[0]);
      await expect(job.run(pool, { log, dataDir: '/nonexistent', scheduledFor: new Date() })).resolves.toEqual(
        expect.any(Number),
      );
    }
  } finally {
    await pool.end();
  }
});

test('the jobs role starts, makes the next months of partitions at once, and ends cleanly', async () => {
  const owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
  await owner.query('DELETE FROM platform_job_tick');
  const jobs = await startJobs({
    databaseUrl: db.urls.jobs,
    masterKey: db.masterKey,
    dataDir: '/nonexistent',
    publicUrl: 'http://127.0.0.1',
    log: createLog('jobs', 'silent'),
  });
  try {
    const done = async () =>
      (
        await owner.query<{ error: string | null }>(
          `SELECT error FROM platform_job_tick WHERE job = 'health.partitions' AND finished_at IS NOT NULL`,
        )
      ).rows;
    expect(await until(done, (rows) => rows.length > 0)).toEqual([{ error: null }]);
  } finally {
    await jobs.stop();
    await owner.end();
  }
});

test('what waits for routers comes after everything else, a payment too', async () => {
  const owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
  try {
    await owner.query(`SELECT job_enqueue('sites.put-pages'), job_enqueue('payments.work')`);
    const { rows } = await owner.query<{ name: string }>(
      `SELECT task_identifier AS name FROM graphile_worker.jobs WHERE task_identifier IN ('sites.put-pages', 'payments.work') ORDER BY priority, run_at, id`,
    );
    expect(rows.map(({ name }) => name)).toEqual(['payments.work', 'sites.put-pages']);
  } finally {
    await owner.end();
  }
});
