import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { ensureRoleLogins } from '../../../platform/db/roles';
import { createLog } from '../../../platform/log';
import { projectRoot } from '../../../platform/project-root';
import { forgetAll } from '../../../platform/remember';
import { createAdmin } from '../../../tenants';
import { startWeb } from '../../../web';
import type { PageName } from '../bars';
import { cpuUse } from '../cpu';
import { commit, machine } from '../report';
import { openFilled } from './filled';
import { asks, paths } from './paths';
import type { Ask } from './paths';
import type { PagesSize } from './seed';
import { visit } from './visit';

export interface PagesOptions extends PagesSize {
  /** A database that `seedPages` filled before. */
  databaseUrl?: string | undefined;
  /** A folder whose database is filled at the first run and kept for the next ones. Without either one is made, filled and taken away. */
  dataDir?: string | undefined;
  /** Requests per page that count, one after another. */
  visits: number;
  progress: (line: string) => void;
}

export interface PageFigure {
  what: PageName;
  p50_ms: number;
  p95_ms: number;
  /** Compressed size of the answer, the middle one. */
  bytes: number;
  /** Processor time of one request: of this process, which is console and asker in one, and of Postgres where it is ours. */
  node_ms: number;
  postgres_ms: number | undefined;
}

export interface PagesReport {
  at: string;
  /** Programs that wanted a processor, before and after: with more than there are cores the times say little, the processor times much. */
  load: [before: number, after: number];
  commit: string;
  machine: ReturnType<typeof machine>;
  size: PagesSize;
  figures: PageFigure[];
  /** Page, style, scripts and drawings of the first visit, compressed. */
  firstVisit_bytes: number;
}

const EMAIL = 'bench@example.net';
const WARM = 10;

/** `npm run bench -- --only pages [--users N] [--history N] [--visits N] [--database URL | --data FOLDER]`. */
export function readPages(value: (name: string) => string | undefined): Omit<PagesOptions, 'progress'> {
  return {
    subscribers: Number(value('--users') ?? 100_000),
    sessions: Number(value('--history') ?? 20_000_000),
    visits: Number(value('--visits') ?? 100),
    databaseUrl: value('--database'),
    dataDir: value('--data'),
  };
}

/** How long the console's pages take on a large company, asked over HTTP from this host, and how heavy the first visit is. */
export async function runPages(o: PagesOptions): Promise<PagesReport> {
  const home = mkdtempSync(join(tmpdir(), 'lango-bench-'));
  chmodSync(home, 0o755);
  const undo: (() => Promise<void>)[] = [];
  try {
    const postgres = o.databaseUrl ? undefined : await openFilled(o.dataDir ?? join(home, 'postgres'), o, o.progress);
    if (postgres) undo.push(() => postgres.stop());
    const ownerUrl = o.databaseUrl ?? postgres?.ownerUrl ?? '';
    const masterKey = Buffer.alloc(32, 9);
    const before = loadavg()[0] ?? 0;
    const urls = await ensureRoleLogins(ownerUrl, masterKey);
    const password = randomBytes(12).toString('base64url');
    await createAdmin(ownerUrl, { email: EMAIL, password });
    const web = await startWeb({
      databaseUrl: urls.web,
      masterKey,
      bind: '127.0.0.1',
      port: 0,
      publicUrl: 'http://127.0.0.1',
      trustedProxies: [],
      apiRatePerMinute: 1_000_000,
      health: { heartbeats: [] },
      log: createLog('bench', 'silent'),
    });
    undo.push(() => web.stop());
    const base = `http://127.0.0.1:${web.port}`;
    const headers = { cookie: await signIn(base, password) };
    const figures: PageFigure[] = [];
    for (const ask of asks(await paths(ownerUrl))) {
      figures.push(await measurePage({ base, headers, postgres: postgres?.pid }, ask, o.visits));
      o.progress(`${ask.what}: p95 ${figures.at(-1)?.p95_ms.toFixed(0)} ms`);
    }
    return {
      at: new Date().toISOString(),
      load: [before, loadavg()[0] ?? 0],
      commit: commit(projectRoot()),
      machine: machine((await oneValue(ownerUrl, 'SHOW server_version')) ?? 'unknown'),
      size: { subscribers: o.subscribers, sessions: o.sessions },
      figures,
      firstVisit_bytes: await firstVisit(base, headers),
    };
  } finally {
    for (const step of undo.reverse()) await step();
    rmSync(home, { recursive: true, force: true });
  }
}

