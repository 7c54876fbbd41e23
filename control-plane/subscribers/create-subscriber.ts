import { recordAudits } from '../audit';
import type { Context } from '../platform/context';
import { conflict } from '../platform/http/problem';
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
  const made = await createSubscribers(ctx, [input]);
  return made?.[0] ? { kind: 'done', subscriber: made[0] } : { kind: 'invalid', fields: { phone: badPhone } };
}

/** Takes in many at once. @returns them in the order given; undefined, and nothing written, when the phone of one is none */
export async function createSubscribers(ctx: Context, inputs: NewSubscriber[]): Promise<Subscriber[] | undefined> {
  if (ctx.actor.reseller === 0n)
    throw conflict(
      'no_reseller',
      'You work for no reseller yet, so nobody would be yours. The company has to name the one that you work for.',
    );
  const { currency } = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
  const data = [];
  for (const { name, phone: typed, email } of inputs) {
    const phone = normalizePhone(typed, currency);
    if (phone === undefined) return undefined;
    data.push({ tenant_id: ctx.tenantId, name, phone, email: email ?? null, created_at: ctx.now, updated_at: ctx.now });
  }
  const made = await ctx.tx.subscriber.createManyAndReturn({ data });
  // Ids are given out in the order of the rows; what comes back need not be in it.
  made.sort((one, other) => Number(one.id - other.id));
  await recordAudits(
    ctx,
    made.map(({ id, name }) => ({
      action: 'subscribers.create',
      subject: { type: 'subscriber', id },
      detail: { name },
    })),
  );
  return made.map(toSubscriber);
}

export const badPhone = 'must be a phone number, as +254712345678 or 0712345678';

/** A phone as typed, in E.164 by the company's country; undefined when it is none. */
export async function companyPhone(ctx: Context, phone: string): Promise<string | undefined> {
  const tenant = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
  return normalizePhone(phone, tenant.currency);
}
