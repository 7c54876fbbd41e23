import { recordAudit } from '../audit';
import { priceNow } from '../discounts';
import type { Context } from '../platform/context';
import { owedCents } from '../postpaid';
import { normalizePhone } from '../subscribers';
import { lockSubscription, versionDue } from '../subscriptions';
import { providerOf, providers } from './providers';
import { recordStep } from './record-step';
import type { NewPayment } from './schema';
import { tellLive } from './use-money';

export type Requested =
  | { kind: 'done'; id: bigint }
  /** The same was asked for a moment ago, and is under way. */
  | { kind: 'under_way'; id: bigint }
  | { kind: 'too_soon'; wait_s: number }
  | { kind: 'ended' }
  /** `nothing`: there is nothing to pay. */
  | { kind: 'invalid'; fields: Record<string, string>; nothing?: true };

/** A phone is prompted once in so long: the provider locks it for about as long, and a second prompt looks like a trick. */
const BETWEEN_S = 60;

/**
 * Writes down that a customer is to be asked for money, and hands the prompt to the queue; nobody is called here. A second wish for the same within
 * a minute is the first one again.
 */
export async function requestPayment(
  ctx: Context,
  input: NewPayment & { subscription_id: bigint },
): Promise<Requested> {
  const provider = providerOf(input.provider);
  const [account] = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM payment_provider WHERE tenant_id = ${ctx.tenantId} AND provider = ${input.provider}`;
  if (!provider || !account)
    return {
      kind: 'invalid',
      fields: { provider: `is not set up; do so with PUT /api/settings/payments/${input.provider}` },
    };
  const sub = await lockSubscription(ctx, input.subscription_id);
  if (!sub)
    return { kind: 'invalid', fields: { subscription_id: 'is no subscription of yours; list /api/subscriptions' } };
  if (sub.state === 'ended') return { kind: 'ended' };
  const version = await versionDue(ctx, sub);
  if (provider.currency !== undefined && version.currency !== provider.currency)
    return {
      kind: 'invalid',
      fields: { provider: `takes ${provider.currency}, and this subscription is sold in ${version.currency}` },
    };
  const phone = normalizePhone(input.phone, provider.currency ?? version.currency);
  if (phone === undefined || (provider.rings && !/^\+254[17]\d{8}$/.test(phone)))
    return {
      kind: 'invalid',
      fields: { phone: provider.rings ? 'must be a Kenyan mobile number, as 0712345678' : 'must be a phone number' },
    };
  const owed = sub.postpaid_from === null ? undefined : await owedCents(ctx, sub.subscriber_id, version.currency);
  const asked = BigInt(input.amount_cents ?? owed ?? (await priceNow(ctx, sub.id, version)).price_cents);
  const whole = provider.wholeUnits(version.currency);
  const amount = whole ? ((asked + 99n) / 100n) * 100n : asked;
  if (amount !== asked && input.amount_cents !== undefined)
    return { kind: 'invalid', fields: { amount_cents: 'must be whole, without cents' } };
  if (amount === 0n)
    return {
      kind: 'invalid',
      nothing: true,
      fields: { amount_cents: 'the price is nothing: renew or activate the subscription without money' },
    };
  if (provider.rings && amount > 25_000_000n)
    return {
      kind: 'invalid',
      fields: { amount_cents: 'must be at most KES 250,000, which is the most that M-Pesa moves at once' },
    };

  const order = { subscriptionId: sub.id, subscriberId: sub.subscriber_id, phone, amount, provider: provider.name };
  const before = provider.rings ? await lately(ctx, order) : undefined;
  if (before) return before;
  const id = await insertOrder(ctx, { ...order, currency: version.currency });
  await recordStep(ctx, id, 'created', `${version.currency} ${(Number(amount) / 100).toFixed(2)}`);
  await recordAudit(
    ctx,
    'payments.request',
    { type: 'payment', id },
    { subscription_id: sub.id, provider: provider.name, amount_cents: amount },
  );
  await ctx.tx.$executeRaw`SELECT job_enqueue('payments.work')`;
  await tellLive(ctx, id, sub.id);
  return { kind: 'done', id };
}

/** What is asked for; without a service, money for the wallet. */
export interface OrderOf {
  subscriptionId: bigint | null;
  subscriberId: bigint;
  phone: string;
  amount: bigint;
  provider: string;
}

/** What this phone was asked within the last minute, under a lock that makes two wishes wait for each other. */
export async function lately(ctx: Context, order: OrderOf): Promise<Requested | undefined> {
  const ringing = providers().flatMap((one) => (one.rings ? [one.name] : []));
  await ctx.tx
    .$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`prompt ${ctx.tenantId} ${order.phone}`}, 0))`;
  const [last] = await ctx.tx.$queryRaw<{ id: bigint; same: boolean; wait_s: number }[]>`
    SELECT id, subscription_id IS NOT DISTINCT FROM ${order.subscriptionId}::bigint AND subscriber_id = ${order.subscriberId} AND amount_cents = ${order.amount} AND method = ${order.provider} AND state IN ('created', 'prompted', 'unknown') AS same,
      ceil(extract(epoch FROM created_at + make_interval(secs => ${BETWEEN_S}::float8) - lango_now()))::int AS wait_s
    FROM payment
    WHERE tenant_id = ${ctx.tenantId} AND phone = ${order.phone} AND account_ref IS NOT NULL AND method = ANY(${ringing})
      AND created_at > lango_now() - make_interval(secs => ${BETWEEN_S}::float8) AND (pushed_at IS NOT NULL AND provider_ref IS NOT NULL OR state IN ('created', 'unknown'))
    ORDER BY id DESC LIMIT 1`;
  if (!last) return undefined;
  return last.same ? { kind: 'under_way', id: last.id } : { kind: 'too_soon', wait_s: Math.max(1, last.wait_s) };
}

export async function insertOrder(ctx: Context, order: OrderOf & { currency: string }): Promise<bigint> {
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, account_ref, phone, amount_cents, currency, state, due_at, received_at, created_by, created_at)
    SELECT ${ctx.tenantId}, ${order.subscriberId}, ${order.subscriptionId}::bigint, ${order.provider}, r.ref, r.ref, ${order.phone}, ${order.amount}, ${order.currency}, 'created',
      lango_now(), ${ctx.now}, ${staffId}::bigint, ${ctx.now}
    FROM (SELECT payment_new_ref() AS ref) r RETURNING id`;
  if (!row) throw new Error('A payment was not written.');
  return row.id;
}
