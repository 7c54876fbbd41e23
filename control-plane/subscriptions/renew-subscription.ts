import type { Context } from '../platform/context';
import { startCycle } from './start-cycle';
import { act, applyChange, type Locked, type Outcome } from './standing';

/** Gives one more validity of the plan without money, by the rules of purchase.ts. */
export function renewSubscription(ctx: Context, id: bigint): Promise<Outcome> {
  return act(ctx, id, 'renew', (sub) => startCycle(ctx, sub, 'renewed'));
}

/**
 * The paid form, for the payment slice: activates what is pending and renews what has run. The caller holds the lock and took the money.
 * Gives the number of live sessions that the network is told about.
 */
export async function settlePurchase(ctx: Context, sub: Locked, paymentId: bigint): Promise<number> {
  const change = await startCycle(ctx, sub, 'payment');
  return applyChange(ctx, sub.id, 'subscriptions.renew', {
    ...change,
    detail: { ...change.detail, payment_id: paymentId },
  });
}
