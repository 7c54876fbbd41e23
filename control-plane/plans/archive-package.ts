import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Takes a plan off sale. Who runs on it keeps it, and may renew it. */
export async function archivePackage(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const { count } = await ctx.tx.plan.updateMany({ where: { id, archived_at: null }, data: { archived_at: ctx.now } });
  if (count === 0) return 'not_found';
  await recordAudit(ctx, 'plans.archive', { type: 'plan', id }, {});
  return 'done';
}
