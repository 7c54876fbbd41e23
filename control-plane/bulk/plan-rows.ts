import type { Actor, Context } from '../platform/context';
import type { Database } from '../platform/db/prisma';
import { countPlanned, insertRows } from './plan-run';
import type { RowPlanner, Run } from './run';
import { tellRun } from './tell-run';

/** A plan that went wrong so often is given up; a person is told. */
const TRIES_MAX = 5;
/** Rows that are written in one transaction: some tens of milliseconds. */
const ROWS_AT_ONCE = 1_000;

/** Somebody discarded the run, or another process took it up: what this one has is nobody's. */
class Overtaken extends Error {}

/**
 * Writes the rows of a run that is being planned, in many short transactions; then it is a draft like any other. Begun again after a process died, it is done anew from
 * its first line: books may have changed. Of two that are at it the later one counts.
 * @throws what the slice throws; the queue tries again, and the fifth time is the last
 */
export async function planRows(
  db: Database,
  { tenantId, actor, requestId }: { tenantId: bigint; actor: Actor; requestId: string },
  runId: bigint,
  planner: RowPlanner,
): Promise<void> {
  const inTenant = <T>(work: (ctx: Context) => Promise<T>) => db.inTenant({ tenantId, actor, requestId }, work);
  const run = await inTenant((ctx) => begin(ctx, runId));
  if (run?.state !== 'planning') return;
  const within = <T>(work: (ctx: Context) => Promise<T>, seen = 0): Promise<T> =>
    inTenant(async (ctx) => {
      await beat(ctx, run, seen);
      return work(ctx);
    });
  try {
    const rows = await planner.rows(within, run);
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE)
      await within((ctx) => insertRows(ctx, run.id, rows.slice(from, from + ROWS_AT_ONCE), from), rows.length);
    await within(async (ctx) => {
      await planner.finish(ctx, run);
      await countPlanned(ctx, run.id);
      await ctx.tx.$executeRaw`UPDATE bulk_run SET state = 'draft' WHERE id = ${run.id}`;
    }, rows.length);
  } catch (error) {
    if (!(error instanceof Overtaken)) throw error;
  }
}

/** Takes the run, and away what an earlier try has written of it. Undefined where there is nothing to plan any more. */
async function begin(ctx: Context, id: bigint): Promise<Run | undefined> {
  const [run] = await ctx.tx.$queryRaw<Run[]>`
    UPDATE bulk_run SET tries = tries + 1, planned = 0, beat_at = clock_timestamp(), state = CASE WHEN tries < ${TRIES_MAX} THEN state ELSE 'failed' END
    WHERE id = ${id} AND state = 'planning' RETURNING *`;
  if (!run) return undefined;
  await ctx.tx.$executeRaw`DELETE FROM bulk_row WHERE run_id = ${id}`;
  await tellRun(ctx, id);
  return run;
}

/** Still at it. The row stays locked until the transaction ends: whoever discards the run waits so long and then finds all of it. */
async function beat(ctx: Context, { id, tries }: Run, seen: number): Promise<void> {
  const mine = await ctx.tx.$executeRaw`
    UPDATE bulk_run SET beat_at = clock_timestamp(), planned = least(total, greatest(planned, ${seen}::int)) WHERE id = ${id} AND state = 'planning' AND tries = ${tries}`;
  if (mine !== 1) throw new Overtaken();
  await tellRun(ctx, id);
}
