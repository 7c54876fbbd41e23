import type { Context } from '../platform/context';
import { act, type Outcome } from './standing';

/** Shuts the gate by hand, for a reason that staff will read. Its validity runs on meanwhile. */
export function suspendSubscription(ctx: Context, id: bigint, reason: string): Promise<Outcome> {
  return act(ctx, id, 'suspend', () => ({
    data: { status: 'suspended', suspended_reason: reason },
    enforce: 'suspended',
    detail: { reason },
  }));
}
