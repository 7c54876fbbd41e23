import type { Price } from '../discounts';
import { issueInvoice, type SaleLine, type SaleToInvoice } from '../invoices';
import type { Context } from '../platform/context';
import { LAST_MOMENT } from './add-validity';
import type { Change, Locked } from './standing';

/** A purchase that was booked under `key`: what it made of the subscription, what was bought, and for how much. */
interface Purchase {
  key: string;
  sub: Locked;
  data: Change['data'];
  version: Locked['plan'];
  price: Price;
}

/**
 * Invoices a purchase that was booked under `key`: the plan by its name, what it costs, what was left off, and the time that it gave. A purchase
 * before the end gives time from that end on; one that waits for its first use names no time.
 */
export async function invoicePurchase(
  ctx: Context,
  key: string,
  sub: Locked,
  { data }: Change,
  bought: Pick<Purchase, 'version' | 'price'>,
): Promise<void> {
  await issueInvoice(ctx, key, sub, [await lineOf(ctx, { key, sub, data, ...bought })]);
}

/** The sales that several purchases are, with what their invoices say. */
export async function salesOf(ctx: Context, purchases: readonly Purchase[]): Promise<SaleToInvoice[]> {
  const sales: SaleToInvoice[] = [];
  for (const one of purchases) sales.push({ key: one.key, sub: one.sub, lines: [await lineOf(ctx, one)] });
  return sales;
}

async function lineOf(ctx: Context, { sub, data, version, price }: Purchase): Promise<SaleLine> {
  const to = data.expires_at instanceof Date && data.expires_at < LAST_MOMENT ? data.expires_at : null;
  const early = sub.starts_at !== null && sub.expires_at !== null && ctx.now < sub.expires_at;
  return {
    kind: 'service',
    description: version.plan_id === sub.plan.plan_id ? sub.plan_name : await planName(ctx, version.plan_id),
    unit_cents: price.list_cents,
    discount_cents: price.off_cents,
    discount_name: price.discount?.name,
    period_from: to && (early ? sub.expires_at : ctx.now),
    period_to: to,
  };
}

export async function planName(ctx: Context, id: bigint): Promise<string> {
  return (await ctx.tx.plan.findUniqueOrThrow({ where: { id }, select: { name: true } })).name;
}
