import type { Context } from '../platform/context';
import { lockSubscription, resumeSubscription, setBack } from '../subscriptions';
import type { Before } from './actions';
import type { Run, UndoOutcome } from './run';

const kept = (note: string): UndoOutcome => ({ outcome: 'kept', note });

/**
 * Gives back the end that it had. Where something else has happened since (a payment, another extension), the end moves back by what the run moved it;
 * unless that would end the service now, which whoever acted since did not mean.
 */
export async function takeBackExtension(ctx: Context, id: bigint, before: Before, run: Run): Promise<UndoOutcome> {
  const sub = await lockSubscription(ctx, id);
  if (!sub || sub.state === 'ended' || sub.expires_at === null || before.expires_at === null) return kept('is_ended');
  const untouched = sub.version === before.version;
  if (!untouched && before.moved_ms === null) return kept('changed_meanwhile');
  const expires_at = untouched
    ? new Date(before.expires_at)
    : new Date(sub.expires_at.getTime() - (before.moved_ms ?? 0));
  if (!untouched && expires_at <= ctx.now) return kept('changed_meanwhile');
  await setBack(ctx, id, { expires_at }, 'extended', { run: run.id, expires_at });
  return { outcome: 'undone' };
}

/** Resumes what the run suspended, unless somebody has decided otherwise since. */
export async function takeBackSuspension(ctx: Context, id: bigint, before: Before, run: Run): Promise<UndoOutcome> {
  const sub = await lockSubscription(ctx, id);
  if (sub?.state !== 'suspended' || sub.suspended_reason !== run.params['reason']) return kept('changed_meanwhile');
  const outcome = await resumeSubscription(ctx, id);
  return outcome.kind === 'done' ? { outcome: 'undone' } : kept('changed_meanwhile');
}

/** Forgets a change at renewal that has not happened yet. A change that has happened would need its own settling. */
export async function takeBackPlanChange(ctx: Context, id: bigint, before: Before, run: Run): Promise<UndoOutcome> {
  const sub = await lockSubscription(ctx, id);
  if (run.params['when'] !== 'renewal') return kept('not_undoable');
  if (!sub || sub.version !== before.version) return kept('changed_meanwhile');
  const next = before.next_plan_version_id === null ? null : BigInt(before.next_plan_version_id);
  await setBack(ctx, id, { next_plan_version_id: next }, undefined, { run: run.id });
  return { outcome: 'undone' };
}
