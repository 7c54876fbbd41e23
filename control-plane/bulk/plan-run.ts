import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { versionOnSale } from '../plans';
import { filterJson, peopleFilter } from '../subscribers';
import { isAllowed, subscriptionStates } from '../subscriptions';
import { actions } from './actions';
import { enqueueRun, mustHold } from './move-run';
import type { NewRow } from './run';
import type { BulkFilter, NewBulk } from './schema';

export const ROWS_MAX = 100_000;

export type PlanOutcome =
  | { kind: 'done'; id: bigint }
  | { kind: 'invalid'; fields: Record<string, string> }
  | { kind: 'too_many'; max: number };

/**
 * Writes a run down as a draft: every service that was chosen, with its fate by the state it is in now. Nothing happens to any of them before it is
 * started; what has changed by then is found out row by row.
 * @throws Problem 403 for somebody who may not do this to a single one
 */
export async function planRun(ctx: Context, input: NewBulk): Promise<PlanOutcome> {
  const action = actions[input.action];
  mustHold(ctx, action.permission);
  if (input.package_id !== undefined && !(await versionOnSale(ctx, input.package_id)))
    return { kind: 'invalid', fields: { package_id: 'is not on sale; list /api/packages for what is' } };
  const id = await insertRun(ctx, {
    action: input.action,
    task: 'bulk.work',
    permission: action.permission,
    params: paramsOf(input),
  });
  const { needs, oncePerPerson } = action;
  const states = subscriptionStates.filter((state) => needs === undefined || isAllowed(state, needs));
  const rows = await ctx.tx.$executeRaw`
    INSERT INTO bulk_row (run_id, seq, tenant_id, subscription_id, subscriber_id, label, data, fate, note)
    SELECT ${id}, row_number() OVER (ORDER BY x.id), ${ctx.tenantId}, x.id, x.subscriber_id, x.username, x.data,
           CASE WHEN x.note IS NULL THEN 'will' ELSE 'wont' END, x.note
    FROM (
      SELECT s.id, s.subscriber_id, s.username,
             jsonb_build_object('name', c.name, 'plan', p.name, 'state', s.state, 'expires_at', CASE WHEN s.unused_validities = 0 THEN s.expires_at END, 'online',
               EXISTS (SELECT 1 FROM session_live l WHERE l.subscription_id = s.id AND l.stopped_at IS NULL)) AS data,
             CASE WHEN s.state <> ALL (${states}) THEN 'is_' || s.state
                  WHEN ${oncePerPerson ?? false} AND row_number() OVER (PARTITION BY s.subscriber_id ORDER BY s.id) > 1 THEN 'once_per_person'
                  WHEN ${input.action} = 'extend' AND s.unused_validities > 0 THEN 'not_used_yet'
                  WHEN ${input.action} = 'extend' AND s.expires_at IS NULL THEN 'not_begun'
                  WHEN ${input.action} = 'change_plan' AND ${input.when ?? ''} = 'now' AND s.plan_id = ${input.package_id ?? null}::bigint THEN 'same_plan' END AS note
      FROM subscription_now s JOIN subscriber c ON c.id = s.subscriber_id JOIN plan p ON p.id = s.plan_id
      WHERE s.tenant_id = ${ctx.tenantId} AND s.status <> 'ended' AND NOT c.is_guests AND ${await chosen(ctx, input)}
      LIMIT ${ROWS_MAX + 1}) x`;
  if (rows > ROWS_MAX) {
    await ctx.tx.$executeRaw`DELETE FROM bulk_run WHERE id = ${id}`;
    return { kind: 'too_many', max: ROWS_MAX };
  }
  await countPlanned(ctx, id);
  return { kind: 'done', id };
}

export interface NewRun {
  action: string;
  task: string;
  permission: string;
  private?: boolean;
  params: Record<string, unknown>;
  /** Its rows are written by the queue (`RowDoer.plan`), and there will be so many; without this the caller writes them. */
  lines?: number;
}

