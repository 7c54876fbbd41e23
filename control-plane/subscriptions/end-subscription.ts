import type { Context } from '../platform/context';
import { contractOf, takeEarlyFee } from './contract';
import { act, type Outcome } from './standing';

/**
 * Ends a subscription for good and cuts it. Its username, password and address are free again: the row keeps the name with its id behind it,
 * while sessions and usage keep the name they were made under.
 * @param early what becomes of the fee when its contract is not over: taken from the wallet (refused when it does not hold so much), or waived,
 * which the audit keeps
 */
export function endSubscription(ctx: Context, id: bigint, early: 'charge' | 'waive' = 'waive'): Promise<Outcome> {
  return act(ctx, id, 'end', async (sub) => {
    const contract = await contractOf(ctx, id);
    const fee = contract?.is_running ? contract.fee_cents : 0n;
    if (fee > 0n && early === 'charge' && !(await takeEarlyFee(ctx, sub, fee))) {
      const message = `The wallet does not hold the fee of ${fee} cents for leaving the contract early. Take a payment first, or waive the fee.`;
      return { kind: 'refused', code: 'early_fee_short', message };
    }
    return {
      data: {
        status: 'ended',
        username: `${sub.username.slice(0, 100)}~${id}`,
        static_ip: null,
        next_plan_version_id: null,
      },
      enforce: 'ended',
      detail: {
        username: sub.username,
        ...(fee > 0n ? { early_fee_cents: fee, early_fee: early === 'charge' ? 'taken' : 'waived' } : {}),
      },
    };
  });
}
