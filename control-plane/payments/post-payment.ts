import { recordAudit } from '../audit';
import type { AccountCode } from '../ledger';
import type { Context } from '../platform/context';
import { lockSubscription, versionDue, type Locked } from '../subscriptions';
import { chequeRule, dayIn } from './cheque/rule';
import { recordSteps } from './record-step';
import type { ManualMethod, NewTransaction } from './schema';
import { tellLive, useMoney } from './use-money';

export type PaymentOutcome =
  | { kind: 'done'; id: bigint }
  | { kind: 'invalid'; fields: Record<string, string> }
  | { kind: 'ended' }
  | { kind: 'duplicate'; existing: bigint; amount_cents: bigint };

/** Where money of each method waits or lies. */
export const clearing: Record<ManualMethod, AccountCode> = { cash: 'cash', bank: 'bank', cheque: 'cheques' };

/**
 * Takes a payment by hand: books it to the client's wallet, buys one purchase of the subscription if the wallet then holds its price, and tells
 * the network, all in the caller's transaction. One receipt (method and reference, in any case of letters) is credited once.
 */
export async function postPayment(ctx: Context, input: NewTransaction): Promise<PaymentOutcome> {
  const sub = await lockSubscription(ctx, input.subscription_id);
  if (!sub)
    return { kind: 'invalid', fields: { subscription_id: 'is no subscription of yours; list /api/subscriptions' } };
  if (sub.state === 'ended') return { kind: 'ended' };
  const version = await versionDue(ctx, sub);
  if (input.currency !== undefined && input.currency !== version.currency) {
    return { kind: 'invalid', fields: { currency: `must be ${version.currency}, which this subscription is sold in` } };
  }
  const { currency } = version;
  const cheque = input.method === 'cheque' ? await chequeRule(ctx) : undefined;
  if (!cheque && input.clears_on !== undefined)
    return { kind: 'invalid', fields: { clears_on: 'is of cheques alone' } };
  const clears = cheque && (input.clears_on ?? (await dayIn(ctx, cheque.cheque_days)));
  const id = await insertOnce(ctx, input, sub, currency, clears);
  if (id === undefined) return duplicateOf(ctx, input);
  if (cheque?.cheque_service === 'cleared') {
    await holdCheque(ctx, id, sub, { ...input, currency });
    return { kind: 'done', id };
  }
  await useMoney(
    ctx,
    {
      paymentId: id,
      subscriberId: sub.subscriber_id,
      sub,
      from: clearing[input.method],
      amount_cents: BigInt(input.amount_cents),
      currency,
      method: input.method,
      reference: input.reference,
    },
    [{ step: 'received', detail: `${input.method} ${input.reference}`, at: new Date() }],
  );
  return { kind: 'done', id };
}

/** A cheque that buys nothing before its bank has paid it: it is on record and in no book. */
async function holdCheque(
  ctx: Context,
  id: bigint,
  sub: Locked,
  { reference, amount_cents, currency }: { reference: string; amount_cents: number; currency: string },
): Promise<void> {
  await recordSteps(ctx, id, [{ step: 'cheque_waits', detail: reference, at: new Date() }]);
  const detail = {
    subscription_id: sub.id,
    method: 'cheque',
    reference,
    amount_cents,
    currency,
    outcome: 'cheque_waits',
  };
  await recordAudit(ctx, 'payments.hold', { type: 'payment', id }, detail);
  await tellLive(ctx, id, sub.id);
}

/** Two who post the same receipt at once: the second waits here for the first to commit, and then inserts nothing. */
async function insertOnce(
  ctx: Context,
  input: NewTransaction,
  sub: Locked,
  currency: string,
  clears_on: string | undefined,
): Promise<bigint | undefined> {
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const rows = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, amount_cents, currency, state, clears_on, received_at, created_by, created_at)
    VALUES (${ctx.tenantId}, ${sub.subscriber_id}, ${sub.id}, ${input.method}, ${input.reference}, ${input.amount_cents}, ${currency}, 'created', ${clears_on ?? null}::date,
            ${ctx.now}, ${staffId}::bigint, ${ctx.now})
    ON CONFLICT (tenant_id, method, upper(reference)) DO NOTHING RETURNING id`;
  return rows[0]?.id;
}

export async function duplicateOf(
  ctx: Context,
  input: Pick<NewTransaction, 'method' | 'reference'>,
): Promise<PaymentOutcome> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint; amount_cents: bigint }[]>`
    SELECT id, amount_cents FROM payment
    WHERE id = ANY (ARRAY(SELECT payment_referred(${input.reference}::text))) AND tenant_id = ${ctx.tenantId} AND method = ${input.method}`;
  if (!row) throw new Error('A payment stood in the way and is not to be seen.');
  return { kind: 'duplicate', existing: row.id, amount_cents: row.amount_cents };
}
