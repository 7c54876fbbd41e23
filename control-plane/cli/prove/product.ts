import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { embeddedOwnerUrl } from '../../platform/postgres/embedded';
import { apiClient, type ApiClient } from '../../test-kit/api-client';
import { firstAdmin, startProgram } from '../../test-kit/program';
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
  /** One statement as the owner; tried again for two minutes while Postgres is away. */
  ask<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  processes(): RunningProcess[];
  /** The last lines that a part has logged. */
  lastWords(part: string): string;
  /** Waits until every part serves. @throws after the time */
  ready(timeout_ms?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the product on free ports and waits until it serves. `settings` are added to its environment; with a DATABASE_URL it has no Postgres of its own. @throws with its last words when it does not */
export async function startProduct(settings: Record<string, string> = {}): Promise<Product> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lango-prove-'));
  // Postgres and FreeRADIUS run as users of their own and must get through.
  chmodSync(dataDir, 0o711);
  const child = await startProgram(dataDir, { LANGO_LOG_LEVEL: 'warn', ...settings });
  const { baseUrl, authPort, acctPort } = child;
  const stop = async (): Promise<void> => {
    await child.end();
    removeElsewhere(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  };
  const ready = (timeout_ms = 90_000): Promise<void> => child.ready(timeout_ms);
  try {
    await ready();
    const answer = await apiClient(baseUrl).post<{ token: string }>('/auth/login', firstAdmin);
    if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    const ownerUrl = settings['DATABASE_URL'] ?? embeddedOwnerUrl(join(dataDir, 'postgres'), embeddedDatabase) ?? '';
    return {
      baseUrl,
      authPort,
      acctPort,
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

async function ask<Row extends object>(url: string, sql: string, values: unknown[]): Promise<Row[]> {
  const end = Date.now() + 120_000;
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

/** Process ids of the direct children. */
export function childrenOf(parent: number): number[] {
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
