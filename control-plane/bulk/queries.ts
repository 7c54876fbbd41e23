import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Row, Run } from './run';
import type { RowAnswer, RunAnswer } from './schema';

export type FoundRun = Run & { notes: Record<string, number>; online: number };

/** What is private is seen by who may do such work; for others it is not there. */
const seen = ({ actor }: Context): Prisma.Sql =>
  actor.kind === 'staff'
    ? Prisma.sql`(NOT r.private OR r.permission = ANY (${[...actor.permissions]}::text[]))`
    : Prisma.sql`true`;

/** A run with why rows are left out, and how many of those to be worked on are online. */
export async function findRun(ctx: Context, id: bigint): Promise<FoundRun | undefined> {
  const [run] = await ctx.tx.$queryRaw<FoundRun[]>`
    SELECT r.*, coalesce((SELECT jsonb_object_agg(n.note, n.many) FROM (
             SELECT w.note, count(*)::int AS many FROM bulk_row w WHERE w.run_id = r.id AND w.note IS NOT NULL GROUP BY w.note) n), '{}') AS notes,
           (SELECT count(*)::int FROM bulk_row w WHERE w.run_id = r.id AND w.fate = 'will' AND w.data ->> 'online' = 'true') AS online
    FROM bulk_run r WHERE r.id = ${id} AND ${seen(ctx)}`;
  return run;
}

/** Runs, newest first. */
export async function listRuns(
  ctx: Context,
  {
    limit,
    before,
    state,
    action,
  }: { limit: number; before: bigint | undefined; state?: string | undefined; action?: string | undefined },
): Promise<Page<Run>> {
  const rows = await ctx.tx.$queryRaw<Run[]>`
    SELECT * FROM bulk_run r WHERE ${seen(ctx)} AND ${before === undefined ? Prisma.sql`true` : Prisma.sql`r.id < ${before}`}
      AND (${state ?? null}::text IS NULL OR r.state = ${state ?? null}) AND (${action ?? null}::text IS NULL OR r.action = ${action ?? null})
    ORDER BY r.id DESC LIMIT ${limit + 1}`;
  return pageOf(
    rows,
    limit,
    (row) => row.id,
    (row) => row,
  );
}

export const rowViews = ['will', 'wont', 'done', 'refused', 'undone', 'kept'] as const;
export type RowView = (typeof rowViews)[number];

/** Rows of a run in their order: those that will or will not be worked on, or those with an outcome. */
export async function listRows(
  ctx: Context,
  runId: bigint,
  { view, limit, after }: { view?: RowView | undefined; limit: number; after: bigint | undefined },
): Promise<Page<Row>> {
  const which =
    view === undefined
      ? Prisma.sql`true`
      : view === 'will' || view === 'wont'
        ? Prisma.sql`w.fate = ${view} AND w.outcome IS NULL`
        : Prisma.sql`w.outcome = ${view}`;
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT * FROM bulk_row w WHERE w.run_id = ${runId} AND w.seq > ${Number(after ?? 0n)} AND ${which} ORDER BY w.seq LIMIT ${limit + 1}`;
  return pageOf(
    rows,
    limit,
    (row) => BigInt(row.seq),
    (row) => row,
  );
}

const iso = (at: Date | null) => at?.toISOString() ?? null;

/** A run in the words of the API. */
export function runOf(run: FoundRun | Run): RunAnswer {
  const { action, state, params, total, planned, done, refused, undone, kept } = run;
  return {
    id: run.id.toString(),
    action,
    state,
    params,
    total,
    planned,
    done,
    refused,
    undone,
    kept,
    notes: 'notes' in run ? run.notes : {},
    online: 'online' in run ? run.online : 0,
    created_by: run.created_by_name,
    created_at: run.created_at.toISOString(),
    started_at: iso(run.started_at),
    finished_at: iso(run.finished_at),
  };
}

export function rowOf(row: Row): RowAnswer {
  return {
    seq: row.seq,
    label: row.label,
    client_id: row.subscriber_id?.toString() ?? null,
    subscription_id: row.subscription_id?.toString() ?? null,
    fate: row.fate,
    outcome: row.outcome,
    note: row.note,
  };
}
