import { recordAudit } from '../../audit';
import type { Context } from '../../platform/context';
import { bookLine } from './match-statement';

export const lineUses = ['bank', 'cash', 'fees', 'named'] as const;
export type LineUse = (typeof lineUses)[number];

interface Row {
  id: bigint;
  kind: string;
  method: string;
  amount_cents: bigint;
  currency: string;
  at: Date;
  state: string;
}

/**
 * Says what a line of a statement is that nothing else explains: money moved to the bank or the till, a charge, or in words. Booked once; false where the line
 * is explained already, or is a payment or a reversal, which are booked as what they are.
 */
export async function nameLine(
  ctx: Context,
  statement: bigint,
  id: bigint,
  { use, note }: { use: LineUse; note: string },
): Promise<boolean> {
  // Locked before it is read: who waited for another sees what that one has booked.
  await ctx.tx.$queryRaw`SELECT id FROM payment_statement_row WHERE id = ${id} FOR NO KEY UPDATE`;
  const [row] = await ctx.tx.$queryRaw<Row[]>`
    SELECT r.id, r.kind, r.method, r.amount_cents, r.currency, r.at, m.state
    FROM payment_statement_row r JOIN payment_match(${statement}) m ON m.id = r.id WHERE r.id = ${id}`;
  if (!row || row.state !== 'open' || row.kind === 'payment' || row.kind === 'reversal') return false;
  if (use !== 'named') await bookLine(ctx, row, use, note);
  await ctx.tx.$executeRaw`
    UPDATE payment_statement_row SET named = ${note}, named_by = ${ctx.actor.name}, named_at = lango_now() WHERE id = ${id}`;
  const detail = { statement_id: statement, use, note, amount_cents: row.amount_cents };
  await recordAudit(ctx, 'payments.name_line', { type: 'payment_statement_row', id }, detail);
  return true;
}
