import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { projectRoot } from '../../platform/project-root';
import { benchPassword, userName, type StockOptions } from './stock';

/** Lango itself, started by its own command with the roles that answer RADIUS. */
export interface LangoSide {
  authPort: number;
  acctPort: number;
  /** Owner's connection, for verifying rows. */
  databaseUrl: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts `lango start` with these roles on its own database of the given server, with one router 127.0.0.1 and as many subscribers as the peer has users. */
export async function startLango(o: StockOptions, roles = 'freeradius,accounting'): Promise<LangoSide> {
  const databaseUrl = await makeDatabase(o.adminUrl);
  const child = spawn(
    process.execPath,
    [join(projectRoot(), 'control-plane/cli/lango.cjs'), 'start', `--roles=${roles}`],
    {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: databaseUrl,
        LANGO_DATA: join(o.dir, 'data'),
        LANGO_BIND: '127.0.0.1',
        LANGO_AUTH_PORT: String(o.authPort),
        LANGO_ACCT_PORT: String(o.acctPort),
        LANGO_DEMO: '0',
        LANGO_MASTER_KEY: randomBytes(32).toString('base64'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const log = createWriteStream(join(o.dir, 'lango.log'));
  child.stderr.pipe(log);
  await ready(child);
  child.stdout.resume();
  await seed(databaseUrl, o);
  // A new router acts within 2 s.
  await sleep(3000);
  await snapshotMade(databaseUrl);
  return { authPort: o.authPort, acctPort: o.acctPort, databaseUrl, pid: child.pid ?? 0, stop: () => stop(child) };
}

/** Ten seconds: between the seed and the pass that follows it more than four have been seen. */
const IDLE_LOOKS = 50;

/** Waits for the host's snapshot of so many new logins, which takes a minute of processor, once: nothing is to be measured beside it. */
export async function snapshotMade(databaseUrl: string): Promise<void> {
  const db = new Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    for (let idle = 0, tries = 0; idle < IDLE_LOOKS && tries < 1500; tries++) {
      await sleep(200);
      const { rows } = await db.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'lango-snapshot' AND state = 'active' AND query ~ 'aaa_snapshot_(answers|used|left)'`,
      );
      idle = rows.length > 0 ? 0 : idle + 1;
    }
  } finally {
    await db.end();
  }
}

async function makeDatabase(adminUrl: string): Promise<string> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query('CREATE DATABASE bench_lango');
  await admin.end();
  const url = new URL(adminUrl);
  url.pathname = '/bench_lango';
  return url.href;
}

/** The summary on stdout comes when everything serves. */
async function ready(child: ChildProcess): Promise<void> {
  let said = '';
  child.stdout?.on('data', (text: Buffer) => (said += text.toString()));
  for (let tries = 0; tries < 900; tries++) {
    await sleep(100);
    if (said.length > 0) return;
    if (child.exitCode !== null) throw new Error(`Lango did not start (exit ${child.exitCode}).`);
  }
  throw new Error('Lango was not ready within 90 s.');
}

/** Ten plans of four items each, a cap and a limit of one session: everything the decision weighs is there to be weighed. */
async function seed(databaseUrl: string, o: StockOptions): Promise<void> {
  const db = new Client({ connectionString: databaseUrl });
  await db.connect();
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO tenant (name, slug, status) VALUES ('Bench', 'bench', 'approved') RETURNING id`,
  );
  const tenant = rows[0]?.id;
  await db.query(
    `INSERT INTO nas (tenant_id, name, nasname, shortname, secret, type, message_authenticator) VALUES ($1, 'bench', '127.0.0.1', 'bench', $2, 'mikrotik', 'auto')`,
    [tenant, o.secret],
  );
  await db.query(
    `WITH p AS (INSERT INTO plan (tenant_id, name, kind) SELECT $1, 'Plan ' || g, 'pppoe' FROM generate_series(0, 9) g RETURNING id)
     INSERT INTO plan_version (tenant_id, plan_id, version, price_cents, currency, validity_count, validity_unit, down_kbps, up_kbps,
       burst_down_kbps, burst_up_kbps, burst_threshold_down_kbps, burst_threshold_up_kbps, burst_time_s, quota_bytes, on_quota, pool)
     SELECT $1, id, 1, 100000, 'KES', 1, 'month', 10000, 5000, 16000, 8000, 8000, 4000, 16, 1000000000000000, 'cut', 'pool1' FROM p`,
    [tenant],
  );
  await db.query(`INSERT INTO subscriber (tenant_id, name, phone) VALUES ($1, 'Bench', '+254700000000')`, [tenant]);
  await db.query(
    `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, quota_bytes, cycle_no)
     SELECT $1, (SELECT min(id) FROM subscriber), (SELECT min(id) FROM plan_version) + i % 10, ${userName}, 'active', now(), now() + interval '30 days', 1000000000000000, 1
     FROM generate_series(0, $2::int - 1) i`,
    [tenant, o.users],
  );
  await db.query(
    `INSERT INTO usage_cycle (tenant_id, subscription_id, cycle_no, started_at) SELECT tenant_id, id, 1, now() FROM subscription`,
  );
  await db.query(
    `INSERT INTO radcheck (tenant_id, username, attribute, op, value) SELECT tenant_id, username, 'Cleartext-Password', ':=', $1 FROM subscription`,
    [benchPassword],
  );
  await db.query('VACUUM ANALYZE');
  await db.end();
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([gone, sleep(15_000, undefined, { ref: false })]);
  child.kill('SIGKILL');
}
