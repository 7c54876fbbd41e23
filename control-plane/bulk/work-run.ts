import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Actor, Context } from '../platform/context';
import type { Database } from '../platform/db/prisma';
import { isRetryable } from '../platform/db/faults';
import { idField } from '../platform/http/input';
import type { NamedTask } from '../platform/jobs/task';
import type { Row, RowDoer, RowOutcome, Run, UndoOutcome } from './run';

/** A chunk ends after so many rows or so much time: locks are short, and a killed process loses little. */
const CHUNK_ROWS = 50;
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

/** Does a run's rows until none is left, it is stopped, or another process is at it. */
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
  while (await db.inTenant({ tenantId, actor, requestId }, (ctx) => chunk(ctx, runId, doer)));
}

/** Who asked for the run stands in the audit of each of its rows. */
async function actorOf(ctx: Context, runId: bigint): Promise<Actor | undefined> {
  const [run] = await ctx.tx.$queryRaw<Run[]>`SELECT * FROM bulk_run WHERE id = ${runId}`;
  return run && { kind: 'staff', id: run.created_by, name: run.created_by_name, ip: null, permissions: new Set() };
}

/** @returns whether there is more to do */
async function chunk(ctx: Context, runId: bigint, doer: RowDoer): Promise<boolean> {
  const [run] = await ctx.tx.$queryRaw<Run[]>`
    SELECT * FROM bulk_run WHERE id = ${runId} AND state IN ('running', 'undoing') FOR UPDATE SKIP LOCKED`;
  if (!run) return false;
  const rows = await nextRows(ctx, run);
  const until = Date.now() + CHUNK_MS;
  const count = { done: 0, refused: 0, undone: 0, kept: 0 };
  let worked = 0;
  for (const row of rows) {
    if (worked > 0 && Date.now() > until) break;
    const result = await one(ctx, run, row, doer);
    await write(ctx, row, result);
    count[result.outcome] += 1;
    worked += 1;
  }
  await ctx.tx.$executeRaw`
    UPDATE bulk_run SET beat_at = clock_timestamp(), done = done + ${count.done - count.undone - count.kept}, refused = refused + ${count.refused},
      undone = undone + ${count.undone}, kept = kept + ${count.kept} WHERE id = ${runId}`;
  const over = worked === rows.length && rows.length < CHUNK_ROWS;
  if (over) await finish(ctx, run);
  const live = { tenant: ctx.tenantId.toString(), topic: 'bulk', id: runId.toString() };
  await ctx.tx.$executeRaw`SELECT pg_notify('lango_live', ${JSON.stringify(live)})`;
  return !over;
}

function nextRows(ctx: Context, run: Run): Promise<Row[]> {
  return run.state === 'running'
    ? ctx.tx.$queryRaw<Row[]>`
        SELECT * FROM bulk_row WHERE run_id = ${run.id} AND fate = 'will' AND outcome IS NULL ORDER BY seq LIMIT ${CHUNK_ROWS}`
    : ctx.tx.$queryRaw<Row[]>`
        SELECT * FROM bulk_row WHERE run_id = ${run.id} AND outcome = 'done' ORDER BY seq LIMIT ${CHUNK_ROWS}`;
}

/** One row inside its savepoint: a row that cannot be done leaves nothing behind and spoils no other. */
async function one(ctx: Context, run: Run, row: Row, doer: RowDoer): Promise<RowOutcome | UndoOutcome> {
  await ctx.tx.$executeRaw`SAVEPOINT bulk_row`;
  try {
    const result = await (run.state === 'running' ? doer.work(ctx, run, row) : doer.undo(ctx, run, row));
    await (result.outcome === 'done' || result.outcome === 'undone'
      ? ctx.tx.$executeRaw`RELEASE SAVEPOINT bulk_row`
      : ctx.tx.$executeRaw`ROLLBACK TO SAVEPOINT bulk_row`);
    return result;
  } catch (error) {
    // The whole chunk is tried again by the database's keeper.
    if (isRetryable(error)) throw error;
    await ctx.tx.$executeRaw`ROLLBACK TO SAVEPOINT bulk_row`;
    ctx.log.error({ err: error, run: run.id.toString(), row: row.seq }, 'a row of a bulk run failed');
    return run.state === 'running' ? { outcome: 'refused', note: 'failed' } : { outcome: 'kept', note: 'failed' };
  }
}

async function write(ctx: Context, row: Row, result: RowOutcome | UndoOutcome): Promise<void> {
  const done = result.outcome === 'done' ? result : undefined;
  const text = (value: unknown) =>
    value === undefined ? null : JSON.stringify(value, (_k, v: unknown) => (typeof v === 'bigint' ? v.toString() : v));
  await ctx.tx.$executeRaw`
    UPDATE bulk_row SET outcome = ${result.outcome}, note = ${'note' in result ? result.note : null}, at = ${ctx.now},
      before = coalesce(${text(done?.before)}::jsonb, before), data = coalesce(${text(done?.data)}::jsonb, data),
      subscription_id = coalesce(${done?.subscription_id ?? null}::bigint, subscription_id),
      subscriber_id = coalesce(${done?.subscriber_id ?? null}::bigint, subscriber_id)
    WHERE run_id = ${row.run_id} AND seq = ${row.seq}`;
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
