/** Currencies whose smallest unit at Stripe is the whole one. */
const WHOLE = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
/** Whole ones too, written with two zeros. */
const ROUND = new Set(['ISK', 'UGX']);
/** Thousandths; the last digit must be 0. */
const THOUSANDTHS = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/** Whether an amount in this currency has no parts at Stripe. */
export const isWhole = (currency: string): boolean => WHOLE.has(currency) || ROUND.has(currency);

/** Our hundredths in Stripe's smallest units. @throws for parts of a currency that has none */
export function toMinor(cents: bigint, currency: string): number {
  if (THOUSANDTHS.has(currency)) return Number(cents * 10n);
  if (isWhole(currency) && cents % 100n !== 0n) throw new Error(`${cents} hundredths of ${currency} cannot be paid.`);
  return Number(WHOLE.has(currency) ? cents / 100n : cents);
}

/** Stripe's smallest units in our hundredths. */
export function fromMinor(amount: number, currency: string): bigint {
  if (THOUSANDTHS.has(currency)) return BigInt(amount) / 10n;
  return WHOLE.has(currency) ? BigInt(amount) * 100n : BigInt(amount);
}
