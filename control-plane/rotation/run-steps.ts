import type { Context } from '../platform/context';
import type { Advance, Fault, Step } from './advance';
import type { OurRow } from './radius-rows';
import { enqueueStep } from './start-rotation';

/** A run that is to go on, as its row says. */
export interface RunAtHand {
  routerId: bigint;
  router: string;
  step: Step;
  age_ms: number;
  tries: number;
  rows: OurRow[];
  fault: Fault | null;
  way: 'direct' | 'tunnel';
  host: string;
}

/**
 * Takes a run in hand. What a step waits for hosts to know counts from here on: from after the moment at which it was committed.
 * @returns undefined: it is over, or gone with its router
 */
export async function findWork(ctx: Context, runId: bigint): Promise<RunAtHand | undefined> {
  const [found] = await ctx.tx.$queryRaw<(Omit<RunAtHand, 'routerId'> & { nas_id: bigint })[]>`
    UPDATE rotation_run r SET begun_clock = coalesce(r.begun_clock, clock_timestamp()), looked_clock = clock_timestamp()
    FROM nas n LEFT JOIN provisioning_router p ON p.nas_id = n.id
    WHERE r.id = ${runId} AND r.state = 'running' AND n.id = r.nas_id
    RETURNING r.nas_id, n.name AS router, r.step, r.tries, r.rows, r.fault, coalesce(p.way, 'direct') AS way,
      (extract(epoch FROM clock_timestamp() - r.begun_clock) * 1000)::float8 AS age_ms, coalesce((SELECT i.host FROM provisioning_installation i), '') AS host`;
  if (!found) return undefined;
  const { nas_id: routerId, ...work } = found;
  return { ...work, routerId };
}

/** On to the next step, in one transaction with what belongs to it. Nothing, when somebody else was there first. */
export async function moveRun(
  ctx: Context,
  runId: bigint,
  from: Step,
  to: Extract<Advance, { kind: 'next' }>,
): Promise<void> {
  const moved = await ctx.tx.$executeRaw`
    UPDATE rotation_run SET step = ${to.step}, times = times || jsonb_build_object(${to.step}::text, lango_now()), begun_clock = NULL, due_clock = clock_timestamp(), tries = 0, fault = NULL, fault_words = '',
      rows = coalesce(${to.rows ? JSON.stringify(to.rows) : null}::jsonb, rows)
    WHERE id = ${runId} AND state = 'running' AND step = ${from}`;
  if (moved === 0) return;
  if (to.also === 'adopt') await ctx.tx.$executeRaw`SELECT rotation_adopt(${runId})`;
  if (to.also === 'withdraw') await ctx.tx.$executeRaw`SELECT rotation_withdraw(${runId})`;
  await enqueueStep(ctx, runId, to.after_ms);
}

/** The same step again, later. */
export async function repeatStep(
  ctx: Context,
  runId: bigint,
  from: Step,
  why: Extract<Advance, { kind: 'again' }>,
): Promise<void> {
  const after_ms = Math.max(1, Math.ceil(why.after_ms));
  const there = await ctx.tx.$executeRaw`
    UPDATE rotation_run SET due_clock = clock_timestamp() + make_interval(secs => ${after_ms}::int / 1000.0), tries = tries + ${why.waits ? 0 : 1}::int,
      fault = CASE WHEN ${why.waits} THEN fault ELSE ${why.waits ? null : why.fault} END, fault_words = left(${why.waits ? '' : why.words}, 200)
    WHERE id = ${runId} AND state = 'running' AND step = ${from}`;
  if (there > 0) await enqueueStep(ctx, runId, after_ms);
}

/** Ends a run without success. What the router holds is what is kept here: it was not told anything else, or has been proven. */
export async function failRun(
  ctx: Context,
  runId: bigint,
  why: Extract<Advance, { kind: 'failed' }>,
): Promise<boolean> {
  const ended = await ctx.tx.$executeRaw`
    UPDATE rotation_run SET state = 'failed', fault = ${why.fault}, fault_words = left(${why.words}, 200), api_password_enc = NULL, finished_at = lango_now()
    WHERE id = ${runId} AND state = 'running'`;
  return ended > 0;
}

/** The router has let us in with its new password, which is the only one from now on. */
export async function finishRun(ctx: Context, runId: bigint): Promise<boolean> {
  await ctx.tx.$executeRaw`
    UPDATE nas n SET api_password_enc = r.api_password_enc, version = n.version + 1 FROM rotation_run r WHERE r.id = ${runId} AND r.state = 'running' AND n.id = r.nas_id`;
  const ended = await ctx.tx.$executeRaw`
    UPDATE rotation_run SET state = 'done', fault = NULL, fault_words = '', api_password_enc = NULL, finished_at = lango_now() WHERE id = ${runId} AND state = 'running'`;
  return ended > 0;
}
