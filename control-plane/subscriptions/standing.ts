import type { Context } from '../platform/context';
import { Prisma, type plan_version, type subscription_now } from '../platform/db/generated/client';
import { recordAudit } from '../audit';
import { isAllowed, refusalOf, type SubscriptionAction, type SubscriptionState } from './states';

/** A subscription locked for change, with the state it is in and the version of the plan it runs on. */
export type Locked = subscription_now & {
  state: SubscriptionState;
  plan: plan_version;
  plan_name: string;
  timezone: string;
  /** Billed after its period, from then on; null: bought before. */
  postpaid_from: Date | null;
};

/** What a command answers. `refused`: the state does not allow it; `message` says what to do instead. */
export type Outcome =
  | { kind: 'done' }
  | { kind: 'not_found' }
  | { kind: 'refused'; code: string; message: string; fields?: Record<string, string> }
  | { kind: 'invalid'; fields: Record<string, string> };

/**
 * Locks a subscription until the transaction ends and reads it as it stands after whoever held it before.
 * NO KEY UPDATE: accounting, which refers to the row, must not wait for a payment.
 */
export async function lockSubscription(ctx: Context, id: bigint): Promise<Locked | undefined> {
  return (await lockSubscriptions(ctx, [id])).get(id);
}

/** The same for many, by their ids. All are locked in the order of their ids, so that nobody who locks many waits for another in a circle. */
export async function lockSubscriptions(ctx: Context, ids: readonly bigint[]): Promise<Map<bigint, Locked>> {
  return readHeld(
    ctx,
    await ctx.tx.$queryRaw<Held[]>`SELECT id, postpaid_from, timezone FROM subscription_hold(${ids}::bigint[])`,
  );
}

/** A subscription that subscription_hold has locked, and what its row holds. */
export type Held = Pick<Locked, 'id' | 'postpaid_from' | 'timezone'>;

/** Reads locked subscriptions as they stand. */
export async function readHeld(ctx: Context, held: readonly Held[]): Promise<Map<bigint, Locked>> {
  if (held.length === 0) return new Map();
  const rows = await ctx.tx.$queryRaw<(Now & { id: bigint } & Record<string, unknown>)[]>`
    SELECT ${standingColumns}, ${versionColumns}, p.name AS plan_name
    FROM unnest(${held.map(({ id }) => id)}::bigint[]) AS wanted (id)
    CROSS JOIN LATERAL (SELECT * FROM subscription_now WHERE id = wanted.id OFFSET 0) n
    JOIN plan_version v ON v.id = n.plan_version_id JOIN plan p ON p.id = v.plan_id`;
  const locked = new Map(held.map((one) => [one.id, one]));
  return new Map(
    rows.flatMap((row) => {
      const lock = locked.get(row.id);
      if (!lock) return [];
      const plan = Object.fromEntries(versionNames.map((name) => [name, row[VERSION + name]])) as plan_version;
      return [[row.id, { ...row, plan, timezone: lock.timezone, postpaid_from: lock.postpaid_from }]];
    }),
  );
}

type Now = Omit<subscription_now, 'state'> & { state: SubscriptionState; plan_name: string };

/** Read with its version in one statement: each costs a payment a way to the database and back. Columns by name, so that a plan that a connection keeps outlives new ones. */
const VERSION = 'version ';
const versionNames = Object.keys(Prisma.Plan_versionScalarFieldEnum) as (keyof plan_version)[];
const standingColumns = Prisma.raw(
  Object.keys(Prisma.Subscription_nowScalarFieldEnum)
    .map((name) => `n."${name}"`)
    .join(', '),
);
const versionColumns = Prisma.raw(versionNames.map((name) => `v."${name}" AS "${VERSION}${name}"`).join(', '));

/** One change of a subscription: what the row becomes, why the network must hear of it, and what the audit keeps. */
export interface Change {
  data: Prisma.subscriptionUncheckedUpdateInput;
  /** Passed to enforce_subscription; undefined when live sessions go on as they are. */
  enforce: string | undefined;
  detail: Record<string, unknown>;
}

/**
 * The frame of every command: lock, ask the state table, change, make the network agree, write the audit; all in the caller's transaction.
 * @param decide computes the change from the locked subscription, or refuses
 */
export async function act(
  ctx: Context,
  id: bigint,
  action: SubscriptionAction,
  decide: (sub: Locked) => Promise<Change | Outcome> | Change | Outcome,
): Promise<Outcome> {
  const sub = await lockSubscription(ctx, id);
  if (!sub) return { kind: 'not_found' };
  if (!isAllowed(sub.state, action))
    return { kind: 'refused', code: `is_${sub.state}`, message: refusalOf(sub.state, action) };
  if (sub.postpaid_from !== null && (action === 'renew' || action === 'extend')) return isPostpaid;
  const change = await decide(sub);
  if ('kind' in change) return change;
  await applyChange(ctx, id, `subscriptions.${action}`, change);
  return { kind: 'done' };
}

/** Time is not bought for what is billed afterwards. */
export const isPostpaid: Outcome = {
  kind: 'refused',
  code: 'is_postpaid',
  message:
    'It is billed after each month, so there is no time to buy or give: post a payment for what is owed, or make it prepaid first.',
};

/** Writes a change that was decided on a locked subscription. Gives the number of live sessions that the network is told about. */
export async function applyChange(ctx: Context, id: bigint, audit: string, change: Change): Promise<number> {
  await ctx.tx.subscription.update({
    where: { id },
    data: { ...change.data, updated_at: ctx.now, version: { increment: 1 } },
  });
  await recordAudit(ctx, audit, { type: 'subscription', id }, change.detail);
  if (change.enforce === undefined) return 0;
  const [row] = await ctx.tx.$queryRaw<{ sessions: number }[]>`
    SELECT enforce_subscription(${id}, ${change.enforce}) AS sessions`;
  return row?.sessions ?? 0;
}
