import { recordAudit } from '../audit';
import { priceToPay, type Price } from '../discounts';
import { accountsFor, lockAccounts, postTransfers, type AccountCode, type Transfer } from '../ledger';
import type { Context } from '../platform/context';
import { holdDebt, payDebt } from '../postpaid';
import { isAllowed, settlePurchase, versionDue, type Locked } from '../subscriptions';
import { stepsInsert, type Step } from './record-step';
import type { PaymentUse } from './schema';

/** Money that came in: whose, how much, and the account of the books that it comes from (a code of the chart, or the id of another's account). */
export interface Money {
  paymentId: bigint;
  subscriberId: bigint;
  /** Locked; undefined when it is for nobody's service in particular. */
  sub: Locked | undefined;
  from: AccountCode | bigint;
  amount_cents: bigint;
  currency: string;
  method: string;
  /** The receipt; empty where the provider told none. */
  reference: string;
  /** It was asked for: its receipt and the moment of its coming are written down with the rest. */
  order?: boolean;
}

interface Purse {
  from: bigint;
  wallet: bigint;
  sales: bigint;
  /** What the wallet held before. */
  balance: bigint;
  /** There are bills of theirs. */
  owes: boolean;
}

/**
 * Books money to its owner's wallet, buys one purchase of the subscription if the wallet then holds its price, tells the network and closes the payment,
 * all in the caller's transaction, which holds the locks of the subscription and the payment. The steps are written at the end, in one statement.
 */
export async function useMoney(ctx: Context, money: Money, steps: Step[]): Promise<PaymentUse> {
  const { sub, amount_cents, paymentId } = money;
  const version = sub && sub.postpaid_from === null ? await versionDue(ctx, sub) : undefined;
  const sold = sub && version?.currency === money.currency && sub.state !== 'ended' ? { sub, version } : undefined;
  const price = sold && (await priceToPay(ctx, sold.sub.id, sold.version));
  const purse = await openPurse(ctx, money);
  const total = purse.balance + amount_cents;
  let use = useOf(sub, price, total);
  const cost = sold && price && (use === 'renewed' || use === 'activated') ? price.price_cents : 0n;
  await postTransfers(ctx, transfersOf(paymentId, purse, amount_cents, cost));
  steps.push({ step: 'credited', detail: `wallet ${total - cost} cents` });
  if (sold && price && (use === 'renewed' || use === 'activated'))
    await buy(ctx, { ...sold, paymentId, price, use }, steps);
  const paid = purse.owes ? await payDebt(ctx, money.subscriberId, paymentId) : 0n;
  if (paid > 0n) {
    steps.push({ step: 'debt_paid', detail: `${paid} cents of what was owed` });
    if (cost === 0n) use = 'invoice_paid';
  }
  const applied = cost + paid < amount_cents ? cost + paid : amount_cents;
  steps.push({ step: 'settled', detail: null });
  await close(ctx, money, use, applied, steps);
  await recordAudit(
    ctx,
    'payments.post',
    { type: 'payment', id: paymentId },
    {
      subscription_id: sub?.id ?? null,
      method: money.method,
      reference: money.reference,
      amount_cents,
      currency: money.currency,
      outcome: use,
    },
  );
  return use;
}

/** Closes the payment, writes its steps and tells open pages, in one statement. */
async function close(
  ctx: Context,
  { paymentId, amount_cents, order, reference, sub }: Money,
  use: PaymentUse,
  applied: bigint,
  steps: readonly Step[],
): Promise<void> {
  const receipt = order && reference !== '' ? reference : null;
  await ctx.tx.$executeRaw`
    WITH closed AS (
      UPDATE payment SET state = 'settled', outcome = ${use}, applied_cents = ${applied}, wallet_cents = ${amount_cents - applied},
        receipt = coalesce(${receipt}::text, receipt), reference = coalesce(${receipt}::text, reference),
        received_at = CASE WHEN ${order ?? false} THEN lango_now() ELSE received_at END, settled_at = lango_now(), due_at = NULL, claimed_until = NULL
      WHERE id = ${paymentId}),
    written AS (${stepsInsert(ctx, paymentId, steps)})
    SELECT pg_notify('lango_live', ${liveWord(ctx, paymentId, sub?.id)})`;
}

/** Tells open pages. */
export async function tellLive(ctx: Context, paymentId: bigint, subscriptionId: bigint | undefined): Promise<void> {
  await ctx.tx.$executeRaw`SELECT pg_notify('lango_live', ${liveWord(ctx, paymentId, subscriptionId)})`;
}

const liveWord = (ctx: Context, paymentId: bigint, subscriptionId: bigint | undefined): string =>
  JSON.stringify({
    tenant: ctx.tenantId.toString(),
    topic: 'payment',
    id: paymentId.toString(),
    ...(subscriptionId === undefined ? {} : { subscription: subscriptionId.toString() }),
  });

/** What this money does: staff's decision to shut a gate is not undone by money. */
function useOf(sub: Locked | undefined, price: Price | undefined, total: bigint): PaymentUse {
  if (sub === undefined) return 'wallet_choice';
  if (sub.postpaid_from !== null) return 'wallet_ahead';
  if (sub.state === 'ended') return 'wallet_ended';
  if (sub.state === 'suspended') return 'wallet_suspended';
  if (sub.state === 'paused') return 'wallet_paused';
  if (price === undefined || total < price.price_cents) return 'wallet_short';
  return isAllowed(sub.state, 'activate') ? 'activated' : 'renewed';
}

interface Purchase {
  sub: Locked;
  paymentId: bigint;
  price: Price;
  use: PaymentUse;
}

async function buy(ctx: Context, { sub, paymentId, price, use }: Purchase, steps: Step[]): Promise<void> {
  if (price.discount)
    steps.push({ step: 'discounted', detail: `${price.discount.name}: ${price.off_cents} cents off` });
  const sessions = await settlePurchase(ctx, sub, paymentId, price);
  steps.push({ step: use, detail: null });
  if (sessions > 0)
    steps.push({ step: 'network_told', detail: `${sessions} live session${sessions === 1 ? '' : 's'}` });
}

/** The accounts of a payment, locked in one order, and with them what its customer owes; the wallet's balance cannot change until we are done. */
async function openPurse(ctx: Context, { from, currency, subscriberId }: Money): Promise<Purse> {
  const ours = [{ code: 'wallet' as const, subscriberId }, { code: 'sales' as const }];
  const [wallet = 0n, sales = 0n, till = 0n] = await accountsFor(
    ctx,
    currency,
    typeof from === 'bigint' ? ours : [...ours, { code: from }],
  );
  const fromId = typeof from === 'bigint' ? from : till;
  const debts = await holdDebt(ctx, subscriberId);
  const balances = await lockAccounts(ctx, [fromId, wallet, sales, ...debts]);
  return { from: fromId, wallet, sales, balance: balances.get(wallet) ?? 0n, owes: debts.length > 0 };
}

function transfersOf(id: bigint, purse: Purse, amount: bigint, price: bigint): Transfer[] {
  const common = { payment_id: id };
  const received = {
    ...common,
    key: `payment:${id}:received`,
    debit: purse.from,
    credit: purse.wallet,
    amount_cents: amount,
    kind: 'payment',
  };
  const sold = {
    ...common,
    key: `payment:${id}:sold`,
    debit: purse.wallet,
    credit: purse.sales,
    amount_cents: price,
    kind: 'sale',
  };
  return price > 0n ? [received, sold] : [received];
}
