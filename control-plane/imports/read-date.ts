import { DateTime } from 'luxon';

const formats = [
  'yyyy-MM-dd HH:mm:ss',
  'yyyy-MM-dd HH:mm',
  'd/M/yyyy HH:mm:ss',
  'd/M/yyyy HH:mm',
  'd.M.yyyy HH:mm',
  'd-M-yyyy HH:mm',
  'MMM/dd/yyyy HH:mm:ss',
];
const days = ['yyyy-MM-dd', 'd/M/yyyy', 'd.M.yyyy', 'd-M-yyyy', 'd MMM yyyy', 'MMM/dd/yyyy'];

/**
 * A date as people and routers write it, in the company's zone; the day comes before the month, as everywhere that we sell. A date without a time means
 * its whole day: the moment is the midnight that ends it. An invalid Date when it is none.
 */
export function readDate(text: string, timezone: string): Date {
  const zone = { zone: timezone, locale: 'en' };
  // With an offset it says its own zone.
  const iso = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) ? DateTime.fromISO(text) : DateTime.fromISO(text, { zone: timezone });
  if (text.includes('T') && iso.isValid) return iso.toJSDate();
  for (const format of formats) {
    const at = DateTime.fromFormat(text, format, zone);
    if (at.isValid) return at.toJSDate();
  }
  for (const format of days) {
    const day = DateTime.fromFormat(text, format, zone);
    if (day.isValid) return day.plus({ days: 1 }).startOf('day').toJSDate();
  }
  return new Date(Number.NaN);
}

export const isValidDate = (at: Date): boolean =>
  !Number.isNaN(at.getTime()) && at.getUTCFullYear() >= 2000 && at.getUTCFullYear() <= 9998;
