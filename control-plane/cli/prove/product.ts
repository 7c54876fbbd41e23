import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../../platform/postgres/cluster';
import { embeddedOwnerUrl } from '../../platform/postgres/embedded';
import { projectRoot } from '../../platform/project-root';
import { apiClient, type ApiClient } from '../../test-kit/api-client';
import { embeddedDatabase } from '../with-database';

/** What runs, as the supervisor and the kernel know it. */
export interface RunningProcess {
  /** web, jobs, accounting, `accounting worker`, enforcer, freeradius, postgres, supervisor */
  name: string;
  pid: number;
}

/** The whole of Lango as `lango start` runs it, with its embedded Postgres, in a data folder of its own. */
export interface Product {
  baseUrl: string;
  authPort: number;
  acctPort: number;
  dataDir: string;
  /** Signed in as the first administrator. */
  api: ApiClient;
  /** Owner's connection URL: past row-level security, for verifying. Of no use while Postgres is down. */
  ownerUrl: string;
  /** One statement as the owner; tried again for 30 s while Postgres is away. */
  ask<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  processes(): RunningProcess[];
  /** The last lines that a part has logged. */
  lastWords(part: string): string;
  /** Waits until every part serves. @throws after the time */
  ready(timeout_ms?: number): Promise<void>;
  stop(): Promise<void>;
}

const admin = { email: 'owner@lango.example', password: 'open-the-gate-9' };

/** Starts the product on free ports and waits until it serves. @throws with its last words when it does not */
export async function startProduct(): Promise<Product> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lango-prove-'));
  // Postgres and FreeRADIUS run as users of their own and must get through.
  chmodSync(dataDir, 0o711);
  const ports = await differentPorts(4);
  const [http, auth, acct, radsec] = ports.map(String);
  const baseUrl = `http://127.0.0.1:${http}`;
  const child = launch({
    PATH: process.env['PATH'] ?? '',
    LANGO_DATA: dataDir,
    LANGO_BIND: '127.0.0.1',
    LANGO_HTTP_PORT: http ?? '',
    LANGO_AUTH_PORT: auth ?? '',
    LANGO_ACCT_PORT: acct ?? '',
    LANGO_RADSEC_PORT: radsec ?? '',
    LANGO_DEMO: '0',
    LANGO_API_RATE: '1000000',
    LANGO_LOG_LEVEL: 'warn',
    LANGO_ADMIN_EMAIL: admin.email,
    LANGO_ADMIN_PASSWORD: admin.password,
  });
  const stop = async (): Promise<void> => {
    await child.end();
    removeElsewhere(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  };
  const ready = (timeout_ms = 90_000): Promise<void> => untilReady(baseUrl, timeout_ms, child);
  try {
    await ready();
    const answer = await apiClient(baseUrl).post<{ token: string }>('/auth/login', admin);
    if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    const ownerUrl = embeddedOwnerUrl(join(dataDir, 'postgres'), embeddedDatabase) ?? '';
    return {
      baseUrl,
      authPort: Number(auth),
      acctPort: Number(acct),
      dataDir,
      api: apiClient(baseUrl, answer.body.token),
      ownerUrl,
      ask: (sql, values = []) => ask(ownerUrl, sql, values),
      processes: () => processes(dataDir, child.pid),
      lastWords: (part) => tail(join(dataDir, 'logs', `${part}.log`)),
      ready,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n') : '';
}

interface Launched {
  pid: number;
  printed(): string;
  ended(): boolean;
  end(): Promise<void>;
}

function launch(env: Record<string, string>): Launched {
  const entry = join(projectRoot(), 'dist/control-plane/cli/main.js');
  const child: ChildProcess = spawn(process.execPath, [entry, 'start'], {
    env,
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-20_000)));
  const gone = new Promise<void>((done) => child.once('close', () => done()));
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    printed: () => printed,
    ended,
    async end() {
      if (!ended()) child.kill('SIGTERM');
      await gone;
    },
  };
}

async function untilReady(baseUrl: string, timeout_ms: number, child: Launched): Promise<void> {
  const end = Date.now() + timeout_ms;
  for (;;) {
    if (child.ended()) throw new Error(`lango start ended by itself:\n${child.printed()}`);
    const answer = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
    if (answer?.status === 200) return;
    if (Date.now() > end) {
      const parts = await answer?.text().catch(() => '');
      throw new Error(`Lango does not serve after ${timeout_ms} ms: ${parts}\n${child.printed().slice(-3000)}`);
    }
    await sleep(100);
  }
}

async function ask<Row extends object>(url: string, sql: string, values: unknown[]): Promise<Row[]> {
  const end = Date.now() + 30_000;
  for (;;) {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(sql, values)).rows;
    } catch (error) {
      // A refusal of Postgres itself has a position in the statement; anything else is Postgres being away.
      if (Date.now() > end || (error as { position?: string }).position !== undefined) throw error;
      await sleep(200);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** From the supervisor's own report, its children's children, and Postgres' pid file. */
function processes(dataDir: string, supervisor: number): RunningProcess[] {
  const report = JSON.parse(readFileSync(join(dataDir, 'running.json'), 'utf8')) as {
    parts: { name: string; pid?: number }[];
  };
  const parts = report.parts.flatMap(({ name, pid }) => (pid !== undefined && alive(pid) ? [{ name, pid }] : []));
  const accounting = parts.find((part) => part.name === 'accounting');
  const workers = accounting ? childrenOf(accounting.pid).map((pid) => ({ name: 'accounting worker', pid })) : [];
  const postgres = postmaster(dataDir);
  return [
    { name: 'supervisor', pid: supervisor },
    ...parts,
    ...workers,
    ...(postgres !== undefined && alive(postgres) ? [{ name: 'postgres', pid: postgres }] : []),
  ];
}

function postmaster(dataDir: string): number | undefined {
  const cluster = join(dataDir, 'postgres/cluster');
  for (const home of [elsewhere(cluster), cluster]) {
    if (home === '' || !existsSync(home)) continue;
    for (const version of readdirSync(home)) {
      const file = join(home, version, 'postmaster.pid');
      if (existsSync(file)) return Number(readFileSync(file, 'utf8').split('\n')[0]);
    }
  }
  return undefined;
}

function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function childrenOf(parent: number): number[] {
  try {
    const listed = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
    return listed === '' ? [] : listed.split(/\s+/).map(Number);
  } catch {
    return [];
  }
}

/** Where a folder went that an unprivileged user could not have reached. */
function elsewhere(dir: string): string {
  const note = join(dir, 'is-at');
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : '';
}

function removeElsewhere(dataDir: string): void {
  for (const part of ['postgres/cluster', 'freeradius']) {
    const place = elsewhere(join(dataDir, part));
    if (place) rmSync(place, { recursive: true, force: true });
  }
}

async function differentPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