/** A draft without rows yet, in the name of who asks. */
export async function insertRun(ctx: Context, run: NewRun): Promise<bigint> {
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const state = run.lines === undefined ? 'draft' : 'planning';
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO bulk_run (tenant_id, action, task, permission, private, params, state, total, beat_at, created_by, created_by_name, created_at)
    VALUES (${ctx.tenantId}, ${run.action}, ${run.task}, ${run.permission}, ${run.private ?? false}, ${JSON.stringify(run.params)}::jsonb, ${state}, ${run.lines ?? 0}, clock_timestamp(),
      ${staffId}::bigint, ${ctx.actor.name}, ${ctx.now})
    RETURNING id`;
  if (!row) throw new Error('The run was not written.');
  if (run.lines !== undefined) await enqueueRun(ctx, { id: row.id, task: run.task });
  return row.id;
}

const ROWS_AT_ONCE = 1_000;

/** Writes the rows of a run down in their order, and counts those that will be worked on. */
export async function insertAllRows(ctx: Context, run: bigint, rows: readonly NewRow[]): Promise<void> {
  await insertRows(ctx, run, rows, 0);
  await countPlanned(ctx, run);
}

/** Writes rows of a run down; before them come so many others. */
export async function insertRows(ctx: Context, run: bigint, rows: readonly NewRow[], before: number): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const some = rows.slice(from, from + ROWS_AT_ONCE);
    const first = before + from + 1;
    const written = some.map(({ label, ...row }, at) => ({ seq: first + at, label: label.slice(0, 128), ...row }));
    await ctx.tx.$executeRaw`
      INSERT INTO bulk_row (run_id, seq, tenant_id, subscriber_id, label, data, fate, note)
      SELECT ${run}, r.seq, ${ctx.tenantId}, r.subscriber_id, r.label, r.data, r.fate, r.note
      FROM jsonb_to_recordset(${JSON.stringify(written)}::jsonb) AS r (seq int, subscriber_id bigint, label text, data jsonb, fate text, note text)`;
  }
}

/** Counts the rows that were planned. */
export async function countPlanned(ctx: Context, id: bigint): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE bulk_run SET total = n.total, planned = n.planned
    FROM (SELECT count(*)::int AS total, count(*) FILTER (WHERE fate = 'will')::int AS planned FROM bulk_row WHERE run_id = ${id}) n WHERE id = ${id}`;
}

function paramsOf({ action, days, reason, text, package_id, when, filter }: NewBulk): Record<string, unknown> {
  const all = {
    days: action === 'extend' ? days : undefined,
    reason: action === 'suspend' ? reason : undefined,
    text: action === 'message' ? text?.replace(/\r\n?/g, '\n') : undefined,
    package_id: action === 'change_plan' ? package_id?.toString() : undefined,
    when: action === 'change_plan' ? when : undefined,
    filter: filter && { ...filter, package_id: filter.package_id?.toString(), router_id: filter.router_id?.toString() },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

async function chosen(ctx: Context, input: NewBulk): Promise<Prisma.Sql> {
  if (input.subscription_ids) return Prisma.sql`s.id = ANY (${input.subscription_ids}::bigint[])`;
  if (input.client_ids) return Prisma.sql`s.subscriber_id = ANY (${input.client_ids}::bigint[])`;
  return matching(ctx, input.filter ?? {});
}

async function matching(ctx: Context, filter: BulkFilter): Promise<Prisma.Sql> {
  const all: Prisma.Sql[] = [Prisma.sql`c.deleted_at IS NULL`];
  if (filter.state !== undefined) all.push(Prisma.sql`s.state = ${filter.state}`);
  if (filter.package_id !== undefined) all.push(Prisma.sql`s.plan_id = ${filter.package_id}`);
  const { q, online, expires, joined } = filter;
  if (q || online !== undefined || expires || joined) {
    // Of people: by the meaning of the console's list, so that its "all that match" is what is meant here.
    const { timezone } = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
    const asked = { q, online: online === undefined ? undefined : online ? 'yes' : 'no', expires, joined };
    const people = filterJson(await peopleFilter(ctx, asked, timezone));
    all.push(
      Prisma.sql`c.id IN (SELECT f.id FROM subscriber_page(${people}::jsonb, NULL::bigint, ${ROWS_MAX + 1}::integer) f (id))`,
    );
  }
  if (filter.router_id !== undefined) {
    const since = new Date(ctx.now.getTime() - (filter.hours ?? 24) * 3_600_000);
    all.push(Prisma.sql`s.id IN (
      SELECT l.subscription_id FROM session_live l WHERE l.nas_id = ${filter.router_id} AND (l.stopped_at IS NULL OR l.stopped_at >= ${since})
      UNION SELECT d.subscription_id FROM session_closed d WHERE d.nas_id = ${filter.router_id} AND d.stopped_at >= ${since})`);
  }
  return Prisma.join(all, ' AND ');
}
