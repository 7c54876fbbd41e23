import { requestPayment } from '../payments';
import type { Context } from '../platform/context';
import type { Locale } from '../platform/i18n';
import { companyPhone } from '../subscribers';
import type { Device } from './device';
import type { Door } from './door';
import { serviceFor } from './find-service';
import { offersOf, waysOf, type Way } from './offers';
import { findPass, keepConsent, makePass, type Pass } from './passes';

export interface Wish {
  word: string;
  planId: string;
  phone: string;
  way: Way;
  device: Device;
  locale: Locale;
  accepts: boolean;
  ip: string;
}

export type Refusal =
  | { kind: 'invalid'; field: 'plan' | 'phone' | 'terms' }
  /** The phone was asked for something a moment ago. */
  | { kind: 'too_soon'; wait_s: number }
  | { kind: 'sold_out' }
  /** Nobody can be paid at this moment. */
  | { kind: 'closed' };
export type Bought = { kind: 'done' } | Refusal;

/** Thrown past the end of the transaction: a wish that is refused leaves no customer and no service behind. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.kind);
  }
}
const refuse = (refusal: Refusal): never => {
  throw new Refused(refusal);
};

/**
 * Buys a plan for a device: the service, the wish for its money, the pass. The same form sent twice is one purchase. Nobody is called here; the queue prompts the phone.
 * @throws Refused with what to tell; nothing of it may then stay
 */
export async function buy(ctx: Context, door: Door, wish: Wish): Promise<void> {
  if (await findPass(ctx, wish.word)) return;
  const plan = (await offersOf(ctx, door)).find(({ id }) => id === wish.planId);
  if (!plan) return refuse(wish.planId === '' ? { kind: 'invalid', field: 'plan' } : { kind: 'sold_out' });
  if (!(await waysOf(ctx, door)).includes(wish.way)) return refuse({ kind: 'closed' });
  const phone = await companyPhone(ctx, wish.phone);
  if (phone === undefined || (wish.way !== 'stripe' && !/^\+254[17]\d{8}$/.test(phone)))
    return refuse({ kind: 'invalid', field: 'phone' });
  if (door.site.terms_required && !wish.accepts) return refuse({ kind: 'invalid', field: 'terms' });
  const service = await serviceFor(ctx, { phone, planId: BigInt(plan.id), mac: wish.device.mac });
  if (service.kind === 'sold_out') return refuse(service);
  const { subscriptionId } = service;
  const made = { word: wish.word, subscriptionId, proof: 'payment' as const, device: wish.device, locale: wish.locale };
  const pass = await makePass(ctx, door, made);
  if (!pass) throw new Error('A word of 256 bits was taken by another service.');
  await ask(ctx, pass, phone, wish.way);
  await keepConsent(ctx, door, pass, wish.ip);
}

/**
 * Asks for the price, or for what is missing of it, from a pass.
 * @throws Refused `too_soon` where the phone was asked for anything within a minute, also for the same: a payment is one pass's
 */
export async function ask(ctx: Context, pass: Pass, phone: string, way: Way, amountCents?: number): Promise<void> {
  const asked = await requestPayment(ctx, {
    subscription_id: pass.subscription_id,
    phone,
    provider: way,
    ...(amountCents === undefined ? {} : { amount_cents: amountCents }),
  });
  switch (asked.kind) {
    case 'done':
      await ctx.tx
        .$executeRaw`INSERT INTO hotspot_order (payment_id, tenant_id, pass_id) VALUES (${asked.id}, ${ctx.tenantId}, ${pass.id})`;
      return;
    case 'under_way': {
      const [order] = await ctx.tx.$queryRaw<{ pass_id: bigint }[]>`
        SELECT pass_id FROM hotspot_order WHERE payment_id = ${asked.id}`;
      return order?.pass_id === pass.id ? undefined : refuse({ kind: 'too_soon', wait_s: 60 });
    }
    case 'too_soon':
      return refuse({ kind: 'too_soon', wait_s: asked.wait_s });
    case 'ended':
      return refuse({ kind: 'sold_out' });
    case 'invalid':
      return refuse('phone' in asked.fields ? { kind: 'invalid', field: 'phone' } : { kind: 'closed' });
  }
}
