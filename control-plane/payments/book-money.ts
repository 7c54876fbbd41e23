import { recordAudit } from '../audit';
import { accountFor, lockAccounts, postTransfers } from '../ledger';
import type { Context } from '../platform/context';
import { lockSubscription } from '../subscriptions';
import { findOwner, type Incoming, type Owner } from './find-owner';
import type { Payer } from './msisdn';
import type { Step } from './record-step';
import { findNotice, insertByHand, lockReceipt, settlePayment, type Proof } from './settle-payment';
import { useMoney } from './use-money';

export type Booked =
  | { kind: 'credited'; paymentId: bigint }
  /** It was told of before. */
  | { kind: 'stood' }
  /** Nobody knows whose it is: it waits in suspense for a person. */
  | { kind: 'waiting' }
  /** Told by somebody who may not be the provider: it waits for the provider's own list, or for a person. */
  | { kind: 'unproven' };

/**
 * Books money that a provider told of without our asking: to the order or account that it names, or to suspense. One receipt is booked once, however often,
 * in whatever order and by whatever way it is told.
 * @param proven whether it is certain that the provider told it
 */
export async function bookMoney(
  ctx: Context,
  money: Incoming,
  source: Proof['source'],
  proven: boolean,
  at?: Date,
): Promise<Booked> {
  await lockReceipt(ctx, money.method, money.receipt);
  const standing = await findNotice(ctx, money.method, money.receipt);
  if (standing && (standing.state !== 'unproven' || !proven)) return { kind: 'stood' };
  const proof = proofOf(money, source);
  if (!proven) {
    await hold(ctx, money, proof, 'unproven');
    return { kind: 'unproven' };
  }
  const steps: Step[] = [
    {
      step: source === 'list' ? 'listed' : 'confirmed',
      detail: `${money.method} ${money.receipt}`,
      ...(at ? { at } : {}),
    },
  ];
  const owner = await findOwner(ctx, money);
  if (owner.kind === 'order') {
    const settled = await settlePayment(ctx, owner.id, proof, steps);
    if (settled.kind !== 'other_receipt') return { kind: 'credited', paymentId: owner.id };
    return credit(ctx, money, await accountOfOrder(ctx, owner.id), proof, steps);
  }
  if (owner.kind === 'account') return credit(ctx, money, owner, proof, steps);
  await hold(ctx, money, proof, 'waiting');
  return { kind: 'waiting' };
}

/**
 * Books money whose owner a person has seen and agreed to beforehand, as a line of a bank's statement: to that account, or to suspense where it is nobody's. The
 * caller holds the lock of its receipt, which is no other's.
 * @returns the payment, or the notice that waits
 */
export async function bookDecided(
  ctx: Context,
  money: Incoming,
  to: Account | undefined,
): Promise<{ kind: 'credited'; paymentId: bigint } | { kind: 'waiting'; noticeId: bigint }> {
  const proof = proofOf(money, 'list');
  if (!to) return { kind: 'waiting', noticeId: await hold(ctx, money, proof, 'waiting') };
  const steps: Step[] = [{ step: 'listed', detail: `${money.method} ${money.receipt}` }];
  return credit(ctx, money, to, proof, steps);
}

/** Gives money that waits to a person's service. A person decided it; `how` says who and why. */
export async function assignMoney(
  ctx: Context,
  noticeId: bigint,
  to: { subscriberId: bigint; subscriptionId: bigint | undefined },
  how: string,
): Promise<Booked | { kind: 'not_found' }> {
  const [seen] = await ctx.tx.$queryRaw<{ method: Incoming['method']; receipt: string }[]>`
    SELECT method, receipt FROM payment_notice WHERE id = ${noticeId}`;
  if (!seen) return { kind: 'not_found' };
  await lockReceipt(ctx, seen.method, seen.receipt);
  const [row] = await ctx.tx.$queryRaw<
    {
      state: string;
      method: Incoming['method'];
      receipt: string;
      amount_cents: bigint;
      currency: string;
      source: Proof['source'];
      occurred_at: Date | null;
    }[]
  >`SELECT state, method, receipt, amount_cents, currency, source, occurred_at FROM payment_notice WHERE id = ${noticeId}`;
  if (!row || row.state === 'credited') return { kind: 'stood' };
  const proof = {
    receipt: row.receipt,
    amount_cents: row.amount_cents,
    source: row.source,
    occurredAt: row.occurred_at ?? undefined,
  };
  const steps: Step[] = [{ step: 'assigned', detail: how }];
  const { method, currency, receipt, amount_cents } = row;
  const from = row.state === 'waiting' ? 'suspense' : row.method;
  return creditFrom(ctx, { method, currency, receipt, amount_cents }, { ...to, from }, proof, steps);
}

