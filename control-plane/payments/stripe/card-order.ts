import { priceNow } from '../../discounts';
import type { Context } from '../../platform/context';
import { owedCents } from '../../postpaid';
import { lockSubscription, subscriptionStates, type SubscriptionState } from '../../subscriptions';
import { isWhole } from './minor';
import { requestPayment, type Requested } from '../request-payment';

/** Money cannot open what staff has shut, or what is over. */
const SHUT: ReadonlySet<SubscriptionState> = new Set(['suspended', 'paused', 'ended']);
/** A page to pay on that was opened so lately is the same wish again. */
const SAME_MINUTES = 10;
const OFFERS_MAX = 20;

/** What a customer can pay with a card: what they owe, or what their service costs next. */
export interface CardOffer {
  subscriptionId: bigint;
  subscriberId: bigint;
  plan: string;
  username: string;
  /** Until when it runs; null where it does not run, or has no end. */
  until: Date | null;
  amount_cents: bigint;
  currency: string;
  /** It is what they owe for invoices, and not the price of a renewal. */
  owed: boolean;
}

interface Service {
  id: bigint;
  subscriber_id: bigint;
  plan: string;
  username: string;
  state: string;
  valid_until: Date | null;
  version: bigint;
  postpaid: boolean;
}

/** What these customers can pay with a card now. Nothing where the company takes no cards; free and shut services are left out. */
export async function cardOffers(ctx: Context, customers: readonly bigint[]): Promise<CardOffer[]> {
  const services = await ctx.tx.$queryRaw<Service[]>`
    SELECT n.id, n.subscriber_id, p.name AS plan, n.username, n.state, n.valid_until, coalesce(n.next_plan_version_id, n.plan_version_id) AS version, s.postpaid_from IS NOT NULL AS postpaid
    FROM subscription_now n JOIN subscription s ON s.id = n.id JOIN plan p ON p.id = n.plan_id
    WHERE n.tenant_id = ${ctx.tenantId} AND n.subscriber_id = ANY (${[...customers]}::bigint[]) AND n.status <> 'ended'
      AND EXISTS (SELECT FROM payment_provider k WHERE k.tenant_id = ${ctx.tenantId} AND k.provider = 'stripe') ORDER BY n.id LIMIT ${OFFERS_MAX}`;
  const offers: CardOffer[] = [];
  for (const service of services) {
    const offer = await offerOf(ctx, service);
    // Who is billed afterwards owes once, however many services they have.
    const twice = offer?.owed && offers.some((one) => one.owed && one.subscriberId === offer.subscriberId);
    if (offer && offer.amount_cents > 0n && !twice) offers.push(offer);
  }
  return offers;
}

async function offerOf(ctx: Context, service: Service): Promise<CardOffer | undefined> {
  const state = subscriptionStates.find((one) => one === service.state);
  if (!service.postpaid && (state === undefined || SHUT.has(state))) return undefined;
  const version = await ctx.tx.plan_version.findUniqueOrThrow({ where: { id: service.version } });
  const asked = service.postpaid
    ? await owedCents(ctx, service.subscriber_id, version.currency)
    : (await priceNow(ctx, service.id, version)).price_cents;
  // As the order will be: some currencies have no parts at Stripe.
  const amount_cents = isWhole(version.currency) ? ((asked + 99n) / 100n) * 100n : asked;
  return {
    subscriptionId: service.id,
    subscriberId: service.subscriber_id,
    plan: service.plan,
    username: service.username,
    until: service.valid_until,
    amount_cents,
    currency: version.currency,
    owed: service.postpaid,
  };
}

/** Has a page opened on which a customer pays an offer with a card; the same wish again is the page that is open already. Nobody is called here; the queue does. */
export async function openCardOrder(ctx: Context, offer: CardOffer): Promise<Requested> {
  // Two taps wait for each other here.
  await lockSubscription(ctx, offer.subscriptionId);
  const [open] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM payment WHERE tenant_id = ${ctx.tenantId} AND subscription_id = ${offer.subscriptionId} AND method = 'stripe' AND created_by IS NULL
      AND state IN ('created', 'prompted', 'unknown') AND amount_cents = ${offer.amount_cents} AND created_at > lango_now() - make_interval(mins => ${SAME_MINUTES}::int)
    ORDER BY id DESC LIMIT 1`;
  if (open) return { kind: 'under_way', id: open.id };
  const customer = await ctx.tx.subscriber.findFirstOrThrow({ where: { id: offer.subscriberId } });
  return requestPayment(ctx, {
    subscription_id: offer.subscriptionId,
    phone: customer.phone ?? '',
    provider: 'stripe',
  });
}

/** How a payment with a card stands, for who may see it. */
export interface CardOrder {
  id: bigint;
  subscriberId: bigint;
  state: string;
  amount_cents: bigint;
  currency: string;
  /** The page to pay on, once it is open. */
  url: string | null;
  /** A card was declined on it last, and no other was tried since. */
  declined: boolean;
}

/** Undefined where there is no such payment with a card. */
export async function findCardOrder(ctx: Context, id: bigint): Promise<CardOrder | undefined> {
  const [row] = await ctx.tx.$queryRaw<(Omit<CardOrder, 'subscriberId'> & { subscriber_id: bigint })[]>`
    SELECT p.id, p.subscriber_id, p.state, p.amount_cents, p.currency, p.provider_url AS url,
      EXISTS (SELECT FROM payment_step x WHERE x.payment_id = p.id AND x.step = 'declined') AS declined
    FROM payment p WHERE p.tenant_id = ${ctx.tenantId} AND p.id = ${id} AND p.method = 'stripe' AND p.account_ref IS NOT NULL`;
  if (!row) return undefined;
  const { subscriber_id: subscriberId, ...order } = row;
  return { ...order, subscriberId };
}
