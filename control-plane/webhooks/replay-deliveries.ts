import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Deliveries that one call may send again. */
export const REPLAY_MAX = 10_000;

/** A test message to one endpoint, also to a resting one. The id of its delivery; undefined when there is no such endpoint. */
export async function sendTest(ctx: Context, endpointId: bigint): Promise<bigint | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint | null }[]>`SELECT webhook_test(${endpointId}) AS id`;
  return row?.id ?? undefined;
}

/** Sends one delivery again, whatever came of it, also to a resting endpoint. One that still waits is sent at once. */
export async function replayDelivery(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const [again] = await ctx.tx.$queryRaw<{ endpoint_id: bigint }[]>`
    UPDATE webhook_delivery SET state = 'waiting', tries = CASE WHEN state = 'waiting' THEN tries ELSE 0 END, next_try_at = lango_now(), ended_at = NULL
    WHERE id = ${id} RETURNING endpoint_id`;
  if (!again) return 'not_found';
  await ctx.tx.$executeRaw`UPDATE webhook_endpoint SET resting_until = NULL WHERE id = ${again.endpoint_id}`;
  await ctx.tx.$executeRaw`SELECT job_enqueue('webhooks.send')`;
  await recordAudit(ctx, 'webhooks.replay', { type: 'webhook_delivery', id });
  return 'done';
}

/** Sends again what an endpoint was told in a span of time: what failed, or everything. At most REPLAY_MAX; gives how many. */
export async function replaySpan(
  ctx: Context,
  endpointId: bigint,
  span: { since: Date; until: Date; which: 'failed' | 'all' },
): Promise<number | undefined> {
  const found = await ctx.tx.$queryRaw<unknown[]>`SELECT 1 FROM webhook_endpoint WHERE id = ${endpointId}`;
  if (found.length === 0) return undefined;
  const [row] = await ctx.tx.$queryRaw<{ n: number }[]>`
    SELECT webhook_replay(${endpointId}, ${span.since}, ${span.until}, ${span.which === 'failed'}, ${REPLAY_MAX}::int) AS n`;
  const count = row?.n ?? 0;
  await recordAudit(
    ctx,
    'webhooks.replay',
    { type: 'webhook_endpoint', id: endpointId },
    { since: span.since.toISOString(), until: span.until.toISOString(), which: span.which, count },
  );
  return count;
}
