import { auditRows, type AuditEntry, type Signature } from '../audit';
import { pricesToPay, type Price } from '../discounts';
import { postTransfers, type AccountCode, type Transfer } from '../ledger';
import type { Context } from '../platform/context';
import { payDebt } from '../postpaid';
import { isAllowed, settlePurchases, versionDue, type Locked } from '../subscriptions';
import { stepRows, type Step } from './record-step';
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
  /** What has happened to it so far; what happens now is added. */
  steps: Step[];
  /** Who told of it, where that is not the one of the context. */
  by?: Signature;
}

/** Money with what it will meet: the price of what it may buy, and the accounts it goes through, which are locked. */
export interface Weighed {
  money: Money;
  sold: { sub: Locked; version: Locked['plan'] } | undefined;
  price: Price | undefined;
  purse: Purse;
}

/**
 * Books money to its owner's wallet, buys one purchase of the subscription if the wallet then holds its price, tells the network and closes the payment,
 * all in the caller's transaction, which holds the locks of the subscription and the payment. The steps are written at the end, in one statement.
 */
export async function useMoney(ctx: Context, money: Omit<Money, 'steps'>, steps: Step[]): Promise<PaymentUse> {
  const [use] = await spendMoney(ctx, await weighMoney(ctx, [{ ...money, steps }]));
  if (use === undefined) throw new Error(`The money of payment ${money.paymentId} went nowhere.`);
  return use;
}

/** Looks up what money of one currency will meet, and locks it; nothing is written but accounts that there were none of. One of a customer at a time. */
export async function weighMoney(ctx: Context, moneys: readonly Money[]): Promise<Weighed[]> {
  const offers: Weighed['sold'][] = [];
  for (const { sub, currency } of moneys) {
    const version = sub && sub.postpaid_from === null ? await versionDue(ctx, sub) : undefined;
    offers.push(sub && version?.currency === currency && sub.state !== 'ended' ? { sub, version } : undefined);
  }
  const wishes = offers.flatMap((one) => (one ? [{ subscriptionId: one.sub.id, version: one.version }] : []));
  const asked = await pricesToPay(ctx, wishes);
  const prices = new Map(wishes.map(({ subscriptionId }, at) => [subscriptionId, asked[at]]));
  const purses = await openPurses(ctx, moneys);
  return moneys.map((money, at) => {
    const [sold, purse] = [offers[at], purses[at]];
    if (!purse) throw new Error('A payment has no purse.');
    return { money, sold, price: sold && prices.get(sold.sub.id), purse };
  });
}

