import type { Context } from '../platform/context';
import { dayStarts } from '../platform/local-moment';

const DAY_MS = 86_400_000;

export interface MoneyToday {
  cents: bigint;
  byMethod: { method: string; cents: bigint; payments: bigint }[];
  /** The same weekday last week: until this hour, and the whole day. null when there were no payments then. */
  lastWeekCents: bigint | null;
  lastWeekDayCents: bigint | null;
  /** Cumulative by half hour from midnight; today ends at now. */
  curve: { slot: number; today: bigint; lastWeek: bigint }[];
}

interface PaidPart {
  today: boolean;
  method: string;
  slot: number;
  cents: bigint;
  payments: bigint;
  till_now: bigint;
}

/** Settled payments of today in the company's zone, beside the same weekday last week. Each day is a range of its own: an index finds it. */
export async function moneyToday(ctx: Context, zone: string): Promise<MoneyToday> {
  const starts = await dayStarts(ctx, zone, [0, 6, 7]);
  const [today, last, lastEnd] = [starts.get(0), starts.get(7), starts.get(6)];
  const nowLast = new Date(ctx.now.getTime() - 7 * DAY_MS);
  const parts = await ctx.tx.$queryRaw<PaidPart[]>`
    SELECT true AS today, p.method, least(48, 1 + floor(extract(epoch FROM p.received_at - ${today}::timestamptz) / 1800))::int AS slot,
           sum(p.amount_cents)::bigint AS cents, count(*) AS payments, 0::bigint AS till_now
    FROM payment p WHERE p.state = 'settled' AND p.received_at >= ${today}::timestamptz GROUP BY 2, 3
    UNION ALL
    SELECT false, '', least(48, 1 + floor(extract(epoch FROM p.received_at - ${last}::timestamptz) / 1800))::int,
           sum(p.amount_cents)::bigint, count(*), coalesce(sum(p.amount_cents) FILTER (WHERE p.received_at <= ${nowLast}::timestamptz), 0)::bigint
    FROM payment p WHERE p.state = 'settled' AND p.received_at >= ${last}::timestamptz AND p.received_at < ${lastEnd}::timestamptz GROUP BY 3`;
  const now = parts.filter((part) => part.today);
  const then = parts.filter((part) => !part.today);
  const whole = centsOf(then);
  return {
    cents: centsOf(now),
    byMethod: methodsOf(now),
    lastWeekCents: whole > 0n ? then.reduce((sum, part) => sum + part.till_now, 0n) : null,
    lastWeekDayCents: whole > 0n ? whole : null,
    curve: Array.from({ length: 49 }, (_, slot) => ({
      slot,
      today: centsOf(now.filter((part) => part.slot <= slot)),
      lastWeek: centsOf(then.filter((part) => part.slot <= slot)),
    })),
  };
}

const centsOf = (parts: PaidPart[]): bigint => parts.reduce((sum, part) => sum + part.cents, 0n);

/** Sums by method, the largest first. */
function methodsOf(parts: PaidPart[]): MoneyToday['byMethod'] {
  const sums = new Map<string, MoneyToday['byMethod'][number]>();
  for (const { method, cents, payments } of parts) {
    const sum = sums.get(method) ?? { method, cents: 0n, payments: 0n };
    sums.set(method, { method, cents: sum.cents + cents, payments: sum.payments + payments });
  }
  return [...sums.values()].toSorted((a, b) => Number(b.cents - a.cents));
}

export interface Checks {
  gave_up: bigint;
  unproven: bigint;
  cuts: bigint;
  free_riders: bigint;
  /** Entitled, and still slow or in the walled garden. */
  held_back: bigint;
  spooled: bigint;
  spool_since: Date | null;
  listeners: bigint;
  open_late: bigint;
}

