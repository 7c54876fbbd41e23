import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';

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
  await ctx.tx.$executeRaw(stepsInsert(ctx, [{ paymentId, steps }]));
}

/** The statement of it, of one payment or several, for those that do more in the same. */
export function stepsInsert(
  ctx: Context,
  payments: readonly { paymentId: bigint; steps: readonly Step[] }[],
): Prisma.Sql {
  const rows = payments.flatMap(({ paymentId, steps }) =>
    steps.map(({ step, detail, at }) => ({
      payment_id: paymentId.toString(),
      step,
      detail: detail?.slice(0, 300) ?? null,
      at: at?.toISOString(),
    })),
  );
  return Prisma.sql`
    INSERT INTO payment_step (tenant_id, payment_id, step, detail, at)
    SELECT ${ctx.tenantId}, x.payment_id, x.step, x.detail, coalesce(x.at, clock_timestamp())
    FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS (payment_id bigint, step text, detail text, at timestamptz))
      WITH ORDINALITY AS x (payment_id, step, detail, at, n) ORDER BY n`;
}
