/** kill -9 of a listener process, of all of them, and of Postgres, each under load with routers that try three times. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { addText } from '../../radius/attributes';
import { Code, PacketBuilder } from '../../radius/packet';
import { exchange } from '../../radius/testing';
import { migrate } from '../platform/db/migrate';
import { ensureRoleLogins } from '../platform/db/roles';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../platform/postgres/embedded';
import { freePort } from '../test-kit/ports';
import { projectRoot } from '../platform/project-root';

const SECRET = Buffer.from('crash-secret');
const SESSIONS = 40;
const STEP = 1000;

let home: string;
let postgres: EmbeddedPostgres;
let ownerUrl: string;
let databaseUrl: string;
let listeners: { primary: ChildProcess; workers: number[] };
let port: number;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'lango-crash-'));
  chmodSync(home, 0o711);
  postgres = await startEmbeddedPostgres({ dataDir: join(home, 'pg'), durable: true });
  ownerUrl = postgres.ownerUrl;
  await migrate(ownerUrl);
  databaseUrl = (await ensureRoleLogins(ownerUrl, randomBytes(32))).accounting;
  await sql(`INSERT INTO tenant (name, slug, status) VALUES ('Duka', 'duka', 'approved')`);
  await sql(`INSERT INTO subscriber (tenant_id, name, phone) VALUES (1, 'W', '+254700000001')`);
  await sql(
    `INSERT INTO nas (tenant_id, nasname, shortname, name, secret) VALUES (1, '127.0.0.1', 'r', 'r', '${SECRET.toString()}')`,
  );
  await sql(`INSERT INTO plan (tenant_id, name, kind) VALUES (1, 'p', 'pppoe')`);
  await sql(`INSERT INTO plan_version (tenant_id, plan_id, version, price_cents, currency, validity_count, validity_unit, down_kbps, up_kbps)
             VALUES (1, 1, 1, 100, 'KES', 30, 'day', 1000, 1000)`);
  await sql(`INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no)
             SELECT 1, 1, 1, 'crash' || i, 'active', now(), now() + interval '1 day', 1 FROM generate_series(0, ${SESSIONS - 1}) i`);
  port = await freePort();
  listeners = await startListeners();
}, 60_000);

afterAll(async () => {
  listeners.primary.kill('SIGTERM');
  if (listeners.primary.exitCode === null && listeners.primary.signalCode === null)
    await once(listeners.primary, 'exit');
  await postgres.stop();
  rmSync(home, { recursive: true, force: true });
}, 30_000);

async function sql<T extends object>(text: string): Promise<T[]> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    return (await client.query(text)).rows as T[];
  } finally {
    await client.end();
  }
}

/** Two listener processes and the one that holds their sockets, as the supervisor runs them. */
async function startListeners(): Promise<typeof listeners> {
  const code = `
    const { startAccounting } = require(process.argv[1]);
    const quiet = () => undefined;
    startAccounting({ ...JSON.parse(process.argv[2]), log: { debug: quiet, info: quiet, warn: quiet, error: quiet } })
      .then((a) => { process.send(a.pids()); process.on('SIGTERM', () => a.stop().then(() => process.exit(0))); });`;
  const options = JSON.stringify({ databaseUrl, bind: '127.0.0.1', port, dataDir: join(home, 'data') });
  const primary = spawn(
    process.execPath,
    ['-e', code, join(projectRoot(), 'dist/radius/accounting/index.js'), options],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  const [workers] = (await once(primary, 'message')) as [number[]];
  return { primary, workers };
}

/** A router that reports its sessions again and again, each packet three times at most. Keeps what was sent and what was acknowledged. */
class Router {
  readonly sent = Array.from({ length: SESSIONS }, () => 0);
  readonly acknowledged = Array.from({ length: SESSIONS }, () => 0);
  timeouts = 0;
  private running = true;
  private readonly began = Math.floor(Date.now() / 1000);

  constructor() {
    this.work = Promise.all(this.sent.map((_, i) => this.session(i)));
  }
  private readonly work: Promise<unknown>;

  async stop(): Promise<void> {
    this.running = false;
    await this.work;
  }

  private async session(i: number): Promise<void> {
    while (this.running) {
      const value = this.sent[i]! + STEP;
      this.sent[i] = value;
      const answer = await exchange(this.packet(i, value), {
        host: '127.0.0.1',
        port,
        secret: SECRET,
        tries: 3,
        timeout_ms: 1000,
      });
      if (answer.kind === 'reply') this.acknowledged[i] = value;
      else this.timeouts += 1;
      await sleep(10);
    }
  }

  private packet(i: number, value: number): Buffer {
    const builder = PacketBuilder.request(Code.AccountingRequest, (value / STEP) % 256);
    const now = Math.floor(Date.now() / 1000);
    const attributes = {
      'Acct-Status-Type': 'Interim-Update',
      'Acct-Session-Id': `crash-${i}`,
      'User-Name': `crash${i}`,
      'Event-Timestamp': now,
      'Acct-Session-Time': now - this.began + 10,
      'Acct-Output-Octets': value,
    };
    for (const [name, text] of Object.entries(attributes)) addText(builder, name, String(text));
    return builder.seal(SECRET);
  }
}

const alive = (pid: number): boolean => existsSync(`/proc/${pid}`);

async function until(what: string, condition: () => boolean | Promise<boolean>, limit_ms: number): Promise<void> {
  for (const end = Date.now() + limit_ms; !(await condition()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`${what}: not within ${limit_ms} ms`);
  }
}

test('no acknowledged record is lost and none counted twice', async () => {
  const router = new Router();
  const progress = async (what: string, limit_ms: number): Promise<void> => {
    const before = [...router.acknowledged];
    await until(
      `every session is acknowledged again after ${what}`,
      () => router.acknowledged.every((value, i) => value > before[i]!),
      limit_ms,
    );
  };
  await progress('the start', 20_000);

  process.kill(listeners.workers[0]!, 'SIGKILL');
  await progress('kill -9 of one listener process', 20_000);

  listeners.primary.kill('SIGKILL');
  const orphans = listeners.workers.slice(1);
  await until('the workers end with the process that held their sockets', () => !orphans.some(alive), 5000);
  listeners = await startListeners();
  await progress('kill -9 of all listener processes', 20_000);

  // The one that takes packets; the one that stands by has to notice.
  process.kill(listeners.workers[0]!, 'SIGSTOP');
  await progress('one listener process that hangs', 20_000);
  await until('the one that hung is ended', () => !alive(listeners.workers[0]!), 5000);

  process.kill(postgres.pid, 'SIGKILL');
  await postgres.exited;
  // Without the database packets are answered from the disk.
  await progress('kill -9 of Postgres, while it is away', 20_000);
  process.kill(listeners.workers[1]!, 'SIGKILL');
  await sleep(500);
  postgres = await startEmbeddedPostgres({ dataDir: join(home, 'pg'), durable: true });
  await progress('the return of Postgres', 20_000);
  await router.stop();

  // What the killed process had on disk, its successor brings in.
  const stored = async (): Promise<Map<string, number>> => {
    const rows = await sql<{ id: string; octets: string }>(
      `SELECT acct_session_id AS id, sum(output_bytes) AS octets FROM session_all GROUP BY 1`,
    );
    return new Map(rows.map((row) => [row.id, Number(row.octets)]));
  };
  await until(
    'everything acknowledged is stored',
    async () => {
      const found = await stored();
      return router.acknowledged.every((value, i) => (found.get(`crash-${i}`) ?? 0) >= value);
    },
    30_000,
  );
  await until(
    'every spool is drained',
    async () =>
      (await sql<{ n: string }>('SELECT coalesce(sum(pending_packets), 0) AS n FROM accounting_spool'))[0]!.n === '0',
    30_000,
  );
  const found = await stored();
  for (let i = 0; i < SESSIONS; i++) expect(found.get(`crash-${i}`)).toBeLessThanOrEqual(router.sent[i]!);
  const [sums] =
    await sql(`SELECT (SELECT sum(output_bytes) FROM session_all) AS sessions, (SELECT sum(output_bytes) FROM usage_hour_all) AS hours,
    (SELECT sum(output_bytes) FROM usage_cycle) AS cycles, (SELECT count(*) FROM session_all) AS lives`);
  const total = String([...found.values()].reduce((sum, value) => sum + value, 0));
  expect(sums).toEqual({ sessions: total, hours: total, cycles: total, lives: String(SESSIONS) });
}, 150_000);
