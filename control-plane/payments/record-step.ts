import type { Context } from '../platform/context';

/** A step of a payment's timeline. */
export interface Step {
  step: string;
  detail: string | null;
  /** The wall clock's moment; now where it is left out. */
  at?: Date;
}

/** Adds a step to a payment's timeline, at the wall clock's millisecond, so that a reader sees where time went. */
export async function recordStep(ctx: Context, paymentId: bigint, step: string, detail: string | null): Promise<void> {
  await ctx.tx.$executeRaw`
    INSERT INTO payment_step (tenant_id, payment_id, step, detail) VALUES (${ctx.tenantId}, ${paymentId}, ${step}, ${detail?.slice(0, 300) ?? null})`;
}

/** Several at once, in their order. A step without a moment has that of its writing. */
export async function recordSteps(ctx: Context, paymentId: bigint, steps: readonly Step[]): Promise<void> {
  await ctx.tx.$executeRaw`SELECT payment_record_steps(${stepRows([{ paymentId, steps }])}::jsonb)`;
}

/** The steps of one payment or several as the database's payment_record_steps takes them, for those that have them written with more. */
export function stepRows(payments: readonly { paymentId: bigint; steps: readonly Step[] }[]): string {
  const rows = payments.flatMap(({ paymentId, steps }) =>
    steps.map(({ step, detail, at }) => ({
      payment_id: paymentId.toString(),
      step,
      detail: detail?.slice(0, 300) ?? null,
      at: at?.toISOString(),
    })),
  );
  return JSON.stringify(rows);
}
