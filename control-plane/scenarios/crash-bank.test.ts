/** kill -9 of the process that weighs and books a bank's statement, in the middle of both. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { signedInBrowser } from '../imports/testing/form-browser';
import { killed, startJobsProcess } from '../test-kit/jobs-process';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeClient, makePackage, make, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

const LINES = 240;
const CUSTOMERS = 12;

let lango: TestLango;
let holder: Client;
let worker: ChildProcess;
const dataDir = mkdtempSync(join(tmpdir(), 'lango-bank-'));
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

const settled = (run: string, state: string) =>
  until(
    async () => {
      await sleep(200);
      return (await lango.api.get<Json>(`/bulk/${run}`)).body;
    },
    (found) => found['state'] === state,
    120_000,
  );
const number = async (sql: string): Promise<number> =>
  Number((await lango.asOwner<{ n: string }>(`SELECT ${sql} AS n`))[0]?.n);
const inBank = () => number(`(SELECT coalesce(-sum(balance_cents), 0) FROM ledger_account WHERE code = 'bank')`);
const waits = () => number('(SELECT count(*) FROM pg_locks WHERE NOT granted)');

/** Kills the process as soon as it waits for what `holder` holds, and lets another take the run up. */
async function killedInTheMiddle(run: string): Promise<void> {
  await until(waits, (many) => many > 0, 60_000);
  await killed(worker);
  await holder.query('ROLLBACK');
  // What the dead process had begun is over before anybody looks.
  await until(waits, (many) => many === 0, 20_000);
  await lango.asOwner(`UPDATE bulk_run SET beat_at = beat_at - interval '1 minute' WHERE id = $1`, [run]);
}

test('a statement whose process is killed while it is weighed, booked and taken back is booked once and taken back whole', async () => {
  const sold = await makePackage(lango.api);
  const client = await makeClient(lango.api);
  const subs: Json[] = [];
  for (let n = 0; n < CUSTOMERS; n += 1)
    subs.push(
      await make(lango.api, '/subscriptions', {
        client_id: client['id'],
        package_id: sold['id'],
        username: `kept${n}`,
        password: 'open-sesame',
      }),
    );
  const staff = await signedInBrowser(lango);
  const bank = (await staff.post('/payments/banks', { bank_name: 'Equity', bank_currency: 'KES' })).location;
  const [row] = await lango.asOwner<{ day: string }>(
    `SELECT to_char(lango_now() AT TIME ZONE 'Africa/Nairobi', 'DD/MM/YYYY') AS day`,
  );
  const lines = Array.from({ length: LINES }, (_one, n) =>
    n % 20 === 7
      ? `${row!.day},paid,R${n},kept${(n - 7) / 20},,${100 + n}.00`
      : n % 3 === 0
        ? `${row!.day},Ledger fee,C${n},,1.50,`
        : `${row!.day},deposit,D${n},,,${n + 1}.00`,
  );
  const cents = lines.reduce((sum, line) => {
    const [out, into] = line.split(',').slice(-2);
    return sum + Math.round(100 * (Number(into) - Number(out)));
  }, 0);
  const csv = Buffer.from(['Date,Description,Ref,Customer reference,Debit,Credit', ...lines].join('\n'));
  const uploaded = await staff.upload(bank, 's.csv', csv);

  // Somebody holds the lines of statements at this moment: the process stands in the middle of weighing when it is killed.
  await holder.query('BEGIN; LOCK TABLE payment_statement_row IN ACCESS EXCLUSIVE MODE');
  const planned = await staff.post(uploaded.location, staff.chosen((await staff.get(uploaded.location)).html));
  const run = planned.location.replace('/bulk/', '');
  expect((await lango.api.get<Json>(`/bulk/${run}`)).body).toMatchObject({ state: 'planning', total: LINES });
  expect((await lango.api.post(`/bulk/${run}/start`)).status).toBe(409);
  worker = startJobsProcess(lango, dataDir);
  await killedInTheMiddle(run);
  worker = startJobsProcess(lango, dataDir);
  expect(await settled(run, 'draft')).toMatchObject({ total: LINES, planned: LINES });
  expect(await number('(SELECT count(*) FROM import_file)')).toBe(0);
  await killed(worker);

  // Somebody holds one customer's service: the process stands in the second chunk.
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM subscription WHERE id = $1 FOR UPDATE', [subs[8]!['id']]);
  await lango.api.post(`/bulk/${run}/start`);
  worker = startJobsProcess(lango, dataDir);
  await killedInTheMiddle(run);
  const half = (await lango.api.get<Json>(`/bulk/${run}`)).body;
  expect([half['state'], half['done'] > 0, half['done'] < LINES]).toEqual(['running', true, true]);
  expect(await number('(SELECT count(*) FROM payment_statement_row)')).toBe(half['done']);
  worker = startJobsProcess(lango, dataDir);
  expect(await settled(run, 'done')).toMatchObject({ done: LINES, refused: 0 });
  expect(await inBank()).toBe(cents);
  expect(await number(`(SELECT count(*) FROM payment WHERE method = 'bank')`)).toBe(CUSTOMERS);
  await killed(worker);

  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM subscription WHERE id = $1 FOR UPDATE', [subs[4]!['id']]);
  await lango.api.post(`/bulk/${run}/undo`);
  worker = startJobsProcess(lango, dataDir);
  await killedInTheMiddle(run);
  worker = startJobsProcess(lango, dataDir);
  expect(await settled(run, 'undone')).toMatchObject({ undone: LINES, kept: 0 });
  expect([await inBank(), await number('(SELECT count(*) FROM payment_statement_row)')]).toEqual([0, 0]);
  expect(await number(`(SELECT count(*) FROM subscription_now WHERE state = 'active')`)).toBe(0);
  for (const verify of ['payment_match_verify', 'ledger_verify', 'payment_refund_verify'])
    expect(await lango.asOwner(`SELECT * FROM ${verify}()`)).toEqual([]);
}, 300_000);
