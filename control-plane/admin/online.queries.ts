import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { sessionSpeed } from '../sessions';

/** Hours of the curve of people online. Closed sessions stay a day in session_live, so this span is read from there alone. */
export const CURVE_HOURS = 12;
/** A router that had people online and has been silent for this long needs somebody. */
const SILENT_AFTER = Prisma.sql`interval '15 minutes'`;
/** A company with more routers sees those that come first by name. */
const ROUTERS_MOST = 2_000;

/** Open sessions of one kind at one router. */
export interface OpenSessions {
  nas_id: bigint;
  service: string;
  online: bigint;
  down_bps: number;
  up_bps: number;
}

/** Who is online where and what flows: the one walk over all open sessions that the panels share. */
export function openSessions({ tx }: Context): Promise<OpenSessions[]> {
  return tx.$queryRaw<OpenSessions[]>`
    SELECT l.nas_id, l.service, count(*) AS online,
           sum(${sessionSpeed('output')})::float8 AS down_bps, sum(${sessionSpeed('input')})::float8 AS up_bps
    FROM session_live l WHERE l.stopped_at IS NULL GROUP BY l.nas_id, l.service`;
}

export interface OnlineNow {
  online: number;
  ppp: number;
  hotspot: number;
  down_bps: number;
  up_bps: number;
}

/** The sums of the company. */
export function onlineNow(open: OpenSessions[]): OnlineNow {
  const of = (service: string) => sessionsIn(open.filter((one) => one.service === service));
  return {
    online: sessionsIn(open),
    ppp: of('ppp'),
    hotspot: of('hotspot'),
    down_bps: open.reduce((sum, one) => sum + one.down_bps, 0),
    up_bps: open.reduce((sum, one) => sum + one.up_bps, 0),
  };
}

/** How many open sessions there are in all. */
export const sessionsIn = (open: OpenSessions[]): number => open.reduce((sum, one) => sum + Number(one.online), 0);

/**
 * People online at each ten minutes of the last twelve hours: those online now, with every start and stop since undone. null before
 * the first session this company ever had, so that a new installation does not show an invented zero. (date_part is float8, extract would be numeric: half as slow
 * again over every session.)
 */
export async function onlineCurve(ctx: Context): Promise<{ at: Date; online: number | null }[]> {
  const rows = await ctx.tx.$queryRaw<{ at: Date; online: bigint; known: boolean }[]>`
    WITH span AS MATERIALIZED (SELECT lango_now() AS now, lango_now() - make_interval(hours => ${CURVE_HOURS}::int) AS since),
    started AS MATERIALIZED (
      SELECT CASE WHEN l.started_at > span.since THEN floor(date_part('epoch', span.now - l.started_at) / 600)::int END AS slots_ago,
             count(*) AS step, count(*) FILTER (WHERE l.stopped_at IS NULL) AS open, min(l.started_at) AS first_at
      FROM session_live l, span GROUP BY 1),
    change AS (
      SELECT slots_ago, sum(step) AS step
      FROM (SELECT slots_ago, step FROM started WHERE slots_ago IS NOT NULL
            UNION ALL
            SELECT floor(date_part('epoch', span.now - l.stopped_at) / 600)::int, -1 FROM session_live l, span WHERE l.stopped_at > span.since) c
      GROUP BY 1),
    now AS (SELECT coalesce(sum(open), 0) AS online, min(first_at) AS first_at FROM started)
    SELECT span.now - make_interval(mins => 10 * slot) AS at,
           now.online - coalesce(sum(change.step) OVER (ORDER BY slot ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS online,
           coalesce(span.now - make_interval(mins => 10 * slot) >= now.first_at - interval '10 minutes', false) AS known
    FROM generate_series(0, ${CURVE_HOURS * 6}::int) slot CROSS JOIN now CROSS JOIN span LEFT JOIN change ON change.slots_ago = slot ORDER BY slot DESC`;
  const old = rows.every((row) => row.known) || (await hasHistory(ctx));
  return rows.map((row) => ({ at: row.at, online: old || row.known ? Math.max(0, Number(row.online)) : null }));
}

/** Whether sessions lie in the archive. Asked for by young companies alone: to plan it over the partitions of years costs more than the curve. */
async function hasHistory({ tx }: Context): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ has: boolean }[]>`SELECT EXISTS (SELECT 1 FROM session_closed) AS has`;
  return row?.has ?? false;
}

export interface RouterNow {
  id: bigint;
  name: string;
  online: number;
  heard_at: Date | null;
  coa_silent_since: Date | null;
  silent: boolean;
  waiting: boolean;
}

/** Every router with its sessions, the fullest first; silent when it had people online and says nothing any more. */
export async function routersNow({ tx }: Context, open: OpenSessions[]): Promise<RouterNow[]> {
  const rows = await tx.$queryRaw<(Omit<RouterNow, 'online' | 'silent'> & { quiet: boolean })[]>`
    SELECT n.id, n.name, greatest(st.last_accounting_at, st.last_access_at) AS heard_at, st.coa_silent_since,
           greatest(st.last_accounting_at, st.last_access_at, n.created_at) < (SELECT lango_now()) - ${SILENT_AFTER} AS quiet,
           st.last_accounting_at IS NULL AND st.last_access_at IS NULL AS waiting
    FROM nas n LEFT JOIN nas_status st ON st.nas_id = n.id ORDER BY n.name LIMIT ${ROUTERS_MOST}`;
  const at = new Map<bigint, number>();
  for (const { nas_id, online } of open) at.set(nas_id, (at.get(nas_id) ?? 0) + Number(online));
  return rows
    .map(({ quiet, ...row }) => {
      const online = at.get(row.id) ?? 0;
      return { ...row, online, silent: online > 0 && quiet };
    })
    .toSorted((a, b) => b.online - a.online);
}
