import type { Row, RowDoer, RowOutcome, Run } from '../../bulk';
import { accountFor, postTransfers } from '../../ledger';
import type { Context } from '../../platform/context';
import { bookDecided } from '../book-money';
import { clearCheque } from '../cheque/clear-cheque';
import { bookLine, tieLine } from '../match/match-statement';
import { lockReceipt } from '../settle-payment';
import { holdLines } from './hold-lines';
import { bare, wordsOf } from './judge-lines';
import type { HeldLine, StatementParams } from './plan-statement';
import { planLines } from './plan-lines';
import { statementOf, writeLines, type WrittenLine } from './write-lines';
import { undoLine, type Made } from './undo-line';

const refused = (note: string): RowOutcome => ({ outcome: 'refused', note });
const paramsOf = (run: Run): StatementParams => run.params as unknown as StatementParams;
/** Undefined once its customer was erased. */
const heldOf = (row: Row): HeldLine | undefined => (row.data['line'] ?? undefined) as HeldLine | undefined;
const done = (made: Made) => ({ outcome: 'done' as const, before: { ...made } });

/** Does one line of a bank's statement as its fate said, once; and takes it back while nobody has gone on from it. */
export const bankDoer: RowDoer = { plan: planLines, work, workTogether, undo: undoLine };

async function work(ctx: Context, run: Run, row: Row): Promise<RowOutcome> {
  const held = heldOf(row);
  if (!held) return refused('not_found');
  const params = paramsOf(run);
  // Before any other lock: two runs that hold the same line do not get past each other here.
  await lockReceipt(ctx, 'bank', held.reference || held.id);
  const [line] = await writeLines(ctx, await statementOf(ctx, run, params), params, [held]);
  if (!line) return refused((await isKnown(ctx, held)) ? 'bank_known' : 'changed_meanwhile');
  switch (held.deed.what) {
    case 'tie':
    case 'open':
      return done({ row_id: line.id.toString() });
    case 'fee':
      await bookLine(ctx, { ...line, method: 'bank', currency: params.currency }, 'fees', 'charge');
      return done({ row_id: line.id.toString() });
    case 'clear':
      return clear(ctx, line, BigInt(held.deed.payment_id));
    case 'credit':
    case 'hold':
      return credit(ctx, run, row, held, line);
  }
}

/** The cheque's money comes into the bank by this line. */
async function clear(ctx: Context, line: WrittenLine, paymentId: bigint): Promise<RowOutcome> {
  const cleared = await clearCheque(ctx, paymentId);
  if (cleared.kind !== 'done') return refused('changed_meanwhile');
  const [moved] = await ctx.tx.$queryRaw<{ key: string; amount_cents: bigint }[]>`
    SELECT t.key, t.amount_cents FROM ledger_transfer t WHERE t.tenant_id = ${ctx.tenantId} AND t.key IN (${`payment:${paymentId}:cleared`}, ${`payment:${paymentId}:received`})
    ORDER BY t.id DESC LIMIT 1`;
  if (moved?.amount_cents !== line.amount_cents) return refused('changed_meanwhile');
  await tieLine(ctx, line.id, moved.key);
  return done({ row_id: line.id.toString() });
}

async function credit(ctx: Context, run: Run, row: Row, held: HeldLine, line: WrittenLine): Promise<RowOutcome> {
  if (await bookedMeanwhile(ctx, run, row, held)) return refused('changed_meanwhile');
  const { deed } = held;
  const to = deed.what === 'credit' ? await standing(ctx, row, deed.subscription_id) : undefined;
  if (deed.what === 'credit' && !to) return refused('changed_meanwhile');
  const money = {
    method: 'bank' as const,
    receipt: await freeReceipt(ctx, held, line.id),
    amount_cents: line.amount_cents,
    currency: paramsOf(run).currency,
    payer: undefined,
    payerName: held.description,
    billRef: held.account || held.reference,
    at: line.at,
  };
  const booked = await bookDecided(ctx, money, to);
  const row_id = line.id.toString();
  if (booked.kind === 'waiting') {
    await tieLine(ctx, line.id, `notice:${booked.noticeId}:held`);
    return done({ row_id, notice_id: booked.noticeId.toString() });
  }
  await tieLine(ctx, line.id, `payment:${booked.paymentId}:received`);
  return done({ row_id, payment_id: booked.paymentId.toString() });
}

/** The customer and service that the line was meant for, while they are there. */
async function standing(ctx: Context, row: Row, subscription: string | null) {
  const who = await ctx.tx.subscriber.findFirst({ where: { id: row.subscriber_id ?? 0n, deleted_at: null } });
  if (!who) return undefined;
  return { subscriberId: who.id, subscriptionId: subscription === null ? undefined : BigInt(subscription) };
}

/** Whether somebody has recorded it by hand since the fates were shown: the same amount, under a reference that stands in the line, or for the same customer. */
async function bookedMeanwhile(ctx: Context, run: Run, row: Row, held: HeldLine): Promise<boolean> {
  return isRecorded(held, row.subscriber_id, await recordedSince(ctx, run, [held]));
}

