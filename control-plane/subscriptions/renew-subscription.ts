import { auditRows, type Signature } from '../audit';
import { priceToPay, recordUse, usesRows, type Price } from '../discounts';
import { salesRows } from '../invoices';
import type { Context } from '../platform/context';
import { cycleRows } from './cycle-rows';
import { invoicePurchase, salesOf } from './invoice-purchase';
import { detailOf, nextCycle, startCycle, versionDue } from './start-cycle';
import { act, applyChange, isPostpaid, lockSubscription, type Locked, type Outcome } from './standing';
import { isAllowed, refusalOf } from './states';
import { bookFromWallet, openWallet } from './wallet';

/** Gives one more validity of the plan without money, by the rules of purchase.ts. */
export function renewSubscription(ctx: Context, id: bigint): Promise<Outcome> {
  return act(ctx, id, 'renew', (sub) => startCycle(ctx, sub, 'renewed'));
}

/** A purchase that a payment made: the subscription is locked, the money taken, and the sale booked as `payment:<id>:sold`. */
export interface PaidPurchase {
  sub: Locked;
  paymentId: bigint;
  version: Locked['plan'];
  /** What `pricesToPay` said, and the caller took. */
  price: Price;
  /** Who acted, where that is not the one of the context. */
  by?: Signature | undefined;
}

/**
 * The paid form, for the payment slice: activates what is pending and renews what has run. One purchase of a subscription at a time.
 * Gives by subscription the number of live sessions that the network is told about; none is none.
 */
export async function settlePurchases(ctx: Context, purchases: readonly PaidPurchase[]): Promise<Map<bigint, number>> {
  if (purchases.length === 0) return new Map();
  const made = [];
  for (const one of purchases) {
    const data = await nextCycle(ctx, one.sub, one.version, one.price.price_cents);
    made.push({ ...one, data, key: `payment:${one.paymentId}:sold` });
  }
  const uses = made.map(({ price, sub, data, version }) => ({
    price,
    sub,
    cycle_no: data.cycle_no,
    currency: version.currency,
  }));
  const audits = made.map(({ sub, data, paymentId, price, by }) => ({
    action: 'subscriptions.renew',
    subject: { type: 'subscription', id: sub.id },
    detail: { ...detailOf(data), payment_id: paymentId, ...discountOf(price) },
    by,
  }));
  const rows = await ctx.tx.$queryRaw<{ subscription_id: bigint; sessions: number }[]>`
    SELECT subscription_id, sessions FROM subscription_settle_purchases(${cycleRows(made)}::jsonb, ${usesRows(uses)}::jsonb, ${salesRows(await salesOf(ctx, made))}::jsonb,
      ${auditRows(ctx, audits)}::jsonb, ${ctx.now}::timestamptz)`;
  return new Map(rows.map((row) => [row.subscription_id, row.sessions]));
}

/** What the audit keeps of a discount. */
const discountOf = ({ discount, off_cents }: Price) => (discount ? { discount: discount.name, off_cents } : {});

/**
 * Buys the next validity with money that lies in the wallet: activates what is pending, renews what has run.
 * @param onlyCycle refuses when another purchase has begun a cycle since that one: the automatic renewal must not buy twice
 */
export async function renewFromWallet(ctx: Context, id: bigint, onlyCycle?: number): Promise<Outcome> {
  const sub = await lockSubscription(ctx, id);
  if (!sub) return { kind: 'not_found' };
  if (onlyCycle !== undefined && sub.cycle_no !== onlyCycle)
    return { kind: 'refused', code: 'changed_meanwhile', message: 'It has been renewed meanwhile.' };
  if (sub.postpaid_from !== null) return isPostpaid;
  const action = isAllowed(sub.state, 'activate') ? 'activate' : 'renew';
  if (!isAllowed(sub.state, action))
    return { kind: 'refused', code: `is_${sub.state}`, message: refusalOf(sub.state, action) };
  const version = await versionDue(ctx, sub);
  const price = await priceToPay(ctx, id, version);
  const { price_cents } = price;
  const { currency } = version;
  const wallet = await openWallet(ctx, sub.subscriber_id, currency);
  if (wallet.balance_cents < price_cents) {
    const message = `The wallet holds ${wallet.balance_cents} cents and the price is ${price_cents}. Post a payment instead.`;
    return { kind: 'refused', code: 'wallet_short', message };
  }
  const change = await startCycle(ctx, sub, 'payment', price_cents);
  await recordUse(ctx, price, sub, sub.cycle_no + 1, currency);
  const key = `subscription:${id}:cycle:${sub.cycle_no + 1}`;
  await bookFromWallet(ctx, wallet, key, price_cents);
  await invoicePurchase(ctx, key, sub, change, { version, price });
  const detail = { ...change.detail, from: 'wallet', amount_cents: price_cents, ...discountOf(price) };
  await applyChange(ctx, id, `subscriptions.${action}`, { ...change, detail });
  return { kind: 'done' };
}
