import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { nameIsTaken } from './version';

/** Puts an archived plan on sale again as it stood. Refused while another plan on sale has its name. */
export async function restorePackage(ctx: Context, id: bigint): Promise<'done' | 'not_found' | 'name_taken'> {
  const plan = await ctx.tx.plan.findFirst({ where: { id } });
  if (!plan) return 'not_found';
  if (plan.archived_at === null) return 'done';
  if (await nameIsTaken(ctx, plan.name, id)) return 'name_taken';
  await ctx.tx.plan.update({ where: { id }, data: { archived_at: null } });
  await recordAudit(ctx, 'plans.restore', { type: 'plan', id }, { name: plan.name });
  return 'done';
}
