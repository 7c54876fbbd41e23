import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Actor, Context } from '../platform/context';
import type { Database } from '../platform/db/prisma';
import { isRetryable } from '../platform/db/faults';
import { idField } from '../platform/http/input';
import type { NamedTask } from '../platform/jobs/task';
import { planRows } from './plan-rows';
import type { Row, RowDoer, RowOutcome, Run, UndoOutcome } from './run';
import { tellRun } from './tell-run';

/** A chunk ends after so many rows or so much time: locks are short, and a killed process loses little. */
const CHUNK_ROWS = 50;
const CHUNK_ROWS_TOGETHER = 100;
const CHUNK_MS = 1_500;

const payload = z.object({ tenant: idField, run: idField });

/** The task that does the rows of a slice's runs, for its tasks.ts. */
export function workTask(name: string, doer: RowDoer): NamedTask {
  return [
    name,
    async (given, { job }, { db }) => {
      const { tenant, run } = payload.parse(given);
      await workRun(db, tenant, run, doer, `job-${job.id}`);
    },
  ];
}

/** Plans a run that waits for that; does a run's rows until none is left, it is stopped, or another process is at it. */
export async function workRun(
  db: Database,
  tenantId: bigint,
  runId: bigint,
  doer: RowDoer,
  requestId: string,
): Promise<void> {
  const system: Actor = { kind: 'system', id: null, name: 'bulk', ip: null, permissions: new Set() };
  const actor = await db.inTenant({ tenantId, actor: system, requestId }, (ctx) => actorOf(ctx, runId));
  if (!actor) return;
  if (doer.plan) await planRows(db, { tenantId, actor, requestId }, runId, doer.plan);
  while (await db.inTenant({ tenantId, actor, requestId }, (ctx) => chunk(ctx, runId, doer)));
}

/** Who asked for the run stands in the audit of each of its rows. */
async function actorOf(ctx: Context, runId: bigint): Promise<Actor | undefined> {
  const [run] = await ctx.tx.$queryRaw<Run[]>`SELECT * FROM bulk_run WHERE id = ${runId}`;
  return run && { kind: 'staff', id: run.created_by, name: run.created_by_name, ip: null, permissions: new Set() };
}

type Results = Map<number, RowOutcome | UndoOutcome>;

/** @returns whether there is more to do */
async function chunk(ctx: Context, runId: bigint, doer: RowDoer): Promise<boolean> {
  const [run] = await ctx.tx.$queryRaw<Run[]>`
    SELECT * FROM bulk_run WHERE id = ${runId} AND state IN ('running', 'undoing') FOR UPDATE SKIP LOCKED`;
  if (!run) return false;
  const together = run.state === 'running' ? doer.workTogether?.bind(doer) : doer.undoTogether?.bind(doer);
  const most = together ? CHUNK_ROWS_TOGETHER : CHUNK_ROWS;
  const rows = await nextRows(ctx, run, most);
  const until = Date.now() + CHUNK_MS;
  const results: Results = together ? await many(ctx, run, rows, together) : new Map();
  await write(ctx, run, results, doer);
  for (const row of rows) {
    if (results.has(row.seq)) continue;
    if (results.size > 0 && Date.now() > until) break;
    const result = await one(ctx, run, row, doer);
    await write(ctx, run, new Map([[row.seq, result]]), doer);
    results.set(row.seq, result);
  }
  const count = { done: 0, refused: 0, undone: 0, kept: 0 };
  for (const { outcome } of results.values()) count[outcome] += 1;
  await ctx.tx.$executeRaw`
    UPDATE bulk_run SET beat_at = clock_timestamp(), done = done + ${count.done - count.undone - count.kept}, refused = refused + ${count.refused},
      undone = undone + ${count.undone}, kept = kept + ${count.kept} WHERE id = ${runId}`;
  const over = results.size === rows.length && rows.length < most;
  if (over) await finish(ctx, run);
  await tellRun(ctx, runId);
  return !over;
}

