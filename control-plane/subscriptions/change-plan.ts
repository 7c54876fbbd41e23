import type { Context } from '../platform/context';
import type { plan_version } from '../platform/db/generated/client';
import { creditSale, issueInvoice } from '../invoices';
import { versionOnSale } from '../plans';
import { planName } from './invoice-purchase';
import { prorate, type Proration, type Terms } from './proration';
import { withinCount } from './purchase';
import type { Settlement } from './settlements';
import { beginNow, isLimited, validityOf } from './start-cycle';
import { act, type Change, type Locked, type Outcome } from './standing';
import { bookFromWallet, openWallet } from './wallet';

export interface PlanChange {
  packageId: bigint;
  when: 'now' | 'renewal';
  settle?: Settlement | undefined;
  /** The moment whose figures were shown, at most 15 minutes ago: what is booked is then what was read. */
  asOf?: Date | undefined;
}

const settledByBill: Outcome = {
  kind: 'refused',
  code: 'is_postpaid',
  message:
    'It is billed after each month: the bill charges each plan for the days that it ran. Change it without settling.',
};

const SHOWN_FOR_MS = 15 * 60_000;

/**
 * Moves a subscription to the newest version of another package (or of its own).
 * `now`: speed and data change at once and used bytes stay; unless `settle` says otherwise the end stays too, and nothing is charged or paid back.
 * `renewal`: the next purchase buys it.
 */
export async function changePlan(ctx: Context, id: bigint, change: PlanChange): Promise<Outcome> {
  const { packageId, when, settle = 'nothing' } = change;
  const version = await versionOnSale(ctx, packageId);
  return act(ctx, id, 'change_plan', async (sub) => {
    if (!version) return { kind: 'invalid', fields: { package_id: 'is not on sale; list /api/packages for what is' } };
    const detail = { package_id: packageId, version: version.version, when };
    if (when === 'renewal') {
      const next = version.id === sub.plan_version_id ? null : version.id;
      return { data: { next_plan_version_id: next }, enforce: undefined, detail };
    }
    const moved = moveNow(ctx, sub, version);
    if (settle === 'nothing') return { ...moved, detail };
    if (sub.postpaid_from !== null) return settledByBill;
    const settled = await settleNow(ctx, sub, version, settle, shownAt(ctx, change.asOf));
    if ('kind' in settled) return settled;
    return { ...moved, data: { ...moved.data, ...settled.data }, detail: { ...detail, ...settled.detail } };
  });
}

function moveNow(ctx: Context, sub: Locked, version: plan_version): Omit<Change, 'detail'> {
  const quota_bytes = version.quota_bytes;
  const topup_bytes = isLimited(version) ? withinCount(quota_bytes ?? 0n, sub.topup_bytes) : 0n;
  const waiting = sub.unused_validities > 0 && version.starts_on !== 'first_use';
  const begun = waiting ? { unused_validities: 0, ...beginNow(ctx, sub, version, sub.unused_validities) } : {};
  return {
    data: { plan_version_id: version.id, next_plan_version_id: null, quota_bytes, topup_bytes, ...begun },
    enforce: 'plan_changed',
  };
}

async function settleNow(
  ctx: Context,
  sub: Locked,
  version: plan_version,
  settle: 'money' | 'time',
  at: Date,
): Promise<Pick<Change, 'data' | 'detail'> | Outcome> {
  const weighed = await weigh(ctx, sub, version, at);
  const end = weighed?.expires_at_by_time;
  if (!weighed || (settle === 'time' && !end)) {
    const message =
      'There is nothing left to settle, or the two cannot be weighed: change it without settling, or at renewal.';
    return { kind: 'refused', code: 'nothing_to_settle', message };
  }
  // Paused: the clock stands, so the end moves with the pause when it is resumed.
  if (settle === 'time') return { data: { expires_at: end as Date }, detail: { settle, expires_at: end } };
  const cents = weighed.difference_cents;
  const wallet = await openWallet(ctx, sub.subscriber_id, version.currency);
  if (wallet.balance_cents < cents) {
    const message = `The wallet holds ${wallet.balance_cents} cents and the difference is ${cents}. Post a payment first, or settle by time.`;
    return { kind: 'refused', code: 'wallet_short', message };
  }
  const key = `subscription:${sub.id}:plan:${sub.version}`;
  await bookFromWallet(ctx, wallet, key, cents);
  const moved = `${await planName(ctx, sub.plan.plan_id)} → ${await planName(ctx, version.plan_id)}`;
  if (cents < 0n) await creditSale(ctx, key, sub, moved);
  else {
    const period = { period_from: at, period_to: sub.expires_at };
    await issueInvoice(ctx, key, sub, [{ kind: 'service', description: moved, unit_cents: cents, ...period }]);
  }
  return { data: { paid_cents: { increment: cents } }, detail: { settle, difference_cents: cents } };
}

