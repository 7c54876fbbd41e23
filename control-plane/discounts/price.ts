import type { Context } from '../platform/context';

/** What a purchase costs now. */
export interface Price {
  /** The price of the plan's version. */
  list_cents: bigint;
  off_cents: bigint;
  /** What is to be paid: the price without what the discount leaves off. */
  price_cents: bigint;
  discount: { id: bigint; name: string } | undefined;
  /** The discount is counted: who buys next may not get it any more. */
  is_limited: boolean;
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

/** What is asked the price of: a version for a subscription. */
interface Wish {
  subscriptionId: bigint;
  version: Version;
}

/** For each wish the discount that is due, in their order. */
async function duesOf(ctx: Context, wishes: readonly Wish[]): Promise<(Due | undefined)[]> {
  const rows = await ctx.tx.$queryRaw<(Due & { n: bigint })[]>`
    SELECT x.n, d.discount_id, d.name, d.off_cents, d.is_limited
    FROM unnest(${wishes.map(({ subscriptionId }) => subscriptionId)}::bigint[], ${wishes.map(({ version }) => version.id)}::bigint[]) WITH ORDINALITY AS x (subscription_id, version_id, n)
    CROSS JOIN LATERAL discount_due(x.subscription_id, x.version_id) d`;
  const dues = new Map(rows.map((row) => [Number(row.n) - 1, row]));
  return wishes.map((_, at) => dues.get(at));
}

function priceOf(version: Version, due: Due | undefined): Price {
  const off_cents = due?.off_cents ?? 0n;
  return {
    list_cents: version.price_cents,
    off_cents,
    price_cents: version.price_cents - off_cents,
    discount: due && { id: due.discount_id, name: due.name },
    is_limited: due?.is_limited ?? false,
  };
}

/** What this version would cost the subscription now, for showing. Somebody else may use the last of a discount before it is bought. */
export async function priceNow(ctx: Context, subscriptionId: bigint, version: Version): Promise<Price> {
  const [due] = await duesOf(ctx, [{ subscriptionId, version }]);
  return priceOf(version, due);
}

/**
 * The price that a purchase is made at: where a discount with limits is due, it is decided under one lock of the company's, so that of many who
 * buy at once no more get it than may. Hold the subscription's lock before, and lock ledger accounts after. A purchase that is made must be followed
 * by `recordUse`, in the same transaction.
 */
export async function priceToPay(ctx: Context, subscriptionId: bigint, version: Version): Promise<Price> {
  const [price] = await pricesToPay(ctx, [{ subscriptionId, version }]);
  if (!price) throw new Error('A price was asked for and none came.');
  return price;
}

/** The same for several purchases, in their order. Of those with `is_limited` only one may be made before its use is written down. */
export async function pricesToPay(ctx: Context, wishes: readonly Wish[]): Promise<Price[]> {
  if (wishes.length === 0) return [];
  let dues = await duesOf(ctx, wishes);
  if (dues.some((due) => due?.is_limited)) {
    await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`discounts ${ctx.tenantId}`}, 0))`;
    dues = await duesOf(ctx, wishes);
  }
  return wishes.map(({ version }, at) => priceOf(version, dues[at]));
}

/** A purchase at a price, and the cycle that it began. */
interface Use {
  price: Price;
  sub: { id: bigint; subscriber_id: bigint };
  cycle_no: number;
  currency: string;
}

/** Writes down that a purchase got its discount; `cycleNo` is the cycle that it began. Nothing for a purchase at the full price. */
export async function recordUse(
  ctx: Context,
  price: Price,
  sub: Use['sub'],
  cycleNo: number,
  currency: string,
): Promise<void> {
  if (!price.discount) return;
  await ctx.tx
    .$executeRaw`SELECT discount_record_uses(${usesRows([{ price, sub, cycle_no: cycleNo, currency }])}::jsonb)`;
}

/** What several purchases got, as the database's discount_record_uses takes it. */
export function usesRows(uses: readonly Use[]): string {
  const rows = uses.flatMap(({ price, sub, cycle_no, currency }) =>
    price.discount
      ? [
          {
            discount_id: price.discount.id.toString(),
            subscriber_id: sub.subscriber_id.toString(),
            subscription_id: sub.id.toString(),
            cycle_no,
            list_cents: price.list_cents.toString(),
            off_cents: price.off_cents.toString(),
            currency,
          },
        ]
      : [],
  );
  return JSON.stringify(rows);
}
