import { findSale, type Sale } from '../../invoices';
import { accountFor, lockAccounts, type AccountCode } from '../../ledger';
import type { Context } from '../../platform/context';
import { lockSubscription, planTakeBack, type Locked, type TakeBack } from '../../subscriptions';
import { openSettings, providerOf } from '../providers';
import { maySendToPhone, phoneFor } from './to-phone';
import type { RefundRefusal, RefundWay } from './schema';

export interface Wish {
  amount_cents: bigint | undefined;
  way: RefundWay;
  service: 'keep' | 'take_back';
  reference: string | undefined;
  /** Whose phone gets it, as it was typed; where it was said before, E.164. */
  phone?: string | undefined;
  /** The refund that is being carried out: it does not stand in its own way. */
  own?: bigint;
}

interface PaymentRow {
  id: bigint;
  subscriber_id: bigint;
  subscription_id: bigint | null;
  method: string;
  state: string;
  amount_cents: bigint;
  currency: string;
  wallet_cents: bigint;
  receipt: string | null;
  phone: string | null;
  cleared_at: Date | null;
}

/** What a refund comes to: where its money is, and what becomes of the service. Everything that it names is locked. */
export interface Weighed {
  kind: 'weighed';
  payment: PaymentRow;
  sub: Locked | undefined;
  amount_cents: bigint;
  left_cents: bigint;
  /** Out of sales, with a credit note; the rest lies in the wallet. */
  credit_cents: bigint;
  /** Not there any more: the customer owes it. Only where the money has left whatever we do. */
  owed_cents: bigint;
  sale: Sale | undefined;
  back: TakeBack | undefined;
  /** Where the way is mpesa. */
  phone: string | undefined;
  accounts: { wallet: bigint; sales: bigint; out: bigint; owed: bigint | undefined };
}

/**
 * Weighs giving a payment back, under its locks (subscription, payment, accounts). Its money is looked for where it went: first what of it lies in the wallet
 * unused, then what its own sale took, then the rest of the wallet. No more comes out of the sale than is not credited yet, by whatever way it was.
 */
export async function weighRefund(
  ctx: Context,
  paymentId: bigint,
  wish: Wish,
): Promise<Weighed | RefundRefusal | undefined> {
  const found = await ctx.tx.payment.findFirst({ where: { id: paymentId }, select: { subscription_id: true } });
  if (!found) return undefined;
  const sub = found.subscription_id === null ? undefined : await lockSubscription(ctx, found.subscription_id);
  const [payment] = await ctx.tx.$queryRaw<PaymentRow[]>`
    SELECT id, subscriber_id, subscription_id, method, state, amount_cents, currency, wallet_cents, receipt, phone, cleared_at FROM payment WHERE id = ${paymentId} FOR NO KEY UPDATE`;
  if (!payment || payment.state !== 'settled') return { kind: 'not_settled' };
  const refused = wayFault(payment, wish) ?? (await accountFault(ctx, payment, wish));
  if (refused) return refused;
  const [before] = await ctx.tx.$queryRaw<{ given: bigint; credited: bigint }[]>`
    SELECT coalesce(sum(amount_cents), 0)::bigint AS given, coalesce(sum(credit_cents), 0)::bigint AS credited
    FROM payment_refund WHERE payment_id = ${paymentId} AND state IN ('asked', 'sending', 'done') AND id <> ${wish.own ?? 0n}`;
  const given = before?.given ?? 0n;
  const left_cents = payment.amount_cents - given;
  const amount_cents = wish.amount_cents ?? left_cents;
  if (amount_cents <= 0n || amount_cents > left_cents)
    return { kind: 'too_much', left_cents, currency: payment.currency };
  if (wish.way === 'provider' && providerOf(payment.method)?.wholeUnits(payment.currency) && amount_cents % 100n !== 0n)
    return { kind: 'whole_units' };
  const phone = wish.way === 'mpesa' ? await phoneFor(ctx, payment, wish.phone) : undefined;
  if (wish.way === 'mpesa' && amount_cents % 100n !== 0n) return { kind: 'whole_units' };
  if (wish.way === 'mpesa' && phone === undefined) return { kind: 'phone' };
  const mustHappen = wish.way === 'told' || wish.way === 'cheque';
  const accounts = await openAccounts(ctx, payment, wish.way, mustHappen);
  const sale = await findSale(ctx, `payment:${paymentId}:sold`);
  const purse = {
    balance: accounts.balance,
    unspent: atLeast0(payment.wallet_cents - (given - (before?.credited ?? 0n))),
    creditable: atLeast0(sale?.left_cents ?? 0n),
  };
  const parts = partsOf(amount_cents, purse);
  if (parts.owed > 0n && !mustHappen)
    return { kind: 'spent', possible_cents: amount_cents - parts.owed, currency: payment.currency };
  const back = backOf(ctx, sub, wish, sale, parts.credit);
  if (back?.kind === 'not_in_parts') return back;
  return {
    kind: 'weighed',
    payment,
    sub,
    amount_cents,
    left_cents,
    credit_cents: parts.credit,
    owed_cents: parts.owed,
    sale,
    back,
    phone,
    accounts,
  };
}

