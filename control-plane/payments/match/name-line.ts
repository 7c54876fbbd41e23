import { recordAudit } from '../../audit';
import type { Context } from '../../platform/context';
import { accountFor, postTransfers } from '../../ledger';
import type { LineState } from './queries';
import { bookLine } from './match-statement';

export const lineUses = ['bank', 'cash', 'mpesa', 'familybank', 'stripe', 'fees', 'named'] as const;
export type LineUse = (typeof lineUses)[number];

interface Row {
  id: bigint;
  kind: string;
  method: string;
  amount_cents: bigint;
  currency: string;
  at: Date;
  state: LineState;
  notice_id: bigint | null;
}

/**
 * What a line may be said to be. Of a provider's statement payments and reversals are booked as what they are. Of a bank's, money that waits for its owner may
 * turn out to be the company's own; then words alone do not do, for it is in the books.
 */
export function usesOf({ method, kind, state }: Pick<Row, 'method' | 'kind' | 'state'>): readonly LineUse[] {
  const others = lineUses.filter((use) => use !== method);
  if (method === 'bank')
    return state === 'open' ? others : state === 'waiting' ? others.filter((use) => use !== 'named') : [];
  return state === 'open' && kind !== 'payment' && kind !== 'reversal' ? others : [];
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
    SELECT r.id, r.kind, r.method, r.amount_cents, r.currency, r.at, m.state, m.notice_id
    FROM payment_statement_row r JOIN payment_match(${statement}) m ON m.id = r.id WHERE r.id = ${id}`;
  if (!row || !usesOf(row).includes(use)) return false;
  if (row.notice_id !== null && use !== 'named') await bookHeld(ctx, row, row.notice_id, use, note);
  else if (use !== 'named') await bookLine(ctx, row, use, note);
  await ctx.tx.$executeRaw`
    UPDATE payment_statement_row SET named = ${note}, named_by = ${ctx.actor.name}, named_at = lango_now() WHERE id = ${id}`;
  const detail = { statement_id: statement, use, note, amount_cents: row.amount_cents };
  await recordAudit(ctx, 'payments.name_line', { type: 'payment_statement_row', id }, detail);
  return true;
}

/** Money of a bank's line that waited for an owner is the company's own: out of suspense to where it came from. */
async function bookHeld(
  ctx: Context,
  row: Row,
  noticeId: bigint,
  use: Exclude<LineUse, 'named'>,
  memo: string,
): Promise<void> {
  const [dropped] = await ctx.tx.$queryRaw<{ was: boolean }[]>`SELECT payment_bank_drop_notice(${noticeId}) AS was`;
  if (!dropped?.was) throw new Error(`Line ${row.id} waits, and its money does not.`);
  await postTransfers(ctx, [
    {
      key: `statement:bank:${row.id}`,
      debit: await accountFor(ctx, 'suspense', row.currency),
      credit: await accountFor(ctx, use, row.currency),
      amount_cents: row.amount_cents,
      kind: 'statement',
      memo,
      event_at: row.at,
    },
  ]);
}
