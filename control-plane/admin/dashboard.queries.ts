import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { sessionSpeed } from '../sessions';

/** Hours of the curve of people online. Closed sessions stay a day in session_live, so this span is read from there alone. */
export const CURVE_HOURS = 12;
/** A router that had people online and has been silent for this long needs somebody. */
export const SILENT_AFTER = Prisma.sql`interval '15 minutes'`;

export interface OnlineNow {
  online: number;
  ppp: number;
  hotspot: number;
  down_bps: number;
  up_bps: number;
}

/** Who is online and what flows, from the sessions themselves. */
export async function onlineNow({ tx }: Context): Promise<OnlineNow> {
  const [row] = await tx.$queryRaw<{ online: bigint; ppp: bigint; hotspot: bigint; down: number; up: number }[]>`
    SELECT count(*) AS online, count(*) FILTER (WHERE l.service = 'ppp') AS ppp, count(*) FILTER (WHERE l.service = 'hotspot') AS hotspot,
           coalesce(sum(${sessionSpeed('output')}), 0)::float8 AS down, coalesce(sum(${sessionSpeed('input')}), 0)::float8 AS up
    FROM session_live l WHERE l.stopped_at IS NULL`;
  return {
    online: Number(row?.online ?? 0),
    ppp: Number(row?.ppp ?? 0),
    hotspot: Number(row?.hotspot ?? 0),
    down_bps: row?.down ?? 0,
    up_bps: row?.up ?? 0,
  };
}

/**
 * People online at each ten minutes of the last twelve hours: those online now, with every start and stop since undone. null before
 * the first session this company ever had, so that a new installation does not show an invented zero.
 */
export async function onlineCurve({ tx }: Context): Promise<{ at: Date; online: number | null }[]> {
  const rows = await tx.$queryRaw<{ at: Date; online: bigint; known: boolean }[]>`
    WITH change AS (
      SELECT floor(extract(epoch FROM (SELECT lango_now()) - at) / 600)::int AS slots_ago, sum(step) AS step
      FROM (SELECT started_at AS at, 1 AS step FROM session_live WHERE started_at > (SELECT lango_now()) - make_interval(hours => ${CURVE_HOURS}::int)
            UNION ALL
            SELECT stopped_at, -1 FROM session_live WHERE stopped_at > (SELECT lango_now()) - make_interval(hours => ${CURVE_HOURS}::int)) c
      GROUP BY 1),
    now AS (SELECT count(*) FILTER (WHERE stopped_at IS NULL) AS online, min(started_at) AS first_at FROM session_live)
    SELECT (SELECT lango_now()) - make_interval(mins => 10 * slot) AS at,
           now.online - coalesce(sum(change.step) OVER (ORDER BY slot ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS online,
           coalesce(EXISTS (SELECT 1 FROM session_closed) OR (SELECT lango_now()) - make_interval(mins => 10 * slot) >= now.first_at - interval '10 minutes', false) AS known
    FROM generate_series(0, ${CURVE_HOURS * 6}::int) slot CROSS JOIN now LEFT JOIN change ON change.slots_ago = slot ORDER BY slot DESC`;
  return rows.map((row) => ({ at: row.at, online: row.known ? Math.max(0, Number(row.online)) : null }));
}

export interface MoneyToday {
  cents: bigint;
  byMethod: { method: string; cents: bigint; payments: bigint }[];
  /** The same weekday last week: until this hour, and the whole day. null when there were no payments then. */
  lastWeekCents: bigint | null;
  lastWeekDayCents: bigint | null;
  /** Cumulative by half hour from midnight; today ends at now. */
  curve: { slot: number; today: bigint; lastWeek: bigint }[];
}

