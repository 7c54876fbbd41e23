import type { NextCycle } from './start-cycle';

/** What purchases make of subscriptions, as the database's subscription_write_cycles takes it. */
export function cycleRows(changes: readonly { sub: { id: bigint }; data: NextCycle }[]): string {
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
  return JSON.stringify(rows);
}

const paidOf = ({ paid_cents }: NextCycle): { paid_cents: string; adds: boolean } =>
  typeof paid_cents === 'bigint'
    ? { paid_cents: paid_cents.toString(), adds: false }
    : { paid_cents: paid_cents.increment.toString(), adds: true };
