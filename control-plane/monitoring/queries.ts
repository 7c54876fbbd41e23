import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { cursorId, pageOf, type Page } from '../platform/http/input';
import type { AlertKind } from './judge';
import type { Port, Reading } from './reading';

export interface AlertRow {
  id: string;
  router_id: string;
  router: string;
  kind: AlertKind;
  subject: string;
  value: string;
  opened_at: string;
  closed_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
}

export interface AlertFilter {
  state?: 'open' | 'over' | undefined;
  kind?: AlertKind | undefined;
  routerId?: bigint | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
  limit: number;
}

interface Row extends Omit<AlertRow, 'id' | 'router_id' | 'opened_at' | 'closed_at' | 'acknowledged_at'> {
  id: bigint;
  router_id: bigint;
  opened_at: Date;
  closed_at: Date | null;
  acknowledged_at: Date | null;
}

/** What was or is wrong with routers, the newest first. */
export async function listAlerts(ctx: Context, filter: AlertFilter): Promise<Page<AlertRow>> {
  const all: Prisma.Sql[] = [Prisma.sql`a.tenant_id = ${ctx.tenantId}`];
  if (filter.state)
    all.push(filter.state === 'open' ? Prisma.sql`a.closed_at IS NULL` : Prisma.sql`a.closed_at IS NOT NULL`);
  if (filter.kind) all.push(Prisma.sql`a.kind = ${filter.kind}`);
  if (filter.routerId !== undefined) all.push(Prisma.sql`a.nas_id = ${filter.routerId}`);
  if (filter.q) all.push(Prisma.sql`strpos(lower(n.name), lower(${filter.q})) > 0`);
  const before = cursorId(filter.cursor);
  if (before !== undefined) all.push(Prisma.sql`a.id < ${before}`);
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT a.id, a.nas_id AS router_id, n.name AS router, a.kind, a.subject, a.value, a.opened_at, a.closed_at, a.acknowledged_at, a.acknowledged_by
    FROM monitoring_alert a JOIN nas n ON n.id = a.nas_id WHERE ${Prisma.join(all, ' AND ')} ORDER BY a.id DESC LIMIT ${filter.limit + 1}`;
  const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    (row) => ({
      ...row,
      id: row.id.toString(),
      router_id: row.router_id.toString(),
      opened_at: row.opened_at.toISOString(),
      closed_at: iso(row.closed_at),
      acknowledged_at: iso(row.acknowledged_at),
    }),
  );
}

export type Facts = Omit<Reading, 'ports'> & { rates: Record<string, [number, number]> };

export interface RouterNow {
  state: 'up' | 'down' | 'refused' | 'heard' | 'silent';
  fault: string | null;
  since: Date;
  asked_at: Date;
  answered_at: Date | null;
  facts: Partial<Facts>;
  ports: Port[];
}

/** How a router is now; undefined when it was never asked. */
export async function findRouterNow(ctx: Context, routerId: bigint): Promise<RouterNow | undefined> {
  const [row] = await ctx.tx.$queryRaw<RouterNow[]>`
    SELECT state, fault, since, asked_at, answered_at, facts, ports FROM monitoring_state WHERE nas_id = ${routerId}`;
  return row;
}

export const spans = ['hour', 'day', 'week', 'month', 'year', 'two_years'] as const;
export type Span = (typeof spans)[number];

/** Steps by what is looked at: some four hundred points at most, which is what a screen can show. */
export const SPANS: Record<Span, { seconds: number; table_step_s: number; point_s: number }> = {
  // Two rounds a point: a round that comes a second late leaves no hole.
  hour: { seconds: 3600, table_step_s: 30, point_s: 60 },
  day: { seconds: 86_400, table_step_s: 300, point_s: 300 },
  week: { seconds: 7 * 86_400, table_step_s: 300, point_s: 1800 },
  month: { seconds: 31 * 86_400, table_step_s: 3600, point_s: 10_800 },
  year: { seconds: 366 * 86_400, table_step_s: 3600, point_s: 86_400 },
  two_years: { seconds: 732 * 86_400, table_step_s: 3600, point_s: 2 * 86_400 },
};

/** Single interfaces are kept in steps of five minutes and more (0343_monitoring). */
const PORT_STEP_S = 300;

/** How far apart the points of a graph are, in seconds. */
export function pointSeconds(span: Span, port: string | undefined): number {
  const { point_s } = SPANS[span];
  return port === undefined ? point_s : Math.max(point_s, PORT_STEP_S);
}

export interface Sample {
  at: Date;
  cpu: number | null;
  cpu_max: number | null;
  memory: number | null;
  temperature: number | null;
  sessions: number | null;
  rx_bps: number | null;
  tx_bps: number | null;
}

/** What was measured in a span up to now, a row for each point that has something: of the busiest interface, or of one by its name. */
export function listSamples(ctx: Context, routerId: bigint, span: Span, port?: string): Promise<Sample[]> {
  const { seconds, table_step_s } = SPANS[span];
  const step = port === undefined ? table_step_s : Math.max(table_step_s, PORT_STEP_S);
  const point = pointSeconds(span, port);
  const rate = (of: 'rx_bps' | 'tx_bps', side: 0 | 1): Prisma.Sql =>
    port === undefined ? Prisma.raw(`avg(${of})::float8`) : Prisma.sql`avg((ports->${port}->>${side}::int)::float8)`;
  return ctx.tx.$queryRaw<Sample[]>`
    SELECT to_timestamp(floor(extract(epoch FROM at) / ${point}) * ${point}) AS at, avg(cpu)::float8 AS cpu, max(cpu_max)::float8 AS cpu_max, avg(memory)::float8 AS memory,
           avg(temperature)::float8 AS temperature, avg(sessions)::float8 AS sessions, ${rate('rx_bps', 0)} AS rx_bps, ${rate('tx_bps', 1)} AS tx_bps
    FROM monitoring_sample WHERE nas_id = ${routerId} AND step = ${step} AND at > lango_now() - make_interval(secs => ${seconds})
    GROUP BY 1 ORDER BY 1`;
}
