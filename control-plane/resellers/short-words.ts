import { formatMoney, type Reader } from '../ui';

/** That a float is too short, with what it takes and what is left. */
export function shortWords(
  short: { price_cents: number; available_cents: number; currency: string },
  { t, locale }: Reader,
): string {
  return t('resellers.float_short', {
    price: formatMoney(short.price_cents, short.currency, locale),
    left: formatMoney(Math.max(0, short.available_cents), short.currency, locale),
  });
}
