import { z } from 'zod';
import type { Context } from '../platform/context';
import { findReseller } from './queries';
import type { Reseller } from './schema';

export const statementLine = z.object({
  at: z.string(),
  /** `float` or `commission`: whose balance it changed. */
  account: z.enum(['float', 'commission']),
  kind: z.string(),
  /** The customer, or what the transfer says of itself. */
  about: z.string(),
  amount_cents: z.int(),
  balance_cents: z.int(),
  payment_id: z.string().nullable(),
});
export type StatementLine = z.output<typeof statementLine>;

const side = z.object({ opening_cents: z.int(), closing_cents: z.int() });
export const statementAnswer = z.object({
  reseller_id: z.string(),
  reseller_name: z.string(),
  currency: z.string(),
  from: z.string(),
  to: z.string(),
  float: side,
  commission: side,
  lines: z.array(statementLine),
});
export type Statement = z.output<typeof statementAnswer>;

/** Lines of a statement at most; a longer period is asked for in parts. */
export const LINES_MAX = 5_000;

export type StatementOutcome =
  | { kind: 'done'; statement: Statement; reseller: Reseller }
  | { kind: 'not_found' }
  | { kind: 'too_long'; lines: number };

/** The entries of a reseller's accounts that were recorded in a period, with what stood before and after: the ledger itself, nothing counted anew. */
export async function statementOf(
  ctx: Context,
  id: bigint,
  period: { from: Date; to: Date },
): Promise<StatementOutcome> {
  const reseller = await findReseller(ctx, id);
  if (!reseller) return { kind: 'not_found' };
  const { from, to } = period;
  const codes = [`wallet:${reseller.client_id}`, `commission:${id}`];
  const sums = await ctx.tx.$queryRaw<{ code: string; opening: bigint; closing: bigint; lines: bigint }[]>`
    SELECT a.code, coalesce(sum(e.amount_cents) FILTER (WHERE t.recorded_at < ${from}), 0)::bigint AS opening,
           coalesce(sum(e.amount_cents) FILTER (WHERE t.recorded_at < ${to}), 0)::bigint AS closing,
           count(*) FILTER (WHERE t.recorded_at >= ${from} AND t.recorded_at < ${to}) AS lines
    FROM ledger_account a LEFT JOIN ledger_entry e ON e.account_id = a.id LEFT JOIN ledger_transfer t ON t.id = e.transfer_id
    WHERE a.tenant_id = ${ctx.tenantId} AND a.code = ANY (${codes}) AND a.currency = ${reseller.currency} GROUP BY a.code`;
  const count = sums.reduce((all, one) => all + Number(one.lines), 0);
  if (count > LINES_MAX) return { kind: 'too_long', lines: count };
  const sideOf = (code: string | undefined) => {
    const sum = sums.find((one) => one.code === code);
    return { opening_cents: Number(sum?.opening ?? 0n), closing_cents: Number(sum?.closing ?? 0n) };
  };
  return {
    kind: 'done',
    reseller,
    statement: {
      reseller_id: reseller.id,
      reseller_name: reseller.name,
      currency: reseller.currency,
      from: from.toISOString(),
      to: to.toISOString(),
      float: sideOf(codes[0]),
      commission: sideOf(codes[1]),
      lines: await linesOf(ctx, codes, reseller.currency, period),
    },
  };
}

async function linesOf(
  ctx: Context,
  codes: string[],
  currency: string,
  { from, to }: { from: Date; to: Date },
): Promise<StatementLine[]> {
  const rows = await ctx.tx.$queryRaw<
    {
      at: Date;
      code: string;
      kind: string;
      about: string;
      amount: bigint;
      balance: bigint;
      payment_id: bigint | null;
    }[]
  >`
    SELECT t.recorded_at AS at, a.code, t.kind, coalesce(nullif(t.memo, ''), c.name, m.name, '') AS about, e.amount_cents AS amount, e.balance_cents AS balance, t.payment_id
    FROM ledger_account a JOIN ledger_entry e ON e.account_id = a.id JOIN ledger_transfer t ON t.id = e.transfer_id
    LEFT JOIN ledger_account o ON o.id IN (t.debit_account_id, t.credit_account_id) AND o.id <> a.id LEFT JOIN subscriber c ON c.id = o.subscriber_id
    LEFT JOIN payment p ON p.id = t.payment_id AND o.subscriber_id IS NULL LEFT JOIN subscriber m ON m.id = p.subscriber_id AND 'wallet:' || m.id <> a.code
    WHERE a.tenant_id = ${ctx.tenantId} AND a.code = ANY (${codes}) AND a.currency = ${currency} AND t.recorded_at >= ${from} AND t.recorded_at < ${to}
    ORDER BY t.recorded_at, e.id`;
  return rows.map((row) => ({
    at: row.at.toISOString(),
    account: row.code.startsWith('wallet:') ? 'float' : 'commission',
    kind: row.kind,
    about: row.about,
    amount_cents: Number(row.amount),
    balance_cents: Number(row.balance),
    payment_id: row.payment_id?.toString() ?? null,
  }));
}
