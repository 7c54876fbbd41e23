import type Stripe from 'stripe';
import type { Account, Order, PaymentProvider, Prompted, Refund, Refunded, RefundTold, Told } from '../provider';
import { faultOf, STRIPE, stripeOf } from './client';
import { fromMinor, isWhole, toMinor } from './minor';
import { stripeSettings, type StripeSettings } from './settings';

/** Cards by Stripe's hosted checkout: a card number never comes near us. What is paid is told by signed events, and can be asked about. */
export const stripe: PaymentProvider<StripeSettings> = {
  name: 'stripe',
  currency: undefined,
  wholeUnits: isWhole,
  rings: false,
  repeatable: true,
  mayYetSucceed: () => false,
  settings: stripeSettings,
  secrets: ['secret_key', 'webhook_secret'],
  hook: 'card',
  baseUrl: () => STRIPE,
  prompt,
  async ask({ settings, baseUrl }, { ref }) {
    try {
      return toldOf(await stripeOf(settings, baseUrl).checkout.sessions.retrieve(ref));
    } catch (error) {
      const fault = faultOf(error);
      return { kind: 'unknown', ...(fault.kind === 'refused' ? { code: fault.code } : {}), text: fault.text };
    }
  },
  refund,
  async askRefund({ settings, baseUrl }, { ref }) {
    try {
      return refundToldOf(await stripeOf(settings, baseUrl).refunds.retrieve(ref));
    } catch (error) {
      return { kind: 'unknown', text: faultOf(error).text };
    }
  },
  list: undefined,
};

/** Opens a page to pay one order on. The key makes a second try the first one again. */
async function prompt({ settings, baseUrl }: Account<StripeSettings>, order: Order): Promise<Prompted> {
  const { accountRef, currency, description } = order;
  try {
    const session = await stripeOf(settings, baseUrl).checkout.sessions.create(
      {
        mode: 'payment',
        client_reference_id: accountRef,
        metadata: { order: accountRef },
        payment_intent_data: { metadata: { order: accountRef }, description: `${description} ${accountRef}` },
        line_items: [
          {
            quantity: 1,
            price_data: {
              currency: currency.toLowerCase(),
              unit_amount: toMinor(order.amount_cents, currency),
              product_data: { name: description },
            },
          },
        ],
        success_url: `${order.returnUrl}?order={CHECKOUT_SESSION_ID}`,
        cancel_url: order.returnUrl,
      },
      { idempotencyKey: `order-${accountRef}-${order.createdAt.getTime()}` },
    );
    return session.url
      ? { kind: 'accepted', ref: session.id, url: session.url }
      : { kind: 'not_sent', text: 'an answer without a page to pay on' };
  } catch (error) {
    const fault = faultOf(error);
    return fault.kind === 'again' ? { kind: 'not_sent', text: fault.text } : fault;
  }
}

/** What a session says of its order. A card that was declined leaves it open: the customer tries another. */
export function toldOf(session: Stripe.Checkout.Session): Told {
  if (session.payment_status === 'paid') {
    const amount = session.amount_total;
    const currency = (session.currency ?? '').toUpperCase();
    return {
      kind: 'paid',
      ...(amount === null ? {} : { amount_cents: fromMinor(amount, currency) }),
      ...receiptOf(session),
    };
  }
  if (session.status === 'expired') return { kind: 'failed', code: 'expired', text: 'The page to pay on has run out.' };
  return { kind: 'pending' };
}

/** Session and intent are one payment: the intent is its receipt. */
export function receiptOf({ payment_intent: intent }: Stripe.Checkout.Session): { receipt?: string } {
  if (intent === null) return {};
  return { receipt: typeof intent === 'string' ? intent : intent.id };
}

async function refund({ settings, baseUrl }: Account<StripeSettings>, wish: Refund): Promise<Refunded> {
  try {
    const made = await stripeOf(settings, baseUrl).refunds.create(
      {
        payment_intent: wish.receipt,
        amount: toMinor(wish.amount_cents, wish.currency),
        reason: 'requested_by_customer',
        // By this its event is known for one that we asked for.
        metadata: { refund: wish.key },
      },
      { idempotencyKey: wish.key },
    );
    switch (made.status) {
      case 'succeeded':
        return { kind: 'done', ref: made.id };
      case 'failed':
      case 'canceled':
        return { kind: 'refused', code: made.status, text: made.failure_reason ?? made.status };
      case null:
      default:
        return { kind: 'pending', ref: made.id };
    }
  } catch (error) {
    const fault = faultOf(error);
    // It may have been done: the same key asks for the same.
    return fault.kind === 'again' ? { kind: 'silent', text: fault.text } : fault;
  }
}

function refundToldOf({ id, status, failure_reason: why }: Stripe.Refund): RefundTold {
  if (status === 'succeeded') return { kind: 'done', ref: id };
  if (status === 'failed' || status === 'canceled') return { kind: 'failed', code: status, text: why ?? status };
  return { kind: 'unknown', text: status ?? 'without a state' };
}
