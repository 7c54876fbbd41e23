import type { Context } from '../platform/context';

/** Adds a step to a payment's timeline, at the wall clock's millisecond, so that a reader sees where time went. */
export async function recordStep(ctx: Context, paymentId: bigint, step: string, detail: string | null): Promise<void> {
  await ctx.tx.$executeRaw`
    INSERT INTO payment_step (tenant_id, payment_id, step, detail) VALUES (${ctx.tenantId}, ${paymentId}, ${step}, ${detail})`;
}
