import type { Context } from '../platform/context';
import { startCycle } from './start-cycle';
import { act, type Outcome } from './standing';

/** Begins a pending subscription now, without money: for trials and contracts billed elsewhere. A payment does the same by itself. */
export function activateSubscription(ctx: Context, id: bigint): Promise<Outcome> {
  return act(ctx, id, 'activate', (sub) => startCycle(ctx, sub, 'renewed'));
}
