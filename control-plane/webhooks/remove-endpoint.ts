import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Removes a receiver with all that was sent to it. */
export async function removeEndpoint(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const gone = await ctx.tx.$queryRaw<{ url: string }[]>`DELETE FROM webhook_endpoint WHERE id = ${id} RETURNING url`;
  if (!gone[0]) return 'not_found';
  await recordAudit(ctx, 'webhooks.remove', { type: 'webhook_endpoint', id }, { url: gone[0].url });
  return 'done';
}
