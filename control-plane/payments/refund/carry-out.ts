import { recordAudit } from '../../audit';
import { creditOneSale } from '../../invoices';
import { postTransfers, type Transfer } from '../../ledger';
import type { Context } from '../../platform/context';
import { takeBack } from '../../subscriptions';
import { recordSteps, type Step } from '../record-step';
import { tellLive } from '../use-money';
import type { Weighed } from './weigh-refund';

export interface RefundRow {
  id: bigint;
  way: string;
  reason: string;
  reference: string | null;
}

/**
 * Gives money back as it was weighed, in the caller's transaction, which holds its locks: out of the sale with a credit note, out of the wallet, the service
 * taken back with the network told, or kept. What a provider has to do is handed to the queue; anything else is done with it.
 */
export async function carryOut(ctx: Context, refund: RefundRow, weighed: Weighed, steps: Step[]): Promise<void> {
  const { payment, sub, sale, back, credit_cents, amount_cents, owed_cents } = weighed;
  const { id, way, reason } = refund;
  await postTransfers(ctx, transfersOf(refund, weighed));
  if (credit_cents > 0n && sale) {
    const customer = { subscriberId: payment.subscriber_id, subscriptionId: payment.subscription_id };
    await creditOneSale(ctx, `refund:${id}:credit`, sale, customer, reason);
  }
  if (sub && credit_cents > 0n) {
    const sessions = await takeBack(ctx, sub, back, credit_cents, { refund_id: id, payment_id: payment.id });
    if (back?.kind === 'taken')
      steps.push({ step: back.ends ? 'service_ended' : 'service_shortened', detail: back.expires_at.toISOString() });
    if (sessions > 0)
      steps.push({ step: 'network_told', detail: `${sessions} live session${sessions === 1 ? '' : 's'}` });
  }
  if (owed_cents > 0n) steps.push({ step: 'refund_owed', detail: `${owed_cents} cents` });
  const byProvider = way === 'provider' || way === 'mpesa';
  await ctx.tx.$executeRaw`
    UPDATE payment_refund SET state = ${byProvider ? 'sending' : 'done'}, credit_cents = ${credit_cents}, owed_cents = ${owed_cents},
      due_at = CASE WHEN ${byProvider} THEN lango_now() END, done_at = CASE WHEN NOT ${byProvider} THEN lango_now() END WHERE id = ${id}`;
  if (byProvider) {
    steps.push({ step: 'refund_booked', detail: `${amount_cents} cents` });
    await ctx.tx.$executeRaw`SELECT job_enqueue('payments.give-back')`;
  } else steps.push({ step: 'refunded', detail: `${amount_cents} cents, ${refund.reference ?? way}` });
  await recordSteps(ctx, payment.id, steps);
  await closePayment(ctx, payment.id);
  await recordAudit(
    ctx,
    'payments.refund',
    { type: 'payment', id: payment.id },
    { refund_id: id, amount_cents, currency: payment.currency, way, reason, credit_cents, owed_cents },
  );
  await tellLive(ctx, payment.id, payment.subscription_id ?? undefined);
}

/** A payment that is given back to the last cent is refunded. */
export async function closePayment(ctx: Context, paymentId: bigint): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE payment p SET state = 'refunded' WHERE p.id = ${paymentId} AND p.state = 'settled'
      AND p.amount_cents = (SELECT sum(r.amount_cents) FROM payment_refund r WHERE r.payment_id = p.id AND r.state = 'done')`;
}

function transfersOf({ id, reason }: RefundRow, weighed: Weighed): Transfer[] {
  const { payment, accounts, credit_cents, owed_cents, amount_cents } = weighed;
  const common = { payment_id: payment.id, memo: reason };
  const all: Transfer[] = [];
  const { wallet, sales, out, owed } = accounts;
  if (credit_cents > 0n)
    all.push({
      ...common,
      key: `refund:${id}:credit`,
      debit: sales,
      credit: wallet,
      amount_cents: credit_cents,
      kind: 'refund_credit',
    });
  if (owed_cents > 0n && owed !== undefined)
    all.push({
      ...common,
      key: `refund:${id}:owed`,
      debit: owed,
      credit: wallet,
      amount_cents: owed_cents,
      kind: 'refund_owed',
    });
  all.push({ ...common, key: `refund:${id}:out`, debit: wallet, credit: out, amount_cents, kind: 'refund' });
  return all;
}
