import type { Locale } from '../platform/i18n';

/** Everything needed to print for one person. Spoken Swahili time is offset by six hours, so times are digits on a 24-hour clock. */
export interface FormatContext {
  locale: Locale;
  /** IANA zone of the tenant. */
  zone: string;
  nowMs: number;
}

const TAGS: Record<Locale, string> = { en: 'en-KE', sw: 'sw-KE' };
const formatters = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

/** Intl objects cost about 50 µs each to make; a page prints hundreds of values. */
function cached<T extends Intl.NumberFormat | Intl.DateTimeFormat>(key: string, make: () => T): T {
  const found = formatters.get(key);
  if (found) return found as T;
  const made = make();
  formatters.set(key, made);
  return made;
}

/** 1284 → "1,284". */
export function formatCount(value: number | bigint, locale: Locale): string {
  return cached(`n:${locale}`, () => new Intl.NumberFormat(TAGS[locale], { maximumFractionDigits: 0 })).format(value);
}

/** Minor units → the amount without its currency: 250000 → "2,500", 250050 → "2,500.50". */
export function formatAmount(cents: number | bigint, locale: Locale): string {
  const value = Number(cents) / 100;
  const digits = Number.isInteger(value) ? 0 : 2;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return cached(`a:${locale}:${digits}`, () => new Intl.NumberFormat(TAGS[locale], options)).format(value);
}

/** Minor units with their currency in front: "KES 2,500". */
export function formatMoney(cents: number | bigint, currency: string, locale: Locale): string {
  return `${currency} ${formatAmount(cents, locale)}`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal bytes, three figures: 6_200_000_000n → "6.2 GB". Plans are sold in powers of ten. */
export function formatBytes(bytes: number | bigint, locale: Locale): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${threeFigures(value, unit === 0 ? 0 : 1, locale)} ${BYTE_UNITS[unit]}`;
}

/** Bits a second as megabits without the unit, for columns whose foot names it: 8_420_000 → "8.42". */
export function formatMbps(bitsPerSecond: number, locale: Locale): string {
  return threeFigures(bitsPerSecond / 1e6, 2, locale);
}

/** Bits a second with its unit: "412 Mbps", "2.31 Gbps". */
export function formatRate(bitsPerSecond: number, locale: Locale): string {
  if (bitsPerSecond >= 999.5e6) return `${threeFigures(bitsPerSecond / 1e9, 2, locale)} Gbps`;
  if (bitsPerSecond >= 999.5e3) return `${threeFigures(bitsPerSecond / 1e6, 2, locale)} Mbps`;
  return `${threeFigures(bitsPerSecond / 1e3, 0, locale)} kbps`;
}

/** A plan's speed in the words of a shop: 20000 → "20 Mbps", 512 → "512 kbps". */
export function formatSpeed(kbps: number, locale: Locale): string {
  return kbps >= 1000 ? `${threeFigures(kbps / 1000, 1, locale)} Mbps` : `${formatCount(kbps, locale)} kbps`;
}

function threeFigures(value: number, digitsMax: number, locale: Locale): string {
  const digits = Math.min(digitsMax, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
  return cached(
    `f:${locale}:${digits}`,
    () => new Intl.NumberFormat(TAGS[locale], { maximumFractionDigits: digits }),
  ).format(value);
}

/** The two largest parts of a span: "2 h 29 m", "16 d 2 h", "41 s". Units are the same in English and Swahili consoles. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  if (first >= 2) return `${parts[first]![0]} ${parts[first]![1]}`;
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** Milliseconds of a proof: 41 → "41 ms", 600 → "0.6 s". */
export function formatLatency(ms: number, locale: Locale): string {
  return ms < 500 ? `${Math.round(ms)} ms` : `${threeFigures(Math.round(ms / 100) / 10, 1, locale)} s`;
}

/** The clock: "09:41", or with seconds "09:41:07". */
export function formatClock(at: Date, { locale, zone }: FormatContext, seconds = false): string {
  const options: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone };
  if (seconds) options.second = '2-digit';
  return cached(`c:${locale}:${zone}:${seconds}`, () => new Intl.DateTimeFormat(TAGS[locale], options)).format(at);
}

/** The nearest way to name a moment: today "07:12", this week "Wed 18:40", else "4 Nov", another year "4 Nov 2025". */
export function formatMoment(at: Date, context: FormatContext): string {
  const today = dayKey(new Date(context.nowMs), context.zone);
  if (dayKey(at, context.zone) === today) return formatClock(at, context);
  const days = (context.nowMs - at.getTime()) / 86_400_000;
  if (days > 0 && days < 6) return `${formatDay(at, context, { weekday: 'short' })} ${formatClock(at, context)}`;
  const sameYear = dayKey(at, context.zone).slice(0, 4) === today.slice(0, 4);
  return formatDay(at, context, { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** The shortest name of a past moment, for narrow columns: "07:12", "Wed", "4 Nov". */
export function formatNear(at: Date, context: FormatContext): string {
  if (dayKey(at, context.zone) === dayKey(new Date(context.nowMs), context.zone)) return formatClock(at, context);
  const days = (context.nowMs - at.getTime()) / 86_400_000;
  // Swahili has no short names of days: a date is shorter.
  return context.locale === 'en' && days > 0 && days < 6
    ? formatDay(at, context, { weekday: 'short' })
    : formatDay(at, context, { day: 'numeric', month: 'short' });
}

/** A date and its time, for what must not be misread: "3 Jan, 23:59". */
export function formatDeadline(at: Date, context: FormatContext): string {
  const sameYear = dayKey(at, context.zone).slice(0, 4) === dayKey(new Date(context.nowMs), context.zone).slice(0, 4);
  const day = formatDay(at, context, { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) });
  return `${day}, ${formatClock(at, context)}`;
}

/** The title of a day: "Friday 20 November". */
export function formatToday(context: FormatContext): string {
  return formatDay(new Date(context.nowMs), context, { weekday: 'long', day: 'numeric', month: 'long' }).replace(
    ',',
    '',
  );
}

/** Parts of a date in the tenant's zone. */
export function formatDay(at: Date, { locale, zone }: FormatContext, options: Intl.DateTimeFormatOptions): string {
  const key = `d:${locale}:${zone}:${Object.entries(options).flat().join()}`;
  return cached(
    key,
    () => new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : TAGS[locale], { ...options, timeZone: zone }),
  ).format(at);
}

/** A day that stands as such, without an hour or a zone (`2026-11-24`): "24 Nov 2026". */
export function formatDate(day: string, context: FormatContext): string {
  return formatDay(new Date(`${day}T00:00:00Z`), { ...context, zone: 'UTC' }, { dateStyle: 'medium' });
}

function dayKey(at: Date, zone: string): string {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: zone } as const;
  return cached(`k:${zone}`, () => new Intl.DateTimeFormat('en-CA', options)).format(at);
}
