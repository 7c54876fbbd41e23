import type { Context } from '../platform/context';
import type { Advance, Learned, Work } from './advance';
import type { Failure } from './words';

export interface RunAtHand extends Work {
  routerId: bigint;
  batch: string;
}

/** A run that is to go on; one that waits is begun by it. undefined: over, or gone with its router. */
export async function findWork(ctx: Context, runId: bigint): Promise<RunAtHand | undefined> {
  const [found] = await ctx.tx.$queryRaw<(Omit<RunAtHand, 'routerId'> & { nas_id: bigint })[]>`
    UPDATE firmware_run r SET state = 'running', step_at = CASE WHEN r.state = 'waiting' THEN lango_now() ELSE r.step_at END
    WHERE r.id = ${runId} AND r.state IN ('waiting', 'running')
    RETURNING r.nas_id, r.batch::text, r.step, r.board, r.version_before, r.version_wanted,
              extract(epoch FROM lango_now() - r.step_at)::float8 AS step_age_s, extract(epoch FROM lango_now() - r.restarted_at)::float8 AS restart_age_s`;
  if (!found) return undefined;
  const { nas_id: routerId, ...work } = found;
  return { ...work, routerId };
}

/** On to the next step. When a restart follows, its moment is written down before it is asked for. */
export async function moveRun(ctx: Context, runId: bigint, to: Extract<Advance, { kind: 'next' }>): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE firmware_run SET step_at = CASE WHEN step = ${to.step} THEN step_at ELSE lango_now() END, step = ${to.step},
      restarted_at = CASE WHEN ${to.restarts === true} THEN lango_now() ELSE restarted_at END
    WHERE id = ${runId} AND state = 'running'`;
  await learn(ctx, runId, to.learned ?? {});
  await enqueue(ctx, runId, to.after_ms);
}

export async function finishRun(ctx: Context, runId: bigint, learned: Learned): Promise<void> {
  await learn(ctx, runId, learned);
  await ctx.tx
    .$executeRaw`UPDATE firmware_run SET state = 'done', finished_at = lango_now() WHERE id = ${runId} AND state = 'running'`;
}

/** Ends a run without success; those of its batch that wait are not begun. */
export async function failRun(ctx: Context, runId: bigint, why: Failure): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE firmware_run SET state = 'failed', fault = ${why.fault}, fault_words = ${why.words}, finished_at = lango_now() WHERE id = ${runId} AND state = 'running'`;
  await ctx.tx.$executeRaw`
    UPDATE firmware_run SET state = 'stopped', finished_at = lango_now()
    WHERE state = 'waiting' AND batch = (SELECT batch FROM firmware_run WHERE id = ${runId})`;
}

/** Begins the first run of a batch that waits. */
export async function startNext(ctx: Context, batch: string): Promise<void> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM firmware_run WHERE batch = ${batch}::uuid AND state = 'waiting' ORDER BY id LIMIT 1`;
  if (row) await enqueue(ctx, row.id, 0);
}

async function learn(ctx: Context, runId: bigint, learned: Learned): Promise<void> {
  if (Object.keys(learned).length === 0) return;
  await ctx.tx.$executeRaw`
    UPDATE firmware_run SET version_before = coalesce(${learned.version_before ?? null}, version_before), version_wanted = coalesce(${learned.version_wanted ?? null}, version_wanted),
      version_after = coalesce(${learned.version_after ?? null}, version_after), board_before = coalesce(${learned.board_before ?? null}, board_before),
      board_after = coalesce(${learned.board_after ?? null}, board_after) WHERE id = ${runId}`;
}

async function enqueue(ctx: Context, runId: bigint, after_ms: number): Promise<void> {
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('firmware.step', json_build_object('run_id', ${runId}::text, 'tenant_id', ${ctx.tenantId}::text),
                       CASE WHEN ${after_ms}::int > 0 THEN now() + make_interval(secs => ${after_ms}::int / 1000.0) END, ${`firmware.step:${runId}`})`;
}
