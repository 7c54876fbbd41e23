import type { Context } from '../platform/context';
import { applyChange } from './standing';

/**
 * Takes a change back that the caller has decided under the lock: the end or the plan of the next renewal as it was before.
 * @param enforce tells the network, where the service is another now; undefined where it is not
 */
export async function setBack(
  ctx: Context,
  id: bigint,
  data: { expires_at: Date } | { next_plan_version_id: bigint | null },
  enforce: string | undefined,
  detail: Record<string, unknown>,
): Promise<void> {
  await applyChange(ctx, id, 'subscriptions.set_back', { data, enforce, detail });
}
