import { DateTime } from 'luxon';

/** Formats with an example each: a format is tried on what looks like its example alone, for a try costs as much as all the rest of a row. */
const formats = looking({
  'yyyy-MM-dd HH:mm:ss': '2026-12-31 10:00:00',
  'yyyy-MM-dd HH:mm': '2026-12-31 10:00',
  'd/M/yyyy HH:mm:ss': '31/12/2026 10:00:00',
  'd/M/yyyy HH:mm': '31/12/2026 10:00',
  'd.M.yyyy HH:mm': '31.12.2026 10:00',
  'd-M-yyyy HH:mm': '31-12-2026 10:00',
  'MMM/dd/yyyy HH:mm:ss': 'Dec/31/2026 10:00:00',
});
const days = looking({
  'yyyy-MM-dd': '2026-12-31',
  'd/M/yyyy': '31/12/2026',
  'd.M.yyyy': '31.12.2026',
  'd-M-yyyy': '31-12-2026',
  'd MMM yyyy': '31 Dec 2026',
  'MMM/dd/yyyy': 'Dec/31/2026',
});

function looking(examples: Record<string, string>): { format: string; shape: string }[] {
  return Object.entries(examples).map(([format, example]) => ({ format, shape: shapeOf(example) }));
}

/** What a text looks like, whatever its figures and letters: `9/9/9 9:9`. */
function shapeOf(text: string): string {
  return text
    .replace(/\d+/g, '9')
    .replace(/[a-z]+/gi, 'a')
    .replace(/\s/g, ' ');
}

/**
 * A date as people and routers write it, in the company's zone; the day comes before the month, as everywhere that we sell. A date without a time means
 * its whole day: the moment is the midnight that ends it. An invalid Date when it is none.
 */
export function readDate(text: string, timezone: string): Date {
  const zone = { zone: timezone, locale: 'en' };
  if (text.includes('T')) {
    // With an offset it says its own zone.
    const iso = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text)
      ? DateTime.fromISO(text)
      : DateTime.fromISO(text, { zone: timezone });
    if (iso.isValid) return iso.toJSDate();
  }
  const looks = shapeOf(text);
  for (const { format, shape } of formats) {
    const at = shape === looks && DateTime.fromFormat(text, format, zone);
    if (at && at.isValid) return at.toJSDate();
  }
  for (const { format, shape } of days) {
    const day = shape === looks && DateTime.fromFormat(text, format, zone);
    if (day && day.isValid) return day.plus({ days: 1 }).startOf('day').toJSDate();
  }
  return new Date(Number.NaN);
}

export const isValidDate = (at: Date): boolean =>
  !Number.isNaN(at.getTime()) && at.getUTCFullYear() >= 2000 && at.getUTCFullYear() <= 9998;
