import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { priceNow, type Price } from './price';
import { listDiscounts } from './queries';
import { couponCode, type Discount } from './schema';

export type ClaimOutcome =
  | { kind: 'done'; discount: Discount; clientId: bigint; price: Price }
  | { kind: 'not_found' }
  | { kind: 'unknown' }
  /** It exists, and would change nothing: over, used up, not for this plan, or another discount leaves off more. */
  | { kind: 'no_use'; discount: Discount };

/** Gives a subscription a coupon by its code: its next purchases are cheaper while the coupon's limits allow it. Claiming it again changes nothing. */
export async function claimCoupon(ctx: Context, subscriptionId: bigint, typed: string): Promise<ClaimOutcome> {
  const sub = await ctx.tx.subscription.findFirst({
    where: { id: subscriptionId, status: { not: 'ended' } },
    include: { plan_version: true, next_plan_version: true },
  });
  if (!sub) return { kind: 'not_found' };
  const code = couponCode.safeParse(typed);
  const [discount] = code.success
    ? (await listDiscounts(ctx, { limit: 1, before: undefined, code: code.data })).items
    : [];
  if (!discount) return { kind: 'unknown' };
  const id = BigInt(discount.id);
  const claimed = await ctx.tx.$executeRaw`
    INSERT INTO discount_claim (subscription_id, discount_id, tenant_id, claimed_at) VALUES (${subscriptionId}, ${id}, ${ctx.tenantId}, ${ctx.now})
    ON CONFLICT DO NOTHING`;
  const price = await priceNow(ctx, subscriptionId, sub.next_plan_version ?? sub.plan_version);
  if (price.discount?.id !== id) {
    if (claimed > 0)
      await ctx.tx
        .$executeRaw`DELETE FROM discount_claim WHERE subscription_id = ${subscriptionId} AND discount_id = ${id}`;
    return { kind: 'no_use', discount };
  }
  if (claimed > 0)
    await recordAudit(
      ctx,
      'discounts.claim',
      { type: 'subscription', id: subscriptionId },
      { code: discount.code, discount: discount.name },
    );
  return { kind: 'done', discount, clientId: sub.subscriber_id, price };
}
