import type { Context } from '../platform/context';
import { LAST_MOMENT } from './add-validity';
import { applyChange, lockSubscription, type Change, type Locked, type Outcome } from './standing';
import { startCycle } from './start-cycle';

const served = new Set(['active', 'throttled', 'capped', 'grace']);
const notNow = new Set(['suspended', 'paused', 'ended']);

/**
 * From now on a subscription is billed after its period and has no end of its own. Time that was paid for before is used up first: it is billed from the
 * end of that on. What waits or has expired begins at once. The customer's account for bills is the caller's (slice postpaid).
 */
export async function turnPostpaid(ctx: Context, id: bigint): Promise<Outcome> {
  const sub = await lockSubscription(ctx, id);
  if (!sub) return { kind: 'not_found' };
  if (sub.postpaid_from !== null)
    return { kind: 'refused', code: 'is_postpaid', message: 'It is billed after each month already.' };
  if (notNow.has(sub.state)) {
    const message = `It is ${sub.state}: ${sub.state === 'ended' ? 'make a new subscription' : 'resume it first'}.`;
    return { kind: 'refused', code: `is_${sub.state}`, message };
  }
  const paidUntil =
    sub.expires_at !== null && sub.unused_validities === 0 && ctx.now < sub.expires_at ? sub.expires_at : ctx.now;
  const postpaid_from = paidUntil < LAST_MOMENT ? paidUntil : ctx.now;
  const begun = served.has(sub.state) ? running(sub) : await startCycle(ctx, sub, 'renewed');
  const data = {
    ...begun.data,
    starts_at: sub.starts_at ?? ctx.now,
    expires_at: LAST_MOMENT,
    unused_validities: 0,
    auto_renew: false,
    paid_cents: 0,
    postpaid_from,
  };
  await applyChange(ctx, id, 'subscriptions.postpaid', { data, enforce: 'renewed', detail: { postpaid_from } });
  return { kind: 'done' };
}

const running = (sub: Locked): Pick<Change, 'data'> => ({ data: { starts_at: sub.starts_at } });

/** Ends billing afterwards: what ran so far is on the next bill, and from now on service is bought before. It has expired until it is paid. */
export async function turnPrepaid(ctx: Context, id: bigint): Promise<Outcome> {
  const sub = await lockSubscription(ctx, id);
  if (!sub) return { kind: 'not_found' };
  if (sub.postpaid_from === null || sub.state === 'ended')
    return { kind: 'refused', code: 'is_prepaid', message: 'It is not billed after its period.' };
  const expires_at = sub.postpaid_from > ctx.now ? sub.postpaid_from : (sub.paused_at ?? ctx.now);
  await applyChange(ctx, id, 'subscriptions.prepaid', {
    data: { postpaid_from: null, expires_at },
    enforce: 'expired',
    detail: { expires_at },
  });
  return { kind: 'done' };
}
