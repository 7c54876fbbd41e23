import { recordAudit } from '../../audit';
import { accountsFor, postTransfers } from '../../ledger';
import type { Context } from '../../platform/context';
import { lockSubscription, type Locked } from '../../subscriptions';
import { recordSteps } from '../record-step';
import { tellLive, useMoney } from '../use-money';

export interface ChequeRow {
  id: bigint;
  subscriber_id: bigint;
  state: string;
  reference: string;
  amount_cents: bigint;
  currency: string;
  cleared_at: Date | null;
  /** Of it, what the bank has sent back already. */
  back_cents: bigint;
}

export type ChequeOutcome =
  | { kind: 'done' }
  | { kind: 'not_found' }
  /** The bank has paid it already, or sent all of it back. */
  | { kind: 'stood'; how: 'cleared' | 'bounced' };

/** A cheque under its locks (subscription, payment), undefined where there is none. */
export async function lockCheque(
  ctx: Context,
  id: bigint,
): Promise<{ cheque: ChequeRow; sub: Locked | undefined } | undefined> {
  const found = await ctx.tx.payment.findFirst({ where: { id, method: 'cheque' }, select: { subscription_id: true } });
  if (!found) return undefined;
  const sub = found.subscription_id === null ? undefined : await lockSubscription(ctx, found.subscription_id);
  const [row] = await ctx.tx.$queryRaw<Omit<ChequeRow, 'back_cents'>[]>`
    SELECT id, subscriber_id, state, reference, amount_cents, currency, cleared_at FROM payment WHERE id = ${id} FOR NO KEY UPDATE`;
  const [back] = await ctx.tx.$queryRaw<{ cents: bigint }[]>`
    SELECT coalesce(sum(amount_cents), 0)::bigint AS cents FROM payment_refund WHERE payment_id = ${id} AND way = 'cheque' AND state = 'done'`;
  return row && { cheque: { ...row, back_cents: back?.cents ?? 0n }, sub };
}

/**
 * The bank has paid a cheque, in the caller's transaction: one that waited for this buys now; the money of one that was credited at once moves from the cheques
 * being cleared to the bank. One that came back before it bought may be presented again.
 */
export async function clearCheque(ctx: Context, id: bigint): Promise<ChequeOutcome> {
  const locked = await lockCheque(ctx, id);
  if (!locked) return { kind: 'not_found' };
  const { cheque, sub } = locked;
  if (cheque.cleared_at !== null) return { kind: 'stood', how: 'cleared' };
  const { amount_cents, currency } = cheque;
  const step = { step: 'cheque_cleared', detail: ctx.actor.name };
  const left = amount_cents - cheque.back_cents;
  if (left <= 0n) return { kind: 'stood', how: 'bounced' };
  await ctx.tx.$executeRaw`UPDATE payment SET cleared_at = lango_now() WHERE id = ${id}`;
  await recordAudit(ctx, 'payments.clear', { type: 'payment', id }, { amount_cents: left, currency });
  if (cheque.state === 'created' || cheque.state === 'failed') {
    const money = {
      paymentId: id,
      subscriberId: cheque.subscriber_id,
      sub,
      from: 'bank' as const,
      amount_cents,
      currency,
    };
    await useMoney(ctx, { ...money, method: 'cheque', reference: cheque.reference }, [{ ...step, at: new Date() }]);
    return { kind: 'done' };
  }
  const [bank = 0n, cheques = 0n] = await accountsFor(ctx, currency, [{ code: 'bank' }, { code: 'cheques' }]);
  await postTransfers(ctx, [
    {
      key: `payment:${id}:cleared`,
      debit: bank,
      credit: cheques,
      amount_cents: left,
      kind: 'cheque_cleared',
      payment_id: id,
    },
  ]);
  await recordSteps(ctx, id, [step]);
  await tellLive(ctx, id, sub?.id);
  return { kind: 'done' };
}
