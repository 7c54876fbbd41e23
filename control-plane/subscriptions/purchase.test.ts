import fc from 'fast-check';
import { purchase, type Standing } from './purchase';

const now = new Date('2026-11-21T12:00:00Z');
const hours = (n: number) => new Date(now.getTime() + n * 3_600_000);
const day = { validity: { count: 1, unit: 'day' as const }, quota_bytes: 1000n };
const running: Standing = { starts_at: hours(-20), expires_at: hours(4), allowance_bytes: 1000n, used_bytes: 300n };

describe('purchase', () => {
  it('starts now for a subscription that has never run', () => {
    const never = { starts_at: null, expires_at: null, allowance_bytes: null, used_bytes: 0n };
    expect(purchase(never, day, now, 'UTC')).toEqual({
      starts_at: now,
      expires_at: hours(24),
      quota_bytes: 1000n,
      topup_bytes: 0n,
    });
  });

  it('paid early, adds to the old expiry and carries the bytes left over', () => {
    expect(purchase(running, day, now, 'UTC')).toEqual({
      starts_at: hours(-20),
      expires_at: hours(28),
      quota_bytes: 1000n,
      topup_bytes: 700n,
    });
  });

  it('paid at the very second of expiry, starts now', () => {
    const ending = { ...running, expires_at: now };
    expect(purchase(ending, day, now, 'UTC')).toEqual({
      starts_at: now,
      expires_at: hours(24),
      quota_bytes: 1000n,
      topup_bytes: 0n,
    });
  });

  it('over the cap, owes nothing for the bytes that were too many', () => {
    expect(purchase({ ...running, used_bytes: 1500n }, day, now, 'UTC').topup_bytes).toBe(0n);
  });

  it('never counts beyond what JSON can', () => {
    const most = BigInt(Number.MAX_SAFE_INTEGER);
    const after = purchase(
      { ...running, allowance_bytes: most, used_bytes: 0n },
      { ...day, quota_bytes: most - 5n },
      now,
      'UTC',
    );
    expect((after.quota_bytes ?? 0n) + after.topup_bytes).toBe(most);
  });

  it('never takes away time or data that was paid for', () => {
    const bytes = fc.bigInt({ min: 0n, max: 10n ** 13n });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        bytes,
        bytes,
        fc.integer({ min: 1, max: 60 }),
        (left_h, allowance, used, count) => {
          const before = {
            starts_at: hours(-1),
            expires_at: hours(left_h),
            allowance_bytes: allowance,
            used_bytes: used,
          };
          const offer = { validity: { count, unit: 'day' as const }, quota_bytes: 5000n };
          const after = purchase(before, offer, now, 'Africa/Nairobi');
          expect(after.expires_at.getTime()).toBe(hours(left_h + 24 * count).getTime());
          const remaining = allowance > used ? allowance - used : 0n;
          expect((after.quota_bytes ?? 0n) + after.topup_bytes).toBe(remaining + 5000n);
        },
      ),
    );
  });
});
