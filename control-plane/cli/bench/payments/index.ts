import { loadavg, tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { embeddedBinaries } from '../../../platform/postgres/binaries';
import { projectRoot } from '../../../platform/project-root';
import { startProduct, type Product } from '../../prove/product';
import { judge, type Judged } from '../bars';
import { cpuUse } from '../cpu';
import { snapshotMade } from '../lango';
import { commit, machine } from '../report';
import { sendCallbacks, type Sent } from './callbacks';
import { measureLedger, type LedgerRates } from './ledger';
import { promptAll, receiptsOf, settleTown, startProvider, type PaymentTown, type Prompted } from './town';
import { differences, noteBefore } from './verify';

export interface PaymentsOptions {
  /** Callbacks a second that each must reach the network within its bar, and for how long. */
  steady: { rate_per_s: number; seconds: number };
  /** Callbacks a second that must all be kept and all be served in the end. */
  burst: { rate_per_s: number; seconds: number };
  ledgerSeconds: number;
  progress: (line: string) => void;
}

/** Callbacks at a rate: from the moment each is sent. */
export interface CallbackFigure {
  what: string;
  offered: number;
  /** Answered with 200; anything less is a lost callback. */
  answered: number;
  answered_p50_ms: number;
  answered_p99_ms: number;
  /** Callback sent until the CoA or Disconnect for that customer's session is at the router. */
  told: number;
  told_p50_ms: number;
  told_p99_ms: number;
  told_most_ms: number;
  /** From the first callback until the network was told of the last. */
  all_told_s: number;
  /** Processor time of one callback, from its arrival to the last word of the enforcer. */
  cpu_ms: { web: number; enforcer: number; others: number; postgres: number };
}

export interface PaymentsReport {
  at: string;
  commit: string;
  machine: ReturnType<typeof machine>;
  load: [before: number, after: number];
  callbacks: CallbackFigure[];
  ledger: LedgerRates;
  /** Differences between the rows and the provider's statement; none may be. */
  differences: string[];
}

/** `npm run bench -- --only payments [--rate N] [--seconds N] [--burst N]`. */
export function readPayments(value: (name: string) => string | undefined): Omit<PaymentsOptions, 'progress'> {
  const seconds = Number(value('--seconds') ?? 20);
  return {
    steady: { rate_per_s: Number(value('--rate') ?? 100), seconds },
    burst: { rate_per_s: Number(value('--burst') ?? 500), seconds },
    ledgerSeconds: Math.min(5, seconds),
  };
}

/** The whole product with its own durable Postgres, a simulated M-Pesa and routers: money comes, and the network hears of it. */
export async function runPayments(o: PaymentsOptions): Promise<PaymentsReport> {
  const before = loadavg()[0] ?? 0;
  const daraja = await startProvider();
  const undo: (() => Promise<void>)[] = [() => daraja.stop()];
  try {
    o.progress('starting Lango with a Postgres of its own (fsync on)');
    const product = await startProduct({ LANGO_DARAJA_URL: daraja.baseUrl, LANGO_PUBLIC_URL: 'http://isp.example' });
    undo.push(() => product.stop());
    const db = new Client({ connectionString: product.ownerUrl });
    await db.connect();
    undo.push(() => db.end());
    // Ten seconds: every connection makes its plans, and Node compiles what it runs often.
    const warm = 10 * o.steady.rate_per_s;
    const [steady, burst] = [o.steady.rate_per_s * o.steady.seconds, o.burst.rate_per_s * o.burst.seconds];
    o.progress(`${warm + steady + burst} people with an open order each come online`);
    const town = await settleTown(product, db, daraja, { payers: warm + steady + burst, routers: 50 });
    undo.push(() => town.close());
    const payers = await promptAll(db, town);
    const ask = product.ask.bind(product);
    await noteBefore(ask);
    await snapshotMade(product.ownerUrl);
    await settled(product);
    await measure(product, town, {
      what: 'warming up',
      payers: payers.slice(0, warm),
      rate_per_s: o.steady.rate_per_s,
    });
    const callbacks: CallbackFigure[] = [];
    for (const part of [
      {
        what: `${o.steady.rate_per_s} callbacks/s for ${o.steady.seconds} s`,
        payers: payers.slice(warm, warm + steady),
        rate_per_s: o.steady.rate_per_s,
      },
      {
        what: `${o.burst.rate_per_s} callbacks/s for ${o.burst.seconds} s`,
        payers: payers.slice(warm + steady),
        rate_per_s: o.burst.rate_per_s,
      },
    ]) {
      const figure = await measure(product, town, part);
      callbacks.push(figure);
      o.progress(renderCallbacks(figure));
    }
    o.progress('every row is held against the statement');
    const found = await differences(ask, {
      paid: receiptsOf(daraja),
    });
    o.progress('Postgres is left to come to rest after the burst');
    await rested(db);
    const ledger = await measureLedger(product.ownerUrl, o.ledgerSeconds, () => postgresCpu(product), o.progress);
    return {
      at: new Date().toISOString(),
      commit: commit(projectRoot()),
      machine: machine(embeddedBinaries(undefined, tmpdir()).version),
      load: [before, loadavg()[0] ?? 0],
      callbacks,
      ledger,
      differences: [...found, ...ledger.faults],
    };
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** What stands between the callback and the network must be at rest, or the next figure would contain it. */
async function settled(product: Product): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const busy = await product.ask<{ n: number }>(
      `SELECT 1 AS n WHERE EXISTS (SELECT FROM hook_event WHERE state = 'waiting') OR EXISTS (SELECT FROM enforcement WHERE state = 'open')`,
    );
    if (busy.length === 0) return;
    await sleep(200);
  }
}

/** What a burst leaves behind (pages to write, tables to vacuum) is no part of what the ledger can do: it is done before, or waited for, two minutes at most. */
async function rested(db: Client): Promise<void> {
  await db.query('CHECKPOINT');
  for (let tries = 0; tries < 120; tries++) {
    const { rows } = await db.query(`SELECT 1 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' LIMIT 1`);
    if (rows.length === 0) return;
    await sleep(1_000);
  }
}

interface Part {
  what: string;
  payers: readonly Prompted[];
  rate_per_s: number;
}

async function measure(product: Product, town: PaymentTown, part: Part): Promise<CallbackFigure> {
  const before = cpuOf(product);
  const sent = await sendCallbacks(town, part.payers, part.rate_per_s);
  await toldAll(part.payers);
  await settled(product);
  const after = cpuOf(product);
  const each = (name: keyof CallbackFigure['cpu_ms']): number => (after[name] - before[name]) / sent.length;
  return {
    what: part.what,
    ...waits(sent),
    cpu_ms: { web: each('web'), enforcer: each('enforcer'), others: each('others'), postgres: each('postgres') },
  };
}

/** Waits for the last while there is progress: two minutes without any are the end. */
async function toldAll(payers: readonly Prompted[]): Promise<void> {
  let [left, since] = [payers.length + 1, performance.now()];
  for (;;) {
    const now = payers.filter(({ session }) => session.toldAt_ms === undefined).length;
    if (now === 0) return;
    if (now < left) [left, since] = [now, performance.now()];
    else if (performance.now() - since > 120_000) return;
    await sleep(50);
  }
}

function waits(sent: readonly Sent[]): Omit<CallbackFigure, 'what' | 'cpu_ms'> {
  const told = sent.flatMap(({ payer, sent_ms }) =>
    payer.session.toldAt_ms === undefined ? [] : [payer.session.toldAt_ms - sent_ms],
  );
  const answered = sent.flatMap((one) =>
    one.status === 200 && one.answered_ms !== undefined ? [one.answered_ms - one.sent_ms] : [],
  );
  const at = (of: number[], part: number): number => of[Math.min(of.length - 1, Math.floor(of.length * part))] ?? NaN;
  told.sort((a, b) => a - b);
  answered.sort((a, b) => a - b);
  const last = Math.max(...sent.map(({ payer }) => payer.session.toldAt_ms ?? NaN));
  return {
    offered: sent.length,
    answered: answered.length,
    answered_p50_ms: at(answered, 0.5),
    answered_p99_ms: at(answered, 0.99),
    told: told.length,
    told_p50_ms: at(told, 0.5),
    told_p99_ms: at(told, 0.99),
    told_most_ms: told.at(-1) ?? NaN,
    all_told_s: (last - (sent[0]?.sent_ms ?? NaN)) / 1_000,
  };
}

function cpuOf(product: Product): CallbackFigure['cpu_ms'] {
  const use = { web: 0, enforcer: 0, others: 0, postgres: 0 };
  for (const { name, pid } of product.processes()) {
    if (name === 'postgres') use.postgres += cpuUse([pid]).postgres_ms;
    else if (name === 'web' || name === 'enforcer') use[name] += cpuUse([pid]).node_ms;
    else if (name !== 'supervisor' && name !== 'accounting worker') use.others += cpuUse([pid]).node_ms;
  }
  return use;
}

const postgresCpu = (product: Product): number => cpuOf(product).postgres;

const n = (value: number, digits = 0): string =>
  value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });

