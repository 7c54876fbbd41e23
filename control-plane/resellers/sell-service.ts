import { randomInt } from 'node:crypto';
import { recordAudit } from '../audit';
import { priceToPay } from '../discounts';
import { accountFor, lockAccounts } from '../ledger';
import { buyerOf, useMoney } from '../payments';
import type { Context } from '../platform/context';
import { isAllowed, lockSubscription, refusalOf, versionDue, type Locked } from '../subscriptions';
import { accountOf } from './accounts';
import { ownReseller } from './queries';
import type { Reseller, Sale, SaleInput } from './schema';

export type SaleOutcome =
  | { kind: 'done'; sale: Sale }
  /** The actor sells for nobody. */
  | { kind: 'no_reseller' }
  | { kind: 'suspended' }
  /** The float and the credit limit together are less than the price. */
  | { kind: 'float_short'; price_cents: number; available_cents: number; currency: string }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'invalid'; fields: Record<string, string> };

/**
 * Sells a validity out of the actor's float, all in the caller's transaction: the float pays, the customer's service begins or goes on, the network hears of
 * it, the invoice is written, and the commission is posted. A new customer is the reseller's own.
 */
export async function sellService(ctx: Context, input: SaleInput): Promise<SaleOutcome> {
  // What is refused leaves nothing behind, no new customer either, also where a page then shows the form again and commits.
  await ctx.tx.$executeRaw`SAVEPOINT sale`;
  const outcome = await sellOrRefuse(ctx, input);
  if (outcome.kind !== 'done') await ctx.tx.$executeRaw`ROLLBACK TO SAVEPOINT sale`;
  await ctx.tx.$executeRaw`RELEASE SAVEPOINT sale`;
  return outcome;
}

async function sellOrRefuse(ctx: Context, input: SaleInput): Promise<SaleOutcome> {
  const reseller = await ownReseller(ctx);
  if (!reseller) return { kind: 'no_reseller' };
  if (await isSuspended(ctx, BigInt(reseller.id))) return { kind: 'suspended' };
  const buyer = await buyerOf(ctx, { ...input, phone: input.phone ?? '', provider: 'mpesa' });
  if (buyer.kind === 'invalid') return buyer;
  const sub = await lockSubscription(ctx, buyer.subscriptionId);
  if (!sub) return { kind: 'invalid', fields: { subscription_id: 'is no service of a customer of yours' } };
  if (sub.subscriber_id === BigInt(reseller.client_id))
    return { kind: 'refused', code: 'own_account', message: 'This is your own account. Renew it from its wallet.' };
  if (sub.postpaid_from !== null)
    return {
      kind: 'refused',
      code: 'is_postpaid',
      message: 'This service is billed afterwards. The company takes its money.',
    };
  const action = isAllowed(sub.state, 'activate') ? 'activate' : 'renew';
  if (!isAllowed(sub.state, action))
    return { kind: 'refused', code: `is_${sub.state}`, message: refusalOf(sub.state, action) };
  if (input.name !== undefined) await nameNew(ctx, sub, input.name);
  return charge(ctx, reseller, sub);
}

/** Waits for somebody who suspends them at this moment. */
async function isSuspended(ctx: Context, id: bigint): Promise<boolean> {
  const [row] = await ctx.tx.$queryRaw<{ suspended: boolean }[]>`
    SELECT suspended_at IS NOT NULL AS suspended FROM reseller WHERE id = ${id} FOR SHARE`;
  return row?.suspended ?? true;
}

