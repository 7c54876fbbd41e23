import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../platform/postgres/embedded';
import { projectRoot } from '../../platform/project-root';
import { readOptions } from '../options';
import { StartError } from '../start-error';
import { barsHold, belowStandard, judge, renderBars, type Judged, type Subject as Barred } from './bars';
import { billingHolds, readBilling, renderBilling, runBilling } from './billing';
import { readEndurance, renderEndurance, runEndurance } from './endurance';
import { benchEnforcement, enforcementHolds, judgeEnforcement, type EnforcementFigures } from './enforcement';
import { freeUdpPorts } from './ports';
import { hotspotHolds, readHotspot, renderHotspot, runHotspot, share } from './hotspot';
import { startLango } from './lango';
import { measure, oneRound, type BenchSize, type Figure, type Side } from './measure';
import { SentCounters } from './counters';
import { commit, compare, machine, render, renderEnforcement, type BenchReport } from './report';
import { measureMixed } from './mixed';
import { monitoringHolds, readMonitoring, renderMonitoring, runMonitoring } from './monitoring';
import { readPages, renderPages, runPages } from './pages';
import { judgePayments, readPayments, renderPayments, runPayments } from './payments';
import { readScale, renderScale, runScale } from './scale';
import { startStock } from './stock';
import { readVouchers, renderVouchers, runVouchers, vouchersHold } from './vouchers';
import { measureWithHistory } from './with-history';

export interface BenchOptions extends BenchSize {
  rounds: number;
  /** Offered interims per second to try, upwards, until one is lost. */
  ladder: Record<Side['name'], number[]>;
  /** Told what is going on; takes minutes. */
  progress: (line: string) => void;
}

export const benchDefaults: Omit<BenchOptions, 'progress'> = {
  users: 100_000,
  seconds: 6,
  rounds: 3,
  secret: 'bench-secret',
  ladder: { stock: [1000, 2000, 3000, 4000, 5000, 6000], lango: [4000, 8000, 12_000, 16_000, 20_000, 24_000, 28_000] },
};

type Value = (name: string) => string | undefined;

/** A bench of one subject: its figures, how they read, whether what they were measured on was right, and how they stand to their bars. */
interface Measured {
  figures: object;
  text: string;
  holds: boolean;
  judged: Judged[];
}

interface Subject {
  /** Beside --only and --json. */
  options: readonly string[];
  /** Whose standard says how long and large a run must be; none where nothing is promised in figures. */
  bars?: Barred;
  run: (value: Value, progress: (line: string) => void) => Promise<Measured>;
}

