import type { Context } from '../platform/context';
import { pageOf, type Page } from '../platform/http/input';

export interface Balance {
  currency: string;
  balance_cents: number;
}

/** What a customer's wallets hold. */
export async function balancesOf(ctx: Context, subscriberId: bigint): Promise<Balance[]> {
  const rows = await ctx.tx.ledger_account.findMany({
    where: { tenant_id: ctx.tenantId, subscriber_id: subscriberId, code: `wallet:${subscriberId}` },
    orderBy: { currency: 'asc' },
  });
  return rows.map(({ currency, balance_cents }) => ({ currency, balance_cents: Number(balance_cents) }));
}

export interface Movement {
  id: string;
  at: string;
  kind: string;
  /** The receipt, the reason, or the other customer of a transfer. */
  about: string | null;
  amount_cents: number;
  balance_cents: number;
  currency: string;
}

interface Row {
  id: bigint;
  at: Date;
  kind: string;
  memo: string | null;
  reference: string | null;
  other: string | null;
  amount_cents: bigint;
  balance_cents: bigint;
  currency: string;
}

/** What came into a customer's wallets and went out of them, newest first. */
export async function listMovements(
  ctx: Context,
  subscriberId: bigint,
  { limit, before }: { limit: number; before: bigint | undefined },
): Promise<Page<Movement>> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT e.id, t.recorded_at AS at, t.kind, nullif(t.memo, '') AS memo, p.reference, c.name AS other, e.amount_cents, e.balance_cents, t.currency
    FROM ledger_account a JOIN ledger_entry e ON e.account_id = a.id JOIN ledger_transfer t ON t.id = e.transfer_id
    LEFT JOIN payment p ON p.id = t.payment_id
    LEFT JOIN ledger_account o ON t.kind = 'wallet_transfer' AND o.id = CASE WHEN t.debit_account_id = a.id THEN t.credit_account_id ELSE t.debit_account_id END
    LEFT JOIN subscriber c ON c.id = o.subscriber_id
    WHERE a.tenant_id = ${ctx.tenantId} AND a.code = ${`wallet:${subscriberId}`} AND (${before ?? null}::bigint IS NULL OR e.id < ${before ?? null}::bigint)
    ORDER BY e.id DESC LIMIT ${limit + 1}`;
  return pageOf(
    rows,
    limit,
    (row) => row.id,
    (row): Movement => ({
      id: row.id.toString(),
      at: row.at.toISOString(),
      kind: row.kind,
      about: [row.other, row.reference ?? row.memo].filter(Boolean).join(', ') || null,
      amount_cents: Number(row.amount_cents),
      balance_cents: Number(row.balance_cents),
      currency: row.currency,
    }),
  );
}
