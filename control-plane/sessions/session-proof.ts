import type { Context } from '../platform/context';
import type { Proof, Reader } from '../ui';
import { listOrders } from './admin.queries';
import { proofsOf } from './admin.view';

/** The proof line of the newest order about one session: one that is open, or that was closed within the last ten minutes. */
export async function sessionProof(ctx: Context, sessionId: bigint, reader: Reader): Promise<Proof | undefined> {
  const [order] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM enforcement WHERE session_id = ${sessionId} AND (state = 'open' OR closed_at > (SELECT lango_now()) - interval '10 minutes')
      AND proven_by IS DISTINCT FROM 'superseded' ORDER BY id DESC LIMIT 1`;
  if (!order) return undefined;
  const { orders, attempts } = await listOrders(ctx, [order.id]);
  return proofsOf(orders, attempts, reader).get(order.id);
}