const subjects: Record<string, Subject> = {
  enforcement: {
    options: [],
    bars: 'enforcement',
    run: async (_value, progress) => {
      const figures = await runEnforcement(progress, benchDefaults.secret);
      return {
        figures,
        text: renderEnforcement(figures),
        holds: enforcementHolds(figures),
        judged: judgeEnforcement(figures),
      };
    },
  },
  endurance: {
    options: ['users', 'seconds', 'rate'],
    bars: 'endurance',
    run: async (value, progress) => {
      const figures = await runEndurance({ ...readEndurance(value), progress });
      const judged = judge('endurance', {
        'interims at a fixed rate, p99': figures.steady.p99_ms,
        'spool drained': figures.drain.per_s,
      });
      return { figures, text: renderEndurance(figures), holds: figures.verified.ok, judged };
    },
  },
  pages: {
    options: ['users', 'history', 'visits', 'data', 'database'],
    bars: 'pages',
    run: async (value, progress) => {
      const figures = await runPages({ ...readPages(value), progress });
      const p95 = Object.fromEntries(figures.figures.map((page) => [page.what, page.p95_ms]));
      const judged = judge('pages', { ...p95, 'first visit': figures.firstVisit_bytes / 1000 });
      return { figures, text: renderPages(figures), holds: true, judged };
    },
  },
  scale: {
    options: ['users', 'live', 'history', 'seconds', 'rounds'],
    run: async (value, progress) => {
      const figures = await runScale({ ...readScale(value), progress });
      return { figures, text: renderScale(figures), holds: figures.faults === 0, judged: [] };
    },
  },
  billing: {
    options: ['users'],
    bars: 'billing',
    run: async (value, progress) => {
      const figures = await runBilling({ ...readBilling(value), progress });
      const judged = judge('billing', { 'a month of bills': Math.max(...figures.runs.map((run) => run.bill_s)) });
      return { figures, text: renderBilling(figures), holds: billingHolds(figures), judged };
    },
  },
  payments: {
    options: ['rate', 'burst', 'seconds'],
    bars: 'payments',
    run: async (value, progress) => {
      const figures = await runPayments({ ...readPayments(value), progress });
      const whole = figures.callbacks.every((one) => one.answered === one.offered && one.told === one.offered);
      const holds = figures.differences.length === 0 && whole;
      return { figures, text: renderPayments(figures), holds, judged: judgePayments(figures) };
    },
  },
  monitoring: {
    options: ['routers', 'rounds'],
    run: async (value, progress) => {
      const figures = await runMonitoring({ ...readMonitoring(value), progress });
      return { figures, text: renderMonitoring(figures), holds: monitoringHolds(figures), judged: [] };
    },
  },
  hotspot: {
    options: ['guests', 'routers', 'rate'],
    bars: 'hotspot',
    run: async (value, progress) => {
      const figures = await runHotspot({ ...readHotspot(value), progress });
      const judged = judge('hotspot', { 'callback to online, p95': share(figures.online_ms, 0.95) });
      return { figures, text: renderHotspot(figures), holds: hotspotHolds(figures), judged };
    },
  },
  vouchers: {
    options: ['codes', 'rounds'],
    bars: 'vouchers',
    run: async (value, progress) => {
      const figures = await runVouchers({ ...readVouchers(value), progress });
      const judged = judge('vouchers', { 'slowest batch': Math.max(...figures.made_s) });
      return { figures, text: renderVouchers(figures), holds: vouchersHold(figures), judged };
    },
  },
};

/**
 * `npm run bench [-- --json FILE] [--users N] [--seconds N] [--rounds N] [--only enforcement|endurance|pages|scale|billing|payments|monitoring|hotspot|vouchers]`.
 * Exit code 1 when what was stored is not what was sent, and when a run at least as long and large as the standard (bars.ts) missed a bar.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const { subject, value } = readBench(args);
  const progress = (line: string): void => void process.stderr.write(`   ${line}\n`);
  const { figures, text, holds, judged } = await subject.run(value, progress);
  process.stdout.write(`\n${text}\n`);
  const file = value('--json');
  if (file) writeFileSync(file, `${JSON.stringify({ ...figures, bars: judged }, null, 2)}\n`);
  if (subject.bars === undefined) return holds ? 0 : 1;
  const below = belowStandard(subject.bars, value);
  process.stdout.write(`\n${renderBars(judged, below)}\n`);
  return holds && barsHold(judged, below) ? 0 : 1;
}

/** What is to be measured, and what was said about it: nothing runs for minutes by a word that was mistyped. @throws StartError */
export function readBench(args: readonly string[]): { subject: Subject; value: Value } {
  const every = Object.values(subjects).flatMap(({ options }) => options);
  const options = readOptions(args, ['only', 'json', ...new Set(every)]);
  const value: Value = (name) => options.get(name.slice(2))?.at(-1);
  const only = value('--only');
  const subject = only === undefined ? beside : subjects[only];
  if (!subject) throw new StartError(`There is no bench of "${only}". There are: ${Object.keys(subjects).join(', ')}.`);
  readOptions(args, ['only', 'json', ...subject.options]);
  for (const name of subject.options)
    if (options.has(name) && !PLACES.has(name) && !(Number(value(`--${name}`)) >= 0))
      throw new StartError(`--${name} must be a number, not ${value(`--${name}`)}.`);
  return { subject, value };
}

