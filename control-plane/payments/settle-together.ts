import type { Signature } from '../audit';
import type { Context } from '../platform/context';
import { readHeld } from '../subscriptions';
import type { ProviderName } from './provider';
import type { Step } from './record-step';
import { holdOrders, writeNotices, type OrderRow, type Proof } from './settle-payment';
import { spendMoney, weighMoney, type Money, type Weighed } from './use-money';

/** An order, what is known to have been paid for it, and who told. */
export interface Paid {
  id: bigint;
  subscriberId: bigint;
  subscriptionId: bigint;
  /** Whose customer it is, where that is a reseller's. */
  resellerId: bigint | null;
  proof: Proof & { receipt: string; amount_cents: bigint };
  steps: Step[];
  by: Signature;
}

/** More would make the first of them wait for the last. */
const SETTLED_TOGETHER = 32;

/**
 * Settles orders of one provider's together, in the caller's transaction: for all of them, statement by statement, what settlePayment does for one. So are
 * the locks taken: all receipts, then all subscriptions, then all payments, then all accounts, each kind in one order; nobody waits in a circle.
 * Only what is plain is settled here: an open order, paid with just its price by a receipt that nobody told of before, by somebody who owes nothing, at no
 * counted discount, one payment of a customer, and customers of one reseller, whose commission locks its accounts when the transaction ends. The others are left as they are, for settlePayment in a transaction of its own.
 * @returns those that are settled
 * @throws for all of them where one stumbles
 */
export async function settleTogether(
  ctx: Context,
  method: ProviderName,
  wanted: readonly Paid[],
): Promise<ReadonlySet<Paid>> {
  const paid = oneOfEach(wanted);
  if (paid.length === 0) return new Set();
  const rows = await holdOrders(
    ctx,
    method,
    paid.map(({ id, subscriptionId, proof }) => ({ id, subscriptionId, receipt: proof.receipt })),
  );
  const subs = await readHeld(
    ctx,
    rows.flatMap((row) => (row.subscription_id === null ? [] : [{ ...row, id: row.subscription_id }])),
  );
  const orders = new Map(rows.map((row) => [row.id, row]));
  const moneys = paid.flatMap((one): Money[] => {
    const [order, sub] = [orders.get(one.id), subs.get(one.subscriptionId)];
    return order && sub && isOpen(order) && order.amount_cents === one.proof.amount_cents
      ? [moneyOf(one, order, sub)]
      : [];
  });
  const [first] = moneys;
  const weighed = await weighMoney(
    ctx,
    moneys.filter(({ currency }) => currency === first?.currency),
  );
  const plain = weighed.filter(isPlain);
  if (plain.length === 0) return new Set();
  const settled = paid.filter(({ id }) => plain.some(({ money }) => money.paymentId === id));
  await writeNotices(
    ctx,
    settled.flatMap(({ id, proof }) => {
      const row = orders.get(id);
      return row ? [{ row, proof }] : [];
    }),
  );
  await spendMoney(ctx, plain);
  return new Set(settled);
}

/** The first of each receipt, order and customer: what the second does hangs on what the first has done. */
function oneOfEach(wanted: readonly Paid[]): Paid[] {
  const seen = new Set<string>();
  const reseller = wanted.find(({ resellerId }) => resellerId !== null)?.resellerId;
  return wanted.slice(0, SETTLED_TOGETHER).filter(({ id, subscriberId, subscriptionId, resellerId, proof }) => {
    if (resellerId !== null && resellerId !== reseller) return false;
    const names = [
      `order ${id}`,
      `customer ${subscriberId}`,
      `service ${subscriptionId}`,
      `receipt ${proof.receipt.toUpperCase()}`,
    ];
    const isNew = names.every((name) => !seen.has(name));
    for (const name of names) seen.add(name);
    return isNew;
  });
}

const isOpen = ({ state, told_state }: OrderRow): boolean =>
  state !== 'settled' && state !== 'refunded' && told_state === null;

/** The second of two who take what is left of a discount must see that the first has taken it; debts are paid one customer after another. */
const isPlain = ({ price, purse }: Weighed): boolean => !price?.is_limited && !purse.owes;

const moneyOf = ({ proof, steps, by }: Paid, order: OrderRow, sub: Money['sub']): Money => ({
  paymentId: order.id,
  subscriberId: order.subscriber_id,
  sub,
  from: order.method,
  amount_cents: proof.amount_cents,
  currency: order.currency,
  method: order.method,
  reference: proof.receipt,
  order: true,
  steps,
  by,
});
