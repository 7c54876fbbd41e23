import type { Context } from '../platform/context';
import { withinCount } from './purchase';
import { isLimited } from './start-cycle';
import { act, type Outcome } from './standing';

/** Adds bytes to the running cycle; a capped or throttled subscription is served again at once. They end with the validity. */
export function topUpSubscription(ctx: Context, id: bigint, bytes: bigint): Promise<Outcome> {
  return act(ctx, id, 'top_up', (sub) => {
    if (sub.quota_bytes === null && !isLimited(sub.plan)) {
      return {
        kind: 'refused',
        code: 'unlimited',
        message: 'Its package has no data limit, so there is nothing to top up.',
      };
    }
    if (sub.starts_at === null)
      return { kind: 'refused', code: 'not_begun', message: 'It has not begun: resume and activate it first.' };
    return {
      data: { topup_bytes: withinCount(sub.quota_bytes ?? 0n, sub.topup_bytes + bytes) },
      enforce: 'topped_up',
      detail: { bytes },
    };
  });
}