type Account = { subscriberId: bigint; subscriptionId: bigint | undefined };
type Amount = Pick<Incoming, 'method' | 'currency' | 'receipt' | 'amount_cents'>;

const credit = (
  ctx: Context,
  money: Incoming,
  to: Account,
  proof: Proof & { receipt: string; amount_cents: bigint },
  steps: Step[],
) => creditFrom(ctx, money, { ...to, from: money.method }, proof, steps);

async function creditFrom(
  ctx: Context,
  money: Amount,
  to: Account & { from: 'suspense' | Incoming['method'] },
  proof: Proof & { receipt: string; amount_cents: bigint },
  steps: Step[],
): Promise<{ kind: 'credited'; paymentId: bigint }> {
  const sub = to.subscriptionId === undefined ? undefined : await lockSubscription(ctx, to.subscriptionId);
  const { method, currency, amount_cents, receipt } = money;
  const paymentId = await insertByHand(ctx, { ...to, method, currency }, proof);
  await useMoney(
    ctx,
    {
      paymentId,
      subscriberId: to.subscriberId,
      sub,
      from: to.from,
      amount_cents,
      currency,
      method,
      reference: receipt,
    },
    steps,
  );
  return { kind: 'credited', paymentId };
}

async function accountOfOrder(ctx: Context, id: bigint): Promise<Extract<Owner, { kind: 'account' }>> {
  const row = await ctx.tx.payment.findFirstOrThrow({
    where: { id },
    select: { subscriber_id: true, subscription_id: true },
  });
  return { kind: 'account', subscriberId: row.subscriber_id, subscriptionId: row.subscription_id ?? undefined };
}

/** Keeps money whose owner nobody knows. What the provider has proven stands in the books from now on, as owed to somebody. */
async function hold(
  ctx: Context,
  money: Incoming,
  proof: Proof & { receipt: string; amount_cents: bigint },
  state: 'waiting' | 'unproven',
): Promise<bigint> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment_notice AS n (tenant_id, method, receipt, amount_cents, currency, state, payer, payer_name, bill_ref, source, occurred_at)
    VALUES (${ctx.tenantId}, ${money.method}, ${money.receipt}, ${money.amount_cents}, ${money.currency}, ${state}, ${proof.payer ?? null}, ${proof.payerName?.slice(0, 100) ?? null},
      ${money.billRef.slice(0, 100)}, ${proof.source}, ${money.at ?? null}::timestamptz)
    ON CONFLICT (tenant_id, method, upper(receipt)) DO UPDATE SET state = excluded.state, amount_cents = excluded.amount_cents, source = excluded.source,
      payer = excluded.payer, payer_name = excluded.payer_name, bill_ref = excluded.bill_ref, occurred_at = excluded.occurred_at WHERE n.state = 'unproven'
    RETURNING id`;
  if (!row) throw new Error('A receipt that was not there is another payment’s now.');
  if (state === 'waiting') {
    const from = await accountFor(ctx, money.method, money.currency);
    const to = await accountFor(ctx, 'suspense', money.currency);
    await lockAccounts(ctx, [from, to]);
    await postTransfers(ctx, [
      { key: `notice:${row.id}:held`, debit: from, credit: to, amount_cents: money.amount_cents, kind: 'suspense' },
    ]);
  }
  await recordAudit(
    ctx,
    'payments.hold',
    { type: 'payment_notice', id: row.id },
    { method: money.method, receipt: money.receipt, amount_cents: money.amount_cents, state },
  );
  await ctx.tx
    .$executeRaw`SELECT pg_notify('lango_live', ${JSON.stringify({ tenant: ctx.tenantId.toString(), topic: 'payment', id: row.id.toString() })})`;
  return row.id;
}

function proofOf(money: Incoming, source: Proof['source']) {
  return {
    receipt: money.receipt,
    amount_cents: money.amount_cents,
    source,
    payer: payerText(money.payer),
    payerName: money.payerName,
    billRef: money.billRef,
    occurredAt: money.at,
  };
}

/** As it is kept: digits, hash or stars. */
export function payerText(payer: Payer): string | undefined {
  if (payer === undefined) return undefined;
  return payer.form === 'plain' ? payer.digits : payer.form === 'hashed' ? payer.sha256 : payer.mask;
}
