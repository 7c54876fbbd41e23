import fc from 'fast-check';
import { prorate, type Running, type Terms } from './proration';

const now = new Date('2026-11-01T09:00:00Z');
const days = (n: number) => new Date(now.getTime() + n * 86_400_000);
const terms = (price_cents: bigint): Terms => ({ price_cents, currency: 'KES', validity: { count: 30, unit: 'day' } });
const half: Running = {
  ...terms(1000_00n),
  expires_at: days(15),
  allowance_bytes: null,
  used_bytes: 0n,
  paid_cents: 1000_00n,
};
const zone = 'Africa/Nairobi';

describe('prorate', () => {
  it('asks for the difference of the time that is left', () => {
    expect(prorate(half, terms(2000_00n), now, zone)).toEqual({
      left_ms: 15 * 86_400_000,
      unused_cents: 500_00n,
      cost_cents: 1000_00n,
      difference_cents: 500_00n,
      expires_at_by_time: days(7.5),
    });
  });

  it('gives back on the way down, and no more than was paid', () => {
    expect(prorate(half, terms(400_00n), now, zone)?.difference_cents).toBe(-300_00n);
    expect(prorate({ ...half, paid_cents: 300_00n }, terms(400_00n), now, zone)?.difference_cents).toBe(-100_00n);
    expect(prorate({ ...half, paid_cents: 0n }, terms(400_00n), now, zone)?.difference_cents).toBe(0n);
  });

  it('pays nobody for days whose data is used', () => {
    const used = { ...half, allowance_bytes: 100n, used_bytes: 90n };
    expect(prorate(used, terms(400_00n), now, zone)?.unused_cents).toBe(100_00n);
    expect(prorate({ ...used, used_bytes: 120n }, terms(400_00n), now, zone)?.unused_cents).toBe(0n);
  });

  it('weighs nothing that is over, without end, or sold in another currency', () => {
    expect(prorate({ ...half, expires_at: now }, terms(1n), now, zone)).toBeUndefined();
    expect(prorate({ ...half, expires_at: new Date('9999-12-31T00:00:00Z') }, terms(1n), now, zone)).toBeUndefined();
    expect(prorate(half, { ...terms(1n), currency: 'UGX' }, now, zone)).toBeUndefined();
  });

  it('never pays out more than was paid, and to the same plan costs and moves nothing', () => {
    const cents = fc.bigInt({ min: 0n, max: 10n ** 9n });
    const arbitrary = fc.record({
      price: cents,
      other: cents,
      paid: cents,
      left: fc.integer({ min: 1, max: 400 * 24 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ price, other, paid, left }) => {
        const running = { ...half, price_cents: price, paid_cents: paid, expires_at: days(left / 24) };
        const there = prorate(running, terms(other), now, zone);
        expect(-(there?.difference_cents ?? 0n)).toBeLessThanOrEqual(paid);
        expect(prorate(running, terms(price), now, zone)?.difference_cents).toBe(0n);
        const same = prorate(running, terms(price), now, zone)?.expires_at_by_time;
        // Cents are cut off: a cheap plan loses at most the time that one cent buys.
        if (same)
          expect(Math.abs(same.getTime() - running.expires_at.getTime())).toBeLessThanOrEqual(
            (30 * 86_400_000) / Number(price) + 1,
          );
      }),
    );
  });
});
