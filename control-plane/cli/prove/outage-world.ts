import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { snapshotFile } from '../../../freeradius-config/snapshot';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../platform/postgres/embedded';
import { startProgram, type Program } from '../../test-kit/program';

/** Lango on a Postgres that can be stopped and started again, with a router at 127.0.0.1 and users whose names count up. */
export interface OutageWorld {
  program: Program;
  secret: string;
  password: string;
  ask<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Gone until startPostgres; its supervisor is nobody. */
  stopPostgres(): Promise<void>;
  startPostgres(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it and waits until the snapshot holds every user. */
export async function startOutageWorld(users: number): Promise<OutageWorld> {
  const home = mkdtempSync(join(tmpdir(), 'lango-prove-'));
  chmodSync(home, 0o711);
  let postgres: EmbeddedPostgres | undefined = await startEmbeddedPostgres({
    dataDir: join(home, 'db'),
    durable: true,
  });
  const { ownerUrl, port } = postgres;
  const dataDir = join(home, 'lango');
  const [secret, password] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')];
  let program: Program | undefined;
  const ask = (sql: string, values: unknown[] = []) => once(ownerUrl, sql, values);
  const stop = async (): Promise<void> => {
    await program?.end();
    await postgres?.stop();
    for (const dir of [join(dataDir, 'freeradius'), join(home, 'db', 'cluster')]) {
      const place = elsewhere(dir);
      if (place) rmSync(place, { recursive: true, force: true });
    }
    rmSync(home, { recursive: true, force: true });
  };
  try {
    program = await startProgram(dataDir, { DATABASE_URL: ownerUrl, LANGO_LOG_LEVEL: 'warn' });
    await program.ready();
    await seed(ask, { users, secret, password });
    await snapshotHolds(dataDir, users);
    return {
      program,
      secret,
      password,
      ask: ask as OutageWorld['ask'],
      stopPostgres: async () => {
        await postgres?.stop();
        postgres = undefined;
      },
      startPostgres: async () => {
        postgres = await startEmbeddedPostgres({ dataDir: join(home, 'db'), durable: true, port });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function once(url: string, sql: string, values: unknown[]): Promise<object[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<object>(sql, values)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Users `user000000` and on with one password, and as many `wrong000000` whom a wrong one will be tried for. */
async function seed(
  ask: (sql: string, values?: unknown[]) => Promise<object[]>,
  o: { users: number; secret: string; password: string },
): Promise<void> {
  await ask(
    `WITH t AS (INSERT INTO tenant (name, slug, status) VALUES ('Outage', 'outage', 'approved') RETURNING id),
          n AS (INSERT INTO nas (tenant_id, name, nasname, shortname, secret, type, message_authenticator)
                SELECT id, 'tower', '127.0.0.1', 'tower', $1, 'mikrotik', 'auto' FROM t),
          s AS (INSERT INTO subscriber (tenant_id, name, phone) SELECT id, 'Outage', '+254700000000' FROM t)
     INSERT INTO plan (tenant_id, name, kind) SELECT id, 'Plan', 'pppoe' FROM t`,
    [o.secret],
  );
  await ask(
    `INSERT INTO plan_version (tenant_id, plan_id, version, price_cents, currency, validity_count, validity_unit, down_kbps, up_kbps, simultaneous_use)
     SELECT p.tenant_id, p.id, 1, 100000, 'KES', 1, 'month', 10000, 5000, 1000 FROM plan p JOIN tenant t ON t.id = p.tenant_id WHERE t.slug = 'outage'`,
  );
  await ask(
    `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no)
     SELECT v.tenant_id, s.id, v.id, kind || lpad(i::text, 6, '0'), 'active', now(), now() + interval '30 days', 1
     FROM plan_version v JOIN tenant t ON t.id = v.tenant_id AND t.slug = 'outage' JOIN subscriber s ON s.tenant_id = t.id,
          unnest(ARRAY['user', 'wrong']) AS kind, generate_series(0, $1::int - 1) i`,
    [o.users],
  );
  await ask(
    `INSERT INTO radcheck (tenant_id, username, attribute, op, value) SELECT s.tenant_id, s.username, 'Cleartext-Password', ':=', $1
     FROM subscription s JOIN tenant t ON t.id = s.tenant_id WHERE t.slug = 'outage'`,
    [o.password],
  );
}

async function snapshotHolds(dataDir: string, users: number): Promise<void> {
  const raddb = join(dataDir, 'freeradius');
  const file = snapshotFile(elsewhere(raddb) || raddb);
  const counted = `SELECT count(DISTINCT username) FROM answer WHERE json_extract(pairs, '$') LIKE '%Cleartext-Password%'`;
  for (const end = Date.now() + 300_000; Date.now() < end; await sleep(300)) {
    if (!existsSync(file)) continue;
    try {
      const said = execFileSync('sqlite3', ['-readonly', '-cmd', '.timeout 2000', file, counted], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
      if (Number(said) >= 2 * users) return;
    } catch {
      // Its tables are not there yet.
    }
  }
  throw new Error('the snapshot does not hold every user after 5 minutes');
}

/** Where a folder went that an unprivileged user could not have reached. */
function elsewhere(dir: string): string {
  const note = join(dir, 'is-at');
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : '';
}
