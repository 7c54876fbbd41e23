import type { Context } from '../platform/context';
import { pageOf, type Page } from '../platform/http/input';
import { toPackage } from './queries';
import type { Package } from './schema';

/** A plan on sale or off it, or undefined when the company has none of that id. */
export async function findPlan(ctx: Context, id: bigint): Promise<Package | undefined> {
  const row = await ctx.tx.plan.findFirst({ where: { id }, include: { current_version: true } });
  return row ? toPackage(row) : undefined;
}

/** Subscriptions that run on each plan, whatever its version. */
export async function runningOn(ctx: Context): Promise<Map<string, number>> {
  const rows = await ctx.tx.$queryRaw<{ plan_id: bigint; count: bigint }[]>`
    SELECT v.plan_id, count(*) AS count FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id
    WHERE s.tenant_id = ${ctx.tenantId} AND s.status = 'active' GROUP BY v.plan_id`;
  return new Map(rows.map((row) => [row.plan_id.toString(), Number(row.count)]));
}

/** One version of a plan and who is on it. */
export interface PlanVersion {
  version: number;
  terms: Package;
  made_at: Date;
  made_by: string | null;
  /** Not ended; `next` are those that move to it at their next renewal. */
  subscriptions: number;
  next: number;
}

/** The versions of a plan, newest first, at most 50; older ones without anybody on them are left out. */
export async function listVersions(ctx: Context, planId: bigint): Promise<PlanVersion[]> {
  const plan = await ctx.tx.plan.findFirstOrThrow({ where: { id: planId } });
  const counts = await ctx.tx.$queryRaw<
    { id: bigint; version: number; subscriptions: bigint; next: bigint; made_by: string | null }[]
  >`
    SELECT * FROM (
      SELECT v.id, v.version,
             (SELECT count(*) FROM subscription s WHERE s.plan_version_id = v.id AND s.status <> 'ended') AS subscriptions,
             (SELECT count(*) FROM subscription s WHERE s.tenant_id = v.tenant_id AND s.next_plan_version_id = v.id AND s.status <> 'ended') AS next,
             (SELECT a.actor_name FROM audit_event a
              WHERE a.tenant_id = v.tenant_id AND a.subject_type = 'plan' AND a.subject_id = v.plan_id::text AND a.at = v.created_at LIMIT 1) AS made_by
      FROM plan_version v WHERE v.plan_id = ${planId}) c
    WHERE c.subscriptions > 0 OR c.next > 0 OR c.id >= (SELECT max(id) FROM plan_version WHERE plan_id = ${planId}) - 1000
    ORDER BY c.version DESC LIMIT 50`;
  const rows = await ctx.tx.plan_version.findMany({ where: { id: { in: counts.map((row) => row.id) } } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return counts.flatMap((count) => {
    const row = byId.get(count.id);
    if (!row) return [];
    return {
      version: count.version,
      terms: toPackage({ ...plan, current_version: row }),
      made_at: row.created_at,
      made_by: count.made_by,
      subscriptions: Number(count.subscriptions),
      next: Number(count.next),
    };
  });
}

/** A subscription on a plan, as its page lists it. */
export interface OnPlan {
  id: bigint;
  subscriber_id: bigint;
  name: string;
  username: string;
  state: string;
  version: number;
  next_version: number | null;
  expires_at: Date | null;
}

/** Who is on a plan, or on one version of it; newest first. Ended subscriptions are left out. */
export async function listOnPlan(
  ctx: Context,
  filter: { planId: bigint; version: number | undefined; limit: number; before: bigint | undefined },
): Promise<Page<OnPlan>> {
  const rows = await ctx.tx.$queryRaw<OnPlan[]>`
    SELECT s.id, s.subscriber_id, c.name, s.username, s.state, v.version, s.expires_at,
           (SELECT n.version FROM plan_version n WHERE n.id = s.next_plan_version_id) AS next_version
    FROM plan_version v JOIN subscription_now s ON s.plan_version_id = v.id JOIN subscriber c ON c.id = s.subscriber_id
    WHERE v.plan_id = ${filter.planId} AND (${filter.version ?? null}::int IS NULL OR v.version = ${filter.version ?? null}::int)
      AND s.status <> 'ended' AND (${filter.before ?? null}::bigint IS NULL OR s.id < ${filter.before ?? null}::bigint)
    ORDER BY s.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    (row) => row,
  );
}