/** Does with weighed money what useMoney says; gives what became of each, in their order. */
export async function spendMoney(ctx: Context, all: readonly Weighed[]): Promise<PaymentUse[]> {
  const spent: Spent[] = all.map((one) => ({ ...one, ...useOf(one), applied: 0n }));
  await postTransfers(ctx, spent.flatMap(transfersOf));
  for (const { money, purse, cost } of spent)
    money.steps.push({ step: 'credited', detail: `wallet ${purse.balance + money.amount_cents - cost} cents` });
  await buy(ctx, spent);
  for (const one of spent) {
    const { money, purse, cost } = one;
    const paid = purse.owes ? await payDebt(ctx, money.subscriberId, money.paymentId) : 0n;
    if (paid > 0n) {
      money.steps.push({ step: 'debt_paid', detail: `${paid} cents of what was owed` });
      if (cost === 0n) one.use = 'invoice_paid';
    }
    one.applied = cost + paid < money.amount_cents ? cost + paid : money.amount_cents;
    money.steps.push({ step: 'settled', detail: null });
  }
  await close(ctx, spent);
  return spent.map(({ use }) => use);
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

/** Weighed money, what it does and what that costs; of it, so much paid for something. */
type Spent = Weighed & { use: PaymentUse; cost: bigint; applied: bigint };

/** Closes payments, writes their steps and the audit, and tells open pages. */
async function close(ctx: Context, spent: readonly Spent[]): Promise<void> {
  const rows = spent.map(({ money, use, applied }) => ({
    id: money.paymentId.toString(),
    outcome: use,
    applied_cents: applied.toString(),
    wallet_cents: (money.amount_cents - applied).toString(),
    receipt: money.order && money.reference !== '' ? money.reference : undefined,
    ordered: money.order ?? false,
    word: liveWord(ctx, money.paymentId, money.sub?.id),
  }));
  const steps = spent.map(({ money }) => ({ paymentId: money.paymentId, steps: money.steps }));
  await ctx.tx.$executeRaw`
    SELECT payment_close(${JSON.stringify(rows)}::jsonb, ${stepRows(steps)}::jsonb, ${auditRows(ctx, spent.map(auditOf))}::jsonb)`;
}

const auditOf = ({ money, use }: Spent): AuditEntry => ({
  action: 'payments.post',
  subject: { type: 'payment', id: money.paymentId },
  detail: {
    subscription_id: money.sub?.id ?? null,
    method: money.method,
    reference: money.reference,
    amount_cents: money.amount_cents,
    currency: money.currency,
    outcome: use,
  },
  by: money.by,
});

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

/** What this money does, and what that costs: staff's decision to shut a gate is not undone by money. */
function useOf({ money, sold, price, purse }: Weighed): { use: PaymentUse; cost: bigint } {
  const { sub, amount_cents } = money;
  const kept = (use: PaymentUse) => ({ use, cost: 0n });
  if (sub === undefined) return kept('wallet_choice');
  if (sub.postpaid_from !== null) return kept('wallet_ahead');
  if (sub.state === 'ended') return kept('wallet_ended');
  if (sub.state === 'suspended') return kept('wallet_suspended');
  if (sub.state === 'paused') return kept('wallet_paused');
  if (!sold || !price || purse.balance + amount_cents < price.price_cents) return kept('wallet_short');
  return { use: isAllowed(sub.state, 'activate') ? 'activated' : 'renewed', cost: price.price_cents };
}

/** Buys for all whose money is enough. */
async function buy(ctx: Context, spent: readonly Spent[]): Promise<void> {
  const purchases = spent.flatMap(({ money, sold, price, use }) =>
    sold && price && (use === 'renewed' || use === 'activated')
      ? [{ ...sold, price, use, paymentId: money.paymentId, by: money.by, steps: money.steps }]
      : [],
  );
  for (const { price, steps } of purchases)
    if (price.discount)
      steps.push({ step: 'discounted', detail: `${price.discount.name}: ${price.off_cents} cents off` });
  const told = await settlePurchases(ctx, purchases);
  for (const { sub, use, steps } of purchases) {
    steps.push({ step: use, detail: null });
    const sessions = told.get(sub.id) ?? 0;
    if (sessions > 0)
      steps.push({ step: 'network_told', detail: `${sessions} live session${sessions === 1 ? '' : 's'}` });
  }
}

/** The accounts of payments in one currency, locked in one order, and with them what their customers owe; no wallet's balance can change until we are done. */
async function openPurses(ctx: Context, moneys: readonly Money[]): Promise<Purse[]> {
  const [first] = moneys;
  if (!first) return [];
  const tills = [...new Set(moneys.flatMap(({ from }) => (typeof from === 'bigint' ? [] : [from])))];
  const others = moneys.flatMap(({ from }) => (typeof from === 'bigint' ? [from] : []));
  const rows = await ctx.tx.$queryRaw<{ account_id: bigint; balance_cents: bigint; owes: boolean }[]>`
    SELECT account_id, balance_cents, owes
    FROM payment_purses(${first.currency}, ${['sales', ...tills]}::text[], ${moneys.map(({ subscriberId }) => subscriberId)}::bigint[], ${others}::bigint[]) ORDER BY n`;
  const [sales, ...rest] = rows;
  const wallets = rest.slice(tills.length);
  if (!sales || wallets.length !== moneys.length) throw new Error('The ledger did not give every account.');
  const tillIds = new Map(tills.map((code, at) => [code, rest[at]?.account_id ?? 0n]));
  return moneys.map(({ from }, at) => ({
    from: typeof from === 'bigint' ? from : (tillIds.get(from) ?? 0n),
    wallet: wallets[at]?.account_id ?? 0n,
    sales: sales.account_id,
    balance: wallets[at]?.balance_cents ?? 0n,
    owes: wallets[at]?.owes ?? false,
  }));
}

function transfersOf({ money, purse, cost }: Spent): Transfer[] {
  const { paymentId: id, amount_cents } = money;
  const received = {
    payment_id: id,
    key: `payment:${id}:received`,
    debit: purse.from,
    credit: purse.wallet,
    amount_cents,
    kind: 'payment',
  };
  const sold = {
    payment_id: id,
    key: `payment:${id}:sold`,
    debit: purse.wallet,
    credit: purse.sales,
    amount_cents: cost,
    kind: 'sale',
  };
  return cost > 0n ? [received, sold] : [received];
}
