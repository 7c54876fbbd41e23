import { isAccess, runLoad, type LoadKind, type LoadOptions, type LoadResult } from '../../../radius/testing/load';
import { cpuBetween, cpuUse } from './cpu';
import type { SentCounters } from './counters';
import { benchPassword } from './stock';

/** One of the two that are compared. */
export interface Side {
  name: 'stock' | 'lango';
  authPort: number;
  acctPort: number;
  databaseUrl: string;
  /** Its own processes and the shared postmaster, for CPU figures. */
  roots: number[];
  sent: SentCounters;
}

export interface BenchSize {
  users: number;
  seconds: number;
  secret: string;
}

/** One measurement of one side. Rates count accepts (or accounting responses) only. */
export interface Figure {
  side: Side['name'];
  what: string;
  per_s: number;
  p50_ms: number;
  p99_ms: number;
  lost: number;
  retransmits: number;
  rejects: number;
  cpu_us_per_packet: { freeradius: number; postgres: number; node: number };
  /** The busiest process of the load generator, as a share of one core. Under about 0.9 it did not limit the figure. */
  generator_busiest_cpu: number;
}

/** Sends one kind of load at one side and works out what it cost. */
export async function measure(side: Side, kind: LoadKind, mode: LoadOptions['mode'], size: BenchSize): Promise<Figure> {
  const before = cpuUse(side.roots);
  const result = await load(side, kind, mode, size);
  const spent = cpuBetween(before, cpuUse(side.roots));
  const answered = Math.max(
    1,
    result.workers.reduce((sum, w) => sum + w.issued, 0),
  );
  return {
    side: side.name,
    what: `${kind} ${mode.kind === 'closed' ? `${mode.outstanding} outstanding` : `${mode.rate_per_s}/s offered`}`,
    per_s: isAccess(kind) ? result.accepts_per_s : result.answered_per_s,
    p50_ms: result.p50_ms,
    p99_ms: result.p99_ms,
    lost: result.timeouts + result.overruns,
    retransmits: result.retransmits,
    rejects: result.rejects + result.badReplies,
    cpu_us_per_packet: {
      freeradius: (spent.freeradius_ms * 1000) / answered,
      postgres: (spent.postgres_ms * 1000) / answered,
      node: (spent.node_ms * 1000) / answered,
    },
    generator_busiest_cpu: result.busiest_worker_cpu,
  };
}

/** One request for every session, each of them acknowledged: their Starts before the interims, and one interim at the end to compare rows with. */
export async function oneRound(side: Side, kind: 'start' | 'interim', size: BenchSize): Promise<void> {
  const result = await runLoad({
    ...base(side, kind, size),
    mode: { kind: 'closed', outstanding: 64 },
    total: size.users,
    duration_ms: 0,
    tries: 5,
    firstRound: side.sent.nextRound(),
  });
  if (kind === 'interim') side.sent.add(result);
  if (result.acks !== size.users) {
    throw new Error(
      `${side.name} acknowledged ${result.acks} of ${size.users} ${kind} records; the comparison needs all of them.`,
    );
  }
}

async function load(side: Side, kind: LoadKind, mode: LoadOptions['mode'], size: BenchSize): Promise<LoadResult> {
  const result = await runLoad({
    ...base(side, kind, size),
    mode,
    duration_ms: size.seconds * 1000,
    warmup_ms: 1000,
    firstRound: side.sent.nextRound(),
  });
  if (kind === 'interim') side.sent.add(result);
  return result;
}

/** Interims of the next round of every session, but for how many and how fast. */
export function interimLoad(side: Side, size: BenchSize): Omit<LoadOptions, 'mode' | 'duration_ms'> {
  return { ...base(side, 'interim', size), firstRound: side.sent.nextRound() };
}

function base(side: Side, kind: LoadKind, size: BenchSize): Omit<LoadOptions, 'mode' | 'duration_ms'> {
  return {
    host: '127.0.0.1',
    port: isAccess(kind) ? side.authPort : side.acctPort,
    secret: size.secret,
    kind,
    users: { prefix: 'u', digits: 6, count: size.users, password: benchPassword },
    workers: 1,
    timeout_ms: 2000,
    // The packaged peer signs no reply, so the demand for it is left out on both sides.
    messageAuthenticator: side.name === 'lango',
  };
}
