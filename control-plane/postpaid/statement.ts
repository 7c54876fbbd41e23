import { DateTime } from 'luxon';
import type { Context } from '../platform/context';
import type { Movement, Statement, StatementQuery } from './schema';

interface Row {
  at: Date;
  kind: string;
  reference: string | null;
  cents: bigint;
}

const kinds: Record<string, Movement['kind']> = { sale: 'invoice', debt_paid: 'payment', write_off: 'write_off' };

/**
 * What was charged to a customer and what was paid, between two days of the company's zone (the last three months where none are named), from the books. A
 * payment names its receipt, an invoice its number. Undefined where there is no such account.
 */
export async function statementOf(
  ctx: Context,
  subscriberId: bigint,
  query: StatementQuery,
  timezone: string,
): Promise<Statement | undefined> {
  const [account] = await ctx.tx.$queryRaw<{ name: string; currency: string | null }[]>`
    SELECT c.name, (SELECT l.currency FROM ledger_account l WHERE l.tenant_id = a.tenant_id AND l.code = 'receivable:' || a.subscriber_id
      AND (${query.currency ?? null}::text IS NULL OR l.currency = ${query.currency ?? null}::text) ORDER BY l.id LIMIT 1) AS currency
    FROM postpaid_account a JOIN subscriber c ON c.id = a.subscriber_id WHERE a.tenant_id = ${ctx.tenantId} AND a.subscriber_id = ${subscriberId}`;
  if (!account) return undefined;
  const today = DateTime.fromJSDate(ctx.now, { zone: timezone }).startOf('day');
  const day = (text: string | undefined, other: DateTime) =>
    text === undefined ? other : DateTime.fromISO(text, { zone: timezone });
  const from = day(query.from, today.minus({ months: 3 }));
  const to = day(query.to, today);
  const currency = account.currency ?? query.currency ?? 'KES';
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT t.recorded_at AS at, t.kind, coalesce(i.number_text, p.reference, nullif(t.memo, '')) AS reference, -e.amount_cents AS cents
    FROM ledger_account l JOIN ledger_entry e ON e.account_id = l.id JOIN ledger_transfer t ON t.id = e.transfer_id
    LEFT JOIN invoice i ON i.transfer_id = t.id LEFT JOIN payment p ON p.id = t.payment_id
    WHERE l.tenant_id = ${ctx.tenantId} AND l.code = ${`receivable:${subscriberId}`} AND l.currency = ${currency} AND t.recorded_at < ${to.plus({ days: 1 }).toJSDate()}
    ORDER BY e.account_version LIMIT 10000`;
  let balance = 0;
  let opening = 0;
  const items: Movement[] = [];
  for (const row of rows) {
    const amount = Number(row.cents);
    balance += amount;
    if (row.at < from.toJSDate()) opening = balance;
    else
      items.push({
        at: row.at.toISOString(),
        kind: kinds[row.kind] ?? 'payment',
        reference: row.reference,
        amount_cents: amount,
        balance_cents: balance,
      });
  }
  return {
    client_id: subscriberId.toString(),
    client_name: account.name,
    currency,
    from: from.toISODate() ?? '',
    to: to.toISODate() ?? '',
    opening_cents: opening,
    items,
    closing_cents: balance,
  };
}
