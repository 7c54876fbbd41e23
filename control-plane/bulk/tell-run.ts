import type { Context } from '../platform/context';

/** Tells open pages that a run has gone on. */
export async function tellRun(ctx: Context, id: bigint): Promise<void> {
  const live = { tenant: ctx.tenantId.toString(), topic: 'bulk', id: id.toString() };
  await ctx.tx.$executeRaw`SELECT pg_notify('lango_live', ${JSON.stringify(live)})`;
}
