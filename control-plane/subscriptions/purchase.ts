import { addValidity, type Validity } from './add-validity';

/** What is bought: the part of a plan version that a cycle is made of. */
export interface Offer {
  validity: Validity;
  quota_bytes: bigint | null;
}

/** Where a subscription stands before a purchase. */
export interface Standing {
  starts_at: Date | null;
  expires_at: Date | null;
  /** Quota and top-ups of the running cycle; null is unlimited. */
  allowance_bytes: bigint | null;
  used_bytes: bigint;
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
    topup_bytes: early && offer.quota_bytes !== null ? withinCount(offer.quota_bytes, leftOver(standing)) : 0n,
  };
}

/** Byte counts are JSON numbers: quota and top-ups together stay below 2^53, whatever is stacked. */
export function withinCount(quota_bytes: bigint, topup_bytes: bigint): bigint {
  const room = BigInt(Number.MAX_SAFE_INTEGER) - quota_bytes;
  return topup_bytes < room ? topup_bytes : room;
}

function leftOver({ allowance_bytes, used_bytes }: Standing): bigint {
  return allowance_bytes !== null && allowance_bytes > used_bytes ? allowance_bytes - used_bytes : 0n;
}
