import type { Context } from '../platform/context';
import type { plan, plan_version } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Package } from './schema';

type SpeedColumns = Pick<
  plan_version,
  'burst_down_kbps' | 'burst_up_kbps' | 'burst_threshold_down_kbps' | 'burst_threshold_up_kbps' | 'burst_time_s'
>;
type PlanWithVersion = plan & { current_version: plan_version | null };

const number = (value: bigint | null) => (value === null ? null : Number(value));

/** The burst of a version or a profile, null where it has none. */
export function burstOf(v: SpeedColumns): Package['burst'] {
  if (v.burst_down_kbps === null || v.burst_up_kbps === null) return null;
  return {
    down_kbps: Number(v.burst_down_kbps),
    up_kbps: Number(v.burst_up_kbps),
    threshold_down_kbps: number(v.burst_threshold_down_kbps),
    threshold_up_kbps: number(v.burst_threshold_up_kbps),
    time_s: v.burst_time_s,
  };
}

/** A plan and its newest version in the words of the API. */
export function toPackage(row: PlanWithVersion): Package {
  const v = row.current_version;
  if (!v) throw new Error(`plan ${row.id} has no version`);
  return {
    id: row.id.toString(),
    version: v.version,
    name: row.name,
    type: row.kind as Package['type'],
    price_cents: Number(v.price_cents),
    net_cents: number(v.net_cents),
    currency: v.currency,
    validity: {
      count: v.validity_count,
      unit: v.validity_unit as Package['validity']['unit'],
      ends: v.validity_ends as Package['validity']['ends'],
    },
    down_kbps: Number(v.down_kbps),
    up_kbps: Number(v.up_kbps),
    burst: burstOf(v),
    quota_bytes: number(v.quota_bytes),
    on_quota: v.on_quota as Package['on_quota'],
    throttle_down_kbps: number(v.throttle_down_kbps),
    throttle_up_kbps: number(v.throttle_up_kbps),
    simultaneous_use: v.simultaneous_use,
    interim_s: v.interim_s,
    idle_timeout_s: v.idle_timeout_s,
    grace_s: v.grace_s,
    pool: v.pool,
    address_list: v.address_list,
    fair_use: v.fair_use as Package['fair_use'],
    quota_cycle: v.quota_cycle as Package['quota_cycle'],
    time_rules: v.time_rules as Package['time_rules'],
    online_s: number(v.online_s),
    starts_on: v.starts_on as Package['starts_on'],
    ipv6_pool: v.ipv6_pool,
    delegated_ipv6_pool: v.delegated_ipv6_pool,
    vlan_id: v.vlan_id,
    profile_id: v.profile_id?.toString() ?? null,
    contract:
      v.contract_months === null
        ? null
        : { months: v.contract_months, early_fee_cents: Number(v.contract_fee_cents ?? 0n) },
    created_at: row.created_at.toISOString(),
    archived_at: row.archived_at?.toISOString() ?? null,
  };
}

export interface PackageFilter {
  q?: string | undefined;
  limit: number;
  before: bigint | undefined;
  archived?: boolean | undefined;
}

/** Packages on sale (or the archived ones), newest first. */
export async function listPackages(ctx: Context, filter: PackageFilter): Promise<Page<Package>> {
  const rows = await ctx.tx.plan.findMany({
    where: {
      archived_at: filter.archived ? { not: null } : null,
      ...(filter.q ? { name: { contains: filter.q, mode: 'insensitive' as const } } : {}),
      ...(filter.before ? { id: { lt: filter.before } } : {}),
    },
    include: { current_version: true },
    orderBy: { id: 'desc' },
    take: filter.limit + 1,
  });
  return pageOf(rows, filter.limit, (row) => row.id, toPackage);
}

/** A package on sale, or undefined when there is none of that id or it was archived. */
export async function findPackage(ctx: Context, id: bigint): Promise<Package | undefined> {
  const row = await ctx.tx.plan.findFirst({ where: { id, archived_at: null }, include: { current_version: true } });
  return row ? toPackage(row) : undefined;
}

/** The version a new sale of this package is made on, or undefined when it is not on sale. */
export async function versionOnSale(ctx: Context, packageId: bigint): Promise<plan_version | undefined> {
  const row = await ctx.tx.plan.findFirst({
    where: { id: packageId, archived_at: null },
    include: { current_version: true },
  });
  return row?.current_version ?? undefined;
}
