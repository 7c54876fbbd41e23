import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { sessionSpeed } from './session-speed';

/** One row of the live list: the session, who it belongs to, what was sold, and the last order to the network about it. */
export interface LiveRow {
  id: bigint;
  username: string;
  subscriber_id: bigint | null;
  subscriber: string | null;
  subscription_id: bigint | null;
  state: string | null;
  suspended_reason: string | null;
  plan: string | null;
  router: string | null;
  service: string;
  mode: string | null;
  ip: string | null;
  mac: string | null;
  started_at: Date;
  updated_at: Date;
  stopped_at: Date | null;
  interim_s: number | null;
  /** Bytes and seconds between the last two reports; null before the second one. Output is the subscriber's download. */
  delta_input: bigint | null;
  delta_output: bigint | null;
  delta_s: bigint | null;
  session_bytes: bigint;
  used_bytes: bigint | null;
  allowance_bytes: bigint | null;
  enforcement_id: bigint | null;
}

export interface LiveFilter {
  q?: string | undefined;
  router?: bigint | undefined;
  plan?: bigint | undefined;
  state?: string | undefined;
  /** Rows older than this session id. */
  before?: bigint | undefined;
  limit: number;
}

/** How long a row that a person cut stays in the list with its proof. */
const PROOF_SHOWN = Prisma.sql`interval '3 minutes'`;

const COLUMNS = Prisma.sql`
  l.radacctid AS id, l.username, s.subscriber_id, c.name AS subscriber, l.subscription_id, s.state, s.suspended_reason, p.name AS plan, n.name AS router,
  l.service, l.mode, host(l.framed_ip) AS ip, l.mac, l.started_at, l.updated_at, l.stopped_at, l.interim_s,
  CASE WHEN l.prev_updated_at IS NOT NULL THEN l.input_bytes - l.prev_input_bytes END AS delta_input,
  CASE WHEN l.prev_updated_at IS NOT NULL THEN l.output_bytes - l.prev_output_bytes END AS delta_output,
  CASE WHEN l.prev_updated_at IS NOT NULL THEN l.session_time_s - l.prev_session_time_s END AS delta_s,
  l.input_bytes + l.output_bytes AS session_bytes, s.used_bytes, s.allowance_bytes,
  (SELECT e.id FROM enforcement e WHERE e.session_id = l.radacctid AND (e.state = 'open' OR e.closed_at > (SELECT lango_now()) - ${PROOF_SHOWN})
   ORDER BY e.id DESC LIMIT 1) AS enforcement_id`;

const SOURCE = Prisma.sql`
  FROM session_live l
  LEFT JOIN subscription_now s ON s.id = l.subscription_id
  LEFT JOIN subscriber c ON c.id = s.subscriber_id
  LEFT JOIN plan p ON p.id = s.plan_id
  LEFT JOIN nas n ON n.id = l.nas_id`;

/** A page of live sessions, newest first, by key and not by offset: page 400 costs what page 1 does. */
export function listLive(ctx: Context, filter: LiveFilter): Promise<LiveRow[]> {
  return ctx.tx.$queryRaw<LiveRow[]>`
    SELECT ${COLUMNS} ${SOURCE}
    WHERE ${present()} ${conditions(filter)}
      ${filter.before === undefined ? Prisma.empty : Prisma.sql`AND l.radacctid < ${filter.before}`}
    ORDER BY l.radacctid DESC LIMIT ${filter.limit + 1}`;
}

/** One session by id, live or closed within the day; undefined when it is not this company's. */
export async function findLive(ctx: Context, id: bigint): Promise<LiveRow | undefined> {
  const rows = await ctx.tx.$queryRaw<LiveRow[]>`SELECT ${COLUMNS} ${SOURCE} WHERE l.radacctid = ${id}`;
  return rows[0];
}

export interface LiveTotals {
  online: number;
  matching: number;
  down_bps: number;
  up_bps: number;
}

/** Counts and summed speeds of what matches; speeds are means between each router's last two reports, silent sessions count as 0. */
export async function totalLive(ctx: Context, filter: Omit<LiveFilter, 'before' | 'limit'>): Promise<LiveTotals> {
  const [row] = await ctx.tx.$queryRaw<{ online: bigint; matching: bigint; down: number; up: number }[]>`
    SELECT (SELECT count(*) FROM session_live WHERE stopped_at IS NULL) AS online, count(*) AS matching,
           coalesce(sum(${sessionSpeed('output')}), 0)::float8 AS down, coalesce(sum(${sessionSpeed('input')}), 0)::float8 AS up
    ${sourceFor(filter)} WHERE l.stopped_at IS NULL ${conditions(filter)}`;
  return {
    online: Number(row?.online ?? 0),
    matching: Number(row?.matching ?? 0),
    down_bps: row?.down ?? 0,
    up_bps: row?.up ?? 0,
  };
}

