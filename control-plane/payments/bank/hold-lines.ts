import { recordAudits } from '../../audit';
import { accountFor, postTransfers } from '../../ledger';
import type { Context } from '../../platform/context';
import type { HeldLine, StatementParams } from './plan-statement';
import type { WrittenLine } from './write-lines';

export interface MadeLine {
  held: HeldLine;
  line: WrittenLine;
}

/**
 * Books money that names nobody to suspense, for many lines in a few statements, and gives the notice that waits by the line's id. As `bookDecided` does for one.
 * @throws where a receipt was taken meanwhile: then each is tried by itself
 */
export async function holdLines(
  ctx: Context,
  { currency }: StatementParams,
  made: MadeLine[],
): Promise<Map<bigint, bigint>> {
  if (made.length === 0) return new Map();
  const receipts = await receiptsOf(ctx, made);
  const rows = made.map(({ held, line }) => ({
    receipt: receipts.get(line.id) ?? '',
    amount_cents: held.amount_cents,
    payer_name: held.description.slice(0, 100),
    bill_ref: (held.account || held.reference).slice(0, 100),
    at: line.at.toISOString(),
  }));
  const notices = await ctx.tx.$queryRaw<{ id: bigint; receipt: string }[]>`
    INSERT INTO payment_notice (tenant_id, method, receipt, amount_cents, currency, state, payer_name, bill_ref, source, occurred_at)
    SELECT ${ctx.tenantId}, 'bank', x.receipt, x.amount_cents, ${currency}, 'waiting', x.payer_name, x.bill_ref, 'list', x.at
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x (receipt text, amount_cents bigint, payer_name text, bill_ref text, at timestamptz) RETURNING id, receipt`;
  const ids = new Map(notices.map(({ id, receipt }) => [receipt, id]));
  const waiting = made.map(({ line }) => {
    const receipt = receipts.get(line.id) ?? '';
    return { line, receipt, notice: ids.get(receipt) ?? 0n };
  });
  const bank = await accountFor(ctx, 'bank', currency);
  const suspense = await accountFor(ctx, 'suspense', currency);
  await postTransfers(
    ctx,
    waiting.map(({ line, notice }) => ({
      key: `notice:${notice}:held`,
      debit: bank,
      credit: suspense,
      amount_cents: line.amount_cents,
      kind: 'suspense',
    })),
  );
  const ties = waiting.map(({ line, notice }) => ({ row: line.id.toString(), key: `notice:${notice}:held` }));
  await ctx.tx.$executeRaw`
    UPDATE payment_statement_row SET transfer_id = t.id FROM jsonb_to_recordset(${JSON.stringify(ties)}::jsonb) AS x ("row" bigint, key text)
    JOIN ledger_transfer t ON t.tenant_id = ${ctx.tenantId} AND t.key = x.key WHERE payment_statement_row.id = x."row"`;
  await recordAudits(
    ctx,
    waiting.map(({ line, receipt, notice }) => ({
      action: 'payments.hold',
      subject: { type: 'payment_notice', id: notice },
      detail: { method: 'bank', receipt, amount_cents: line.amount_cents, state: 'waiting' },
    })),
  );
  return new Map(waiting.map(({ line, notice }) => [line.id, notice]));
}

/** The bank's reference, where nothing has it, in the books or among these; else with the day and the line's number. By the line's id. */
async function receiptsOf(ctx: Context, made: MadeLine[]): Promise<Map<bigint, string>> {
  const rows = made.map(({ held, line }) => ({
    id: line.id.toString(),
    reference: held.reference.slice(0, 70),
    day: held.day,
  }));
  const found = await ctx.tx.$queryRaw<{ id: bigint; receipt: string }[]>`
    SELECT x.id, CASE WHEN x.reference <> '' AND x.alike = 1
        AND NOT EXISTS (SELECT FROM payment p WHERE p.tenant_id = ${ctx.tenantId} AND p.method = 'bank' AND upper(p.reference) = upper(x.reference))
        AND NOT EXISTS (SELECT FROM payment_notice n WHERE n.tenant_id = ${ctx.tenantId} AND n.method = 'bank' AND upper(n.receipt) = upper(x.reference))
      THEN x.reference ELSE concat_ws(' ', coalesce(nullif(x.reference, ''), 'BANK'), x.day, x.id) END AS receipt
    FROM (SELECT r.*, count(*) OVER (PARTITION BY upper(r.reference)) AS alike
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r (id bigint, reference text, day text)) x`;
  return new Map(found.map(({ id, receipt }) => [id, receipt]));
}
