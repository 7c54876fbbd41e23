import { addValidity, LAST_MOMENT, type Validity } from './add-validity';

/** A price for a validity. */
export interface Terms {
  price_cents: bigint;
  currency: string;
  validity: Validity;
}

/** What runs when a plan is changed. */
export interface Running extends Terms {
  /** Its end; of what is paused, as if it were resumed now. */
  expires_at: Date;
  /** Data of the running cycle; null is unlimited. */
  allowance_bytes: bigint | null;
  used_bytes: bigint;
  /** Money that bought the running validity. */
  paid_cents: bigint;
}

/** What a change of plan comes to, by the time that is left. Money in minor units of the one currency. */
export interface Proration {
  left_ms: number;
  /** What is left of the old plan is worth. */
  unused_cents: bigint;
  /** The new plan until the same end costs. */
  cost_cents: bigint;
  /** To be paid from the wallet; below zero goes back to it. */
  difference_cents: bigint;
  /** The end when what is left buys time of the new plan instead; null where that is free. */
  expires_at_by_time: Date | null;
}

/**
 * Weighs what is left of one plan against another. Time counts by its share of a validity, cents are cut off downwards. Of a plan with a data limit
 * no more is left than the share of its data: whoever has used the data is not paid for the days. What goes back is never more than was paid, so that
 * time given away stays a gift.
 * @returns undefined where there is nothing to weigh: it is over, it never ends, or the two are sold in different currencies
 */
export function prorate(running: Running, offer: Terms, now: Date, timezone: string): Proration | undefined {
  const left_ms = running.expires_at.getTime() - now.getTime();
  if (left_ms <= 0 || running.expires_at >= LAST_MOMENT || running.currency !== offer.currency) return undefined;
  const unused_cents = min(
    share(running.price_cents, left_ms, lengthOf(running.validity, now, timezone)),
    worthOfData(running, left_ms, lengthOf(running.validity, now, timezone)),
  );
  const newLength = lengthOf(offer.validity, now, timezone);
  const cost_cents = share(offer.price_cents, left_ms, newLength);
  const difference = cost_cents - unused_cents;
  return {
    left_ms,
    unused_cents,
    cost_cents,
    difference_cents: difference < 0n ? -min(-difference, max(0n, running.paid_cents - cost_cents)) : difference,
    expires_at_by_time:
      offer.price_cents === 0n ? null : atMost(now, share(BigInt(newLength), unused_cents, offer.price_cents)),
  };
}

/** One exact validity from now, in ms: months have the length that the next one has. */
function lengthOf(validity: Validity, now: Date, timezone: string): number {
  return addValidity(now, { ...validity, ends: 'exact' }, timezone).getTime() - now.getTime();
}

const share = (whole: bigint, part: number | bigint, of: number | bigint): bigint =>
  (whole * BigInt(part)) / BigInt(of);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The price that the data left stands for; several validities stacked carry their data in one allowance. */
function worthOfData({ price_cents, allowance_bytes, used_bytes }: Running, left_ms: number, length: number): bigint {
  const whole = left_ms > length ? share(price_cents, left_ms, length) : price_cents;
  if (allowance_bytes === null || allowance_bytes === 0n) return whole;
  return share(whole, max(0n, allowance_bytes - used_bytes), allowance_bytes);
}

function atMost(now: Date, ms: bigint): Date {
  const end = now.getTime() + Number(ms);
  return end < LAST_MOMENT.getTime() ? new Date(end) : LAST_MOMENT;
}
