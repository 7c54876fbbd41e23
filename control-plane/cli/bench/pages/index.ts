import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../../platform/db/migrate';
import { ensureRoleLogins } from '../../../platform/db/roles';
import { createLog } from '../../../platform/log';
import { startEmbeddedPostgres } from '../../../platform/postgres/embedded';
import { projectRoot } from '../../../platform/project-root';
import { createAdmin } from '../../../tenants';
import { startWeb } from '../../../web';
import { commit, machine } from '../report';
import { asks, paths } from './paths';
import type { Ask } from './paths';
import { seedPages } from './seed';
import type { PagesSize } from './seed';
import { visit } from './visit';

export interface PagesOptions extends PagesSize {
  /** A database that `seedPages` filled before; without it one is made, filled and taken away. */
  databaseUrl?: string | undefined;
  /** Requests per page that count, one after another. */
  visits: number;
  progress: (line: string) => void;
}

export interface PageFigure {
  what: string;
  p50_ms: number;
  p95_ms: number;
  /** What it should stay under. */
  bar_ms: number;
  /** Compressed size of the answer, the middle one. */
  bytes: number;
}

export interface PagesReport {
  at: string;
  commit: string;
  machine: ReturnType<typeof machine>;
  size: PagesSize;
  figures: PageFigure[];
  /** Page, style, scripts and drawings of the first visit, compressed. */
  firstVisit_bytes: number;
}

const EMAIL = 'bench@example.net';
const WARM = 10;

/** `npm run bench -- --only pages [--users N] [--history N] [--visits N] [--database URL]`. */
export function readPages(value: (name: string) => string | undefined): Omit<PagesOptions, 'progress'> {
  return {
    subscribers: Number(value('--users') ?? 100_000),
    sessions: Number(value('--history') ?? 20_000_000),
    visits: Number(value('--visits') ?? 100),
    databaseUrl: value('--database'),
  };
}

/** How long the console's pages take on a large company, asked over HTTP from this host, and how heavy the first visit is. */
export async function runPages(o: PagesOptions): Promise<PagesReport> {
  const home = mkdtempSync(join(tmpdir(), 'lango-bench-'));
  chmodSync(home, 0o755);
  const undo: (() => Promise<void>)[] = [];
  try {
    const ownerUrl = o.databaseUrl ?? (await filled(home, o, undo));
    const masterKey = o.databaseUrl ? Buffer.alloc(32, 9) : randomBytes(32);
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
      figures.push(await measurePage(base, headers, ask, o.visits));
      o.progress(`${ask.what}: p95 ${figures.at(-1)?.p95_ms.toFixed(0)} ms`);
    }
    return {
      at: new Date().toISOString(),
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

async function filled(home: string, o: PagesOptions, undo: (() => Promise<void>)[]): Promise<string> {
  o.progress(`filling: ${o.subscribers} subscribers, ${o.sessions} sessions`);
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: false });
  undo.push(() => postgres.stop());
  await migrate(postgres.ownerUrl);
  const db = new Client({ connectionString: postgres.ownerUrl });
  await db.connect();
  try {
    await seedPages(db, o, o.progress);
  } finally {
    await db.end();
  }
  return postgres.ownerUrl;
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

async function measurePage(
  base: string,
  headers: Record<string, string>,
  ask: Ask,
  visits: number,
): Promise<PageFigure> {
  const taken: number[] = [];
  const sizes: number[] = [];
  for (let n = 0; n < WARM + visits; n += 1) {
    const path = ask.paths[n % ask.paths.length] ?? '';
    const answer = await visit(base, path, headers);
    if (answer.status !== 200 && answer.status !== 303) throw new Error(`${path} answered ${answer.status}.`);
    if (n < WARM) continue;
    taken.push(answer.ms);
    sizes.push(answer.bytes);
  }
  const at = (list: number[], part: number) =>
    list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) * part)] ?? 0;
  return { what: ask.what, bar_ms: ask.bar_ms, p50_ms: at(taken, 0.5), p95_ms: at(taken, 0.95), bytes: at(sizes, 0.5) };
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
    `${one.what.padEnd(46)} ${one.p50_ms.toFixed(0).padStart(6)} ${one.p95_ms.toFixed(0).padStart(6)} ${String(one.bar_ms).padStart(6)} ${(one.bytes / 1000).toFixed(1).padStart(8)}`;
  return [
    `Pages of a company with ${size.subscribers.toLocaleString('en')} subscribers and ${size.sessions.toLocaleString('en')} sessions in its history; commit ${report.commit}, ${host.cpu}, ${host.cores} cores`,
    `${'page'.padEnd(46)} ${'p50 ms'.padStart(6)} ${'p95 ms'.padStart(6)} ${'bar'.padStart(6)} ${'kB (br)'.padStart(8)}`,
    ...report.figures.map(row),
    `first visit: ${(report.firstVisit_bytes / 1000).toFixed(1)} kB compressed`,
  ].join('\n');
}
