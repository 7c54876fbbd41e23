import type { Context } from '../platform/context';
import { purchase } from './purchase';
import type { Change, Locked } from './standing';

/**
 * Begins the cycle that one purchase gives, on the plan version that is due (the one chosen for renewal, or the running one), and closes the
 * usage of the cycle before. The caller applies the returned change to the subscription.
 */
export async function startCycle(ctx: Context, sub: Locked, enforce: string): Promise<Change> {
  const version = await versionDue(ctx, sub);
  const cycle = purchase(
    sub,
    {
      validity: {
        count: version.validity_count,
        unit: version.validity_unit as 'day',
        ends: version.validity_ends as 'exact' | 'end_of_day',
      },
      quota_bytes: version.quota_bytes,
    },
    ctx.now,
    sub.timezone,
  );
  const cycle_no = sub.cycle_no + 1;
  await ctx.tx.usage_cycle.updateMany({
    where: { subscription_id: sub.id, cycle_no: sub.cycle_no, ended_at: null },
    data: { ended_at: ctx.now },
  });
  await ctx.tx.$executeRaw`
    INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at) VALUES (${sub.id}, ${cycle_no}, ${sub.tenant_id}, ${ctx.now})
    ON CONFLICT (subscription_id, cycle_no) DO NOTHING`;
  return {
    data: { ...cycle, cycle_no, status: 'active', plan_version_id: version.id, next_plan_version_id: null },
    enforce,
    detail: {
      cycle_no,
      expires_at: cycle.expires_at,
      quota_bytes: cycle.quota_bytes,
      carried_bytes: cycle.topup_bytes,
    },
  };
}

/** The version the next purchase buys. */
export async function versionDue(ctx: Context, sub: Locked): Promise<Locked['plan']> {
  if (sub.next_plan_version_id === null) return sub.plan;
  return ctx.tx.plan_version.findUniqueOrThrow({ where: { id: sub.next_plan_version_id } });
}