function nextRows(ctx: Context, run: Run, most: number): Promise<Row[]> {
  return run.state === 'running'
    ? ctx.tx.$queryRaw<Row[]>`
        SELECT * FROM bulk_row WHERE run_id = ${run.id} AND fate = 'will' AND outcome IS NULL ORDER BY seq LIMIT ${most}`
    : ctx.tx.$queryRaw<Row[]>`
        SELECT * FROM bulk_row WHERE run_id = ${run.id} AND outcome = 'done' ORDER BY seq LIMIT ${most}`;
}

/** What can be done at once, inside a savepoint: when that goes wrong, each row is tried by itself and says why. */
async function many(
  ctx: Context,
  run: Run,
  rows: Row[],
  work: (ctx: Context, run: Run, rows: Row[]) => Promise<Results>,
): Promise<Results> {
  if (rows.length === 0) return new Map();
  try {
    return await inSavepoint(
      ctx,
      () => work(ctx, run, rows),
      () => true,
    );
  } catch (error) {
    if (isRetryable(error)) throw error;
    ctx.log.warn({ err: error, run: run.id.toString() }, 'rows of a bulk run are done one by one');
    return new Map();
  }
}

/** One row inside its savepoint: a row that cannot be done leaves nothing behind and spoils no other. */
async function one(ctx: Context, run: Run, row: Row, doer: RowDoer): Promise<RowOutcome | UndoOutcome> {
  try {
    return await inSavepoint<RowOutcome | UndoOutcome>(
      ctx,
      () => (run.state === 'running' ? doer.work(ctx, run, row) : doer.undo(ctx, run, row)),
      ({ outcome }) => outcome === 'done' || outcome === 'undone',
    );
  } catch (error) {
    // The whole chunk is tried again by the database's keeper.
    if (isRetryable(error)) throw error;
    ctx.log.error({ err: error, run: run.id.toString(), row: row.seq }, 'a row of a bulk run failed');
    return run.state === 'running' ? { outcome: 'refused', note: 'failed' } : { outcome: 'kept', note: 'failed' };
  }
}

async function inSavepoint<T>(ctx: Context, work: () => Promise<T>, keep: (result: T) => boolean): Promise<T> {
  await ctx.tx.$executeRaw`SAVEPOINT bulk_row`;
  try {
    const result = await work();
    await (keep(result)
      ? ctx.tx.$executeRaw`RELEASE SAVEPOINT bulk_row`
      : ctx.tx.$executeRaw`ROLLBACK TO SAVEPOINT bulk_row`);
    return result;
  } catch (error) {
    if (!isRetryable(error)) await ctx.tx.$executeRaw`ROLLBACK TO SAVEPOINT bulk_row`;
    throw error;
  }
}

async function write(ctx: Context, run: Run, results: Results, { forget = [] }: RowDoer): Promise<void> {
  if (results.size === 0) return;
  const rows = [...results].map(([seq, result]) => ({ seq, ...result }));
  const text = JSON.stringify(rows, (_key, v: unknown) => (typeof v === 'bigint' ? v.toString() : v));
  await ctx.tx.$executeRaw`
    UPDATE bulk_row b SET outcome = r.outcome, note = coalesce(r.note, CASE r.outcome WHEN 'done' THEN b.note END), at = ${ctx.now}, before = coalesce(r.before, b.before), data = b.data - ${forget}::text[],
      subscription_id = coalesce(r.subscription_id, b.subscription_id), subscriber_id = coalesce(r.subscriber_id, b.subscriber_id)
    FROM jsonb_to_recordset(${text}::jsonb)
      AS r (seq int, outcome text, note text, before jsonb, subscription_id bigint, subscriber_id bigint)
    WHERE b.run_id = ${run.id} AND b.seq = ANY (${[...results.keys()]}::int[]) AND b.seq = r.seq`;
}

async function finish(ctx: Context, run: Run): Promise<void> {
  const state = run.state === 'running' ? 'done' : 'undone';
  const [now] = await ctx.tx.$queryRaw<Run[]>`
    UPDATE bulk_run SET state = ${state}, finished_at = ${ctx.now} WHERE id = ${run.id} RETURNING *`;
  const { total, done, refused, undone, kept } = now as Run;
  await recordAudit(
    ctx,
    state === 'done' ? 'bulk.finish' : 'bulk.undone',
    { type: 'bulk_run', id: run.id },
    { action: run.action, total, done, refused, undone, kept },
  );
}
