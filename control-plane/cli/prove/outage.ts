import { setTimeout as sleep } from 'node:timers/promises';
import { countersOf, runLoad, sessionIdOf, type LoadOptions, type LoadResult } from '../../../radius/testing/load';
import { stopwatch } from '../../test-kit/stopwatch';
import { startOutageWorld, type OutageWorld } from './outage-world';
import { Violations, type Proof, type ProofInput, type ProofResult } from './proof';

/** Postgres is stopped for minutes while customers log in and routers report. */
export const outage: Proof = {
  name: 'outage',
  shows:
    'without Postgres every known customer gets in, a wrong password is rejected, an unknown name hears nothing, no record is lost, and it is over seconds after its return',
  minutes: 10,
  run: runOutage,
};

/** From the return of Postgres until it decides logins again. */
const RECOVERY_MS = 5000;
/** Of the load on either side of the outage. */
const MARGIN_MS = 4000;

interface Rates {
  users: number;
  pap_per_s: number;
  mschap_per_s: number;
  interims_per_s: number;
}

async function runOutage(input: ProofInput): Promise<ProofResult> {
  const small = input.size === 'small';
  const rates: Rates = small
    ? { users: 100, pap_per_s: 40, mschap_per_s: 10, interims_per_s: 100 }
    : { users: 5000, pap_per_s: 150, mschap_per_s: 50, interims_per_s: 600 };
  const outage_ms = small ? 6000 : input.minutes * 60_000;
  const violations = new Violations();
  const world = await startOutageWorld(rates.users);
  try {
    input.progress('Lango serves, its snapshot holds every user; routers report');
    const reports = load(world, 'interim', rates, {
      rate: rates.interims_per_s,
      duration_ms: outage_ms + 3 * MARGIN_MS,
    });
    await sleep(MARGIN_MS);
    await world.stopPostgres();
    input.progress(`Postgres is stopped for ${outage_ms / 1000} s`);
    const began = Date.now();
    const asked = await logins(world, rates, outage_ms - 1500);
    await sleep(Math.max(0, outage_ms - (Date.now() - began)));
    await world.startPostgres();
    const recovery_ms = Math.round(await decidedAgain(world));
    input.progress(`Postgres decides logins again ${recovery_ms} ms after its return`);
    const reported = await reports;
    const drained_ms = await drained(world, violations);
    judge(asked, violations);
    if (recovery_ms > RECOVERY_MS) violations.add(`logins were decided by Postgres ${recovery_ms} ms after its return`);
    const bytes = await compare(world, rates, reported, violations);
    return {
      done: {
        'seconds without Postgres': Math.round((Date.now() - began) / 1000),
        'logins of known customers, accepted': `${issued(asked.pap) + issued(asked.mschap)}, ${asked.pap.accepts + asked.mschap.accepts}`,
        'logins with a wrong password, rejected': `${issued(asked.wrong)}, ${asked.wrong.rejects}`,
        'logins of unknown names, answered': `${issued(asked.unknown)}, ${asked.unknown.accepts + asked.unknown.rejects}`,
        'median and 99th percentile of a login without Postgres, ms': `${asked.pap.p50_ms.toFixed(1)}, ${asked.pap.p99_ms.toFixed(1)}`,
        'accounting records sent, acknowledged': `${issued(reported)}, ${reported.acks}`,
        'bytes compared': bytes,
        'ms until Postgres decided logins again': recovery_ms,
        'ms until every record was in Postgres': drained_ms,
      },
      violations: violations.found,
    };
  } finally {
    await world.stop();
  }
}

const issued = (result: LoadResult): number => result.workers.reduce((sum, worker) => sum + worker.issued, 0);

function load(
  world: OutageWorld,
  kind: LoadOptions['kind'],
  { users }: Pick<Rates, 'users'>,
  o: { rate: number; duration_ms: number; prefix?: string; password?: string; tries?: number },
): Promise<LoadResult> {
  const { program, secret, password } = world;
  return runLoad({
    host: '127.0.0.1',
    port: kind === 'interim' ? program.acctPort : program.authPort,
    secret,
    kind,
    mode: { kind: 'open', rate_per_s: o.rate },
    duration_ms: o.duration_ms,
    // All of them are waited for, so that none is uncounted at the end.
    total: Math.max(1, Math.round((o.rate * o.duration_ms) / 1000)),
    users: { prefix: o.prefix ?? 'user', digits: 6, count: users, password: o.password ?? password },
    timeout_ms: 1000,
    tries: o.tries ?? 3,
  });
}

