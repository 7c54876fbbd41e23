import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { judge, type Judged } from '../bars';
import type { BenchRouter, BenchSession } from './router';
import { ALLOWANCE_BYTES, Town } from './town';

export interface EnforcementBenchOptions {
  /** Of Lango, with the roles accounting and enforcer. */
  databaseUrl: string;
  acctPort: number;
  secret: string;
  sessions: number;
  routers: number;
  interims_per_s: number;
  crossings_per_s: number;
  seconds: number;
  progress: (line: string) => void;
}

/** From the packet that crosses a cap to the Disconnect at the router, under a load of interims; and a midnight at which everybody's time ends. */
export interface EnforcementFigures {
  crossing: {
    interims_per_s: number;
    lost: number;
    crossings: number;
    cut: number;
    p50_ms: number;
    p99_ms: number;
    most_ms: number;
    /** Of the same interims until the listener had stored and answered them: what of the wait is not enforcement's. */
    acknowledged_p50_ms: number;
  };
  midnight: {
    sessions: number;
    routers: number;
    first_ms: number;
    half_ms: number;
    last_disconnect_ms: number;
    last_proven_ms: number;
    proven: number;
    exchanges: number;
  };
}

/** Whether everybody who was to be cut was cut. */
export const enforcementHolds = ({ crossing, midnight }: EnforcementFigures): boolean =>
  crossing.cut === crossing.crossings && midnight.proven === midnight.sessions;

export function judgeEnforcement({ crossing, midnight }: EnforcementFigures): Judged[] {
  return judge('enforcement', {
    'cap crossed to Disconnect, p99': crossing.p99_ms,
    'midnight, all proven': midnight.last_proven_ms,
  });
}

/** Runs both; the databases's subscribers are those of bench/lango.ts. */
export async function benchEnforcement(o: EnforcementBenchOptions): Promise<EnforcementFigures> {
  const db = new Client({ connectionString: o.databaseUrl });
  await db.connect();
  let town: Town | undefined;
  try {
    town = await Town.build(db, { ...o, server: { host: '127.0.0.1', port: o.acctPort } });
    // A new router acts within 2 s.
    await sleep(3000);
    o.progress(`${o.sessions} sessions begin on ${o.routers} routers`);
    await town.begin();
    await db.query('VACUUM ANALYZE session_live');
    o.progress(`${o.interims_per_s} interims/s, ${o.crossings_per_s} of them cross a cap`);
    const crossing = await cross(town, o);
    o.progress(
      `cap to Disconnect: p50 ${crossing.p50_ms.toFixed(1)} ms, p99 ${crossing.p99_ms.toFixed(1)} ms; stored and answered: p50 ${crossing.acknowledged_p50_ms.toFixed(1)} ms`,
    );
    await settled(db);
    const midnight = await expireTogether(town, o);
    o.progress(
      `${midnight.sessions} sessions: last Disconnect ${midnight.last_disconnect_ms.toFixed(0)} ms, proven ${midnight.last_proven_ms.toFixed(0)} ms`,
    );
    return { crossing, midnight };
  } finally {
    town?.close();
    await db.end();
  }
}

