import { addValidity, type Validity } from './add-validity';

/** What is bought: the part of a plan version that a cycle is made of. */
export interface Offer {
  validity: Validity;
  quota_bytes: bigint | null;
  /** Top-ups mean something: it has fair-use steps. With a cap they always do. */
  limited?: boolean;
}

/** Where a subscription stands before a purchase. */
export interface Standing {
  starts_at: Date | null;
  expires_at: Date | null;
  /** Quota and top-ups of the running cycle; null is unlimited. */
  allowance_bytes: bigint | null;
  used_bytes: bigint;
  /** What of the allowance was topped up, or carried here. */
  topup_bytes?: bigint;
  /** The data comes back each period, or only slows down: then top-ups alone are property, and this much is used before them. */
  before_topups_bytes?: bigint | null;
}

/** The new cycle that a purchase begins. */
export interface Cycle {
  starts_at: Date;
  expires_at: Date;
  quota_bytes: bigint | null;
  topup_bytes: bigint;
}

/**
 * What one purchase makes of a subscription. A new cycle with the full quota begins at once, always.
 * Paid before expiry: validity is added to the old expiry, and bytes left over are carried into the new cycle; paying early loses neither days nor
 * data. Paid at or after expiry (grace included): everything starts now and what was left is gone with the old validity.
 */
export function purchase(standing: Standing, offer: Offer, now: Date, timezone: string): Cycle {
  const { starts_at, expires_at } = standing;
  const early = starts_at !== null && expires_at !== null && now < expires_at;
  return {
    starts_at: early ? starts_at : now,
    expires_at: addValidity(early ? expires_at : now, offer.validity, timezone),
    quota_bytes: offer.quota_bytes,
    topup_bytes:
      early && (offer.limited ?? offer.quota_bytes !== null)
        ? withinCount(offer.quota_bytes ?? 0n, leftOver(standing))
        : 0n,
  };
}

/** Byte counts are JSON numbers: quota and top-ups together stay below 2^53, whatever is stacked. */
export function withinCount(quota_bytes: bigint, topup_bytes: bigint): bigint {
  const room = BigInt(Number.MAX_SAFE_INTEGER) - quota_bytes;
  return topup_bytes < room ? topup_bytes : room;
}

function leftOver({ allowance_bytes, used_bytes, topup_bytes = 0n, before_topups_bytes = null }: Standing): bigint {
  if (before_topups_bytes !== null) {
    const over = used_bytes > before_topups_bytes ? used_bytes - before_topups_bytes : 0n;
    return topup_bytes > over ? topup_bytes - over : 0n;
  }
  return allowance_bytes !== null && allowance_bytes > used_bytes ? allowance_bytes - used_bytes : 0n;
}
