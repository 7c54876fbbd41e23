import { conflict, type Problem } from '../platform/http/problem';

/** What the API says where a reseller may not sell. */
export const noReseller = (): Problem =>
  conflict('no_reseller', 'You sell for nobody. The company has to name the reseller that you work for.');

export const suspendedReseller = (): Problem =>
  conflict('suspended', 'Your company has stopped your sales. Call them.');

export function floatShort(short: { price_cents: number; available_cents: number; currency: string }): Problem {
  const money = (cents: number) => `${short.currency} ${(cents / 100).toFixed(2)}`;
  return conflict(
    'float_short',
    `This takes ${money(short.price_cents)} and the float has ${money(short.available_cents)} left. Top it up first.`,
  );
}
