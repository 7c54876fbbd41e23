import type { Context } from '../platform/context';
import { lockSubscription, type Held } from '../subscriptions';
import { recordSteps, type Step } from './record-step';
import { useMoney, tellLive } from './use-money';
import type { ProviderName, Teller } from './provider';

/** What is known to have been paid. Without a receipt: the provider says that it was, and not by which. */
export interface Proof {
  receipt: string | undefined;
  amount_cents: bigint | undefined;
  source: 'callback' | 'confirmation' | 'list' | 'answer';
  payer?: string | undefined;
  payerName?: string | undefined;
  billRef?: string | undefined;
  occurredAt?: Date | undefined;
}

export type Settled =
  | { kind: 'settled' }
  /** It was settled before; where the receipt was missing, it has it now. */
  | { kind: 'stood' }
  /** This payment is settled by another receipt: the customer has paid twice. */
  | { kind: 'other_receipt' }
  /** The receipt is the money of another payment. */
  | { kind: 'booked_elsewhere'; paymentId: bigint };

export interface OrderRow {
  id: bigint;
  subscriber_id: bigint;
  subscription_id: bigint | null;
  method: ProviderName;
  state: string;
  amount_cents: bigint;
  currency: string;
  receipt: string | null;
  /** Of its receipt, where that was told before. */
  told_state: Notice['state'] | null;
  told_payment_id: bigint | null;
  told_cents: bigint | null;
}

interface Notice {
  id: bigint;
  state: 'credited' | 'waiting' | 'unproven';
  payment_id: bigint | null;
  amount_cents: bigint;
}

