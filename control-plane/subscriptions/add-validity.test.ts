import fc from 'fast-check';
import { DateTime } from 'luxon';
import { addValidity, validityUnits, type Validity } from './add-validity';

const nairobi = 'Africa/Nairobi';
const at = (iso: string) => new Date(iso);
const end = (start: string, validity: Validity, zone = nairobi) => addValidity(at(start), validity, zone).toISOString();

describe('addValidity', () => {
  it('adds calendar months in the company’s zone and clamps to the last day', () => {
    expect(end('2026-01-31T09:00:00Z', { count: 1, unit: 'month' })).toBe('2026-02-28T09:00:00.000Z');
    expect(end('2028-01-31T09:00:00Z', { count: 1, unit: 'month' })).toBe('2028-02-29T09:00:00.000Z');
    // 22:30 UTC on the 30th is 01:30 on the 31st in Nairobi: the month is counted there.
    expect(end('2026-01-30T22:30:00Z', { count: 1, unit: 'month' })).toBe('2026-02-27T22:30:00.000Z');
  });

  it('ends at the company’s midnight when the plan says so, and stacks by whole days from there', () => {
    expect(end('2026-11-21T07:00:00Z', { count: 1, unit: 'day', ends: 'end_of_day' })).toBe('2026-11-22T21:00:00.000Z');
    expect(end('2026-11-22T21:00:00Z', { count: 1, unit: 'day', ends: 'end_of_day' })).toBe('2026-11-23T21:00:00.000Z');
    expect(end('2026-11-21T07:00:00Z', { count: 2, unit: 'hour', ends: 'end_of_day' })).toBe(
      '2026-11-21T21:00:00.000Z',
    );
  });

  it('keeps the time of day for days and the elapsed time for hours when clocks change', () => {
    expect(end('2026-03-28T12:00:00Z', { count: 1, unit: 'day' }, 'Europe/Berlin')).toBe('2026-03-29T11:00:00.000Z');
    expect(end('2026-03-28T12:00:00Z', { count: 24, unit: 'hour' }, 'Europe/Berlin')).toBe('2026-03-29T12:00:00.000Z');
  });

  it('finds the day’s end where midnight itself does not exist', () => {
    // Cairo went from 00:00 to 01:00 on 24 April 2026: the day of the 23rd ends when the 24th begins, at 01:00 summer time.
    expect(end('2026-04-23T10:00:00Z', { count: 1, unit: 'minute', ends: 'end_of_day' }, 'Africa/Cairo')).toBe(
      '2026-04-23T22:00:00.000Z',
    );
  });

  it('has a last moment, for plans that mean for ever', () => {
    expect(end('2026-01-01T00:00:00Z', { count: 100_000, unit: 'month' })).toBe('9999-12-31T00:00:00.000Z');
    expect(end('9999-12-31T00:00:00Z', { count: 100_000, unit: 'month' })).toBe('9999-12-31T00:00:00.000Z');
  });

  it('refuses an unknown zone rather than guessing', () => {
    expect(() => addValidity(at('2026-01-01T00:00:00Z'), { count: 1, unit: 'day' }, 'Mars/Olympus')).toThrow(
      'is no time',
    );
  });

  const zone = fc.constantFrom(
    nairobi,
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Africa/Cairo',
    'Asia/Kathmandu',
    'Pacific/Apia',
  );
  const start = fc.date({ min: at('2020-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z'), noInvalidDate: true });
  const validity = fc.record({ count: fc.integer({ min: 1, max: 400 }), unit: fc.constantFrom(...validityUnits) });

  it('always ends later than it starts, and end_of_day never gives less than exact nor more than a day extra', () => {
    fc.assert(
      fc.property(start, validity, zone, (from, v, tz) => {
        const exact = addValidity(from, { ...v, ends: 'exact' }, tz);
        const rounded = addValidity(from, { ...v, ends: 'end_of_day' }, tz);
        expect(exact.getTime()).toBeGreaterThan(from.getTime());
        expect(rounded.getTime()).toBeGreaterThanOrEqual(exact.getTime());
        expect(rounded.getTime() - exact.getTime()).toBeLessThanOrEqual(25 * 3_600_000);
        const local = DateTime.fromJSDate(rounded, { zone: tz });
        expect(local.toMillis()).toBe(local.startOf('day').toMillis());
      }),
    );
  });

  it('is monotonic: whoever starts later never ends earlier, and more never ends earlier than less', () => {
    fc.assert(
      fc.property(start, fc.integer({ min: 0, max: 40 * 86_400_000 }), validity, zone, (from, later_ms, v, tz) => {
        const later = new Date(from.getTime() + later_ms);
        // An hour of slack: the repeated hour in autumn maps two starts onto one wall-clock time.
        expect(addValidity(later, v, tz).getTime() + 3_600_000).toBeGreaterThanOrEqual(
          addValidity(from, v, tz).getTime(),
        );
        expect(addValidity(from, { ...v, count: v.count + 1 }, tz).getTime()).toBeGreaterThan(
          addValidity(from, v, tz).getTime(),
        );
      }),
    );
  });
});
