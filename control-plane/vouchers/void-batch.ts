import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Makes the codes of a batch that were not yet used worthless, at once: for a stolen or misprinted sheet. Those in use go on. */
export async function voidBatch(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const voided = await ctx.tx.$executeRaw`
    UPDATE voucher_batch SET voided_at = coalesce(voided_at, ${ctx.now}) WHERE id = ${id} AND tenant_id = ${ctx.tenantId}`;
  if (voided === 0) return 'not_found';
  await recordAudit(ctx, 'vouchers.void-batch', { type: 'voucher_batch', id });
  return 'done';
}
