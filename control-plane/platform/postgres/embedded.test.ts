import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { runningPostmaster } from './cluster';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded';

let home: string;
const started: EmbeddedPostgres[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lango-pg-'));
  chmodSync(home, 0o711);
});

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
  const elsewhere = join(home, 'closed', 'db', 'cluster', 'is-at');
  if (existsSync(elsewhere)) rmSync(readFileSync(elsewhere, 'utf8').trim(), { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
});

async function start(dataDir: string, durable = false): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, durable });
  started.push(server);
  return server;
}

async function ask(url: string, sql: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<{ v: string }>(sql)).rows.map((row) => row.v);
  } finally {
    await client.end();
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(what: () => boolean, timeout_ms: number): Promise<void> {
  const end = Date.now() + timeout_ms;
  while (!what()) {
    if (Date.now() > end) throw new Error('waited in vain');
    await sleep(25);
  }
}

describe('embedded Postgres', () => {
  test('starts with a password, listens on loopback alone, keeps its data and port over a restart', async () => {
    const first = await start(join(home, 'db'));
    await ask(first.ownerUrl, "create table kept as select 'here' as v");
    expect(await ask(first.ownerUrl, "select setting as v from pg_settings where name = 'listen_addresses'")).toEqual([
      '127.0.0.1',
    ]);
    const wrong = new URL(first.ownerUrl);
    wrong.password = 'wrong';
    await expect(ask(wrong.href, 'select 1 as v')).rejects.toThrow(/password authentication failed/);
    await first.stop();
    const second = await start(join(home, 'db'));
    expect(second.port).toBe(first.port);
    expect(await ask(second.ownerUrl, 'select v from kept')).toEqual(['here']);
  });

  test('a slow statement is logged without its parameters, which may be passwords', async () => {
    const server = await start(join(home, 'db'));
    const client = new Client({ connectionString: server.ownerUrl });
    await client.connect();
    await client.query('SET log_min_duration_statement = 0');
    await client.query("SELECT 'slow statement', $1::text", ['kept-out-of-logs']);
    await client.end();
    const log = readFileSync(join(home, 'db', 'postgres.log'), 'utf8');
    expect(log).toContain('slow statement');
    expect(log).not.toContain('kept-out-of-logs');
  });

  test('runs unprivileged when we are root', async () => {
    const server = await start(join(home, 'db'));
    expect(readFileSync(`/proc/${server.pid}/status`, 'utf8')).toMatch(/^Uid:\s+[1-9]\d*\s/m);
  });

  test('recovers when the server is killed, past a pid file whose pid another program now has', async () => {
    const first = await start(join(home, 'db'), true);
    await ask(first.ownerUrl, "create table kept as select 'here' as v");
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const pgdata = dataFolder(join(home, 'db'));
    const lines = readFileSync(join(pgdata, 'postmaster.pid'), 'utf8').split('\n');
    writeFileSync(join(pgdata, 'postmaster.pid'), [String(process.pid), ...lines.slice(1)].join('\n'));
    const second = await start(join(home, 'db'), true);
    expect(await ask(second.ownerUrl, 'select v from kept')).toEqual(['here']);
  });

  test('ends by itself when the process that started it is killed with -9', async () => {
    const pid = await startInChild(join(home, 'db'), 'SIGKILL');
    await until(() => !alive(pid), 10_000);
    expect(runningPostmaster(dataFolder(join(home, 'db')))).toBeUndefined();
  });

  test('a server left behind is stopped by the next start', async () => {
    const dir = join(home, 'db');
    const first = await start(dir);
    const second = await start(dir);
    expect(alive(first.pid)).toBe(false);
    expect(await ask(second.ownerUrl, 'select 1::text as v')).toEqual(['1']);
  });

  test('works in a folder that only root can enter', async () => {
    const closed = join(home, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const server = await start(join(closed, 'db'));
    expect(await ask(server.ownerUrl, 'select 1::text as v')).toEqual(['1']);
  });
});

function dataFolder(dir: string): string {
  return join(dir, 'cluster', 'pg15');
}

/** Starts Postgres from a process of its own, then ends that process with `signal`; answers the postmaster's pid. */
async function startInChild(dataDir: string, signal: NodeJS.Signals): Promise<number> {
  const script = `
    const { startEmbeddedPostgres } = require(${JSON.stringify(join(__dirname, '../../../dist/control-plane/platform/postgres/embedded'))});
    startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false }).then((s) => console.log('pid ' + s.pid));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (/pid \d+/.test(said)) break;
  }
  child.kill(signal);
  await gone;
  return Number(/pid (\d+)/.exec(said)?.[1]);
}
