import { recordAudit } from '../audit';
import { priceToPay, type Price } from '../discounts';
import { accountFor, lockAccounts, postTransfers, type AccountCode, type Transfer } from '../ledger';
import type { Context } from '../platform/context';
import { isAllowed, lockSubscription, settlePurchase, versionDue, type Locked } from '../subscriptions';
import type { ManualMethod, NewTransaction, PaymentUse } from './schema';
import { recordStep } from './record-step';

export type PaymentOutcome =
  | { kind: 'done'; id: bigint }
  | { kind: 'invalid'; fields: Record<string, string> }
  | { kind: 'ended' }
  | { kind: 'duplicate'; existing: bigint; amount_cents: bigint };

/** Where money of each method waits or lies. */
const clearing: Record<ManualMethod, AccountCode> = { cash: 'cash', bank: 'bank', cheque: 'cheques' };

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
  await recordStep(ctx, id, 'received', `${input.method} ${input.reference}`);

  const amount = BigInt(input.amount_cents);
  const price = await priceToPay(ctx, sub.id, version);
  const { price_cents } = price;
  const purse = await openPurse(ctx, input.method, currency, sub.subscriber_id);
  const use = useOf(sub, purse.balance + amount >= price_cents);
  const buys = use === 'renewed' || use === 'activated';
  await postTransfers(ctx, transfersOf(id, purse, amount, buys ? price_cents : 0n));
  await recordStep(ctx, id, 'credited', `wallet ${purse.balance + amount - (buys ? price_cents : 0n)} cents`);
  if (buys) await buy(ctx, sub, id, use, price);
  const applied = buys ? min(amount, price_cents) : 0n;
  await ctx.tx.payment.update({
    where: { id },
    data: { state: 'settled', outcome: use, applied_cents: applied, wallet_cents: amount - applied },
  });
  await recordStep(ctx, id, 'settled', null);
  await recordAudit(
    ctx,
    'payments.post',
    { type: 'payment', id },
    {
      subscription_id: sub.id,
      method: input.method,
      reference: input.reference,
      amount_cents: amount,
      currency,
      outcome: use,
    },
  );
  const live = {
    tenant: ctx.tenantId.toString(),
    topic: 'payment',
    id: id.toString(),
    subscription: sub.id.toString(),
  };
  await ctx.tx.$executeRaw`SELECT pg_notify('lango_live', ${JSON.stringify(live)})`;
  return { kind: 'done', id };
}

const min = (a: bigint, b: bigint) => (a < b ? a : b);

/** What this money does: staff's decision to shut a gate is not undone by money. */
function useOf(sub: Locked, enough: boolean): PaymentUse {
  if (sub.state === 'suspended') return 'wallet_suspended';
  if (sub.state === 'paused') return 'wallet_paused';
  if (!enough) return 'wallet_short';
  return isAllowed(sub.state, 'activate') ? 'activated' : 'renewed';
}

async function buy(ctx: Context, sub: Locked, paymentId: bigint, use: PaymentUse, price: Price): Promise<void> {
  if (price.discount)
    await recordStep(ctx, paymentId, 'discounted', `${price.discount.name}: ${price.off_cents} cents off`);
  const sessions = await settlePurchase(ctx, sub, paymentId, price);
  await recordStep(ctx, paymentId, use, null);
  if (sessions > 0)
    await recordStep(ctx, paymentId, 'network_told', `${sessions} live session${sessions === 1 ? '' : 's'}`);
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

async function duplicateOf(ctx: Context, input: NewTransaction): Promise<PaymentOutcome> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint; amount_cents: bigint }[]>`
    SELECT id, amount_cents FROM payment
    WHERE tenant_id = ${ctx.tenantId} AND method = ${input.method} AND upper(reference) = upper(${input.reference})`;
  if (!row) throw new Error('A payment stood in the way and is not to be seen.');
  return { kind: 'duplicate', existing: row.id, amount_cents: row.amount_cents };
}

interface Purse {
  clearing: bigint;
  wallet: bigint;
  sales: bigint;
  /** What the wallet held before. */
  balance: bigint;
}

/** The three accounts of a payment, locked in one order; the wallet's balance cannot change until we are done. */
async function openPurse(ctx: Context, method: ManualMethod, currency: string, subscriberId: bigint): Promise<Purse> {
  const clearingId = await accountFor(ctx, clearing[method], currency);
  const wallet = await accountFor(ctx, 'wallet', currency, subscriberId);
  const sales = await accountFor(ctx, 'sales', currency);
  const balances = await lockAccounts(ctx, [clearingId, wallet, sales]);
  return { clearing: clearingId, wallet, sales, balance: balances.get(wallet) ?? 0n };
}

function transfersOf(id: bigint, purse: Purse, amount: bigint, price: bigint): Transfer[] {
  const common = { payment_id: id };
  const received = {
    ...common,
    key: `payment:${id}:received`,
    debit: purse.clearing,
    credit: purse.wallet,
    amount_cents: amount,
    kind: 'payment',
  };
  const sold = {
    ...common,
    key: `payment:${id}:sold`,
    debit: purse.wallet,
    credit: purse.sales,
    amount_cents: price,
    kind: 'sale',
  };
  return price > 0n ? [received, sold] : [received];
}
