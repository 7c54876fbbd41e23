import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { fieldsOf } from '../platform/http/input';
import { unknownProfile, type PackageOutcome } from './create-package';
import { priceAsked } from './price';
import { speedsOfProfile } from './speeds';
import { findPackage, toPackage } from './queries';
import { packageInput, type PackagePatch } from './schema';
import { insertVersion, nameIsTaken, sameTerms } from './version';

/**
 * Changes what is sold from now on. A change of terms becomes a new version; running subscriptions keep the one they were sold, unless `existing`
 * is `renewal`: then they move to the new terms when they are next renewed.
 */
export async function changePackage(ctx: Context, id: bigint, patch: PackagePatch): Promise<PackageOutcome> {
  await ctx.tx.$queryRaw`SELECT id FROM plan WHERE id = ${id} FOR NO KEY UPDATE`;
  const row = await ctx.tx.plan.findFirst({ where: { id, archived_at: null }, include: { current_version: true } });
  if (!row) return { kind: 'not_found' };
  const before = toPackage(row);
  const speeds = await speedsOfProfile(ctx, patch.profile_id);
  if (speeds === 'unknown') return { kind: 'invalid', fields: { profile_id: unknownProfile } };
  const merged = packageInput.safeParse({
    ...before,
    ...withoutProfile(patch),
    ...withoutNet(patch),
    ...patch,
    ...speeds,
  });
  if (!merged.success) return { kind: 'invalid', fields: fieldsOf(merged.error) };
  const after = { ...merged.data, price_cents: await priceAsked(ctx, merged.data) };
  if (await nameIsTaken(ctx, merged.data.name, id)) return { kind: 'name_taken' };
  await ctx.tx.plan.update({ where: { id }, data: { name: merged.data.name, kind: merged.data.type } });
  if (!sameTerms(packageInput.parse(before), after)) {
    const version = await insertVersion(ctx, id, await nextVersion(ctx, id), after);
    if (patch.existing === 'renewal') await moveAtRenewal(ctx, id, version.id);
  }
  await recordAudit(ctx, 'plans.change', { type: 'plan', id }, patch);
  const changed = await findPackage(ctx, id);
  return changed ? { kind: 'done', package: changed } : { kind: 'not_found' };
}

/** A price given alone is what the customer pays. */
function withoutNet(patch: PackagePatch): { net_cents?: null } {
  return patch.price_cents !== undefined ? { net_cents: null } : {};
}

/** Versions that follow the taxes may stand above the one on sale. The plan is locked. */
async function nextVersion(ctx: Context, planId: bigint): Promise<number> {
  const { _max } = await ctx.tx.plan_version.aggregate({ where: { plan_id: planId }, _max: { version: true } });
  return (_max.version ?? 0) + 1;
}

/** Speeds given by hand are no profile's any more. */
function withoutProfile(patch: PackagePatch): { profile_id?: null } {
  const byHand = patch.down_kbps !== undefined || patch.up_kbps !== undefined || patch.burst !== undefined;
  return byHand ? { profile_id: null } : {};
}

async function moveAtRenewal(ctx: Context, planId: bigint, versionId: bigint): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE subscription s SET next_plan_version_id = ${versionId}
    FROM plan_version v
    WHERE s.tenant_id = ${ctx.tenantId} AND v.id = coalesce(s.next_plan_version_id, s.plan_version_id) AND v.plan_id = ${planId} AND s.status <> 'ended'`;
}
