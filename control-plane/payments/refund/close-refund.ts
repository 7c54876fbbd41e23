import { recordAudit } from '../../audit';
import { accountFor, postTransfers, type AccountCode } from '../../ledger';
import type { Context } from '../../platform/context';
import { recordSteps, type Step } from '../record-step';
import { tellLive } from '../use-money';
import { closePayment } from './carry-out';

interface Row {
  id: bigint;
  payment_id: bigint | null;
  subscriber_id: bigint;
  subscription_id: bigint | null;
  /** The account that the money leaves, where it does. */
  method: string;
  amount_cents: bigint;
  currency: string;
  state: string;
  reference: string | null;
}

/** `late`: it was closed the other way before; a person has to look. */
export type Closed = { kind: 'closed' } | { kind: 'stood' } | { kind: 'late' } | { kind: 'not_found' };

/** The payment first, then its refund: the order in which everybody locks them. */
async function lockRefund(ctx: Context, id: bigint): Promise<Row | undefined> {
  await ctx.tx.$queryRaw`
    SELECT p.id FROM payment p JOIN payment_refund r ON r.payment_id = p.id WHERE r.id = ${id} FOR NO KEY UPDATE OF p`;
  const [row] = await ctx.tx.$queryRaw<Row[]>`
    SELECT r.id, r.payment_id, r.subscriber_id, p.subscription_id, CASE r.way WHEN 'mpesa' THEN 'mpesa' ELSE p.method END AS method, r.amount_cents, r.currency, r.state, r.reference
    FROM payment_refund r LEFT JOIN payment p ON p.id = r.payment_id WHERE r.id = ${id} AND r.way IN ('provider', 'mpesa') FOR NO KEY UPDATE OF r`;
  return row;
}

/** The provider has given it back: the money leaves its account. Told again, nothing happens again. */
export async function settleRefund(
  ctx: Context,
  id: bigint,
  reference: string | undefined,
  steps: Step[],
): Promise<Closed> {
  const row = await lockRefund(ctx, id);
  if (!row) return { kind: 'not_found' };
  if (row.state === 'done') {
    if (reference && row.reference === null)
      await ctx.tx.$executeRaw`UPDATE payment_refund SET reference = ${reference} WHERE id = ${id}`;
    return { kind: 'stood' };
  }
  if (row.state !== 'sending') return { kind: 'late' };
  await move(ctx, row, 'paid', row.method as AccountCode);
  await ctx.tx.$executeRaw`
    UPDATE payment_refund SET state = 'done', reference = coalesce(${reference ?? null}, reference), done_at = lango_now(), due_at = NULL, claimed_until = NULL, code = NULL, code_text = NULL
    WHERE id = ${id}`;
  const detail = [`${row.amount_cents} cents`, reference].filter(Boolean).join(', ');
  await noteOnPayment(ctx, row, [...steps, { step: 'refunded', detail }]);
  if (row.payment_id !== null) await closePayment(ctx, row.payment_id);
  return { kind: 'closed' };
}

/** The provider has certainly not given it back: the money is in the wallet again. The service is not given again by itself. */
export async function failRefund(
  ctx: Context,
  id: bigint,
  { code, text }: { code: string; text: string },
  steps: Step[],
): Promise<Closed> {
  const row = await lockRefund(ctx, id);
  if (!row) return { kind: 'not_found' };
  if (row.state === 'failed') return { kind: 'stood' };
  if (row.state !== 'sending') return { kind: 'late' };
  await move(ctx, row, 'back', 'wallet');
  await ctx.tx.$executeRaw`
    UPDATE payment_refund SET state = 'failed', code = ${code.slice(0, 40)}, code_text = ${text.slice(0, 300)}, due_at = NULL, claimed_until = NULL WHERE id = ${id}`;
  await noteOnPayment(ctx, row, [...steps, { step: 'refund_failed', detail: `${code} ${text}`.trim() }]);
  return { kind: 'closed' };
}

/** What is given back out of a wallet is on no payment's timeline. */
async function noteOnPayment(ctx: Context, { payment_id, subscription_id }: Row, steps: Step[]): Promise<void> {
  if (payment_id === null) return;
  await recordSteps(ctx, payment_id, steps);
  await tellLive(ctx, payment_id, subscription_id ?? undefined);
}

async function move(ctx: Context, row: Row, what: 'paid' | 'back', to: AccountCode): Promise<void> {
  const debit = await accountFor(ctx, 'refunds', row.currency);
  const credit = await accountFor(ctx, to, row.currency, to === 'wallet' ? row.subscriber_id : undefined);
  await postTransfers(ctx, [
    {
      key: `refund:${row.id}:${what}`,
      debit,
      credit,
      amount_cents: row.amount_cents,
      kind: `refund_${what}`,
      ...(row.payment_id === null ? {} : { payment_id: row.payment_id }),
    },
  ]);
}

/** Somebody has looked in the provider's portal and says what became of a refund that nobody could tell. */
export async function resolveRefund(
  ctx: Context,
  id: bigint,
  told: { outcome: 'done' | 'failed'; reference: string },
): Promise<Closed> {
  const steps: Step[] = [{ step: 'refund_resolved', detail: ctx.actor.name }];
  const closed =
    told.outcome === 'done'
      ? await settleRefund(ctx, id, told.reference, steps)
      : await failRefund(ctx, id, { code: 'by_hand', text: `${ctx.actor.name}: ${told.reference}` }, steps);
  if (closed.kind === 'closed')
    await recordAudit(ctx, 'payments.refund_resolve', { type: 'payment_refund', id }, { ...told });
  return closed;
}