async function oneValue(url: string, sql: string): Promise<string | undefined> {
  const db = new Client({ connectionString: url });
  await db.connect();
  try {
    return Object.values((await db.query<Record<string, string>>(sql)).rows[0] ?? {})[0];
  } finally {
    await db.end();
  }
}

async function signIn(base: string, password: string): Promise<string> {
  const answer = await visit(base, '/login', {}, { email: EMAIL, password });
  const [cookie] = answer.cookies;
  if (answer.status !== 303 || !cookie) throw new Error(`The sign-in answered ${answer.status}.`);
  return cookie;
}

interface Asked {
  base: string;
  headers: Record<string, string>;
  /** Process of the Postgres behind it, where it is ours. */
  postgres: number | undefined;
}

async function measurePage({ base, headers, postgres }: Asked, ask: Ask, visits: number): Promise<PageFigure> {
  if (ask.paths.length === 0) throw new Error(`Nothing is there to ask for: ${ask.what}.`);
  const taken: number[] = [];
  const sizes: number[] = [];
  const nodeTime = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  const postgresTime = () => (postgres === undefined ? 0 : cpuUse([postgres]).postgres_ms);
  let [node_ms, postgres_ms] = [0, 0];
  for (let n = 0; n < WARM + visits; n += 1) {
    if (n === WARM) [node_ms, postgres_ms] = [nodeTime(), postgresTime()];
    const path = ask.paths[n % ask.paths.length] ?? '';
    if (ask.cold) forgetAll();
    const answer = await visit(base, path, headers);
    if (answer.status !== 200 && answer.status !== 303) throw new Error(`${path} answered ${answer.status}.`);
    if (n < WARM) continue;
    taken.push(answer.ms);
    sizes.push(answer.bytes);
  }
  const at = (list: number[], part: number) =>
    list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) * part)] ?? 0;
  return {
    what: ask.what,
    p50_ms: at(taken, 0.5),
    p95_ms: at(taken, 0.95),
    bytes: at(sizes, 0.5),
    node_ms: (nodeTime() - node_ms) / visits,
    postgres_ms: postgres === undefined ? undefined : (postgresTime() - postgres_ms) / visits,
  };
}

/** The dashboard as somebody sees it who was never here: the page and everything it names. */
async function firstVisit(base: string, headers: Record<string, string>): Promise<number> {
  const page = await visit(base, '/dashboard', headers);
  const assets = [...page.body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? '');
  let bytes = page.bytes;
  for (const asset of new Set(assets)) bytes += (await visit(base, asset, headers)).bytes;
  return bytes;
}

/** The report as text. */
export function renderPages(report: PagesReport): string {
  const { machine: host, size } = report;
  const row = (one: PageFigure) =>
    [
      one.what.padEnd(46),
      one.p50_ms.toFixed(0).padStart(6),
      one.p95_ms.toFixed(0).padStart(6),
      one.node_ms.toFixed(1).padStart(8),
      (one.postgres_ms?.toFixed(1) ?? '?').padStart(8),
      (one.bytes / 1000).toFixed(1).padStart(8),
    ].join(' ');
  return [
    `Pages of a company with ${size.subscribers.toLocaleString('en')} subscribers and ${size.sessions.toLocaleString('en')} sessions in its history; commit ${report.commit}, ${host.cpu}, ${host.cores} cores`,
    `load before ${report.load[0].toFixed(1)}, after ${report.load[1].toFixed(1)}; processor time of a request in ms, of Node and of Postgres`,
    `${'page'.padEnd(46)} p50 ms p95 ms     Node Postgres       kB`,
    ...report.figures.map(row),
    `first visit: ${(report.firstVisit_bytes / 1000).toFixed(1)} kB compressed`,
  ].join('\n');
}
