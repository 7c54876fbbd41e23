import type { Context } from '../platform/context';
import { normalizePhone } from '../subscribers';
import { isPayer, type Payer } from './msisdn';
import type { Teller } from './provider';

/** Money that a provider told of, before it is known whose it is. */
export interface Incoming {
  method: Teller;
  receipt: string;
  amount_cents: bigint;
  currency: string;
  payer: Payer;
  payerName: string;
  billRef: string;
  at: Date | undefined;
}

export type Owner =
  /** It is the money of an order of ours. */
  | { kind: 'order'; id: bigint }
  | { kind: 'account'; subscriberId: bigint; subscriptionId: bigint | undefined }
  | { kind: 'nobody' };

/**
 * Whose money it is, by what the customer typed: the reference of a prompt, or an account (phone, account number, login). Never by a name, and never by the
 * payer's number: people pay for their neighbours.
 */
export async function findOwner(ctx: Context, money: Incoming): Promise<Owner> {
  const named = await orderByRef(ctx, money);
  if (named) return named;
  const account = await findAccount(ctx, money.billRef, money.amount_cents, money.currency);
  if (!account) return { kind: 'nobody' };
  const order = account.subscriptionId === undefined ? undefined : await orderOf(ctx, account.subscriptionId, money);
  return order ?? { kind: 'account', ...account };
}

/** The reference as people copy it: small letters, blanks, O for 0. One that was paid already names its service. */
async function orderByRef(ctx: Context, money: Incoming): Promise<Owner | undefined> {
  const plain = money.billRef.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
  const ref = plain.slice(0, 1) + plain.slice(1).replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  if (!/^P[0-9A-Z]{5,11}$/.test(ref)) return undefined;
  const [row] = await ctx.tx.$queryRaw<
    { id: bigint; subscriber_id: bigint; subscription_id: bigint | null; receipt: string | null; method: string }[]
  >`
    SELECT id, subscriber_id, subscription_id, receipt, method FROM payment WHERE tenant_id = ${ctx.tenantId} AND account_ref = ${ref}`;
  if (!row) return undefined;
  if (
    row.method === money.method &&
    (row.receipt === null || row.receipt.toUpperCase() === money.receipt.toUpperCase())
  )
    return { kind: 'order', id: row.id };
  return { kind: 'account', subscriberId: row.subscriber_id, subscriptionId: row.subscription_id ?? undefined };
}

/** An order of this service for just this money, that has no receipt yet: prompted a short while ago, or settled on the provider's word alone. */
async function orderOf(ctx: Context, subscriptionId: bigint, money: Incoming): Promise<Owner | undefined> {
  const rows = await ctx.tx.$queryRaw<{ id: bigint; phone: string | null }[]>`
    SELECT id, phone FROM payment
    WHERE tenant_id = ${ctx.tenantId} AND subscription_id = ${subscriptionId} AND method = ${money.method} AND account_ref IS NOT NULL AND receipt IS NULL
      AND amount_cents = ${money.amount_cents} AND state IN ('prompted', 'unknown', 'settled') AND created_at > lango_now() - interval '10 minutes' ORDER BY id DESC LIMIT 10`;
  const fits = rows.find(({ phone }) => phone === null || isPayer(money.payer, phone) !== false);
  return fits && { kind: 'order', id: fits.id };
}

/** The person and, where it is clear, the service that a text names. */
export async function findAccount(
  ctx: Context,
  text: string,
  amount_cents: bigint,
  currency: string,
): Promise<{ subscriberId: bigint; subscriptionId: bigint | undefined } | undefined> {
  const phone = normalizePhone(text, currency) ?? null;
  const [row] = await ctx.tx.$queryRaw<{ subscriber_id: bigint; subscription_id: bigint | null }[]>`
    SELECT subscriber_id, subscription_id FROM payment_find_account(${text.slice(0, 128)}, ${phone}, ${amount_cents})`;
  return row && { subscriberId: row.subscriber_id, subscriptionId: row.subscription_id ?? undefined };
}
