import type { Context } from '../platform/context';

/** What the customer is asked for: the price as given, or the net price with the taxes that the company charges today (plan_gross_today). */
export async function priceAsked(
  ctx: Context,
  input: { price_cents?: number | undefined; net_cents?: number | null | undefined },
): Promise<number> {
  if (input.net_cents === null || input.net_cents === undefined) {
    if (input.price_cents === undefined) throw new Error('a plan without a price got past its schema');
    return input.price_cents;
  }
  const [row] = await ctx.tx.$queryRaw<{ cents: bigint }[]>`SELECT plan_gross_today(${input.net_cents}) AS cents`;
  if (!row) throw new Error('plan_gross_today gave nothing');
  return Number(row.cents);
}