async function cross(town: Town, o: EnforcementBenchOptions): Promise<EnforcementFigures['crossing']> {
  const { sessions } = town;
  const crossers = o.crossings_per_s * o.seconds;
  const crossedAt = new Map<BenchSession, number>();
  const acked: number[] = [];
  const calm = sessions.slice(crossers);
  const begun = performance.now();
  let sent = 0;
  let crossed = 0;
  const lostBefore = lost(town.routers);
  // Every 5 ms what is due: an open loop that a slow server does not slow down.
  while (performance.now() - begun < o.seconds * 1000) {
    const passed_s = (performance.now() - begun) / 1000;
    for (; crossed < Math.min(crossers, passed_s * o.crossings_per_s); crossed++) {
      const { router, session } = sessions[crossed]!;
      session.down = ALLOWANCE_BYTES + 1;
      const at = performance.now();
      crossedAt.set(session, at);
      void router.report(session, 'Interim-Update').then(() => acked.push(performance.now() - at));
    }
    for (; sent < passed_s * (o.interims_per_s - o.crossings_per_s); sent++) {
      const { router, session } = calm[sent % calm.length]!;
      session.up += 1000;
      session.down += 5000;
      void router.report(session, 'Interim-Update');
    }
    await sleep(5);
  }
  const took_s = (performance.now() - begun) / 1000;
  await sleep(3000);
  const waits = [...crossedAt].flatMap(([session, at]) =>
    session.cutAt_ms === undefined ? [] : [session.cutAt_ms - at],
  );
  waits.sort((a, b) => a - b);
  const at = (part: number): number => waits[Math.min(waits.length - 1, Math.floor(waits.length * part))] ?? NaN;
  return {
    interims_per_s: (sent + crossed) / took_s,
    lost: lost(town.routers) - lostBefore,
    crossings: crossed,
    cut: waits.length,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    most_ms: waits.at(-1) ?? NaN,
    acknowledged_p50_ms: acked.sort((a, b) => a - b)[acked.length >> 1] ?? NaN,
  };
}

/** The time of everybody who is still online ends in the same second. */
async function expireTogether(town: Town, o: EnforcementBenchOptions): Promise<EnforcementFigures['midnight']> {
  const left = town.sessions.filter(({ session }) => session.cutAt_ms === undefined);
  await town.db.query(`UPDATE subscription SET expires_at = date_trunc('second', now()) + interval '20 seconds'`);
  await town.db.query('VACUUM ANALYZE subscription');
  const [due] = (await town.db.query<{ at: Date }>('SELECT max(expires_at) AS at FROM subscription')).rows;
  if (due === undefined) throw new Error('nobody has an end');
  // One machine, one clock: no question to the database would tell it better.
  const midnight = performance.now() + due.at.getTime() - Date.now();
  await sleep(Math.max(0, midnight - performance.now()));
  const end = midnight + 60_000;
  let proven_ms = NaN;
  while (performance.now() < end && Number.isNaN(proven_ms)) {
    await sleep(100);
    if (left.some(({ session }) => session.cutAt_ms === undefined)) continue;
    const open = await town.db.query(
      `SELECT 1 FROM enforcement WHERE state <> 'proven' AND reason = 'expired' LIMIT 1`,
    );
    if (open.rowCount === 0) proven_ms = performance.now() - midnight;
  }
  // Outcomes are written a moment after the Stops that proved them.
  await sleep(2000);
  const [row] = (
    await town.db.query<{ proven: number; exchanges: number }>(
      `SELECT (SELECT count(DISTINCT session_id)::int FROM enforcement WHERE state = 'proven' AND proven_by = 'stop' AND reason = 'expired') AS proven,
              (SELECT count(*)::int FROM enforcement_attempt a JOIN enforcement e ON e.id = a.enforcement_id WHERE e.reason = 'expired') AS exchanges`,
    )
  ).rows;
  const cuts = left.flatMap(({ session }) => session.cutAt_ms ?? []).map((cut) => cut - midnight);
  cuts.sort((a, b) => a - b);
  return {
    sessions: left.length,
    routers: o.routers,
    first_ms: cuts[0] ?? NaN,
    half_ms: cuts[cuts.length >> 1] ?? NaN,
    last_disconnect_ms: cuts.length === left.length ? (cuts.at(-1) ?? NaN) : NaN,
    last_proven_ms: proven_ms,
    proven: row?.proven ?? 0,
    exchanges: row?.exchanges ?? 0,
  };
}

/** Waits until nothing is open from before. */
async function settled(db: Client): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const { rowCount } = await db.query(`SELECT 1 FROM enforcement WHERE state = 'open' LIMIT 1`);
    if (rowCount === 0) return;
    await sleep(200);
  }
  throw new Error('enforcement of the crossings did not come to an end');
}

function lost(routers: readonly BenchRouter[]): number {
  return routers.reduce((sum, router) => sum + router.lost, 0);
}