/** The bank's reference stands as the payment's receipt; where another has it, with the day, or the line's number. Its lock is held. */
async function freeReceipt(ctx: Context, held: HeldLine, id: bigint): Promise<string> {
  const named = held.reference.slice(0, 70);
  const texts = [
    ...(named === '' ? [] : [named]),
    `${named || 'BANK'} ${held.day}`,
    `${named || 'BANK'} ${held.day} ${id}`,
  ];
  const [free] = await ctx.tx.$queryRaw<{ text: string }[]>`
    SELECT x.text FROM unnest(${texts}::text[]) WITH ORDINALITY AS x (text, n)
    WHERE NOT EXISTS (SELECT FROM payment p WHERE p.tenant_id = ${ctx.tenantId} AND p.method = 'bank' AND upper(p.reference) = upper(x.text))
      AND NOT EXISTS (SELECT FROM payment_notice p WHERE p.tenant_id = ${ctx.tenantId} AND p.method = 'bank' AND upper(p.receipt) = upper(x.text))
    ORDER BY x.n LIMIT 1`;
  if (!free) throw new Error(`No receipt is left for line ${id} of a bank's statement.`);
  return free.text;
}

async function isKnown(ctx: Context, held: HeldLine): Promise<boolean> {
  const found = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM payment_statement_row WHERE tenant_id = ${ctx.tenantId} AND method = 'bank' AND upper(receipt) = upper(${held.id})`;
  return found.length > 0;
}

/** Lines that are tied, that wait to be named, that name nobody, and the bank's charges: most of a statement, in a few statements for all of them. */
async function workTogether(ctx: Context, run: Run, rows: Row[]) {
  const params = paramsOf(run);
  const plain = rows.flatMap((row) => {
    const held = heldOf(row);
    return held && ['tie', 'open', 'fee', 'hold'].includes(held.deed.what) ? [{ row, held }] : [];
  });
  const results = new Map<number, ReturnType<typeof done>>();
  const holding = plain.flatMap(({ held }) => (held.deed.what === 'hold' ? [held] : []));
  const byHand = await recordedSince(ctx, run, holding);
  const certain = plain.filter(({ held }) => held.deed.what !== 'hold' || !isRecorded(held, null, byHand));
  if (certain.length === 0) return results;
  const lines = certain.map(({ held }) => held);
  const written = await writeLines(ctx, await statementOf(ctx, run, params), params, lines);
  const byId = new Map(written.map((line) => [line.receipt, line]));
  const made = certain.flatMap(({ row, held }) => {
    const line = byId.get(held.id);
    return line ? [{ row, held, line }] : [];
  });
  const charges = made.filter(({ held }) => held.deed.what === 'fee');
  await bookCharges(
    ctx,
    params.currency,
    charges.map(({ line }) => line),
  );
  const notices = await holdLines(
    ctx,
    params,
    made.filter(({ held }) => held.deed.what === 'hold'),
  );
  for (const { row, line } of made) {
    const notice = notices.get(line.id);
    const row_id = line.id.toString();
    results.set(row.seq, done(notice === undefined ? { row_id } : { row_id, notice_id: notice.toString() }));
  }
  return results;
}

interface Recorded {
  reference: string;
  amount_cents: bigint;
  subscriber_id: bigint;
}

/** What was recorded by hand since the fates were shown, of these lines' amounts. */
async function recordedSince(ctx: Context, run: Run, lines: HeldLine[]): Promise<Recorded[]> {
  if (lines.length === 0) return [];
  const amounts = [...new Set(lines.map((held) => BigInt(held.amount_cents)))];
  return ctx.tx.$queryRaw<Recorded[]>`
    SELECT reference, amount_cents, subscriber_id FROM payment
    WHERE tenant_id = ${ctx.tenantId} AND method = 'bank' AND currency = ${paramsOf(run).currency} AND created_at >= ${run.created_at} AND receipt IS NULL
      AND amount_cents = ANY (${amounts}::bigint[])`;
}

function isRecorded(held: HeldLine, subscriber: bigint | null, recorded: readonly Recorded[]): boolean {
  if (recorded.length === 0) return false;
  const words = wordsOf(held);
  return recorded.some(
    (one) =>
      one.amount_cents === BigInt(held.amount_cents) &&
      (one.subscriber_id === subscriber || words.has(bare(one.reference))),
  );
}

async function bookCharges(ctx: Context, currency: string, lines: WrittenLine[]): Promise<void> {
  if (lines.length === 0) return;
  const bank = await accountFor(ctx, 'bank', currency);
  const fees = await accountFor(ctx, 'fees', currency);
  await postTransfers(
    ctx,
    lines.map((line) => ({
      key: `statement:bank:${line.id}`,
      debit: fees,
      credit: bank,
      amount_cents: -line.amount_cents,
      kind: 'statement',
      memo: 'charge',
      event_at: line.at,
    })),
  );
  await ctx.tx.$executeRaw`
    UPDATE payment_statement_row SET transfer_id = t.id FROM ledger_transfer t
    WHERE payment_statement_row.id = ANY (${lines.map(({ id }) => id)}::bigint[]) AND t.tenant_id = ${ctx.tenantId} AND t.key = 'statement:bank:' || payment_statement_row.id`;
}