/** What must be zero, counted now. Free riders: online with service that nobody paid for, though the network was told so ten seconds ago. */
export async function checks({ tx, now }: Context): Promise<Checks> {
  const dayAgo = new Date(now.getTime() - DAY_MS);
  const [row] = await tx.$queryRaw<Checks[]>`
    SELECT e.*, s.*, spool.*
    FROM (SELECT count(*) FILTER (WHERE state = 'gave_up') AS gave_up, count(*) FILTER (WHERE state = 'unproven' AND kind = 'cut') AS unproven,
                 count(*) FILTER (WHERE kind = 'cut') AS cuts, count(*) FILTER (WHERE state = 'open' AND created_at < (SELECT lango_now()) - interval '2 minutes') AS open_late
          FROM enforcement WHERE created_at > ${dayAgo}) e,
         (SELECT count(*) FILTER (WHERE what = 'free_rider') AS free_riders, count(*) FILTER (WHERE what = 'held_back') AS held_back
          FROM enforcement_undone()) s,
         (SELECT coalesce(sum(pending_packets), 0)::bigint AS spooled, min(oldest_at) FILTER (WHERE pending_packets > 0) AS spool_since, count(*) AS listeners
          FROM accounting_spool) spool`;
  if (!row) throw new Error('The checks returned no row.');
  return row;
}

/** Parts of Lango that were alive and have stopped saying so, with the last time they did. A clean stop leaves no trace and is not one. */
export function stoppedParts({ tx }: Context): Promise<{ part: string; last_at: Date }[]> {
  return tx.$queryRaw`SELECT part, max(beat_at) AS last_at FROM platform_heartbeat
    GROUP BY part HAVING max(beat_at) < clock_timestamp() - interval '20 seconds' ORDER BY part`;
}

/** Packets from addresses that are no router of anybody. Not of one company, so only for who may see all. */
export function unknownRouters({ tx }: Context): Promise<{ address: string; packets: bigint; last_at: Date }[]> {
  return tx.$queryRaw`SELECT host(address) AS address, sum(packets)::bigint AS packets, max(last_at) AS last_at FROM nas_unknown
    WHERE last_at > (SELECT lango_now()) - interval '1 hour' GROUP BY address ORDER BY max(last_at) DESC LIMIT 3`;
}

export interface FeedRow {
  at: Date;
  kind: 'payment' | 'order' | 'reject' | 'staff';
  who: string | null;
  what: string;
  detail: string | null;
  cents: bigint | null;
}

/** Which sources of the feed a person may read. */
export interface FeedSources {
  payments: boolean;
  network: boolean;
  staff: boolean;
}

/** The newest of everything that happened, each source cut to what can be shown at all. */
export function justNow({ tx, now }: Context, sources: FeedSources, limit = 9): Promise<FeedRow[]> {
  // Both ends as values: the planner then looks at the months between them alone.
  const [since, until] = [new Date(now.getTime() - DAY_MS), new Date(now.getTime() + DAY_MS)];
  return tx.$queryRaw<FeedRow[]>`
    SELECT * FROM (
      (SELECT p.received_at AS at, 'payment' AS kind, c.name AS who, p.state AS what, p.method AS detail, p.amount_cents AS cents
       FROM payment p JOIN subscriber c ON c.id = p.subscriber_id WHERE ${sources.payments} ORDER BY p.id DESC LIMIT ${limit})
      UNION ALL
      (SELECT e.created_at, 'order', coalesce(c.name, l.username), e.kind || '.' || e.state, e.reason, NULL
       FROM enforcement e LEFT JOIN session_live l ON l.radacctid = e.session_id LEFT JOIN subscription s ON s.id = e.subscription_id
       LEFT JOIN subscriber c ON c.id = s.subscriber_id
       WHERE ${sources.network} AND e.proven_by IS DISTINCT FROM 'superseded' ORDER BY e.id DESC LIMIT ${limit})
      UNION ALL
      (SELECT authdate, 'reject', username, coalesce(reason, ''), NULL, NULL FROM radpostauth
       WHERE ${sources.network} AND reply = 'Access-Reject' AND authdate > ${since} AND authdate < ${until} ORDER BY authdate DESC LIMIT ${limit})
      UNION ALL
      (SELECT at, 'staff', actor_name, action, subject_id, NULL FROM audit_event
       WHERE ${sources.staff} AND actor_kind = 'staff' AND action <> 'staff.sign_in' AND at > ${since} AND at < ${until} ORDER BY at DESC LIMIT ${limit})
    ) f ORDER BY at DESC LIMIT ${limit}`;
}
