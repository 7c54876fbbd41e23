import { priceToPay, recordUse, type Price } from '../discounts';
import type { Context } from '../platform/context';
import { invoicePurchase } from './invoice-purchase';
import { startCycle, versionDue } from './start-cycle';
import { act, applyChange, isPostpaid, lockSubscription, type Locked, type Outcome } from './standing';
import { isAllowed, refusalOf } from './states';
import { bookFromWallet, openWallet } from './wallet';

/** Gives one more validity of the plan without money, by the rules of purchase.ts. */
export function renewSubscription(ctx: Context, id: bigint): Promise<Outcome> {
  return act(ctx, id, 'renew', (sub) => startCycle(ctx, sub, 'renewed'));
}

/**
 * The paid form, for the payment slice: activates what is pending and renews what has run. The caller holds the lock, took the money and booked the
 * sale as `payment:<id>:sold`.
 * Gives the number of live sessions that the network is told about.
 * @param price what `priceToPay` said, and the caller took
 */
export async function settlePurchase(ctx: Context, sub: Locked, paymentId: bigint, price: Price): Promise<number> {
  const version = await versionDue(ctx, sub);
  const change = await startCycle(ctx, sub, 'payment', price.price_cents);
  await recordUse(ctx, price, sub, sub.cycle_no + 1, version.currency);
  await invoicePurchase(ctx, `payment:${paymentId}:sold`, sub, change, { version, price });
  return applyChange(ctx, sub.id, 'subscriptions.renew', {
    ...change,
    detail: { ...change.detail, payment_id: paymentId, ...discountOf(price) },
  });
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