/** A customer who was just taken in is called by their phone until somebody says their name. */
async function nameNew(ctx: Context, sub: Locked, name: string): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE subscriber SET name = ${name}, updated_at = ${ctx.now} WHERE id = ${sub.subscriber_id} AND name = phone`;
}

async function charge(ctx: Context, reseller: Reseller, sub: Locked): Promise<SaleOutcome> {
  const version = await versionDue(ctx, sub);
  if (version.currency !== reseller.currency)
    return {
      kind: 'refused',
      code: 'other_currency',
      message: `This plan is sold in ${version.currency}, and your float is in ${reseller.currency}.`,
    };
  const { price_cents: price } = await priceToPay(ctx, sub.id, version);
  if (price === 0n)
    return { kind: 'refused', code: 'free', message: 'This costs nothing now. Ask the company to activate it.' };
  const float = await accountOf(ctx, BigInt(reseller.id), 'float');
  const wallet = await accountFor(ctx, 'wallet', version.currency, sub.subscriber_id);
  const sales = await accountFor(ctx, 'sales', version.currency);
  const balance = (await lockAccounts(ctx, [float, wallet, sales])).get(float) ?? 0n;
  const available = balance + BigInt(reseller.credit_limit_cents);
  if (available < price)
    return {
      kind: 'float_short',
      price_cents: Number(price),
      available_cents: Number(available),
      currency: reseller.currency,
    };
  const payment = await writePayment(ctx, sub, price, version.currency);
  await useMoney(
    ctx,
    {
      paymentId: payment.id,
      subscriberId: sub.subscriber_id,
      sub,
      from: float,
      amount_cents: price,
      currency: version.currency,
      method: 'float',
      reference: payment.reference,
    },
    [{ step: 'received', detail: `float of ${reseller.name}`, at: new Date() }],
  );
  await recordAudit(
    ctx,
    'resellers.sell',
    { type: 'reseller', id: reseller.id },
    { payment_id: payment.id, amount_cents: price },
  );
  return { kind: 'done', sale: await saleOf(ctx, reseller, sub, payment.id, balance - price) };
}

async function writePayment(ctx: Context, sub: Locked, price: bigint, currency: string) {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint; reference: string }[]>`
    INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, amount_cents, currency, state, received_at, created_by, created_at)
    VALUES (${ctx.tenantId}, ${sub.subscriber_id}, ${sub.id}, 'float', payment_new_ref(), ${price}, ${currency}, 'created', ${ctx.now}, ${ctx.actor.id}::bigint, ${ctx.now})
    RETURNING id, reference`;
  if (!row) throw new Error('A payment was not written.');
  return row;
}

async function saleOf(ctx: Context, reseller: Reseller, sub: Locked, paymentId: bigint, left: bigint): Promise<Sale> {
  const [row] = await ctx.tx.$queryRaw<
    {
      client: string;
      plan: string;
      plan_id: bigint;
      expires_at: Date | null;
      unused: number;
      amount: bigint;
    }[]
  >`
    SELECT c.name AS client, l.name AS plan, l.id AS plan_id, s.expires_at, s.unused_validities AS unused, p.amount_cents AS amount
    FROM subscription s JOIN subscriber c ON c.id = s.subscriber_id JOIN plan_version v ON v.id = s.plan_version_id JOIN plan l ON l.id = v.plan_id
    JOIN payment p ON p.id = ${paymentId} WHERE s.id = ${sub.id}`;
  if (!row) throw new Error(`subscription ${sub.id} is gone after it was sold`);
  const [earned] = await ctx.tx.$queryRaw<{ cents: bigint }[]>`
    SELECT reseller_would_earn(${BigInt(reseller.id)}, ${row.plan_id}, ${row.amount}) AS cents`;
  return {
    payment_id: paymentId.toString(),
    subscription_id: sub.id.toString(),
    client_id: sub.subscriber_id.toString(),
    client_name: row.client,
    package_name: row.plan,
    username: sub.username,
    password: await newPassword(ctx, sub),
    price_cents: Number(row.amount),
    currency: reseller.currency,
    expires_at: row.unused > 0 ? null : (row.expires_at?.toISOString() ?? null),
    float_cents: Number(left),
    commission_cents: Number(earned?.cents ?? 0n),
  };
}

/** Of a service that was made with this sale: told once, and kept nowhere that anybody reads. */
async function newPassword(ctx: Context, sub: Locked): Promise<string | null> {
  if (sub.cycle_no > 0 || sub.created_at.getTime() !== ctx.now.getTime()) return null;
  const password = String(randomInt(10_000_000, 100_000_000));
  await ctx.tx.$executeRaw`SELECT radius_set_password(${sub.id}, ${password})`;
  return password;
}
