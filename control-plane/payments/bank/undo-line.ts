import type { Row, RowDoer, Run, UndoOutcome } from '../../bulk';
import { accountFor, postTransfers } from '../../ledger';
import type { Context } from '../../platform/context';
import { findRefund } from '../refund/queries';
import { refundPayment } from '../refund/refund-payment';
import type { HeldLine } from './plan-statement';

/** What undoing a line needs. */
export interface Made {
  row_id: string;
  payment_id?: string;
  notice_id?: string;
}

interface StandingLine {
  id: bigint;
  amount_cents: bigint;
  currency: string;
  at: Date;
  named: string | null;
  key: string | null;
}

const kept = (note: string): UndoOutcome => ({ outcome: 'kept', note });

/**
 * Takes a line off its statement, with what it booked. Kept is what somebody has gone on from: money given to a customer or used by them, a cheque that is
 * cleared, a line that somebody has named.
 */
export const undoLine: RowDoer['undo'] = async (ctx: Context, run: Run, row: Row): Promise<UndoOutcome> => {
  const made = row.before as unknown as Made | null;
  if (!made) return kept('not_undoable');
  const [line] = await ctx.tx.$queryRaw<StandingLine[]>`
    SELECT r.id, r.amount_cents, r.currency, r.at, r.named, t.key FROM payment_statement_row r LEFT JOIN ledger_transfer t ON t.id = r.transfer_id
    WHERE r.id = ${BigInt(made.row_id)} FOR NO KEY UPDATE OF r`;
  if (!line || line.named !== null) return kept('changed_meanwhile');
  if (line.key?.startsWith('statement:bank:')) await bookBack(ctx, line, 'fees');
  else if (isCleared(row)) return kept('not_undoable');
  else if (made.notice_id !== undefined) {
    if (!(await dropHeld(ctx, line, BigInt(made.notice_id)))) return kept('used_since');
  } else if (made.payment_id !== undefined) {
    const refusal = await giveBack(ctx, BigInt(made.payment_id), line.id);
    if (refusal) return kept(refusal);
  }
  await ctx.tx.$queryRaw`SELECT payment_bank_drop_line(${line.id})`;
  return { outcome: 'undone' };
};

const isCleared = (row: Row): boolean => (row.data['line'] as HeldLine | null)?.deed.what === 'clear';

/** What was booked between the bank and an account of ours goes back. */
async function bookBack(
  ctx: Context,
  line: StandingLine,
  from: 'fees' | 'suspense',
  key = `statement:bank:${line.id}`,
): Promise<void> {
  const bank = await accountFor(ctx, 'bank', line.currency);
  const other = await accountFor(ctx, from, line.currency);
  const into = line.amount_cents > 0n;
  await postTransfers(ctx, [
    {
      key: `${key}:undone`,
      debit: into ? other : bank,
      credit: into ? bank : other,
      amount_cents: into ? line.amount_cents : -line.amount_cents,
      kind: 'statement',
      memo: 'taken back',
      event_at: line.at,
    },
  ]);
}

/** Money that still waits for its owner; false where somebody has it. */
async function dropHeld(ctx: Context, line: StandingLine, noticeId: bigint): Promise<boolean> {
  const [dropped] = await ctx.tx.$queryRaw<{ was: boolean }[]>`SELECT payment_bank_drop_notice(${noticeId}) AS was`;
  if (!dropped?.was) return false;
  await bookBack(ctx, line, 'suspense', `notice:${noticeId}`);
  return true;
}

/** Gives a payment that nobody has used back to where it came from, in whole; why not, else. Its reference keeps both out of what the bank should tell of. */
async function giveBack(ctx: Context, paymentId: bigint, lineId: bigint): Promise<string | undefined> {
  const used = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM payment p WHERE p.id = ${paymentId} AND p.outcome IN ('activated', 'renewed')
      AND (EXISTS (SELECT FROM session_live l WHERE l.subscription_id = p.subscription_id AND l.updated_at > p.settled_at)
        OR EXISTS (SELECT FROM session_closed d WHERE d.subscription_id = p.subscription_id AND d.stopped_at > p.settled_at))`;
  if (used.length > 0) return 'used_since';
  const outcome = await refundPayment(ctx, paymentId, {
    way: 'bank',
    service: 'take_back',
    reason: 'The line of the statement was taken back',
    reference: `statement:${lineId}`,
  });
  if (outcome.kind !== 'done') return 'used_since';
  const refund = await findRefund(ctx, outcome.id);
  return refund?.state === 'done' ? undefined : 'bank_needs_second';
}
