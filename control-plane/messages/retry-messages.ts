import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Messages that one click sends again. */
export const RETRY_MAX = 500;

/** Sends again what failed, was dropped, or of which nobody knows. Codes and invitations are not: they are over. Gives how many. */
export async function retryMessages(ctx: Context, ids: bigint[]): Promise<number> {
  const [row] = await ctx.tx.$queryRaw<
    { count: number }[]
  >`SELECT message_retry(${ids.slice(0, RETRY_MAX)}::bigint[]) AS count`;
  const count = row?.count ?? 0;
  if (count > 0)
    await recordAudit(ctx, 'messages.retry', { type: 'message', id: ids[0] ?? 0n }, { count, first: ids.slice(0, 20) });
  return count;
}

/** All that failed in the last day: when an account is repaired. */
export async function retryFailed(ctx: Context): Promise<number> {
  const rows = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM message WHERE tenant_id = ${ctx.tenantId} AND state = 'failed' AND created_at > ${ctx.now}::timestamptz - interval '1 day' ORDER BY id LIMIT ${RETRY_MAX}`;
  return retryMessages(
    ctx,
    rows.map(({ id }) => id),
  );
}