/** One after another for one receipt, in whatever way it is told: taken before any other lock. */
export async function lockReceipt(ctx: Context, method: string, receipt: string): Promise<void> {
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${receiptLock(ctx, receipt) + method}, 0))`;
}

const receiptLock = (ctx: Context, receipt: string): string => `receipt ${ctx.tenantId} ${receipt.toUpperCase()} `;

/** What never changes of an order, and the lock of its receipt: one way to the database for both. */
async function openOrder(ctx: Context, id: bigint, receipt: string | undefined): Promise<bigint | null> {
  const lock = receipt === undefined ? null : receiptLock(ctx, receipt);
  const [order] = await ctx.tx.$queryRaw<{ subscription_id: bigint | null }[]>`
    SELECT subscription_id, CASE WHEN ${lock}::text IS NOT NULL THEN pg_advisory_xact_lock(hashtextextended(${lock}::text || method, 0))::text END AS held FROM payment WHERE id = ${id}`;
  if (!order) throw new Error(`payment ${id} is not there`);
  return order.subscription_id;
}

/**
 * Settles a payment that was asked for: money to the books, service to the customer, in the caller's transaction and once, whatever comes how often and
 * in which order. `steps` are what has happened so far.
 */
export async function settlePayment(ctx: Context, id: bigint, proof: Proof, steps: Step[]): Promise<Settled> {
  const service = await openOrder(ctx, id, proof.receipt);
  const sub = service === null ? undefined : await lockSubscription(ctx, service);
  const row = await lockOrder(ctx, id, proof.receipt);
  if (row.state === 'settled' || row.state === 'refunded') return adopt(ctx, row, proof, steps);
  if (row.told_state === 'credited' && row.told_payment_id !== null)
    return bookedElsewhere(ctx, row, row.told_payment_id, steps);
  // What lies in suspense was told with proof, and goes to its order as it lies there.
  const held = row.told_state === 'waiting' ? row.told_cents : null;
  const amount = held ?? proof.amount_cents ?? row.amount_cents;
  if (proof.receipt !== undefined)
    await writeNotice(ctx, row, { ...proof, receipt: proof.receipt, amount_cents: amount });
  if (amount !== row.amount_cents) {
    await ctx.tx.$executeRaw`SELECT payment_received_cents(${id}, ${amount})`;
    steps.push({
      step: 'amount_differs',
      detail: `asked for ${row.amount_cents} cents, received ${amount}`,
    });
  }
  await useMoney(
    ctx,
    {
      paymentId: id,
      subscriberId: row.subscriber_id,
      sub,
      from: held === null ? row.method : 'suspense',
      amount_cents: amount,
      currency: row.currency,
      method: row.method,
      reference: proof.receipt ?? '',
      order: true,
    },
    steps,
  );
  return { kind: 'settled' };
}

/** An order that is to be settled: for which service, and by which receipt. */
interface Wanted {
  id: bigint;
  subscriptionId: bigint;
  receipt: string;
}

/** An order that is locked with its receipt and its service, and what the row of the service holds. */
export type HeldOrder = OrderRow & Omit<Held, 'id'>;

/** Locks all receipts, then all services, then all orders, each kind in one order whoever names them. */
export function holdOrders(ctx: Context, method: ProviderName, wanted: readonly Wanted[]): Promise<HeldOrder[]> {
  const receipts = wanted.map(({ receipt }) => receipt);
  return ctx.tx.$queryRaw<HeldOrder[]>`
    SELECT id, subscriber_id, subscription_id, method, state, amount_cents, currency, receipt, told_state, told_payment_id, told_cents, postpaid_from, timezone
    FROM payment_hold(${receipts.map((receipt) => receiptLock(ctx, receipt) + method)}::text[], ${wanted.map(({ subscriptionId }) => subscriptionId)}::bigint[],
      ${wanted.map(({ id }) => id)}::bigint[], ${receipts}::text[])`;
}

/** Locks a payment, whose receipt and service are locked, and reads with it what its receipt was told as before. */
async function lockOrder(ctx: Context, id: bigint, receipt: string | undefined): Promise<OrderRow> {
  const [row] = await ctx.tx.$queryRaw<OrderRow[]>`
    SELECT id, subscriber_id, subscription_id, method, state, amount_cents, currency, receipt, told_state, told_payment_id, told_cents
    FROM payment_lock(ARRAY[${id}::bigint], ARRAY[${receipt ?? ''}::text])`;
  if (!row) throw new Error(`payment ${id} is not there`);
  return row;
}

/** A settled payment hears of its receipt: it takes the first that it is told of. */
async function adopt(ctx: Context, row: OrderRow, proof: Proof, steps: Step[]): Promise<Settled> {
  const { receipt } = proof;
  if (receipt === undefined || row.receipt?.toUpperCase() === receipt.toUpperCase()) {
    steps.push({ step: 'told_again', detail: proof.source });
    await recordSteps(ctx, row.id, steps);
    return { kind: 'stood' };
  }
  if (row.receipt !== null) return { kind: 'other_receipt' };
  const standing = await findNotice(ctx, row.method, receipt);
  // In suspense, or another payment's: this is not the receipt of our money, which was booked without one.
  if (standing && standing.state !== 'unproven')
    return standing.payment_id === null
      ? { kind: 'other_receipt' }
      : { kind: 'booked_elsewhere', paymentId: standing.payment_id };
  await writeNotice(ctx, row, { ...proof, receipt, amount_cents: proof.amount_cents ?? row.amount_cents });
  await ctx.tx.$executeRaw`UPDATE payment SET receipt = ${receipt}, reference = ${receipt} WHERE id = ${row.id}`;
  steps.push({ step: 'receipt_known', detail: receipt });
  if (proof.amount_cents !== undefined && proof.amount_cents !== row.amount_cents)
    steps.push({
      step: 'amount_differs',
      detail: `booked ${row.amount_cents} cents, the receipt says ${proof.amount_cents}`,
    });
  await recordSteps(ctx, row.id, steps);
  return { kind: 'stood' };
}

async function bookedElsewhere(ctx: Context, row: OrderRow, paymentId: bigint, steps: Step[]): Promise<Settled> {
  steps.push({ step: 'booked_elsewhere', detail: `as payment ${paymentId}` });
  await ctx.tx.$executeRaw`
    UPDATE payment SET state = 'failed', code = 'booked_elsewhere', code_text = ${`The money of this order was booked as payment ${paymentId}.`}, due_at = NULL
    WHERE id = ${row.id}`;
  await recordSteps(ctx, row.id, steps);
  await tellLive(ctx, row.id, row.subscription_id ?? undefined);
  return { kind: 'booked_elsewhere', paymentId };
}

export async function findNotice(ctx: Context, method: string, receipt: string): Promise<Notice | undefined> {
  const [row] = await ctx.tx.$queryRaw<Notice[]>`
    SELECT id, state, payment_id, amount_cents FROM payment_told(${method}, ARRAY[${receipt}::text])`;
  return row;
}

/** A receipt, and the payment whose money it is. */
interface Tie {
  row: { id: bigint; method: string; currency: string };
  proof: Proof & { receipt: string; amount_cents: bigint };
}

/** Ties a receipt to its payment; the unique key over receipts is what no race gets past. What was told before, by whomever, gives way. */
const writeNotice = (ctx: Context, row: Tie['row'], proof: Tie['proof']): Promise<void> =>
  writeNotices(ctx, [{ row, proof }]);

/** The same for many at once. */
export async function writeNotices(ctx: Context, ties: readonly Tie[]): Promise<void> {
  const rows = ties.map(({ row, proof }) => ({
    method: row.method,
    receipt: proof.receipt,
    amount_cents: proof.amount_cents.toString(),
    currency: row.currency,
    payment_id: row.id.toString(),
    payer: proof.payer?.slice(0, 64),
    payer_name: proof.payerName?.slice(0, 100),
    bill_ref: proof.billRef?.slice(0, 100),
    source: proof.source,
    occurred_at: proof.occurredAt,
  }));
  const [done] = await ctx.tx.$queryRaw<{ tied: number }[]>`SELECT payment_tie(${JSON.stringify(rows)}::jsonb) AS tied`;
  if (done?.tied !== ties.length)
    throw new Error(`A receipt of payment ${ties.map(({ row }) => row.id).join(', ')} is another payment's.`);
}

/** A payment made without our asking: its row, tied to its receipt. */
export async function insertByHand(
  ctx: Context,
  order: { subscriberId: bigint; subscriptionId: bigint | undefined; method: Teller; currency: string },
  proof: Proof & { receipt: string; amount_cents: bigint },
): Promise<bigint> {
  const { method, currency } = order;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, receipt, amount_cents, currency, state, received_at, created_at)
    VALUES (${ctx.tenantId}, ${order.subscriberId}, ${order.subscriptionId ?? null}::bigint, ${method}, ${proof.receipt}, ${proof.receipt}, ${proof.amount_cents}, ${currency},
      'created', ${ctx.now}, ${ctx.now}) RETURNING id`;
  if (!row) throw new Error('A payment was not written.');
  await writeNotice(ctx, { id: row.id, method, currency }, proof);
  return row.id;
}
