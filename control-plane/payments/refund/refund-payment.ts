import { askApproval, needsApproval } from '../../approvals';
import type { Context } from '../../platform/context';
import { recordSteps, type Step } from '../record-step';
import { carryOut } from './carry-out';
import type { RefundInput, RefundPreview, RefundRefusal } from './schema';
import { weighRefund, type Weighed } from './weigh-refund';

export type RefundOutcome = { kind: 'done'; id: bigint } | { kind: 'not_found' } | RefundRefusal;

const wishOf = (input: RefundInput) => ({
  amount_cents: input.amount_cents === undefined ? undefined : BigInt(input.amount_cents),
  way: input.way,
  service: input.service,
  reference: input.reference || undefined,
  phone: input.phone || undefined,
});

/** What a refund would do, without doing it. */
export async function previewRefund(
  ctx: Context,
  paymentId: bigint,
  input: RefundInput,
): Promise<{ kind: 'preview'; preview: RefundPreview } | { kind: 'not_found' } | RefundRefusal> {
  const weighed = await weighRefund(ctx, paymentId, wishOf(input));
  if (weighed?.kind !== 'weighed') return weighed ?? { kind: 'not_found' };
  const { amount_cents, left_cents, credit_cents, owed_cents, back, sub, payment } = weighed;
  return {
    kind: 'preview',
    preview: {
      amount_cents: Number(amount_cents),
      left_cents: Number(left_cents),
      from_wallet_cents: Number(amount_cents - credit_cents - owed_cents),
      credit_cents: Number(credit_cents),
      owed_cents: Number(owed_cents),
      currency: payment.currency,
      service:
        back?.kind === 'taken'
          ? {
              ends_at: sub?.unused_validities === 0 ? (sub.expires_at?.toISOString() ?? null) : null,
              will_end_at: back.expires_at.toISOString(),
              ends: back.ends,
            }
          : null,
      needs_approval: await needsSecond(ctx, input.way, amount_cents, payment.currency),
    },
  };
}

/**
 * Gives a payment back, or a part of it, in the caller's transaction: at once, or after somebody else has agreed where it is much. Never more than was paid,
 * never twice, never what the customer has used meanwhile.
 */
export async function refundPayment(ctx: Context, paymentId: bigint, input: RefundInput): Promise<RefundOutcome> {
  const weighed = await weighRefund(ctx, paymentId, wishOf(input));
  if (weighed?.kind !== 'weighed') return weighed ?? { kind: 'not_found' };
  const needs = await needsSecond(ctx, input.way, weighed.amount_cents, weighed.payment.currency);
  const id = await insertRefund(ctx, input, weighed, needs);
  if (id === undefined) return { kind: 'reference_used' };
  const refund = { id, way: input.way, reason: input.reason, reference: input.reference || null };
  if (needs) await ask(ctx, id, input, weighed);
  else await carryOut(ctx, refund, weighed, []);
  return { kind: 'done', id };
}

/** A cheque that came back, and what a provider did of its own accord, are facts and nobody's decision. */
async function needsSecond(ctx: Context, way: string, amount_cents: bigint, currency: string): Promise<boolean> {
  if (way === 'cheque' || ctx.actor.kind !== 'staff') return false;
  const [today] = await ctx.tx.$queryRaw<{ cents: bigint }[]>`
    SELECT coalesce(sum(amount_cents), 0)::bigint AS cents FROM payment_refund
    WHERE tenant_id = ${ctx.tenantId} AND created_by = ${ctx.actor.id} AND currency = ${currency} AND NOT needs_approval AND way <> 'cheque' AND state <> 'refused'
      AND created_at > lango_now() - interval '1 day'`;
  return needsApproval(ctx, 'payments.refund', amount_cents + (today?.cents ?? 0n), currency);
}

export { needsSecond };

async function insertRefund(ctx: Context, input: RefundInput, weighed: Weighed, needs: boolean) {
  const { payment, amount_cents } = weighed;
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment_refund (tenant_id, subscriber_id, payment_id, amount_cents, currency, way, service, reason, state, needs_approval, reference, phone, created_by, created_name, created_at)
    VALUES (${ctx.tenantId}, ${payment.subscriber_id}, ${payment.id}, ${amount_cents}, ${payment.currency}, ${input.way}, ${input.service}, ${input.reason}, 'asked',
      ${needs}, ${input.reference || null}, ${weighed.phone ?? null}, ${staffId}::bigint, ${ctx.actor.name}, ${ctx.now})
    ON CONFLICT (tenant_id, way, upper(reference)) WHERE way = 'told' DO NOTHING RETURNING id`;
  return row?.id;
}

async function ask(ctx: Context, id: bigint, input: RefundInput, { payment, amount_cents }: Weighed): Promise<void> {
  const [names] = await ctx.tx.$queryRaw<{ name: string; reference: string }[]>`
    SELECT c.name, coalesce(p.receipt, p.reference) AS reference FROM payment p JOIN subscriber c ON c.id = p.subscriber_id WHERE p.id = ${payment.id}`;
  await askApproval(ctx, {
    kind: 'payments.refund',
    subjectId: id,
    amount_cents,
    currency: payment.currency,
    summary: [names?.name, names?.reference, input.reason].join(' · '),
    path: `/payments/${payment.id}`,
  });
  const steps: Step[] = [{ step: 'refund_asked', detail: `${amount_cents} cents, ${ctx.actor.name}` }];
  await recordSteps(ctx, payment.id, steps);
}
