import type { Context } from '../../platform/context';
import { failPayout, lockPayout, settlePayout } from './close-payout';
import type { MarkInput } from './schema';

export type MarkOutcome = 'done' | 'not_found' | 'not_yours';

/** A person says what became of a payout: one paid by hand, or one that the provider never told of. While it is being asked about nobody may. */
export async function markPayout(ctx: Context, id: bigint, input: MarkInput): Promise<MarkOutcome> {
  const row = await lockPayout(ctx, id);
  if (!row) return 'not_found';
  const [open] = await ctx.tx.$queryRaw<{ may: boolean }[]>`
    SELECT p.due_at IS NULL AND p.state IN ('sending', 'unknown') AND (r.method = 'hand' OR p.state = 'unknown') AS may
    FROM reseller_payout p JOIN reseller_payout_run r ON r.id = p.run_id WHERE p.id = ${id}`;
  if (!open?.may) return 'not_yours';
  const steps = [{ step: 'by_hand', detail: ctx.actor.name }];
  if (input.outcome === 'paid') await settlePayout(ctx, id, { from: input.from, reference: input.reference }, steps);
  else await failPayout(ctx, id, { code: 'by_hand', text: input.reason }, steps);
  return 'done';
}
