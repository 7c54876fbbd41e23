import { randomInt } from 'node:crypto';
import type { Context } from '../platform/context';
import { companyPhone, createSubscriber } from '../subscribers';
import { createSubscription } from '../subscriptions';
import type { NewPayment } from './schema';

export type Buyer = { kind: 'found'; subscriptionId: bigint } | { kind: 'invalid'; fields: Record<string, string> };

/**
 * Whose service is paid for. By package it is the service that the person with this phone has of it; where there is none, it is sold to them, under their
 * phone as login, and waits for the money.
 */
export async function buyerOf(ctx: Context, { subscription_id, package_id, phone }: NewPayment): Promise<Buyer> {
  if (subscription_id !== undefined) return { kind: 'found', subscriptionId: subscription_id };
  if (package_id === undefined)
    return { kind: 'invalid', fields: { package_id: 'is needed where there is no subscription_id' } };
  const e164 = await companyPhone(ctx, phone);
  if (e164 === undefined) return { kind: 'invalid', fields: { phone: 'must be a phone number, as 0712345678' } };
  // Two taps at once are one customer.
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`buyer ${ctx.tenantId} ${e164}`}, 0))`;
  const [service] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT s.id FROM subscription s JOIN subscriber c ON c.id = s.subscriber_id JOIN plan_version v ON v.id = s.plan_version_id
    WHERE c.phone = ${e164} AND c.tenant_id = ${ctx.tenantId} AND c.deleted_at IS NULL AND v.plan_id = ${package_id} AND s.status <> 'ended' ORDER BY s.id DESC LIMIT 1`;
  if (service) return { kind: 'found', subscriptionId: service.id };
  return sellToPhone(ctx, e164, package_id);
}

/** A new service under the phone as login, for the customer with that phone, who is made where there is none. The caller holds the phone's lock. */
export async function sellToPhone(ctx: Context, phone: string, package_id: bigint): Promise<Buyer> {
  const client = await clientOf(ctx, phone);
  const name = `0${phone.slice(4)}`;
  for (let number = 1; number <= 20; number += 1) {
    const username = number === 1 ? name : `${name}-${number}`;
    const made = await createSubscription(ctx, {
      client_id: client,
      package_id,
      username,
      password: String(randomInt(10_000_000, 100_000_000)),
    });
    if (made.kind === 'done') return { kind: 'found', subscriptionId: made.id };
    const taken = made.kind === 'refused' && made.fields !== undefined && 'username' in made.fields;
    if (!taken)
      return { kind: 'invalid', fields: made.kind === 'invalid' ? made.fields : { package_id: 'cannot be sold now' } };
  }
  return { kind: 'invalid', fields: { phone: 'has twenty services already; name one by subscription_id' } };
}

async function clientOf(ctx: Context, phone: string): Promise<bigint> {
  const known = await ctx.tx.subscriber.findFirst({
    where: { tenant_id: ctx.tenantId, phone, deleted_at: null },
    orderBy: { id: 'asc' },
    select: { id: true },
  });
  if (known) return known.id;
  const made = await createSubscriber(ctx, { name: phone, phone });
  if (made.kind !== 'done') throw new Error('A phone that is one was refused.');
  return BigInt(made.subscriber.id);
}
