import type { Context } from '../platform/context';
import { startCycle } from './start-cycle';
import { act, type Outcome } from './standing';

/** Begins a pending subscription that was sold and paid elsewhere, up to the end that was promised there; one that has passed makes it expired. */
export function beginUntil(ctx: Context, id: bigint, expires_at: Date): Promise<Outcome> {
  return act(ctx, id, 'activate', async (sub) => {
    const begun = await startCycle(ctx, sub, 'renewed');
    const starts_at = expires_at < ctx.now ? expires_at : ctx.now;
    return {
      ...begun,
      data: { ...begun.data, starts_at, expires_at, unused_validities: 0 },
      detail: { ...begun.detail, expires_at },
    };
  });
}
