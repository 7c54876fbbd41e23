import type { Context } from '../platform/context';
import type { Permission } from '../platform/permissions';
import { mustHold } from './move-run';
import { findRun } from './queries';
import type { NewRow, Row, Run } from './run';

/** A row that nothing has become of, and its run, on which nobody works. */
export interface OpenRow {
  run: Run;
  row: Row;
}

/**
 * A row whose fate can still be changed: its run is a draft, or was stopped before it. The run is nobody else's until the transaction ends. Undefined where there is none.
 * @throws Problem 403 for somebody who may not do such work
 */
export async function findOpenRow(ctx: Context, runId: bigint, seq: bigint): Promise<OpenRow | undefined> {
  await ctx.tx.$queryRaw`SELECT 1 FROM bulk_run WHERE id = ${runId} FOR UPDATE`;
  const run = await findRun(ctx, runId);
  if (!run || (run.state !== 'draft' && run.state !== 'stopped')) return undefined;
  mustHold(ctx, run.permission as Permission);
  const [row] = await ctx.tx.$queryRaw<Row[]>`
    SELECT * FROM bulk_row WHERE run_id = ${runId} AND seq::bigint = ${seq} AND fate = 'will' AND outcome IS NULL`;
  return row && { run, row };
}

/** Gives a row that `findOpenRow` gave another fate. */
export async function changeRow(
  ctx: Context,
  { run_id, seq }: Pick<Row, 'run_id' | 'seq'>,
  to: Pick<NewRow, 'note' | 'subscriber_id' | 'data'>,
): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE bulk_row SET note = ${to.note}, subscriber_id = ${to.subscriber_id}::bigint, data = ${JSON.stringify(to.data)}::jsonb
    WHERE run_id = ${run_id} AND seq = ${seq} AND outcome IS NULL`;
}
