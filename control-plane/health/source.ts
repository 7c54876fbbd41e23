import type { PrismaClient } from '../platform/db/generated/client';
import type { HealthSource, PartStates } from '../platform/http/health.routes';
import type { Log } from '../platform/log';
import { hostPrefix } from '../platform/heartbeat';
import { askAuthorizer } from './ask-authorizer';
import { askStatus, type StatusTarget } from './ask-status';
import { refreshGauges } from './gauges';

/** Which parts must serve for this installation to be ready. */
export interface HealthExpectations {
  /** Asked with Status-Server; left out, it is not expected here. */
  freeradius?: StatusTarget;
  accounting?: StatusTarget;
  /** Path of the socket by which FreeRADIUS of this host asks the database. */
  authorizer?: string;
  /** Parts that must have a fresh heartbeat on some host, e.g. jobs, enforcer. */
  heartbeats: string[];
  /** Parts that must have one on this host, because they serve nobody else, e.g. snapshot. */
  beatingHere?: string[];
}

/** Three missed beats. */
const STALE_S = 16;
const DATABASE_WAIT_MS = 2_000;
/** Figures of /metrics may be this old: anybody may ask, and each time all live sessions are counted. */
const GAUGES_MS = 5_000;

/** Runs `work` at most once per `ms`; who comes meanwhile waits for the run under way or gets what the last one left. */
export function atMostEvery(ms: number, work: () => Promise<void>, now: () => number = Date.now): () => Promise<void> {
  let last = -Infinity;
  let running: Promise<void> | undefined;
  return () => {
    if (running) return running;
    if (now() - last < ms) return Promise.resolve();
    running = work().finally(() => {
      last = now();
      running = undefined;
    });
    return running;
  };
}

/** What /readyz and /metrics ask. Heartbeats are written by each process (control-plane/main.ts). */
export function healthSource(outside: PrismaClient, expected: HealthExpectations, log: Log): HealthSource {
  const refresh = atMostEvery(GAUGES_MS, () => refreshGauges(outside, log));
  return {
    async parts() {
      const [database, freeradius, authorizer, accounting] = await Promise.all([
        beats(outside, expected.heartbeats, expected.beatingHere ?? []),
        status(expected.freeradius),
        expected.authorizer === undefined ? undefined : askAuthorizer(expected.authorizer),
        status(expected.accounting),
      ]);
      return {
        web: 'ok',
        ...database,
        ...named('freeradius', freeradius),
        ...named('authorizer', authorizer),
        ...named('accounting', accounting),
      };
    },
    refreshMetrics: refresh,
  };
}

async function beats(outside: PrismaClient, anywhere: string[], here: string[]): Promise<PartStates> {
  const parts = [...anywhere, ...here];
  try {
    const rows = await within(
      DATABASE_WAIT_MS,
      outside.$queryRaw<{ part: string; state: string; age_s: number }[]>`
        SELECT DISTINCT ON (part) part, state, extract(epoch FROM clock_timestamp() - beat_at)::float8 AS age_s
        FROM platform_heartbeat WHERE part <> ALL (${here}) OR starts_with(instance, ${hostPrefix()}) ORDER BY part, beat_at DESC`,
    );
    const latest = new Map(rows.map((row) => [row.part, row]));
    const states = parts.map((part): [string, string] => {
      const beat = latest.get(part);
      if (!beat) return [part, 'not running'];
      return [part, beat.age_s > STALE_S ? 'silent' : beat.state];
    });
    return { postgres: 'ok', ...Object.fromEntries(states) };
  } catch {
    // Without the database nobody knows how the others are.
    return { postgres: 'not answering', ...Object.fromEntries(parts.map((part) => [part, 'unknown'])) };
  }
}

async function status(target: StatusTarget | undefined): Promise<string | undefined> {
  if (!target) return undefined;
  return (await askStatus(target)) || (await askStatus(target)) ? 'ok' : 'not answering';
}

function named(part: string, state: string | undefined): PartStates {
  return state === undefined ? {} : { [part]: state };
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
