import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { fieldsOf } from '../platform/http/input';
import type { PackageOutcome } from './create-package';
import { findPackage, toPackage } from './queries';
import { packageInput, type Package, type PackagePatch } from './schema';
import { insertVersion, nameIsTaken } from './version';

/** What a version holds; a change of name or type alone makes no new one. */
const ofPlan = new Set(['name', 'type', 'existing']);

/**
 * Changes what is sold from now on. A change of terms becomes a new version; running subscriptions keep the one they were sold, unless `existing`
 * is `renewal`: then they move to the new terms when they are next renewed.
 */
export async function changePackage(ctx: Context, id: bigint, patch: PackagePatch): Promise<PackageOutcome> {
  await ctx.tx.$queryRaw`SELECT id FROM plan WHERE id = ${id} FOR NO KEY UPDATE`;
  const row = await ctx.tx.plan.findFirst({ where: { id, archived_at: null }, include: { current_version: true } });
  if (!row) return { kind: 'not_found' };
  const before = toPackage(row);
  const merged = packageInput.safeParse({ ...before, ...patch });
  if (!merged.success) return { kind: 'invalid', fields: fieldsOf(merged.error) };
  if (await nameIsTaken(ctx, merged.data.name, id)) return { kind: 'name_taken' };
  await ctx.tx.plan.update({ where: { id }, data: { name: merged.data.name, kind: merged.data.type } });
  if (changesTerms(before, patch)) {
    const version = await insertVersion(ctx, id, before.version + 1, merged.data);
    if (patch.existing === 'renewal') await moveAtRenewal(ctx, id, version.id);
  }
  await recordAudit(ctx, 'plans.change', { type: 'plan', id }, patch);
  const after = await findPackage(ctx, id);
  return after ? { kind: 'done', package: after } : { kind: 'not_found' };
}

function changesTerms(before: Package, patch: PackagePatch): boolean {
  return Object.entries(patch).some(
    ([name, value]) =>
      value !== undefined &&
      !ofPlan.has(name) &&
      JSON.stringify(value) !== JSON.stringify(before[name as keyof Package]),
  );
}

async function moveAtRenewal(ctx: Context, planId: bigint, versionId: bigint): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE subscription s SET next_plan_version_id = ${versionId}
    FROM plan_version v
    WHERE s.tenant_id = ${ctx.tenantId} AND v.id = coalesce(s.next_plan_version_id, s.plan_version_id) AND v.plan_id = ${planId} AND s.status <> 'ended'`;
}
