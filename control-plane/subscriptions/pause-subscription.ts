import type { Context } from '../platform/context';
import { act, type Outcome } from './standing';

/** Stops service and its clock; resume gives back the time that was left, to the second. */
export function pauseSubscription(ctx: Context, id: bigint): Promise<Outcome> {
  return act(ctx, id, 'pause', (sub) => {
    if (sub.unused_validities > 0) {
      const message = 'Its validity begins with its first session, so no time is running that could be stopped.';
      return { kind: 'refused', code: 'not_used_yet', message };
    }
    return {
      data: { status: 'paused', paused_at: ctx.now },
      enforce: 'paused',
      detail: { expires_at: sub.expires_at },
    };
  });
}
