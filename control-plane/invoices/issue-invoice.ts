import type { Context } from '../platform/context';

/** What was sold, as the invoice says it. Money in minor units, as the customer pays it. */
export interface SaleLine {
  /** Excise is on service alone. */
  kind: 'service' | 'fee';
  description: string;
  unit_cents: bigint;
  discount_cents?: bigint;
  discount_name?: string | undefined;
  period_from?: Date | null;
  period_to?: Date | null;
}

interface Customer {
  id: bigint;
  subscriber_id: bigint;
}

/** A sale that was posted under `key`: to whom, and what. */
export interface SaleToInvoice {
  key: string;
  sub: Customer;
  lines: SaleLine[];
}

/**
 * Issues the invoice of a sale that was posted under `key` before, in the same transaction; it gets its number a moment after the commit. Nothing where nothing was
 * posted, because it cost nothing. A sale that nobody tells of here gets a plain invoice by itself when the transaction ends.
 * @throws when the lines do not come to what was posted
 */
export async function issueInvoice(ctx: Context, key: string, sub: Customer, lines: SaleLine[]): Promise<void> {
  await ctx.tx.$executeRaw`SELECT invoice_issue_many(${salesRows([{ key, sub, lines }])}::jsonb)`;
}

/** Several sales, as the database's invoice_issue_many takes them: it does for each what issueInvoice says. */
export function salesRows(sales: readonly SaleToInvoice[]): string {
  const rows = sales.map(({ key, sub, lines }) => ({
    key,
    subscriber_id: sub.subscriber_id.toString(),
    subscription_id: sub.id.toString(),
    lines: lines.map((line) => ({
      ...line,
      unit_cents: line.unit_cents.toString(),
      discount_cents: (line.discount_cents ?? 0n).toString(),
    })),
  }));
  return JSON.stringify(rows);
}

/** Issues the credit notes of money that went back out of sales, against the service's newest invoices. */
export async function creditSale(ctx: Context, key: string, sub: Customer, reason: string): Promise<void> {
  const transfer = await transferOf(ctx, key);
  if (transfer === undefined) return;
  await ctx.tx.$executeRaw`
    SELECT count(*) FROM invoice_credit(${transfer}, ${sub.subscriber_id}, ${sub.id}, NULL, ${reason}, ${staffOf(ctx)}::bigint)`;
}

export const staffOf = (ctx: Context): bigint | null => (ctx.actor.kind === 'staff' ? ctx.actor.id : null);

async function transferOf(ctx: Context, key: string): Promise<bigint | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM ledger_transfer WHERE tenant_id = ${ctx.tenantId} AND key = ${key}`;
  return row?.id;
}
