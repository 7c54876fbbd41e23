import type { AccountCode } from '../ledger';
import type { Context } from '../platform/context';
import { lockSubscription, versionDue, type Locked } from '../subscriptions';
import type { ManualMethod, NewTransaction } from './schema';
import { useMoney } from './use-money';

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
  const id = await insertOnce(ctx, input, sub, currency);
  if (id === undefined) return duplicateOf(ctx, input);
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

/** Two who post the same receipt at once: the second waits here for the first to commit, and then inserts nothing. */
async function insertOnce(
  ctx: Context,
  input: NewTransaction,
  sub: Locked,
  currency: string,
): Promise<bigint | undefined> {
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const rows = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, amount_cents, currency, state, received_at, created_by, created_at)
    VALUES (${ctx.tenantId}, ${sub.subscriber_id}, ${sub.id}, ${input.method}, ${input.reference}, ${input.amount_cents}, ${currency}, 'created',
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
    WHERE tenant_id = ${ctx.tenantId} AND method = ${input.method} AND upper(reference) = upper(${input.reference})`;
  if (!row) throw new Error('A payment stood in the way and is not to be seen.');
  return { kind: 'duplicate', existing: row.id, amount_cents: row.amount_cents };
}
