import type { Context } from '../platform/context';
import { act, type Outcome } from './standing';

/**
 * Ends a subscription for good and cuts it. Its username, password and address are free again: the row keeps the name with its id behind it,
 * while sessions and usage keep the name they were made under.
 */
export function endSubscription(ctx: Context, id: bigint): Promise<Outcome> {
  return act(ctx, id, 'end', (sub) => ({
    data: {
      status: 'ended',
      username: `${sub.username.slice(0, 100)}~${id}`,
      static_ip: null,
      next_plan_version_id: null,
    },
    enforce: 'ended',
    detail: { username: sub.username },
  }));
}
