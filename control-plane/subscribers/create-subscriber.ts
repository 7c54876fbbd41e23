import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { normalizePhone } from './phone';
import { toSubscriber } from './queries';
import type { NewSubscriber, Subscriber } from './schema';

export type SubscriberOutcome =
  | { kind: 'done'; subscriber: Subscriber }
  | { kind: 'not_found' }
  | { kind: 'changed_meanwhile' }
  | { kind: 'invalid'; fields: Record<string, string> };

/** Takes in a person or firm who buys service. Two may share a phone: families do. */
export async function createSubscriber(ctx: Context, input: NewSubscriber): Promise<SubscriberOutcome> {
  const phone = await companyPhone(ctx, input.phone);
  if (phone === undefined) return { kind: 'invalid', fields: { phone: badPhone } };
  const row = await ctx.tx.subscriber.create({
    data: {
      tenant_id: ctx.tenantId,
      name: input.name,
      phone,
      email: input.email ?? null,
      created_at: ctx.now,
      updated_at: ctx.now,
    },
  });
  await recordAudit(ctx, 'subscribers.create', { type: 'subscriber', id: row.id }, { name: row.name });
  return { kind: 'done', subscriber: toSubscriber(row) };
}

export const badPhone = 'must be a phone number, as +254712345678 or 0712345678';

/** A phone as typed, in E.164 by the company's country; undefined when it is none. */
export async function companyPhone(ctx: Context, phone: string): Promise<string | undefined> {
  const tenant = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
  return normalizePhone(phone, tenant.currency);
}
