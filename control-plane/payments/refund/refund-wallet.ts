import { askApproval } from '../../approvals';
import { recordAudit } from '../../audit';
import { accountFor, lockAccounts, postTransfers, type AccountCode } from '../../ledger';
import type { Context } from '../../platform/context';
import { needsSecond } from './refund-payment';
import { maySendToPhone, phoneFor } from './to-phone';
import type { WalletRefundInput } from './schema';

export type WalletRefundOutcome =
  | { kind: 'done'; id: bigint }
  | { kind: 'not_found' }
  | { kind: 'spent'; possible_cents: bigint; currency: string }
  | { kind: 'way' }
  | { kind: 'phone' }
  | { kind: 'whole_units' };

/** Pays out what lies in a customer's wallet, wherever it came from; never more than it holds. Above the limit somebody else has to agree first. */
export async function refundWallet(ctx: Context, input: WalletRefundInput): Promise<WalletRefundOutcome> {
  const subscriberId = BigInt(input.client_id);
  const client = await ctx.tx.subscriber.findFirst({ where: { id: subscriberId }, select: { name: true } });
  if (!client) return { kind: 'not_found' };
  const tenant = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId }, select: { currency: true } });
  const currency = input.currency ?? tenant.currency;
  const amount_cents = BigInt(input.amount_cents);
  const phone = input.way === 'mpesa' ? await phoneFor(ctx, { subscriber_id: subscriberId }, input.phone) : undefined;
  if (input.way === 'mpesa') {
    if (currency !== 'KES' || !(await maySendToPhone(ctx))) return { kind: 'way' };
    if (phone === undefined) return { kind: 'phone' };
    if (amount_cents % 100n !== 0n) return { kind: 'whole_units' };
  }
  const balance = (await openPurse(ctx, subscriberId, currency, input.way)).balance;
  if (balance < amount_cents) return { kind: 'spent', possible_cents: balance, currency };
  const needs = await needsSecond(ctx, input.way, amount_cents, currency);
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment_refund (tenant_id, subscriber_id, amount_cents, currency, way, service, reason, state, needs_approval, reference, phone, created_by, created_name, created_at)
    VALUES (${ctx.tenantId}, ${subscriberId}, ${amount_cents}, ${currency}, ${input.way}, 'keep', ${input.reason}, 'asked', ${needs}, ${input.reference || null}, ${phone ?? null},
      ${staffId}::bigint, ${ctx.actor.name}, ${ctx.now}) RETURNING id`;
  if (!row) throw new Error('A refund was not written.');
  if (needs) {
    const summary = [client.name, input.reason].join(' · ');
    const path = `/subscribers/${subscriberId}`;
    await askApproval(ctx, { kind: 'payments.refund', subjectId: row.id, amount_cents, currency, summary, path });
  } else
    await payOut(ctx, {
      id: row.id,
      subscriber_id: subscriberId,
      amount_cents,
      currency,
      way: input.way,
      reason: input.reason,
    });
  return { kind: 'done', id: row.id };
}

export interface WalletRefund {
  id: bigint;
  subscriber_id: bigint;
  amount_cents: bigint;
  currency: string;
  way: string;
  reason: string;
}

/**
 * Books a refund out of a wallet. False when the wallet does not hold it any more.
 * @param agreed asked once the wallet holds enough: false stops it
 */
export async function payOut(
  ctx: Context,
  refund: WalletRefund,
  agreed: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<boolean> {
  const { id, subscriber_id, amount_cents, currency, way, reason } = refund;
  const purse = await openPurse(ctx, subscriber_id, currency, way);
  if (purse.balance < amount_cents || !(await agreed())) return false;
  await postTransfers(ctx, [
    { key: `refund:${id}:out`, debit: purse.wallet, credit: purse.out, amount_cents, kind: 'refund', memo: reason },
  ]);
  if (way === 'mpesa') {
    await ctx.tx.$executeRaw`UPDATE payment_refund SET state = 'sending', due_at = lango_now() WHERE id = ${id}`;
    await ctx.tx.$executeRaw`SELECT job_enqueue('payments.give-back')`;
  } else await ctx.tx.$executeRaw`UPDATE payment_refund SET state = 'done', done_at = lango_now() WHERE id = ${id}`;
  const detail = { refund_id: id, amount_cents, currency, way, reason };
  await recordAudit(ctx, 'payments.refund_wallet', { type: 'subscriber', id: subscriber_id }, detail);
  return true;
}

async function openPurse(ctx: Context, subscriberId: bigint, currency: string, way: string) {
  const wallet = await accountFor(ctx, 'wallet', currency, subscriberId);
  const out = await accountFor(ctx, way === 'mpesa' ? 'refunds' : (way as AccountCode), currency);
  const balances = await lockAccounts(ctx, [wallet, out]);
  return { wallet, out, balance: balances.get(wallet) ?? 0n };
}
