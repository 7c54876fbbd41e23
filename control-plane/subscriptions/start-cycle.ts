import type { Context } from '../platform/context';
import { addValidity, LAST_MOMENT, type Validity } from './add-validity';
import { contractBegun } from './contract';
import { purchase, type Standing } from './purchase';
import type { Change, Locked } from './standing';

/**
 * Begins the cycle that one purchase gives, on the plan version that is due (the one chosen for renewal, or the running one), and closes the
 * usage of the cycle before. The caller applies the returned change to the subscription.
 * @param paid what money bought it for: a change of plan may then give some of that back
 */
export async function startCycle(ctx: Context, sub: Locked, enforce: string, paid = 0n): Promise<Change> {
  const data = await nextCycle(ctx, sub, await versionDue(ctx, sub), paid);
  // Closes the usage of the running cycle and opens that of the next one.
  await ctx.tx
    .$executeRaw`SELECT subscription_turn_usage(ARRAY[${sub.id}::bigint], ARRAY[${sub.cycle_no}::int], ${ctx.now}::timestamptz)`;
  return { data, enforce, detail: detailOf(data) };
}

/** What a subscription becomes by a purchase. */
export interface NextCycle {
  starts_at: Date;
  expires_at: Date;
  quota_bytes: bigint | null;
  topup_bytes: bigint;
  unused_validities?: number;
  cycle_no: number;
  status: 'active';
  plan_version_id: bigint;
  next_plan_version_id: null;
  contract_ends_at?: Date;
  contract_fee_cents?: bigint;
  paid_cents: bigint | { increment: bigint };
}

/** The cycle that one purchase of a version begins; nothing is written. */
export async function nextCycle(ctx: Context, sub: Locked, version: Locked['plan'], paid: bigint): Promise<NextCycle> {
  const offer = { validity: validityOf(version), quota_bytes: version.quota_bytes, limited: isLimited(version) };
  const cycle = {
    ...purchase(standingOf(sub), offer, ctx.now, sub.timezone),
    ...(await untilFirstUse(ctx, sub, version)),
  };
  const stacked = sub.starts_at !== null && cycle.starts_at.getTime() === sub.starts_at.getTime();
  return {
    ...cycle,
    cycle_no: sub.cycle_no + 1,
    status: 'active',
    plan_version_id: version.id,
    next_plan_version_id: null,
    ...(await contractBegun(ctx, sub, version)),
    paid_cents: stacked ? { increment: paid } : paid,
  };
}

/** What the audit keeps of a cycle. */
export const detailOf = (cycle: NextCycle) => ({
  cycle_no: cycle.cycle_no,
  expires_at: cycle.expires_at,
  quota_bytes: cycle.quota_bytes,
  carried_bytes: cycle.topup_bytes,
});

export function validityOf(version: Locked['plan']): Validity {
  return {
    count: version.validity_count,
    unit: version.validity_unit as Validity['unit'],
    ends: version.validity_ends as 'exact' | 'end_of_day',
  };
}

/** Whether a version has a cap or fair-use steps. */
export function isLimited(version: Locked['plan']): boolean {
  return version.quota_bytes !== null || version.fair_use !== null;
}

function standingOf(sub: Locked): Standing {
  const [step] = (sub.plan.fair_use ?? []) as { at_bytes: number }[];
  const firstStep = step === undefined ? null : BigInt(step.at_bytes);
  const comesBack = sub.plan.quota_cycle !== null || sub.quota_bytes === null;
  return { ...sub, before_topups_bytes: comesBack ? (firstStep ?? sub.quota_bytes) : null };
}

/**
 * On a plan that starts on first use: a validity that waits for the next session, beside those that wait already. It begins at once where one is
 * running or somebody is online, for whom no session would begin. A validity that still waits is not lost to a plan that starts at once.
 */
async function untilFirstUse(ctx: Context, sub: Locked, version: Locked['plan']) {
  const waiting = sub.unused_validities;
  if (version.starts_on !== 'first_use')
    return waiting > 0 ? { unused_validities: 0, ...beginNow(ctx, sub, version, waiting + 1) } : {};
  const running = waiting === 0 && sub.expires_at !== null && ctx.now < sub.expires_at;
  if (running || (waiting === 0 && (await isOnline(ctx, sub.id)))) return {};
  return { unused_validities: waiting + 1, starts_at: sub.starts_at ?? ctx.now, expires_at: LAST_MOMENT };
}

/** So many validities of a version from now. */
export function beginNow(ctx: Context, sub: Locked, version: Locked['plan'], validities: number) {
  const validity = validityOf(version);
  const expires_at = addValidity(ctx.now, { ...validity, count: validity.count * validities }, sub.timezone);
  return { starts_at: ctx.now, expires_at };
}

async function isOnline(ctx: Context, id: bigint): Promise<boolean> {
  const rows = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM session_live WHERE subscription_id = ${id} AND stopped_at IS NULL AND mode IS DISTINCT FROM 'garden' LIMIT 1`;
  return rows.length > 0;
}

/** The version the next purchase buys. */
export async function versionDue(ctx: Context, sub: Locked): Promise<Locked['plan']> {
  if (sub.next_plan_version_id === null) return sub.plan;
  return ctx.tx.plan_version.findUniqueOrThrow({ where: { id: sub.next_plan_version_id } });
}