/** Settled payments of today in the company's zone, beside the same weekday last week. */
export async function moneyToday({ tx }: Context, zone: string): Promise<MoneyToday> {
  const midnight = Prisma.sql`(date_trunc('day', (SELECT lango_now()) AT TIME ZONE ${zone}) AT TIME ZONE ${zone})`;
  const byMethod = await tx.$queryRaw<{ method: string; cents: bigint; payments: bigint }[]>`
    SELECT method, sum(amount_cents)::bigint AS cents, count(*) AS payments FROM payment
    WHERE state = 'settled' AND received_at >= ${midnight} GROUP BY method ORDER BY 2 DESC`;
  const curve = await tx.$queryRaw<{ slot: number; today: bigint; last: bigint; last_till_now: bigint }[]>`
    WITH edge AS MATERIALIZED (SELECT ${midnight} AS at),
    -- Each day by a range of its own: an index finds it.
    paid AS (
      SELECT true AS is_today, p.received_at AS at, p.amount_cents FROM payment p WHERE p.state = 'settled' AND p.received_at >= (SELECT at FROM edge)
      UNION ALL
      SELECT false, p.received_at + interval '7 days', p.amount_cents FROM payment p
      WHERE p.state = 'settled' AND p.received_at >= (SELECT at - interval '7 days' FROM edge) AND p.received_at < (SELECT at - interval '6 days' FROM edge)),
    part AS (
      SELECT least(48, 1 + floor(extract(epoch FROM paid.at - edge.at) / 1800))::int AS slot, sum(amount_cents) FILTER (WHERE is_today) AS today,
             sum(amount_cents) FILTER (WHERE NOT is_today) AS last, sum(amount_cents) FILTER (WHERE NOT is_today AND paid.at <= (SELECT lango_now())) AS last_till_now
      FROM paid, edge GROUP BY 1)
    SELECT slot, coalesce(sum(today) OVER w, 0)::bigint AS today, coalesce(sum(last) OVER w, 0)::bigint AS last, coalesce(sum(last_till_now) OVER (), 0)::bigint AS last_till_now
    FROM generate_series(0, 48) slot LEFT JOIN part USING (slot) WINDOW w AS (ORDER BY slot) ORDER BY slot`;
  const whole = curve.at(-1)?.last ?? 0n;
  return {
    cents: byMethod.reduce((sum, row) => sum + row.cents, 0n),
    byMethod,
    lastWeekCents: whole > 0n ? (curve[0]?.last_till_now ?? 0n) : null,
    lastWeekDayCents: whole > 0n ? whole : null,
    curve: curve.map(({ slot, today, last }) => ({ slot, today, lastWeek: last })),
  };
}

export interface RouterNow {
  id: bigint;
  name: string;
  online: bigint;
  heard_at: Date | null;
  coa_silent_since: Date | null;
  silent: boolean;
  waiting: boolean;
}

/** Every router with its sessions; silent when it had people online and says nothing any more. */
export function routersNow({ tx }: Context): Promise<RouterNow[]> {
  return tx.$queryRaw<RouterNow[]>`
    SELECT n.id, n.name, coalesce(l.online, 0) AS online, greatest(st.last_accounting_at, st.last_access_at) AS heard_at, st.coa_silent_since,
           coalesce(l.online, 0) > 0 AND greatest(st.last_accounting_at, st.last_access_at, n.created_at) < (SELECT lango_now()) - ${SILENT_AFTER} AS silent,
           st.last_accounting_at IS NULL AND st.last_access_at IS NULL AS waiting
    FROM nas n
    LEFT JOIN nas_status st ON st.nas_id = n.id
    LEFT JOIN (SELECT nas_id, count(*) AS online FROM session_live WHERE stopped_at IS NULL GROUP BY nas_id) l ON l.nas_id = n.id
    ORDER BY coalesce(l.online, 0) DESC, n.name LIMIT 60`;
}

export interface Checks {
  gave_up: bigint;
  unproven: bigint;
  cuts: bigint;
  free_riders: bigint;
  /** Entitled, and still slow or in the walled garden. */
  held_back: bigint;
  /** Sessions that were looked at. */
  sessions: bigint;
  spooled: bigint;
  spool_since: Date | null;
  listeners: bigint;
  open_late: bigint;
}

/** What must be zero, counted now. Free riders: online with service that nobody paid for, though the network was told so ten seconds ago. */
export async function checks({ tx }: Context): Promise<Checks> {
  const [row] = await tx.$queryRaw<Checks[]>`
    SELECT e.*, s.*, spool.*
    FROM (SELECT count(*) FILTER (WHERE state = 'gave_up') AS gave_up, count(*) FILTER (WHERE state = 'unproven' AND kind = 'cut') AS unproven,
                 count(*) FILTER (WHERE kind = 'cut') AS cuts, count(*) FILTER (WHERE state = 'open' AND created_at < (SELECT lango_now()) - interval '2 minutes') AS open_late
          FROM enforcement WHERE created_at > (SELECT lango_now()) - interval '1 day') e,
         (SELECT (SELECT count(*) FROM session_live WHERE stopped_at IS NULL) AS sessions, count(*) FILTER (WHERE what = 'free_rider') AS free_riders,
                 count(*) FILTER (WHERE what = 'held_back') AS held_back
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
export function justNow({ tx }: Context, sources: FeedSources, limit = 9): Promise<FeedRow[]> {
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
       WHERE ${sources.network} AND reply = 'Access-Reject' AND authdate > now() - interval '1 day' ORDER BY authdate DESC LIMIT ${limit})
      UNION ALL
      (SELECT at, 'staff', actor_name, action, subject_id, NULL FROM audit_event
       WHERE ${sources.staff} AND actor_kind = 'staff' AND action <> 'staff.sign_in' AND at > (SELECT lango_now()) - interval '1 day' ORDER BY at DESC LIMIT ${limit})
    ) f ORDER BY at DESC LIMIT ${limit}`;
}
