import type { Context } from '../platform/context';
import { versionOnSale } from '../plans';
import { withinCount } from './purchase';
import { beginNow, isLimited } from './start-cycle';
import { act, type Outcome } from './standing';

/**
 * Moves a subscription to the newest version of another package (or of its own).
 * `now`: speed and data change at once, used bytes and the expiry stay, nothing is charged or paid back; `renewal`: the next purchase buys it.
 */
export async function changePlan(
  ctx: Context,
  id: bigint,
  packageId: bigint,
  when: 'now' | 'renewal',
): Promise<Outcome> {
  const version = await versionOnSale(ctx, packageId);
  return act(ctx, id, 'change_plan', (sub) => {
    if (!version) return { kind: 'invalid', fields: { package_id: 'is not on sale; list /api/packages for what is' } };
    const detail = { package_id: packageId, version: version.version, when };
    if (when === 'renewal') {
      const next = version.id === sub.plan_version_id ? null : version.id;
      return { data: { next_plan_version_id: next }, enforce: undefined, detail };
    }
    const quota_bytes = version.quota_bytes;
    const topup_bytes = isLimited(version) ? withinCount(quota_bytes ?? 0n, sub.topup_bytes) : 0n;
    const waiting = sub.unused_validities > 0 && version.starts_on !== 'first_use';
    const begun = waiting ? { unused_validities: 0, ...beginNow(ctx, sub, version, sub.unused_validities) } : {};
    return {
      data: { plan_version_id: version.id, next_plan_version_id: null, quota_bytes, topup_bytes, ...begun },
      enforce: 'plan_changed',
      detail,
    };
  });
}
