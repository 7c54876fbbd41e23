import { recordAudit } from '../audit';
import { accountFor, lockAccounts, postTransfers } from '../ledger';
import type { Context } from '../platform/context';
import { staffOf } from './issue-invoice';
import type { CreditInput } from './schema';

export type CreditOutcome =
  { kind: 'done'; id: bigint } | { kind: 'not_found' } | { kind: 'nobody' } | { kind: 'too_much'; left_cents: bigint };

interface Standing {
  kind: string;
  subscriber_id: bigint | null;
  currency: string;
  left_cents: bigint;
  notes: bigint;
}

/**
 * Takes back an invoice, or a part of it: the money goes from sales to the customer's wallet, and a credit note says so. One person at a time: the second
 * sees what the first has left.
 */
export async function creditInvoice(ctx: Context, id: bigint, input: CreditInput): Promise<CreditOutcome> {
  const found = await standingOf(ctx, id);
  if (!found) return { kind: 'not_found' };
  if (found.subscriber_id === null) return { kind: 'nobody' };
  const sales = await accountFor(ctx, 'sales', found.currency);
  const wallet = await accountFor(ctx, 'wallet', found.currency, found.subscriber_id);
  await lockAccounts(ctx, [sales, wallet]);
  // Under the locks: whoever credited at the same moment has done so by now.
  const { left_cents, notes } = (await standingOf(ctx, id)) ?? found;
  const amount_cents = input.amount_cents === undefined ? left_cents : BigInt(input.amount_cents);
  if (amount_cents > left_cents || amount_cents === 0n) return { kind: 'too_much', left_cents };
  const key = `invoice:${id}:credit:${notes + 1n}`;
  await postTransfers(ctx, [
    { key, debit: sales, credit: wallet, amount_cents, kind: 'credit_note', memo: input.reason },
  ]);
  const [note] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT c.id FROM ledger_transfer t, LATERAL invoice_credit(t.id, ${found.subscriber_id}, NULL, ${id}, ${input.reason}, ${staffOf(ctx)}::bigint) c (id)
    WHERE t.tenant_id = ${ctx.tenantId} AND t.key = ${key}`;
  if (!note) throw new Error(`The credit of invoice ${id} made no note.`);
  await recordAudit(
    ctx,
    'invoices.credit',
    { type: 'invoice', id },
    {
      credit_note: note.id,
      amount_cents,
      currency: found.currency,
      reason: input.reason,
      client_id: found.subscriber_id,
    },
  );
  return { kind: 'done', id: note.id };
}

async function standingOf(ctx: Context, id: bigint): Promise<Standing | undefined> {
  const [row] = await ctx.tx.$queryRaw<Standing[]>`
    SELECT i.kind, i.subscriber_id, i.currency, i.total_cents - coalesce(sum(c.total_cents), 0)::bigint AS left_cents, count(c.id) AS notes
    FROM invoice i LEFT JOIN invoice c ON c.credits_invoice_id = i.id
    WHERE i.tenant_id = ${ctx.tenantId} AND i.id = ${id} AND i.kind = 'invoice' GROUP BY i.id`;
  return row;
}