function renderCallbacks(f: CallbackFigure): string {
  const { web, enforcer, others, postgres } = f.cpu_ms;
  return `${f.what}: ${n(f.answered)} of ${n(f.offered)} answered (p50 ${n(f.answered_p50_ms)}, p99 ${n(f.answered_p99_ms)} ms); ${n(f.told)} at the router p50 ${n(f.told_p50_ms)}, p99 ${n(f.told_p99_ms)}, most ${n(f.told_most_ms)} ms, all after ${n(f.all_told_s, 1)} s; processor ms each: web ${n(web, 2)}, Postgres ${n(postgres, 2)}, enforcer ${n(enforcer, 2)}, others ${n(others, 2)}`;
}

/** The first of the callbacks' figures is that of the steady rate; how long a burst takes is not promised. */
export function judgePayments({ callbacks, ledger }: Pick<PaymentsReport, 'callbacks' | 'ledger'>): Judged[] {
  const rates = Object.fromEntries(ledger.rates.map((rate) => [rate.what, rate.transfers_per_s]));
  return judge('payments', { ...rates, 'callback to the router, p99': callbacks[0]?.told_p99_ms });
}

/** The report for people. */
export function renderPayments(report: PaymentsReport): string {
  const m = report.machine;
  return [
    `commit ${report.commit} · ${m.cpu}, ${m.cores} cores, ${m.memory_gib} GiB · Node ${m.node} · Postgres ${m.postgres} (fsync on) · load ${n(report.load[0], 1)} before, ${n(report.load[1], 1)} after`,
    '',
    ...report.callbacks.map(renderCallbacks),
    'ledger, after a checkpoint and once no autovacuum was at work:',
    ...report.ledger.rates.map(
      (rate) =>
        `  ${rate.what}: ${n(rate.transfers_per_s)} transfers/s, ${n(rate.commits_per_s)} commits/s, ${n(rate.postgres_us_per_transfer)} µs of Postgres each`,
    ),
    '',
    report.differences.length === 0
      ? 'every payment settled once, every service extended once, ledger and statement equal: verified'
      : `NOT EQUAL: ${report.differences.length} differences, the first\n${report.differences.slice(0, 20).join('\n')}`,
  ].join('\n');
}
