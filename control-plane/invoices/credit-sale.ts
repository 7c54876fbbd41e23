import type { Context } from '../platform/context';
import { staffOf } from './issue-invoice';

/** A sale as its invoice tells it; one from before there were invoices has none. */
export interface Sale {
  invoice_id: bigint | null;
  sold_cents: bigint;
  /** What of it was not credited yet. */
  left_cents: bigint;
  /** The time that it gave, where the invoice tells it. */
  period_from: Date | null;
  period_to: Date | null;
}

/** The sale that was posted under `key`. Undefined where nothing was. */
export async function findSale(ctx: Context, key: string): Promise<Sale | undefined> {
  const [row] = await ctx.tx.$queryRaw<Sale[]>`
    SELECT i.id AS invoice_id, t.amount_cents AS sold_cents,
      t.amount_cents - coalesce((SELECT sum(c.total_cents) FROM invoice c WHERE c.credits_invoice_id = i.id), 0)::bigint AS left_cents, l.period_from, l.period_to
    FROM ledger_transfer t LEFT JOIN invoice i ON i.transfer_id = t.id AND i.kind = 'invoice' LEFT JOIN invoice_line l ON l.invoice_id = i.id AND l.line_no = 1
    WHERE t.tenant_id = ${ctx.tenantId} AND t.key = ${key}`;
  return row;
}

/** Issues the credit note of money that was posted out of sales under `key`, against this one invoice. @throws when less is left of it */
export async function creditOneSale(
  ctx: Context,
  key: string,
  sale: Sale,
  customer: { subscriberId: bigint; subscriptionId: bigint | null },
  reason: string,
): Promise<void> {
  await ctx.tx.$executeRaw`
    SELECT count(c) FROM ledger_transfer t, LATERAL invoice_credit(t.id, ${customer.subscriberId}, ${customer.subscriptionId}::bigint, ${sale.invoice_id}::bigint, ${reason},
      ${staffOf(ctx)}::bigint) c
    WHERE t.tenant_id = ${ctx.tenantId} AND t.key = ${key}`;
}
