import type { Context } from '../platform/context';

/** What a purchase costs now. */
export interface Price {
  /** The price of the plan's version. */
  list_cents: bigint;
  off_cents: bigint;
  /** What is to be paid: the price without what the discount leaves off. */
  price_cents: bigint;
  discount: { id: bigint; name: string } | undefined;
}

interface Due {
  discount_id: bigint;
  name: string;
  off_cents: bigint;
  is_limited: boolean;
}

interface Version {
  id: bigint;
  price_cents: bigint;
  currency: string;
}

async function dueOf(ctx: Context, subscriptionId: bigint, version: Version): Promise<Due | undefined> {
  const [due] = await ctx.tx.$queryRaw<Due[]>`
    SELECT discount_id, name, off_cents, is_limited FROM discount_due(${subscriptionId}, ${version.id})`;
  return due;
}

function priceOf(version: Version, due: Due | undefined): Price {
  const off_cents = due?.off_cents ?? 0n;
  return {
    list_cents: version.price_cents,
    off_cents,
    price_cents: version.price_cents - off_cents,
    discount: due && { id: due.discount_id, name: due.name },
  };
}

/** What this version would cost the subscription now, for showing. Somebody else may use the last of a discount before it is bought. */
export async function priceNow(ctx: Context, subscriptionId: bigint, version: Version): Promise<Price> {
  return priceOf(version, await dueOf(ctx, subscriptionId, version));
}

/**
 * The price that a purchase is made at: where a discount with limits is due, it is decided under one lock of the company's, so that of many who
 * buy at once no more get it than may. Hold the subscription's lock before, and lock ledger accounts after. A purchase that is made must be followed
 * by `recordUse`, in the same transaction.
 */
export async function priceToPay(ctx: Context, subscriptionId: bigint, version: Version): Promise<Price> {
  const due = await dueOf(ctx, subscriptionId, version);
  if (!due?.is_limited) return priceOf(version, due);
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`discounts ${ctx.tenantId}`}, 0))`;
  return priceOf(version, await dueOf(ctx, subscriptionId, version));
}

/** Writes down that a purchase got its discount; `cycleNo` is the cycle that it began. Nothing for a purchase at the full price. */
export async function recordUse(
  ctx: Context,
  price: Price,
  sub: { id: bigint; subscriber_id: bigint },
  cycleNo: number,
  currency: string,
): Promise<void> {
  if (!price.discount) return;
  await ctx.tx.$executeRaw`
    INSERT INTO discount_use (tenant_id, discount_id, subscriber_id, subscription_id, cycle_no, list_cents, off_cents, currency)
    VALUES (${ctx.tenantId}, ${price.discount.id}, ${sub.subscriber_id}, ${sub.id}, ${cycleNo}, ${price.list_cents}, ${price.off_cents}, ${currency})`;
}
