import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { cursorId, pageOf, type Page } from '../platform/http/input';
import type { Delivery, DeliveryWithAttempts, Endpoint } from './schema';

interface EndpointRow extends Omit<Endpoint, 'id' | 'waiting'> {
  id: bigint;
  waiting: bigint;
}

/** All endpoints of the company (twenty at most), newest first, or one of them. */
export async function listEndpoints(ctx: Context, id?: bigint): Promise<Endpoint[]> {
  const rows = await ctx.tx.$queryRaw<EndpointRow[]>`
    SELECT e.id, e.url, e.description, e.events, e.state, e.failing_since, e.last_success_at,
           CASE WHEN e.former_until > lango_now() THEN e.former_until END AS former_secret_until,
           (SELECT count(*) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'waiting') AS waiting,
           e.created_at, e.updated_at, e.version
    FROM webhook_endpoint e WHERE ${id === undefined ? Prisma.sql`true` : Prisma.sql`e.id = ${id}`} ORDER BY e.id DESC`;
  return rows.map((row) => ({ ...row, id: row.id.toString(), waiting: Number(row.waiting) }));
}

/** Endpoints that were switched off because they took nothing for days, or asked not to be called any more; the newest trouble first. */
export function switchedOffEndpoints(ctx: Context): Promise<{ id: bigint; url: string; since: Date | null }[]> {
  return ctx.tx.$queryRaw`
    SELECT id, url, failing_since AS since FROM webhook_endpoint WHERE state = 'disabled' ORDER BY failing_since DESC NULLS LAST, id DESC LIMIT 5`;
}

export async function findEndpoint(ctx: Context, id: bigint): Promise<Endpoint | undefined> {
  return (await listEndpoints(ctx, id))[0];
}

type DeliveryRow = Omit<Delivery, 'id' | 'endpoint_id'> & { id: bigint; endpoint_id: bigint; payload: unknown };

const deliveryColumns = Prisma.sql`
  d.id, d.endpoint_id, v.message_id, v.type, v.at, d.state, d.tries, d.next_try_at, d.ended_at,
  a.status AS last_status, a.fault AS last_fault, a.ms AS last_ms`;
const deliverySource = Prisma.sql`
  FROM webhook_delivery d JOIN webhook_event v ON v.id = d.event_id
  LEFT JOIN LATERAL (SELECT t.status, t.fault, t.ms FROM webhook_attempt t WHERE t.delivery_id = d.id ORDER BY t.id DESC LIMIT 1) a ON true`;

/** What was sent to an endpoint, newest first. */
export async function listDeliveries(
  ctx: Context,
  endpointId: bigint,
  filter: { state?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<Page<Delivery>> {
  const before = cursorId(filter.cursor);
  const rows = await ctx.tx.$queryRaw<DeliveryRow[]>`
    SELECT ${deliveryColumns} ${deliverySource}
    WHERE d.endpoint_id = ${endpointId} ${filter.state === undefined ? Prisma.empty : Prisma.sql`AND d.state = ${filter.state}`}
      ${before === undefined ? Prisma.empty : Prisma.sql`AND d.id < ${before}`}
    ORDER BY d.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(rows, filter.limit, (row) => row.id, toDelivery);
}

function toDelivery(row: DeliveryRow): Delivery {
  return { ...row, id: row.id.toString(), endpoint_id: row.endpoint_id.toString() };
}

/** One delivery with what was sent and every try. */
export async function findDelivery(ctx: Context, id: bigint): Promise<DeliveryWithAttempts | undefined> {
  const [row] = await ctx.tx.$queryRaw<(DeliveryRow & { payload: DeliveryWithAttempts['payload'] })[]>`
    SELECT ${deliveryColumns}, v.payload ${deliverySource} WHERE d.id = ${id}`;
  if (!row) return undefined;
  const attempts = await ctx.tx.$queryRaw<DeliveryWithAttempts['attempts']>`
    SELECT at, ms, status, fault, request_head, response_head, response_body FROM webhook_attempt WHERE delivery_id = ${id} ORDER BY id LIMIT 100`;
  return { ...toDelivery(row), payload: row.payload, attempts };
}