/** Options that are no numbers. */
const PLACES = new Set(['data', 'database']);

const beside: Subject = { options: ['users', 'seconds', 'rounds'], bars: 'stock', run: againstStock };

async function againstStock(value: Value, progress: (line: string) => void): Promise<Measured> {
  const figures = await runBench({
    ...benchDefaults,
    users: Number(value('--users') ?? benchDefaults.users),
    seconds: Number(value('--seconds') ?? benchDefaults.seconds),
    rounds: Number(value('--rounds') ?? benchDefaults.rounds),
    progress,
  });
  const ratios = Object.fromEntries(figures.compared.map(({ what, ratio }) => [what, ratio]));
  return {
    figures,
    text: render(figures),
    holds: figures.verified.stock.ok && figures.verified.lango.ok && enforcementHolds(figures.enforcement),
    judged: [...judge('stock', ratios), ...judgeEnforcement(figures.enforcement)],
  };
}

/** Enforcement under load, on a Postgres of its own with fsync on: 10,000 sessions on 50 routers. */
export async function runEnforcement(progress: (line: string) => void, secret: string): Promise<EnforcementFigures> {
  const home = mkdtempSync(join(tmpdir(), 'lango-bench-'));
  chmodSync(home, 0o755);
  const undo: (() => Promise<void>)[] = [];
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: true });
    undo.push(() => postgres.stop());
    const [authPort = 0, acctPort = 0] = await freeUdpPorts(2);
    const place = { adminUrl: postgres.ownerUrl, dir: home, authPort, acctPort, secret, users: 10_500 };
    const lango = await startLango(place, 'accounting,enforcer');
    undo.push(() => lango.stop());
    return await benchEnforcement({
      databaseUrl: lango.databaseUrl,
      acctPort,
      secret,
      sessions: 10_500,
      routers: 50,
      interims_per_s: 5000,
      crossings_per_s: 50,
      seconds: 10,
      progress,
    });
  } finally {
    for (const step of undo.reverse()) await step();
    rmSync(home, { recursive: true, force: true });
  }
}

/** Sets both sides up on one Postgres with fsync on, measures them in turn, verifies the rows and takes everything away again. */
export async function runBench(o: BenchOptions): Promise<BenchReport> {
  const home = mkdtempSync(join(tmpdir(), 'lango-bench-'));
  chmodSync(home, 0o755);
  const undo: (() => Promise<void>)[] = [];
  try {
    o.progress('starting Postgres (fsync on)');
    const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: true });
    undo.push(() => postgres.stop());
    const ports = await freeUdpPorts(4);
    const place = (name: string, i: number) => {
      mkdirSync(join(home, name), { mode: 0o755 });
      return {
        adminUrl: postgres.ownerUrl,
        dir: join(home, name),
        authPort: ports[i] ?? 0,
        acctPort: ports[i + 1] ?? 0,
        secret: o.secret,
        users: o.users,
      };
    };
    o.progress(`stock FreeRADIUS with ${o.users} users`);
    const stock = await startStock(place('stock', 0));
    undo.push(() => stock.stop());
    o.progress(`Lango with ${o.users} subscribers`);
    const lango = await startLango(place('lango', 2));
    undo.push(() => lango.stop());
    const sides: Side[] = [
      { name: 'stock', ...stock, roots: [stock.pid, postgres.pid], sent: new SentCounters(o.users) },
      { name: 'lango', ...lango, roots: [lango.pid, postgres.pid], sent: new SentCounters(o.users) },
    ];
    const report = await measureAll(sides, o, postgres.ownerUrl);
    for (const step of undo.splice(0).reverse()) await step();
    o.progress('enforcement under load');
    return { ...report, enforcement: await runEnforcement(o.progress, o.secret) };
  } finally {
    for (const step of undo.reverse()) await step();
    rmSync(home, { recursive: true, force: true });
  }
}

