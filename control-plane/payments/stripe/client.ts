import StripeSdk from 'stripe';
import type { StripeSettings } from './settings';

export const STRIPE = 'https://api.stripe.com';
const TIMEOUT_MS = 20_000;

/** Stripe's own client for an account. It does not retry: the queue does, under the same idempotency key. */
export function stripeOf({ secret_key }: StripeSettings, baseUrl: string): StripeSdk {
  const { protocol, hostname, port } = new URL(baseUrl);
  return new StripeSdk(secret_key, {
    host: hostname,
    protocol: protocol === 'http:' ? 'http' : 'https',
    port: port || (protocol === 'http:' ? '80' : '443'),
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
  });
}

/** What a call that went wrong means. Nothing is certain to have been done or not: the same key may be sent again. */
export type StripeFault =
  { kind: 'again'; text: string } | { kind: 'refused'; code: string; text: string; account: boolean };

export function faultOf(error: unknown): StripeFault {
  const { StripeError, StripeConnectionError, StripeAPIError, StripeRateLimitError } = StripeSdk.errors;
  const { StripeAuthenticationError, StripePermissionError, StripeIdempotencyError } = StripeSdk.errors;
  if (!(error instanceof StripeError)) throw error;
  const text = error.message.slice(0, 300);
  if (error instanceof StripeAuthenticationError || error instanceof StripePermissionError)
    return { kind: 'refused', code: 'credentials', text, account: true };
  const again =
    error instanceof StripeConnectionError ||
    error instanceof StripeAPIError ||
    error instanceof StripeRateLimitError ||
    // Two tries met: the first is still at it.
    (error.statusCode === 409 && !(error instanceof StripeIdempotencyError)) ||
    (error.statusCode ?? 500) >= 500;
  if (again) return { kind: 'again', text };
  return { kind: 'refused', code: error.code ?? error.type, text, account: false };
}
