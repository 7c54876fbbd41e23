import type { Context } from '../platform/context';
import { clearing, duplicateOf, type PaymentOutcome } from './post-payment';
import type { ManualMethod } from './schema';
import { useMoney } from './use-money';

/** Takes money by hand for a customer's wallet; it buys nothing yet. One receipt is credited once, as in postPayment. */
export async function postTopUp(
  ctx: Context,
  input: { subscriberId: bigint; amount_cents: bigint; currency: string; method: ManualMethod; reference: string },
): Promise<PaymentOutcome> {
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment (tenant_id, subscriber_id, method, reference, amount_cents, currency, state, received_at, created_by, created_at)
    VALUES (${ctx.tenantId}, ${input.subscriberId}, ${input.method}, ${input.reference}, ${input.amount_cents}, ${input.currency}, 'created',
            ${ctx.now}, ${staffId}::bigint, ${ctx.now})
    ON CONFLICT (tenant_id, method, upper(reference)) DO NOTHING RETURNING id`;
  if (!row) return duplicateOf(ctx, input);
  await useMoney(ctx, { ...input, paymentId: row.id, sub: undefined, from: clearing[input.method] }, [
    { step: 'received', detail: `${input.method} ${input.reference}`, at: new Date() },
  ]);
  return { kind: 'done', id: row.id };
}