/** What the change would come to now; undefined where there is nothing to weigh. */
async function weigh(ctx: Context, sub: Locked, version: plan_version, at: Date): Promise<Proration | undefined> {
  if (sub.expires_at === null || sub.unused_validities > 0 || sub.plan.starts_on === 'first_use') return undefined;
  if (sub.postpaid_from !== null) return undefined;
  const { paid_cents } = await ctx.tx.subscription.findUniqueOrThrow({
    where: { id: sub.id },
    select: { paid_cents: true },
  });
  // Of what is paused, the time that was left then is left now.
  const standing = sub.paused_at === null ? 0 : at.getTime() - sub.paused_at.getTime();
  const expires_at = new Date(sub.expires_at.getTime() + standing);
  const { allowance_bytes, used_bytes } = sub;
  const running = { ...termsOf(sub.plan), expires_at, allowance_bytes, used_bytes: used_bytes ?? 0n, paid_cents };
  const weighed = prorate(running, termsOf(version), at, sub.timezone);
  if (!weighed?.expires_at_by_time || standing === 0) return weighed;
  return { ...weighed, expires_at_by_time: new Date(weighed.expires_at_by_time.getTime() - standing) };
}

const termsOf = (version: plan_version): Terms => ({
  price_cents: version.price_cents,
  currency: version.currency,
  validity: validityOf(version),
});

/** The moment shown, while it is fresh; else now. */
function shownAt(ctx: Context, asOf: Date | undefined): Date {
  const age = asOf === undefined ? -1 : ctx.now.getTime() - asOf.getTime();
  return asOf !== undefined && age >= 0 && age <= SHOWN_FOR_MS ? asOf : ctx.now;
}

/** What a change of plan would do, as of `at`; nothing is changed. */
export interface PlanChangePreview {
  kind: 'preview';
  at: Date;
  sub: Locked;
  version: plan_version;
  /** Names of the plan that runs and of the one it would become. */
  from: string;
  to: string;
  weighed: Proration | undefined;
  wallet_cents: bigint;
  /** When the change at renewal would happen at the earliest: the next purchase. */
  renewal_at: Date | null;
}

/** Reads what a change of plan would come to. */
export async function previewPlanChange(
  ctx: Context,
  sub: Locked,
  packageId: bigint,
): Promise<PlanChangePreview | { kind: 'not_on_sale' }> {
  const version = await versionOnSale(ctx, packageId);
  if (!version) return { kind: 'not_on_sale' };
  const wallet = await ctx.tx.ledger_account.findFirst({
    where: { subscriber_id: sub.subscriber_id, currency: version.currency, code: { startsWith: 'wallet:' } },
  });
  const plans = await ctx.tx.plan.findMany({ where: { id: { in: [sub.plan.plan_id, packageId] } } });
  const nameOf = (id: bigint) => plans.find((plan) => plan.id === id)?.name ?? '';
  return {
    kind: 'preview',
    at: ctx.now,
    sub,
    version,
    from: nameOf(sub.plan.plan_id),
    to: nameOf(packageId),
    weighed: await weigh(ctx, sub, version, ctx.now),
    wallet_cents: wallet?.balance_cents ?? 0n,
    renewal_at: sub.unused_validities > 0 ? null : sub.expires_at,
  };
}
