/** What is promised of a figure: no less than `least`, or no more than `most`. */
interface Bar {
  least?: number;
  most?: number;
  unit: string;
}

/** The promises of one subject, and how long and large a run must be before missing one of them means anything. */
interface Promised {
  /** The least of each option with which the published figures were taken; defaults are never below it. */
  standard: Readonly<Record<string, number>>;
  bars: Readonly<Record<string, Bar>>;
}

const noLess = (value: number, unit: string): Bar => ({ least: value, unit });
const noMore = (value: number, unit: string): Bar => ({ most: value, unit });
/** Lango's rate over that of stock FreeRADIUS. */
const times = (value: number): Bar => noLess(value, '×');
const ms = (value: number): Bar => noMore(value, 'ms');

/** Every bar there is. The names are those that the reports use; docs/reference/performance.md tells what they have been met with. */
export const promised = {
  stock: {
    standard: { users: 100_000, seconds: 4, rounds: 3 },
    bars: {
      'pap 32 outstanding': times(3.5),
      'chap 32 outstanding': times(3.5),
      'mschapv2 32 outstanding': times(3.5),
      'interim 128 outstanding': times(5),
      'pap 32 beside 2000 interims/s': times(4),
      'pap 8, one session, 1M history': times(50),
    },
  },
  enforcement: {
    standard: {},
    bars: { 'cap crossed to Disconnect, p99': ms(100), 'midnight, all proven': ms(10_000) },
  },
  endurance: {
    standard: { users: 100_000, seconds: 60, rate: 15_000 },
    bars: { 'interims at a fixed rate, p99': ms(50), 'spool drained': noLess(20_000, '/s') },
  },
  pages: {
    standard: { users: 100_000, history: 20_000_000, visits: 60 },
    bars: {
      dashboard: ms(50),
      'dashboard, nothing remembered': ms(50),
      'customer page': ms(150),
      'customer timeline': ms(150),
      'customers, first page': ms(100),
      'customers, any page': ms(100),
      'customers, by a name': ms(100),
      'customers, active': ms(100),
      'customers, suspended': ms(100),
      'customers, expired': ms(100),
      'customers, grace': ms(100),
      'customers, throttled': ms(100),
      'customers, ending within a week': ms(100),
      'search, a name': ms(100),
      'search, a surname': ms(100),
      'search, a phone': ms(100),
      'search, the end of a phone': ms(100),
      'search, a login': ms(100),
      'search, a device': ms(100),
      'search, an address': ms(100),
      'search, a receipt': ms(100),
      'live sessions': ms(100),
      'live sessions, of a router': ms(100),
      payments: ms(100),
      routers: ms(100),
      'refused logins': ms(100),
      'first visit': noMore(120, 'kB'),
    },
  },
  billing: { standard: { users: 50_000 }, bars: { 'a month of bills': noMore(300, 's') } },
  payments: {
    standard: { rate: 100, burst: 500, seconds: 15 },
    bars: {
      'callback to the router, p99': ms(100),
      '20 transfers a transaction, all through one till': noLess(3000, '/s'),
      '20 transfers a transaction, between wallets': noLess(3000, '/s'),
    },
  },
  hotspot: { standard: { guests: 100, routers: 5, rate: 10 }, bars: { 'callback to online, p95': ms(2000) } },
  vouchers: { standard: { codes: 100_000 }, bars: { 'slowest batch': noMore(10, 's') } },
} as const satisfies Record<string, Promised>;

export type Subject = keyof typeof promised;
type FigureOf<S extends Subject> = Extract<keyof (typeof promised)[S]['bars'], string>;
export type PageName = Exclude<FigureOf<'pages'>, 'first visit'>;
/** What a run found; a figure that it did not measure is left out. */
export type Found<S extends Subject> = { readonly [Figure in FigureOf<S>]?: number | undefined };

export interface Judged {
  figure: string;
  /** Undefined when the run did not measure it. */
  value: number | undefined;
  bar: Bar;
  verdict: 'met' | 'not_met' | 'not_measured';
}

/** Holds what a run found against every bar of its subject. What is no number (a division by nothing, a quantile of nothing) was not measured. */
export function judge<S extends Subject>(subject: S, found: Found<S>): Judged[] {
  const bars: Readonly<Record<string, Bar>> = promised[subject].bars;
  return Object.entries(bars).map(([figure, bar]) => {
    const value = (found as Readonly<Record<string, number | undefined>>)[figure];
    if (value === undefined || !Number.isFinite(value))
      return { figure, value: undefined, bar, verdict: 'not_measured' };
    const met = value >= (bar.least ?? -Infinity) && value <= (bar.most ?? Infinity);
    return { figure, value, bar, verdict: met ? 'met' : 'not_met' };
  });
}

/** The options by which a run is shorter or smaller than the standard of its subject: what it missed may be theirs. */
export function belowStandard(subject: Subject, value: (name: string) => string | undefined): string[] {
  const standard: Readonly<Record<string, number>> = promised[subject].standard;
  return Object.entries(standard).flatMap(([name, floor]) => {
    const given = value(`--${name}`);
    return given !== undefined && Number(given) < floor ? [`--${name} ${given} (standard ${floor})`] : [];
  });
}

/** Whether the bars leave a run its exit code 0. One that was not measured is not met. */
export const barsHold = (judged: readonly Judged[], below: readonly string[]): boolean =>
  below.length > 0 || judged.every(({ verdict }) => verdict === 'met');

const words = { met: 'met', not_met: 'NOT met', not_measured: 'NOT measured' } as const;

/** A line for each bar, and what a miss means when the run was below the standard. */
export function renderBars(judged: readonly Judged[], below: readonly string[]): string {
  const width = Math.max(...judged.map(({ figure }) => figure.length));
  const lines = judged.map(
    ({ figure, value, bar, verdict }) =>
      `  ${figure.padEnd(width)}  ${(value === undefined ? '-' : said(value, bar.unit, bar.least ?? bar.most)).padStart(12)}  ${limit(bar).padEnd(21)}  ${words[verdict]}`,
  );
  const remark =
    below.length > 0 ? [`  Below the standard by ${below.join(', ')}: bars leave the exit code as it is.`] : [];
  return ['bars:', ...lines, ...remark].join('\n');
}

const limit = ({ least, most, unit }: Bar): string =>
  least === undefined ? `bar ${said(most ?? NaN, unit)} or less` : `bar ${said(least, unit)} or more`;

/** A value beside its bar: with as many digits as tell on which side of it it lies. */
function said(value: number, unit: string, bar?: number): string {
  let digits = unit === '/s' || Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 2 : 1;
  const written = (one: number): string =>
    one.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  while (bar !== undefined && value !== bar && written(value) === written(bar) && digits < 9) digits++;
  return unit === '×' || unit === '/s' ? `${written(value)}${unit}` : `${written(value)} ${unit}`;
}
