import type { Context } from '../platform/context';
import type { NextCycle } from './start-cycle';

/** Writes what purchases make of subscriptions, all of them in one statement. */
export async function writeCycles(
  ctx: Context,
  changes: readonly { sub: { id: bigint }; data: NextCycle }[],
): Promise<void> {
  const rows = changes.map(({ sub, data }) => ({
    id: sub.id.toString(),
    starts_at: data.starts_at,
    expires_at: data.expires_at,
    quota_bytes: data.quota_bytes?.toString(),
    topup_bytes: data.topup_bytes.toString(),
    unused_validities: data.unused_validities,
    cycle_no: data.cycle_no,
    plan_version_id: data.plan_version_id.toString(),
    contract_ends_at: data.contract_ends_at,
    contract_fee_cents: data.contract_fee_cents?.toString(),
    ...paidOf(data),
  }));
  await ctx.tx.$executeRaw`
    UPDATE subscription s SET starts_at = x.starts_at, expires_at = x.expires_at, quota_bytes = x.quota_bytes, topup_bytes = x.topup_bytes,
      unused_validities = coalesce(x.unused_validities, s.unused_validities), cycle_no = x.cycle_no, status = 'active', plan_version_id = x.plan_version_id,
      next_plan_version_id = NULL, contract_ends_at = coalesce(x.contract_ends_at, s.contract_ends_at),
      contract_fee_cents = coalesce(x.contract_fee_cents, s.contract_fee_cents),
      paid_cents = x.paid_cents + CASE WHEN x.adds THEN s.paid_cents ELSE 0 END, updated_at = ${ctx.now}, version = s.version + 1
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x (id bigint, starts_at timestamptz, expires_at timestamptz, quota_bytes bigint, topup_bytes bigint,
      unused_validities integer, cycle_no integer, plan_version_id bigint, contract_ends_at timestamptz, contract_fee_cents bigint, paid_cents bigint, adds boolean)
    WHERE s.id = ANY (ARRAY[x.id])`;
}

const paidOf = ({ paid_cents }: NextCycle): { paid_cents: string; adds: boolean } =>
  typeof paid_cents === 'bigint'
    ? { paid_cents: paid_cents.toString(), adds: false }
    : { paid_cents: paid_cents.increment.toString(), adds: true };