const atLeast0 = (cents: bigint): bigint => (cents > 0n ? cents : 0n);
const least = (...cents: bigint[]): bigint => cents.reduce((a, b) => (b < a ? b : a));

/** Where the money of a refund comes from. What is neither in the sale nor in the wallet is owed. */
export function partsOf(
  amount: bigint,
  { balance, unspent, creditable }: { balance: bigint; unspent: bigint; creditable: bigint },
): { credit: bigint; wallet: bigint; owed: bigint } {
  const first = least(amount, balance, unspent);
  const credit = least(amount - first, creditable);
  const wallet = least(amount - credit, balance);
  return { credit, wallet, owed: amount - credit - wallet };
}

function wayFault(payment: PaymentRow, wish: Wish): RefundRefusal | undefined {
  const provider = providerOf(payment.method);
  switch (wish.way) {
    case 'cheque':
      return payment.method === 'cheque' ? undefined : { kind: 'way' };
    case 'provider':
      return provider?.refund && payment.receipt !== null ? undefined : { kind: 'way' };
    case 'float':
      return payment.method === 'float' ? undefined : { kind: 'way' };
    case 'told':
      if (['cash', 'bank', 'cheque', 'float'].includes(payment.method)) return { kind: 'way' };
      return wish.reference ? undefined : { kind: 'reference' };
    case 'mpesa':
      return payment.currency === 'KES' && payment.method !== 'float' ? undefined : { kind: 'way' };
    case 'cash':
    case 'bank':
      return undefined;
  }
}

/** A provider whose account is not set up for it is not asked. */
async function accountFault(ctx: Context, payment: PaymentRow, wish: Wish): Promise<RefundRefusal | undefined> {
  if (wish.way === 'mpesa') return (await maySendToPhone(ctx)) ? undefined : { kind: 'way' };
  if (wish.way !== 'provider') return undefined;
  return (await mayGiveBack(ctx, payment.method)) ? undefined : { kind: 'way' };
}

/** Whether the provider of a method gives money back when asked, with the account as it is set up. */
export async function mayGiveBack(ctx: Context, method: string): Promise<boolean> {
  const provider = providerOf(method);
  if (!provider?.refund) return false;
  const settings = await openSettings(ctx, provider);
  return settings !== undefined && (provider.mayRefund?.(settings) ?? true);
}

function backOf(
  ctx: Context,
  sub: Locked | undefined,
  wish: Wish,
  sale: Sale | undefined,
  credit: bigint,
): TakeBack | undefined {
  if (wish.service === 'keep' || !sub || !sale || credit === 0n) return undefined;
  const time_ms =
    sale.period_from && sale.period_to ? sale.period_to.getTime() - sale.period_from.getTime() : undefined;
  return planTakeBack(sub, { time_ms, cents: credit, of_cents: sale.sold_cents }, ctx.now);
}

/** The account that the money leaves by. What a provider is asked for waits in between until it has said that it is done. */
function outOf(payment: PaymentRow, way: Exclude<RefundWay, 'float'>): AccountCode {
  switch (way) {
    case 'cash':
    case 'bank':
      return way;
    case 'cheque':
      return payment.cleared_at === null ? 'cheques' : 'bank';
    case 'provider':
    case 'mpesa':
      return 'refunds';
    case 'told':
      return payment.method as AccountCode;
  }
}

async function openAccounts(ctx: Context, payment: PaymentRow, way: RefundWay, mayOwe: boolean) {
  const { currency, subscriber_id } = payment;
  const wallet = await accountFor(ctx, 'wallet', currency, subscriber_id);
  const sales = await accountFor(ctx, 'sales', currency);
  const out = way === 'float' ? await floatOf(ctx, payment) : await accountFor(ctx, outOf(payment, way), currency);
  const owed = mayOwe ? await accountFor(ctx, 'reversals', currency, subscriber_id) : undefined;
  const balances = await lockAccounts(ctx, [wallet, sales, out, ...(owed === undefined ? [] : [owed])]);
  return { wallet, sales, out, owed, balance: balances.get(wallet) ?? 0n };
}

/** The float that the payment was made from. */
async function floatOf(ctx: Context, { id }: PaymentRow): Promise<bigint> {
  const [row] = await ctx.tx.$queryRaw<{ account: bigint }[]>`
    SELECT debit_account_id AS account FROM ledger_transfer WHERE tenant_id = ${ctx.tenantId} AND key = ${`payment:${id}:received`}`;
  if (!row) throw new Error(`Payment ${id} is not in the books.`);
  return row.account;
}
