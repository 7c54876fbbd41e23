/** kill -9 of the process that works on an import, in the middle of it. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { signedInBrowser } from '../imports/testing/form-browser';
import { killed, startJobsProcess } from '../test-kit/jobs-process';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makePackage, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

const ROWS = 250;
/** In the second chunk: one has been committed by then, and the one in hand is lost. */
const HELD = 150;

let lango: TestLango;
let holder: Client;
let worker: ChildProcess;
const dataDir = mkdtempSync(join(tmpdir(), 'lango-import-'));
beforeAll(async () => {
  lango = await startTestLango();
  holder = new Client({ connectionString: lango.db.ownerUrl });
  await holder.connect();
}, 60_000);
afterAll(async () => {
  if (worker) await killed(worker);
  await holder?.end();
  await lango?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const settled = (id: string, state: string) =>
  until(
    async () => {
      await sleep(200);
      return (await lango.api.get<Json>(`/bulk/${id}`)).body;
    },
    (run) => run['state'] === state,
    120_000,
  );
const count = async (sql: string): Promise<number> =>
  Number((await lango.asOwner<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`))[0]?.n);

test('an import whose process is killed in the middle goes on where it stood: nobody is lost and nobody is there twice', async () => {
  await makePackage(lango.api, { name: 'Home 10' });
  const staff = await signedInBrowser(lango);
  const lines = Array.from({ length: ROWS }, (_, n) => `Kept ${n},07${20_000_000 + n},kept-${n},secret-${n},Home 10`);
  const csv = Buffer.from(`Name,Phone,Username,Password,Plan\n${lines.join('\n')}\n`);
  const uploaded = await staff.upload('/imports', 'customers.csv', csv);
  const drafted = await staff.post(uploaded.location, staff.chosen((await staff.get(uploaded.location)).html));
  const id = drafted.location.replace('/bulk/', '');

  // Somebody is taking the login of one row at this moment, so that the process certainly stands in the middle when it is killed.
  await holder.query('BEGIN');
  const name = `subscription ${lango.company.tenantId} kept-${HELD}`;
  await holder.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
  await lango.api.post(`/bulk/${id}/start`);
  worker = startJobsProcess(lango, dataDir);
  await until(
    () =>
      count(
        `pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      ),
    (waiting) => waiting > 0,
    60_000,
  );
  await killed(worker);
  await holder.query('ROLLBACK');
  const kept = await until(
    () => count(`subscriber WHERE name LIKE 'Kept %'`),
    (made) => made > 0,
  );
  expect(kept).toBeLessThanOrEqual(HELD);
  expect((await lango.api.get<Json>(`/bulk/${id}`)).body).toMatchObject({ state: 'running', done: kept });

  // As if it had stood still for as long as it takes to be noticed.
  await lango.asOwner(`UPDATE bulk_run SET beat_at = beat_at - interval '1 minute' WHERE id = $1`, [id]);
  worker = startJobsProcess(lango, dataDir);
  expect(await settled(id, 'done')).toMatchObject({ done: ROWS, refused: 0 });
  expect(await count(`subscriber WHERE name LIKE 'Kept %'`)).toBe(ROWS);
  expect(await count(`subscription WHERE username LIKE 'kept-%'`)).toBe(ROWS);
  await lango.api.post(`/bulk/${id}/undo`);
  expect(await settled(id, 'undone')).toMatchObject({ undone: ROWS, kept: 0 });
  expect(await count(`subscriber WHERE name LIKE 'Kept %' AND deleted_at IS NULL`)).toBe(0);
}, 240_000);
