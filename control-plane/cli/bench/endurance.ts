import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../../../radius/testing/load';
import { embeddedBinaries } from '../../platform/postgres/binaries';
import { startEmbeddedPostgres } from '../../platform/postgres/embedded';
import { projectRoot } from '../../platform/project-root';
import { SentCounters, type Verified } from './counters';
import { familyOf } from './cpu';
import { startLango } from './lango';
import { interimLoad, measure, oneRound, type BenchSize, type Figure, type Side } from './measure';
import { freeUdpPorts } from './ports';
import { commit, machine } from './report';

export interface EnduranceOptions extends BenchSize {
  rate_per_s: number;
  /** Interims of each session that the spool keeps while the database hangs. */
  kept_rounds: number;
  progress: (line: string) => void;
}

export interface EnduranceReport {
  at: string;
  commit: string;
  machine: ReturnType<typeof machine>;
  /** A fixed rate for a minute. */
  steady: Figure;
  /** The database hangs, records go to the disk, and come into the database when it goes on. */
  drain: { acknowledged: number; spooled_bytes: number; ms: number; per_s: number };
  verified: Verified;
}

/** `npm run bench -- --only endurance [--users N] [--seconds N] [--rate N]`. */
export function readEndurance(value: (name: string) => string | undefined): Omit<EnduranceOptions, 'progress'> {
  return {
    users: Number(value('--users') ?? 100_000),
    seconds: Number(value('--seconds') ?? 60),
    rate_per_s: Number(value('--rate') ?? 15_000),
    kept_rounds: 3,
    secret: 'bench-secret',
  };
}

/** Interims at a fixed rate for a minute, then those of a time in which Postgres hangs and the spool takes everything; rows are compared at the end. */
export async function runEndurance(o: EnduranceOptions): Promise<EnduranceReport> {
  const home = mkdtempSync(join(tmpdir(), 'lango-endurance-'));
  chmodSync(home, 0o755);
  const undo: (() => Promise<void>)[] = [];
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: true });
    undo.push(() => postgres.stop());
    const [authPort = 0, acctPort = 0] = await freeUdpPorts(2);
    const lango = await startLango(
      { adminUrl: postgres.ownerUrl, dir: home, authPort, acctPort, secret: o.secret, users: o.users },
      'accounting',
    );
    undo.push(() => lango.stop());
    const side: Side = {
      name: 'lango',
      ...lango,
      roots: [lango.pid, postgres.pid],
      sent: new SentCounters(o.users),
    };
    o.progress(`${o.users} sessions begin and report once`);
    await oneRound(side, 'start', o);
    await oneRound(side, 'interim', o);
    o.progress(`${o.rate_per_s} interims/s for ${o.seconds} s`);
    const steady = await measure(side, 'interim', { kind: 'open', rate_per_s: o.rate_per_s }, o);
    const drain = await drained(side, postgres.pid, join(home, 'data', 'spool', 'accounting'), o);
    await oneRound(side, 'interim', o);
    return {
      at: new Date().toISOString(),
      commit: commit(projectRoot()),
      machine: machine(embeddedBinaries(undefined, tmpdir()).version),
      steady,
      drain,
      verified: await side.sent.verify(side.databaseUrl),
    };
  } finally {
    for (const step of undo.reverse()) await step();
    rmSync(home, { recursive: true, force: true });
  }
}

async function drained(
  side: Side,
  postmaster: number,
  spool: string,
  o: EnduranceOptions,
): Promise<EnduranceReport['drain']> {
  const total = o.users * o.kept_rounds;
  o.progress(`Postgres hangs; ${total} records go to the disk`);
  const family = familyOf(postmaster);
  for (const pid of family) process.kill(pid, 'SIGSTOP');
  let acknowledged: number;
  let spooled_bytes: number;
  try {
    const result = await runLoad({
      ...interimLoad(side, o),
      mode: { kind: 'closed', outstanding: 128 },
      total,
      duration_ms: 0,
      tries: 5,
    });
    side.sent.add(result);
    acknowledged = result.acks;
    spooled_bytes = bytesIn(spool);
  } finally {
    for (const pid of family) process.kill(pid, 'SIGCONT');
  }
  const began = performance.now();
  while (bytesIn(spool) > 0) await sleep(20);
  const ms = performance.now() - began;
  o.progress(`${acknowledged} records are in Postgres after ${(ms / 1000).toFixed(1)} s`);
  return { acknowledged, spooled_bytes, ms, per_s: (acknowledged * 1000) / ms };
}

/** Bytes of the segments that lie in the spools of this host. */
function bytesIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.seg'))
    .reduce((sum, entry) => {
      try {
        return sum + statSync(join(entry.parentPath, entry.name)).size;
      } catch {
        // Drained this moment.
        return sum;
      }
    }, 0);
}

/** What the endurance run found, as text. */
export function renderEndurance(report: EnduranceReport): string {
  const { steady, drain, verified, machine: m } = report;
  const cpu = steady.cpu_us_per_packet;
  return [
    `Lango ${report.commit}, ${report.at}, ${m.cores} cores of ${m.cpu}`,
    `${steady.what}: ${Math.round(steady.per_s)}/s answered, ${steady.lost} lost, ${steady.retransmits} retransmits, p50 ${steady.p50_ms.toFixed(1)} ms, p99 ${steady.p99_ms.toFixed(1)} ms`,
    `us a packet: Postgres ${cpu.postgres.toFixed(0)}, Node ${cpu.node.toFixed(0)}; the generator used ${(steady.generator_busiest_cpu * 100).toFixed(0)} % of a core`,
    `${drain.acknowledged} records acknowledged while Postgres hung (${(drain.spooled_bytes / 1e6).toFixed(1)} MB on disk) were in it ${(drain.ms / 1000).toFixed(1)} s after it went on: ${Math.round(drain.per_s)}/s`,
    `${verified.sessions} sessions and ${verified.stored_bytes} bytes in the rows, ${verified.acknowledged_bytes} acknowledged: ${verified.ok ? 'verified' : 'NOT THE SAME'}`,
  ].join('\n');
}
