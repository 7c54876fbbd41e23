import type Stripe from 'stripe';
import type { HookOutcome } from '../../hooks';
import { accountsFor, lockAccounts, postTransfers } from '../../ledger';
import type { Context } from '../../platform/context';
import { recordSteps, type Step } from '../record-step';
import { refundPayment } from '../refund/refund-payment';
import { tellLive } from '../use-money';
import { fromMinor } from './minor';

interface Paid {
  id: bigint;
  subscription_id: bigint | null;
}

/** The payment that an intent is the receipt of. */
async function paymentOf(ctx: Context, intent: string | Stripe.PaymentIntent | null): Promise<Paid | undefined> {
  const receipt = intent === null ? '' : typeof intent === 'string' ? intent : intent.id;
  const [row] = await ctx.tx.$queryRaw<Paid[]>`
    SELECT p.id, p.subscription_id FROM payment_notice n JOIN payment p ON p.id = n.payment_id
    WHERE n.tenant_id = ${ctx.tenantId} AND n.method = 'stripe' AND upper(n.receipt) = upper(${receipt})`;
  return row;
}

const moneyText = (amount: number, currency: string): string =>
  `${currency.toUpperCase()} ${(Number(fromMinor(amount, currency.toUpperCase())) / 100).toFixed(2)}`;

/** Money that went back. One that we asked for is told by its answer; one made in Stripe's own dashboard is booked as it happened. */
export async function noteRefund(ctx: Context, type: string, refund: Stripe.Refund, at: Date): Promise<HookOutcome> {
  const payment = await paymentOf(ctx, refund.payment_intent);
  if (!payment) return { kind: 'later', note: 'of no payment that we know' };
  if (type === 'refund.failed' || refund.metadata?.['refund'] !== undefined) {
    if (type === 'refund.failed')
      await note(ctx, payment, {
        step: 'refund_failed_told',
        detail: `${refund.id} ${refund.failure_reason ?? ''}`,
        at,
      });
    return { kind: 'done', note: type };
  }
  const detail = `${moneyText(refund.amount, refund.currency)} ${refund.id}`;
  await note(ctx, payment, { step: 'refund_told', detail, at });
  const booked = await takeBack(ctx, payment.id, {
    reference: refund.id,
    cents: fromMinor(refund.amount, refund.currency.toUpperCase()),
    reason: `Stripe: ${refund.reason ?? 'refunded'}`,
  });
  return { kind: 'done', note: booked };
}

/** A customer\u2019s bank disputes a payment: seen at once, and booked when the money is withdrawn. */
export async function noteDispute(ctx: Context, type: string, dispute: Stripe.Dispute, at: Date): Promise<HookOutcome> {
  const payment = await paymentOf(ctx, dispute.payment_intent);
  if (!payment) return { kind: 'later', note: 'of no payment that we know' };
  const what = type.replace('charge.dispute.', '');
  const detail = `${what} ${moneyText(dispute.amount, dispute.currency)} ${dispute.reason} ${dispute.id}`;
  await note(ctx, payment, { step: 'dispute_told', detail, at });
  if (what === 'funds_reinstated') return giveAgain(ctx, payment.id, dispute.id);
  if (what !== 'funds_withdrawn') return { kind: 'done', note: what };
  const booked = await takeBack(ctx, payment.id, {
    reference: dispute.id,
    cents: fromMinor(dispute.amount, dispute.currency.toUpperCase()),
    reason: `Disputed: ${dispute.reason}`,
  });
  return { kind: 'done', note: booked };
}

/**
 * The dispute is won and the money is with Stripe again: it pays what the customer owes since, and the rest lies in their wallet. Once, and only where its
 * withdrawal is in the books; else the event comes again later.
 */
async function giveAgain(ctx: Context, paymentId: bigint, disputeId: string): Promise<HookOutcome> {
  const [taken] = await ctx.tx.$queryRaw<{ subscriber_id: bigint; amount_cents: bigint; currency: string }[]>`
    SELECT subscriber_id, amount_cents, currency FROM payment_refund
    WHERE payment_id = ${paymentId} AND way = 'told' AND upper(reference) = upper(${disputeId}) AND state = 'done'`;
  if (!taken) return { kind: 'later', note: 'its withdrawal is in no book' };
  const { subscriber_id: subscriberId, amount_cents, currency } = taken;
  const [till = 0n, wallet = 0n, owed = 0n] = await accountsFor(ctx, currency, [
    { code: 'stripe' },
    { code: 'wallet', subscriberId },
    { code: 'reversals', subscriberId },
  ]);
  const key = `dispute:${disputeId}:returned`;
  const balances = await lockAccounts(ctx, [till, wallet, owed]);
  const stands = await ctx.tx.ledger_transfer.findFirst({ where: { tenant_id: ctx.tenantId, key } });
  if (stands) return { kind: 'done', note: 'given again before' };
  // Debts stand below zero in the books.
  const debt = -(balances.get(owed) ?? 0n);
  const pays = debt <= 0n ? 0n : debt < amount_cents ? debt : amount_cents;
  const common = { payment_id: paymentId, memo: disputeId };
  await postTransfers(ctx, [
    { ...common, key, debit: till, credit: wallet, amount_cents, kind: 'dispute_won' },
    ...(pays > 0n
      ? [
          {
            ...common,
            key: `dispute:${disputeId}:owed`,
            debit: wallet,
            credit: owed,
            amount_cents: pays,
            kind: 'owed_paid',
          },
        ]
      : []),
  ]);
  await recordSteps(ctx, paymentId, [{ step: 'dispute_won', detail: `${amount_cents} cents` }]);
  return { kind: 'done', note: 'given again' };
}

async function takeBack(
  ctx: Context,
  paymentId: bigint,
  { reference, cents, reason }: { reference: string; cents: bigint; reason: string },
): Promise<string> {
  const outcome = await refundPayment(ctx, paymentId, {
    amount_cents: Number(cents),
    way: 'told',
    service: 'keep',
    reason,
    reference,
  });
  return `taken back: ${outcome.kind}`;
}

async function note(ctx: Context, payment: Paid, step: Step): Promise<void> {
  await recordSteps(ctx, payment.id, [step]);
  await tellLive(ctx, payment.id, payment.subscription_id ?? undefined);
}
