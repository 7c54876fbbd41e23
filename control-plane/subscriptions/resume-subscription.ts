import type { Context } from '../platform/context';
import { act, type Change, type Locked, type Outcome } from './standing';

/**
 * Undoes a suspension (back to what it was before: pending, paused or running) or a pause (the time that was left begins to run again).
 * Validity that ran out during a suspension is not given back; extend it if it should be.
 */
export function resumeSubscription(ctx: Context, id: bigint): Promise<Outcome> {
  return act(ctx, id, 'resume', (sub) => (sub.state === 'suspended' ? unsuspend(sub) : unpause(sub, ctx.now)));
}

function unsuspend(sub: Locked): Change {
  const status = sub.starts_at === null ? 'pending' : sub.paused_at !== null ? 'paused' : 'active';
  return { data: { status, suspended_reason: null }, enforce: 'resumed', detail: { from: 'suspended', to: status } };
}

function unpause(sub: Locked, now: Date): Change {
  if (sub.paused_at === null || sub.expires_at === null)
    throw new Error(`subscription ${sub.id} is paused and has no time of pausing`);
  // What is billed afterwards has no time that could have been left.
  if (sub.postpaid_from !== null)
    return { data: { status: 'active', paused_at: null }, enforce: 'resumed', detail: { from: 'paused' } };
  const expires_at = new Date(sub.expires_at.getTime() + (now.getTime() - sub.paused_at.getTime()));
  return {
    data: { status: 'active', paused_at: null, expires_at },
    enforce: 'resumed',
    detail: { from: 'paused', expires_at },
  };
}
