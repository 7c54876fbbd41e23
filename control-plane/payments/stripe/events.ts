import StripeSdk from 'stripe';
import type { HookEvent } from '../../hooks';
import type { StripeSettings } from './settings';

/** What an endpoint of ours is told. */
export const EVENTS = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'checkout.session.expired',
  'payment_intent.payment_failed',
  'refund.created',
  'refund.failed',
  'charge.dispute.created',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
  'charge.dispute.closed',
] as const satisfies StripeSdk.WebhookEndpointCreateParams.EnabledEvent[];

/** Seconds that a signature is good for: an old call that somebody kept is no news. */
const TOLERANCE_S = 300;

/** The event, where it was signed with this account's secret within five minutes before it came; undefined otherwise. */
export function readEvent(
  { webhook_secret, mode }: StripeSettings,
  { body, headers, receivedAt }: Pick<HookEvent, 'body' | 'headers' | 'receivedAt'>,
): StripeSdk.Event | undefined {
  if (!webhook_secret) return undefined;
  try {
    const event = StripeSdk.webhooks.constructEvent(
      body,
      headers['stripe-signature'] ?? '',
      webhook_secret,
      TOLERANCE_S,
      undefined,
      receivedAt.getTime(),
    );
    return event.livemode === (mode === 'live') ? event : undefined;
  } catch {
    return undefined;
  }
}
