import { DateTime } from 'luxon';

export const validityUnits = ['second', 'minute', 'hour', 'day', 'week', 'month'] as const;
export type ValidityUnit = (typeof validityUnits)[number];

/** How long one purchase lasts. `ends: 'end_of_day'` rounds up to the company's next midnight. */
export interface Validity {
  count: number;
  unit: ValidityUnit;
  ends?: 'exact' | 'end_of_day';
}

/** Nothing ends later: plans of 100,000 months mean for ever, and four digits of a year are what others can read. */
export const LAST_MOMENT = new Date('9999-12-31T00:00:00Z');

/**
 * The moment a validity that begins at `start` is over (the first moment without service).
 * Seconds, minutes and hours are elapsed time; days, weeks and months follow the company's calendar, so that a day bought at 10:00 ends at 10:00
 * also when the clocks change in between. A month that has no such day ends on its last one (31 January + 1 month = 28 or 29 February).
 * @param timezone IANA name of the company's zone
 * At most 9999-12-31.
 * @throws when the zone is unknown
 */
export function addValidity(start: Date, validity: Validity, timezone: string): Date {
  const from = DateTime.fromJSDate(start, { zone: timezone });
  const exact = from.plus({ [`${validity.unit}s`]: validity.count });
  const end = validity.ends === 'end_of_day' ? nextMidnight(exact) : exact;
  if (!end.isValid)
    throw new Error(`${validity.count} ${validity.unit} from ${start.toISOString()} in ${timezone} is no time.`);
  return end.toMillis() < LAST_MOMENT.getTime() ? end.toJSDate() : LAST_MOMENT;
}

/** Midnight itself is the end of the day before it: stacking a day upon a day that ended at midnight gives exactly one day. */
function nextMidnight(at: DateTime): DateTime {
  const midnight = at.startOf('day');
  return midnight.toMillis() === at.toMillis() ? at : midnight.plus({ days: 1 }).startOf('day');
}