interface Asked {
  pap: LoadResult;
  mschap: LoadResult;
  wrong: LoadResult;
  unknown: LoadResult;
}

/** All kinds of logins at once for this long. */
async function logins(world: OutageWorld, rates: Rates, duration_ms: number): Promise<Asked> {
  const [pap, mschap, wrong, unknown] = await Promise.all([
    load(world, 'pap', rates, { rate: rates.pap_per_s, duration_ms }),
    load(world, 'mschapv2', rates, { rate: rates.mschap_per_s, duration_ms }),
    load(world, 'pap', rates, { rate: rates.mschap_per_s, duration_ms, prefix: 'wrong', password: 'guessed' }),
    load(world, 'pap', rates, { rate: 5, duration_ms: Math.max(1000, duration_ms - 3000), prefix: 'nobody', tries: 1 }),
  ]);
  return { pap, mschap, wrong, unknown };
}

function judge({ pap, mschap, wrong, unknown }: Asked, violations: Violations): void {
  violations.expect('known customers accepted (PAP)', pap.accepts, issued(pap));
  violations.expect('known customers accepted (MS-CHAPv2)', mschap.accepts, issued(mschap));
  violations.expect('wrong passwords rejected', wrong.rejects, issued(wrong));
  violations.expect('answers to unknown names', unknown.accepts + unknown.rejects, 0);
}

/** Asks as a stranger, whom only Postgres can reject. Gives the milliseconds until it did (see stopwatch). */
async function decidedAgain(world: OutageWorld): Promise<number> {
  const elapsed_ms = stopwatch();
  while (elapsed_ms() < 60_000) {
    const { rejects } = await load(
      world,
      'pap',
      { users: 1 },
      { rate: 20, duration_ms: 250, prefix: 'stranger', tries: 1 },
    );
    if (rejects > 0) return elapsed_ms();
  }
  throw new Error('Postgres did not decide a login within a minute of its return');
}

/** Nothing is held back any more. Gives the milliseconds that it took from now. */
async function drained(world: OutageWorld, violations: Violations): Promise<number> {
  const began = Date.now();
  for (;;) {
    const held = await world.ask(`SELECT 1 FROM accounting_spool WHERE pending_packets > 0`);
    if (held.length === 0) return Date.now() - began;
    if (Date.now() - began > 120_000) {
      violations.add('a spool still holds packets two minutes after the return of Postgres');
      return Date.now() - began;
    }
    await sleep(200);
  }
}

/** The row of each session holds its last report, which was acknowledged, and no session was closed on the way. */
async function compare(
  world: OutageWorld,
  { users }: Rates,
  reported: LoadResult,
  violations: Violations,
): Promise<number> {
  const rows = await world.ask<{
    acct_session_id: string;
    input: string;
    output: string;
    stopped: boolean;
    lives: string;
  }>(
    `SELECT acct_session_id, sum(input_bytes)::text AS input, sum(output_bytes)::text AS output, bool_or(stopped_at IS NOT NULL) AS stopped, count(*)::text AS lives
     FROM session_all WHERE nas_address = '127.0.0.1' GROUP BY 1`,
  );
  const found = new Map(rows.map((row) => [row.acct_session_id, row]));
  const total = issued(reported);
  let bytes = 0;
  // A report that its router gave up after three tries was never promised, and the next one says it again; only a session's last can be missed.
  let excused = total - reported.acks;
  for (let session = 0; session < Math.min(users, total); session++) {
    const last = countersOf({}, Math.floor((total - 1 - session) / users));
    const row = found.get(sessionIdOf(session));
    bytes += last.input_octets + last.output_octets;
    const same = row?.input === String(last.input_octets) && row.output === String(last.output_octets);
    if (!same && excused-- <= 0)
      violations.add(
        `session ${session} has ${row?.input}/${row?.output} bytes, its router reported ${last.input_octets}`,
      );
    if (row?.stopped) violations.add(`session ${session} was closed although its router reported it`);
  }
  return bytes;
}