async function measureAll(sides: Side[], o: BenchOptions, adminUrl: string): Promise<Omit<BenchReport, 'enforcement'>> {
  const figures: Figure[] = [];
  const one = async (side: Side, kind: 'pap' | 'chap' | 'mschapv2' | 'interim', outstanding: number): Promise<void> => {
    const figure = await measure(side, kind, { kind: 'closed', outstanding }, o);
    figures.push(figure);
    o.progress(`${side.name} ${figure.what}: ${Math.round(figure.per_s)}/s`);
  };
  for (let round = 0; round < o.rounds; round++) {
    for (const kind of ['pap', 'chap', 'mschapv2'] as const)
      for (const side of inTurn(sides, round)) await one(side, kind, 32);
  }
  for (const side of sides) {
    o.progress(`${side.name}: opening ${o.users} sessions, each reports once`);
    await oneRound(side, 'start', o);
    // A session's first report of an hour makes rows that the next eleven only change; neither side is measured by the one in twelve alone.
    await oneRound(side, 'interim', o);
  }
  for (let round = 0; round < o.rounds; round++) {
    for (const outstanding of [32, 128])
      for (const side of inTurn(sides, round)) await one(side, 'interim', outstanding);
  }
  for (let round = 0; round < o.rounds; round++)
    for (const side of inTurn(sides, round)) {
      const figure = await measureMixed(side, o);
      figures.push(figure);
      o.progress(
        `${side.name} ${figure.what}: ${Math.round(figure.per_s)}/s, ${figure.lost} lost, ${figure.retransmits} retransmits`,
      );
    }
  const open_loop = [];
  for (const side of sides) open_loop.push(await climb(side, o));
  for (const side of sides) {
    o.progress(`${side.name}: one more interim of every session, then the rows are compared`);
    await oneRound(side, 'interim', o);
  }
  const [stock, lango] = await Promise.all(sides.map((side) => side.sent.verify(side.databaseUrl)));
  if (!stock || !lango) throw new Error('both sides are verified');
  figures.push(...(await measureWithHistory(sides, o, o.progress)));
  const { version, fsync, synchronous_commit } = await serverSettings(adminUrl);
  return {
    at: new Date().toISOString(),
    commit: commit(projectRoot()),
    machine: machine(version),
    settings: { users: o.users, seconds: o.seconds, rounds: o.rounds, fsync, synchronous_commit },
    figures,
    compared: compare(figures),
    open_loop,
    verified: { stock, lango },
  };
}

/** Neither side is always first: a machine that slows down over the run would favour it. */
function inTurn(sides: Side[], round: number): Side[] {
  return round % 2 ? [...sides].reverse() : sides;
}

async function climb(side: Side, o: BenchOptions): Promise<BenchReport['open_loop'][number]> {
  const tried: Figure[] = [];
  let highest = 0;
  for (const rate_per_s of o.ladder[side.name]) {
    const figure = await measure(side, 'interim', { kind: 'open', rate_per_s }, o);
    tried.push(figure);
    o.progress(
      `${side.name} ${figure.what}: ${Math.round(figure.per_s)}/s answered, ${figure.lost} lost, ${figure.retransmits} retransmits`,
    );
    if (figure.lost > 0 || figure.retransmits > 0 || figure.per_s < rate_per_s * 0.98) break;
    highest = rate_per_s;
  }
  return { side: side.name, highest_without_loss_per_s: highest, tried };
}

async function serverSettings(
  adminUrl: string,
): Promise<{ version: string; fsync: string; synchronous_commit: string }> {
  const db = new Client({ connectionString: adminUrl });
  await db.connect();
  try {
    const { rows } = await db.query<{ version: string; fsync: string; synchronous_commit: string }>(
      `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit`,
    );
    return rows[0] ?? { version: 'unknown', fsync: 'unknown', synchronous_commit: 'unknown' };
  } finally {
    await db.end();
  }
}
