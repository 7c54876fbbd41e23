import type { Context } from '../platform/context';
import { addValidity, type Validity } from './add-validity';
import { act, type Outcome } from './standing';

/** Gives time as a gift: to the running validity, or from now when that is over. Data is not topped up and no cycle begins. */
export function extendSubscription(ctx: Context, id: bigint, by: Pick<Validity, 'count' | 'unit'>): Promise<Outcome> {
  return act(ctx, id, 'extend', (sub) => {
    if (sub.unused_validities > 0) {
      const message = 'Its validity begins with its first session, so it has no end to move yet.';
      return { kind: 'refused', code: 'not_used_yet', message };
    }
    if (sub.expires_at === null) {
      return {
        kind: 'refused',
        code: 'not_begun',
        message: 'It has not begun, so it has no end to move. Resume and activate it first.',
      };
    }
    // Paused: its clock stands, so the remaining time grows wherever the calendar is.
    const running = sub.paused_at !== null || sub.expires_at > ctx.now;
    const expires_at = addValidity(running ? sub.expires_at : ctx.now, by, sub.timezone);
    return { data: { expires_at }, enforce: 'extended', detail: { ...by, expires_at } };
  });
}