/** What one may filter by: only what exists. */
export async function liveChoices(
  ctx: Context,
): Promise<{ routers: { id: bigint; name: string }[]; plans: { id: bigint; name: string }[] }> {
  const routers = await ctx.tx.$queryRaw<
    { id: bigint; name: string }[]
  >`SELECT id, name FROM nas ORDER BY name LIMIT 200`;
  const plans = await ctx.tx.$queryRaw<{ id: bigint; name: string }[]>`
    SELECT id, name FROM plan WHERE archived_at IS NULL ORDER BY name LIMIT 200`;
  return { routers, plans };
}

export interface OrderRow {
  id: bigint;
  session_id: bigint;
  kind: 'cut' | 'throttle' | 'restore' | 'refresh' | 'login';
  state: 'open' | 'proven' | 'unproven' | 'gave_up';
  created_at: Date;
  proven_at: Date | null;
}

export interface AttemptRow {
  enforcement_id: bigint;
  via: 'coa' | 'disconnect' | 'api';
  outcome: 'ack' | 'nak' | 'silence';
  error_cause: number | null;
  ms: number;
}

/** Orders to the network with their attempts, for the proof lines of a page: two queries for any number of rows. */
export async function listOrders(ctx: Context, ids: bigint[]): Promise<{ orders: OrderRow[]; attempts: AttemptRow[] }> {
  if (ids.length === 0) return { orders: [], attempts: [] };
  const orders = await ctx.tx.$queryRaw<OrderRow[]>`
    SELECT id, session_id, kind, state, created_at, proven_at FROM enforcement WHERE id IN (${Prisma.join(ids)})`;
  const attempts = await ctx.tx.$queryRaw<AttemptRow[]>`
    SELECT enforcement_id, via, outcome, error_cause, ms FROM enforcement_attempt WHERE enforcement_id IN (${Prisma.join(ids)}) ORDER BY id`;
  return { orders, attempts };
}

/** The least that a count has to join: nothing but the sessions when it is not filtered by what was sold or to whom. */
function sourceFor(filter: Pick<LiveFilter, 'q' | 'plan' | 'state'>): Prisma.Sql {
  return filter.q || filter.plan !== undefined || filter.state ? SOURCE : Prisma.sql`FROM session_live l`;
}

/** Online, or just cut: such a row stays a few minutes, so that the proof is seen where the cut was asked for. */
function present(): Prisma.Sql {
  return Prisma.sql`(l.stopped_at IS NULL OR (l.stopped_at > (SELECT lango_now()) - ${PROOF_SHOWN} AND EXISTS (
    SELECT 1 FROM enforcement e WHERE e.session_id = l.radacctid AND e.kind = 'cut' AND e.created_at > (SELECT lango_now()) - interval '10 minutes')))`;
}

function conditions(filter: Omit<LiveFilter, 'before' | 'limit'>): Prisma.Sql {
  const parts: Prisma.Sql[] = [];
  if (filter.router !== undefined) parts.push(Prisma.sql`AND l.nas_id = ${filter.router}`);
  if (filter.plan !== undefined) parts.push(Prisma.sql`AND s.plan_id = ${filter.plan}`);
  if (filter.q) parts.push(textMatches(filter.q));
  if (filter.state) parts.push(stateMatches(filter.state));
  return parts.length > 0 ? Prisma.join(parts, ' ') : Prisma.empty;
}

/** Names and logins by any part; a MAC in any punctuation; an address from its start. */
function textMatches(q: string): Prisma.Sql {
  const text = q.toLowerCase();
  const hex = text.replace(/[^0-9a-f]/g, '');
  const mac = /^[0-9a-f:.\- ]+$/.test(text) && hex.length >= 4 ? hex : null;
  return Prisma.sql`AND (strpos(lower(l.username), ${text}) > 0 OR strpos(lower(coalesce(c.name, '')), ${text}) > 0
    OR starts_with(coalesce(host(l.framed_ip), ''), ${text})
    OR strpos(regexp_replace(lower(coalesce(l.mac, '')), '[^0-9a-f]', '', 'g'), ${mac}) > 0)`;
}

function stateMatches(state: string): Prisma.Sql {
  switch (state) {
    case 'throttled':
      return Prisma.sql`AND (l.mode = 'throttled' OR s.state = 'throttled')`;
    case 'garden':
      return Prisma.sql`AND l.mode = 'garden'`;
    case 'grace':
      return Prisma.sql`AND s.state = 'grace'`;
    case 'stale':
      return Prisma.sql`AND l.updated_at <= (SELECT lango_now()) - make_interval(secs => 2 * coalesce(l.interim_s, 300) + 30)`;
    case 'online':
      return Prisma.sql`AND coalesce(l.mode, 'full') = 'full' AND coalesce(s.state, 'active') = 'active'`;
    default:
      return Prisma.sql`AND false`;
  }
}
