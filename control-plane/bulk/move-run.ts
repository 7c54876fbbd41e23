import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { forbidden } from '../platform/http/problem';
import type { Permission } from '../platform/permissions';
import type { Run, RunState } from './run';

export type Move = 'start' | 'stop' | 'undo' | 'discard';
export type MoveOutcome = { kind: 'done' } | { kind: 'not_found' } | { kind: 'refused'; state: RunState };

/** From which states each move leads where; null: nothing is left. What was stopped goes on, or is undone, as it stands. */
const moves: Record<Move, { from: readonly RunState[]; to: RunState | null }> = {
  start: { from: ['draft', 'stopped'], to: 'running' },
  stop: { from: ['running'], to: 'stopped' },
  undo: { from: ['done', 'stopped'], to: 'undoing' },
  discard: { from: ['draft', 'planning', 'failed'], to: null },
};

export function mayMove(run: Pick<Run, 'state'>, move: Move): boolean {
  return moves[move].from.includes(run.state);
}

/**
 * Starts, stops, undoes or throws away a run. Waits for the chunk in hand, so that what the answer says holds.
 * @throws Problem 403 for somebody who may not do such work
 */
export async function moveRun(ctx: Context, id: bigint, move: Move): Promise<MoveOutcome> {
  const [run] = await ctx.tx.$queryRaw<Run[]>`SELECT * FROM bulk_run WHERE id = ${id} FOR UPDATE`;
  if (!run) return { kind: 'not_found' };
  mustHold(ctx, run.permission as Permission);
  if (!mayMove(run, move)) return { kind: 'refused', state: run.state };
  const { to } = moves[move];
  if (to === null) {
    await ctx.tx.$executeRaw`DELETE FROM bulk_run WHERE id = ${id}`;
    return { kind: 'done' };
  }
  await ctx.tx.$executeRaw`
    UPDATE bulk_run SET state = ${to}, beat_at = clock_timestamp(), started_at = coalesce(started_at, ${ctx.now}), finished_at = NULL WHERE id = ${id}`;
  await recordAudit(ctx, `bulk.${move}`, { type: 'bulk_run', id }, { action: run.action, planned: run.planned });
  if (to !== 'stopped') await enqueueRun(ctx, run);
  return { kind: 'done' };
}

/** @throws Problem 403 */
export function mustHold(ctx: Context, permission: Permission): void {
  if (ctx.actor.kind === 'staff' && !ctx.actor.permissions.has(permission)) throw forbidden(permission);
}

/** Hands a run to the queue. */
export async function enqueueRun(ctx: Context, run: Pick<Run, 'id' | 'task'>): Promise<void> {
  const payload = JSON.stringify({ tenant: ctx.tenantId.toString(), run: run.id.toString() });
  await ctx.tx.$executeRaw`SELECT job_enqueue(${run.task}, ${payload}::json, NULL, ${`bulk:${run.id}`})`;
}
