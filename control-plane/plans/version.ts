import type { Context } from '../platform/context';
import { Prisma, type plan_version } from '../platform/db/generated/client';
import type { PackageInput } from './schema';

/** Adds a version to a plan and makes it the one on sale. Its radgroupreply rows are written by a trigger. */
export async function insertVersion(
  ctx: Context,
  planId: bigint,
  version: number,
  input: PackageInput,
): Promise<plan_version> {
  const row = await ctx.tx.plan_version.create({
    data: { tenant_id: ctx.tenantId, plan_id: planId, version, ...columns(input) },
  });
  await ctx.tx.plan.update({ where: { id: planId }, data: { current_version_id: row.id } });
  return row;
}

/** Whether two descriptions of a plan come to the same terms: an empty list says what no list says, and so on. */
export function sameTerms(one: PackageInput, other: PackageInput): boolean {
  return JSON.stringify(termsOf(one)) === JSON.stringify(termsOf(other));
}

/** The columns of a version as plain JSON, for SQL functions that take a version which is not stored. */
export function termsOf(input: PackageInput): Record<string, unknown> {
  const plain = ([name, value]: [string, unknown]) => [name, value === Prisma.DbNull ? null : value];
  return Object.fromEntries(
    Object.entries({ ...columns(input), profile_id: input.profile_id ?? null }).map(
      (entry) => plain(entry) as [string, unknown],
    ),
  );
}

function columns(input: PackageInput) {
  return {
    price_cents: input.price_cents,
    net_cents: input.net_cents ?? null,
    currency: input.currency,
    validity_count: input.validity.count,
    validity_unit: input.validity.unit,
    validity_ends: input.validity.ends ?? 'exact',
    down_kbps: input.down_kbps,
    up_kbps: input.up_kbps,
    ...burstColumns(input.burst ?? null),
    profile_id: input.profile_id ? BigInt(input.profile_id) : null,
    contract_months: input.contract?.months ?? null,
    contract_fee_cents: input.contract?.early_fee_cents ?? null,
    quota_bytes: input.quota_bytes ?? null,
    on_quota: input.on_quota ?? 'cut',
    throttle_down_kbps: input.throttle_down_kbps ?? null,
    throttle_up_kbps: input.throttle_up_kbps ?? null,
    simultaneous_use: input.simultaneous_use ?? 1,
    interim_s: input.interim_s ?? 300,
    idle_timeout_s: input.idle_timeout_s ?? null,
    grace_s: input.grace_s ?? 0,
    pool: input.pool ?? null,
    address_list: input.address_list ?? null,
    fair_use: listColumn(input.fair_use),
    quota_cycle: input.quota_cycle ?? null,
    time_rules: listColumn(input.time_rules),
    online_s: input.online_s ?? null,
    starts_on: input.starts_on ?? 'activation',
    ipv6_pool: input.ipv6_pool ?? null,
    delegated_ipv6_pool: input.delegated_ipv6_pool ?? null,
    vlan_id: input.vlan_id ?? null,
  };
}

/** An empty list says what no list says. */
function listColumn(list: Prisma.InputJsonArray | null | undefined) {
  return list && list.length > 0 ? list : Prisma.DbNull;
}

/** A burst as versions and profiles keep it. */
export function burstColumns(burst: NonNullable<PackageInput['burst']> | null) {
  return {
    burst_down_kbps: burst?.down_kbps ?? null,
    burst_up_kbps: burst?.up_kbps ?? null,
    burst_threshold_down_kbps: burst?.threshold_down_kbps ?? null,
    burst_threshold_up_kbps: burst?.threshold_up_kbps ?? null,
    burst_time_s: burst?.time_s ?? null,
  };
}

/** Whether another plan on sale has this name, in any case of letters. */
export async function nameIsTaken(ctx: Context, name: string, except: bigint | undefined): Promise<boolean> {
  const rows = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM plan WHERE tenant_id = ${ctx.tenantId} AND lower(name) = lower(${name}) AND archived_at IS NULL AND id IS DISTINCT FROM ${except ?? null}::bigint`;
  return rows.length > 0;
}
