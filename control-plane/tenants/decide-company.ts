import type { Context } from '../platform/context';

export type Decided = 'done' | 'not_found' | 'own';

/**
 * Approves a company, or shuts its people out. It acts with their next click. What its customers bought goes on: routers are answered as before.
 * Both companies' audits tell it (tenants_note).
 */
export async function decideCompany(
  ctx: Context,
  id: bigint,
  status: 'approved' | 'suspended',
  reason: string,
): Promise<Decided> {
  const [row] = await ctx.tx.$queryRaw<{ outcome: Decided }[]>`
    SELECT tenants_decide(${ctx.actor.id}::bigint, ${id}::bigint, ${status}, ${reason}, ${ctx.actor.ip}::inet, ${ctx.requestId}) AS outcome`;
  return row?.outcome ?? 'not_found';
}
