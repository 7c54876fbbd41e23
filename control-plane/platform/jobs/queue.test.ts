import { run } from 'graphile-worker';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../test-kit/database';
import { until } from '../../test-kit/until';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db?.drop());

async function as<T>(role: 'web' | 'enforcer', work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: db.urls[role] });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

test('work handed over by the web role runs in the jobs role once it is committed, and not when it is taken back', async () => {
  await as('web', async (web) => {
    await web.query(`BEGIN; SELECT job_enqueue('remember', '{"text": "taken back"}'); ROLLBACK`);
    await web.query(`SELECT job_enqueue('remember', '{"text": "kept"}')`);
  });
  const done: unknown[] = [];
  const worker = await run({
    connectionString: db.urls.jobs,
    noHandleSignals: true,
    taskList: { remember: async (payload) => void done.push(payload) },
  });
  try {
    await until(
      () => done.length,
      (n) => n > 0,
    );
  } finally {
    await worker.stop();
  }
  expect(done).toEqual([{ text: 'kept' }]);
});

test("what waits in the queue is nobody else's to read", async () => {
  await as('web', (web) =>
    expect(web.query('SELECT * FROM graphile_worker._private_jobs')).rejects.toThrow(/permission denied/),
  );
});

test('a login of one database is no login of another on the same server', async () => {
  const other = await createTestDatabase();
  try {
    const strange = new URL(db.urls.web);
    strange.pathname = new URL(other.urls.web).pathname;
    const client = new Client({ connectionString: strange.href });
    await expect(client.connect()).rejects.toThrow(/permission denied for database/);
  } finally {
    await other.drop();
  }
});
