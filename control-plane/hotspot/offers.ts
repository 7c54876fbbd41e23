import type { Context } from '../platform/context';
import { findPackage, listPackages, type Package } from '../plans';
import type { Door } from './door';

/** What a phone shows without much scrolling. */
const MOST = 12;

export type Way = 'mpesa' | 'familybank' | 'stripe';
export const ways = ['mpesa', 'familybank', 'stripe'] as const;

/** What is sold at the site, in its order; where it names nothing, the company's hotspot packages, the cheapest first. Only what costs money in the company's currency. */
export async function offersOf(ctx: Context, { site, currency }: Door): Promise<Package[]> {
  const sold = (plan: Package): boolean => plan.price_cents > 0 && plan.currency === currency;
  if (site.packages.length > 0) {
    const found = [];
    for (const { id } of site.packages) found.push(await findPackage(ctx, BigInt(id)));
    return found.filter((plan) => plan !== undefined && sold(plan)).slice(0, MOST) as Package[];
  }
  const { items } = await listPackages(ctx, { limit: 200, before: undefined });
  return items
    .filter((plan) => plan.type === 'hotspot' && sold(plan))
    .sort((a, b) => a.price_cents - b.price_cents)
    .slice(0, MOST);
}

/** How the company can be paid here: by a prompt on the phone first. */
export async function waysOf(ctx: Context, { currency }: Door): Promise<Way[]> {
  const rows = await ctx.tx.$queryRaw<{ provider: string }[]>`
    SELECT provider FROM payment_provider WHERE tenant_id = ${ctx.tenantId}`;
  return ways.filter(
    (way) => rows.some(({ provider }) => provider === way) && (way === 'stripe' || currency === 'KES'),
  );
}
