import { z } from 'zod';
import { readDecimal } from '../ui';
import type { Speeds } from './speeds';
import { newPackage, type NewPackage } from './schema';
import { secondsOf } from './units';

export const UNITS = ['minute', 'hour', 'day', 'week', 'month'] as const;
export const CYCLES = ['', 'day', 'week', 'month'] as const;
export const STARTS = ['activation', 'first_use'] as const;
/** Whether the price that is typed has the taxes in it, or they come on top. */
export const PRICES = ['inside', 'added'] as const;
export const ENDS = ['exact', 'end_of_day'] as const;
/** Days of the week that hours can begin on, as the form offers them; other sets are written as their digits, as d135. */
export const DAYS = {
  all: [1, 2, 3, 4, 5, 6, 7],
  weekdays: [1, 2, 3, 4, 5],
  weekend: [6, 7],
  d1: [1],
  d2: [2],
  d3: [3],
  d4: [4],
  d5: [5],
  d6: [6],
  d7: [7],
} as const;
/** What hours do: what share of their data counts, or barred. Other shares are written as p25. */
export const EFFECTS = { free: 0, half: 50, counts: 100, blocked: 100 } as const;
/** As many steps and hours as a plan may have. The form shows those in use and a few more. */
export const STEPS_MAX = 8;
export const HOURS_MAX = 16;
const rows = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

/** The form as it was typed: it can be shown again as it is. What it means is read by readPlan. */
export const planForm = z.record(z.string(), z.string().max(200));
export type PlanForm = z.output<typeof planForm>;

/** Names of the fields of one row, as `step1_gb`. */
export const stepField = (row: number, name: 'gb' | 'down' | 'up'): string => `step${row}_${name}`;
export const hoursField = (row: number, name: 'days' | 'from' | 'to' | 'effect' | 'down' | 'up'): string =>
  `hours${row}_${name}`;

export type FormOutcome = { kind: 'read'; input: NewPackage } | { kind: 'wrong'; fields: string[] };

/** Takes fields out of a form and remembers the names of those that cannot be read. An empty field is undefined. */
class FormReader {
  readonly wrong: string[] = [];
  constructor(private readonly form: PlanForm) {}

  text(name: string): string {
    return this.form[name]?.trim() ?? '';
  }

  /** In the smallest units: `decimals` 2 gives cents, 3 kbit/s of Mbit/s, 9 bytes of gigabytes. */
  number(name: string, decimals: number): number | undefined {
    return this.value(name, (text) => readDecimal(text, decimals));
  }

  needed(name: string, decimals: number): number {
    const value = this.number(name, decimals);
    if (value === undefined) this.wrong.push(name);
    return value ?? 1;
  }

  /** Seconds of hours, as 1.5 or 1:30. */
  duration(name: string): number | undefined {
    return this.value(name, secondsOf);
  }

  /** The name of something on the router. */
  word(name: string): string | undefined {
    return this.value(name, (text) => (/^[\w.-]{1,64}$/.test(text) ? text : undefined));
  }

  choice<T extends string>(name: string, options: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === '') return fallback;
    const found = options.find((option) => option === text);
    if (found === undefined) this.wrong.push(name);
    return found ?? fallback;
  }

  private value<T>(name: string, read: (text: string) => T | undefined): T | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    const value = read(text);
    if (value === undefined) this.wrong.push(name);
    return value;
  }
}

/**
 * The plan that a form asks for, or the names of the fields that stand in the way. The form speaks in shillings, Mbit/s, gigabytes and hours; the
 * plan is kept in cents, kbit/s, bytes and seconds.
 * @param profiles the speeds of each profile that can be chosen, by id
 */
export function readPlan(form: PlanForm, profiles: ReadonlyMap<string, Speeds> = new Map()): FormOutcome {
  const read = new FormReader(form);
  const steps = rows(STEPS_MAX).filter((row) => read.text(stepField(row, 'gb')) !== '');
  const hours = rows(HOURS_MAX).filter(
    (row) => read.text(hoursField(row, 'from')) !== '' || read.text(hoursField(row, 'to')) !== '',
  );
  const input = {
    ...plainTerms(read),
    ...speeds(read, profiles),
    ...dataTerms(read),
    fair_use: steps.map((row) => readStep(read, row)),
    time_rules: hours.map((row) => readHours(read, row)),
  };
  if (read.wrong.length > 0) return { kind: 'wrong', fields: [...new Set(read.wrong)] };
  const parsed = newPackage.safeParse(input);
  if (parsed.success) return { kind: 'read', input: parsed.data };
  const fields = parsed.error.issues.map((issue) => formFieldOf(issue.path, steps, hours));
  return { kind: 'wrong', fields: [...new Set(fields)] };
}

function plainTerms(read: FormReader) {
  const months = read.number('contract_months', 0);
  const fee = read.number('contract_fee', 2);
  if (fee !== undefined && months === undefined) read.wrong.push('contract_months');
  return {
    name: read.text('name'),
    type: read.text('type'),
    ...price(read),
    validity: {
      count: read.needed('count', 0),
      unit: read.text('unit'),
      ends: read.choice('ends', ENDS, 'exact'),
    },
    starts_on: read.choice('starts_on', STARTS, 'activation'),
    online_s: read.duration('online_hours') ?? null,
    grace_s: read.duration('grace_hours') ?? 0,
    contract: months === undefined ? null : { months, early_fee_cents: fee ?? 0 },
    simultaneous_use: read.number('devices', 0) ?? 1,
    idle_timeout_s: read.duration('idle') ?? null,
    interim_s: read.number('interim', 0) ?? 300,
    pool: read.word('pool') ?? null,
    address_list: read.word('address_list') ?? null,
    ipv6_pool: read.word('ipv6_pool') ?? null,
    delegated_ipv6_pool: read.word('delegated_ipv6_pool') ?? null,
    vlan_id: read.number('vlan_id', 0) ?? null,
  };
}

/** As the customer pays it, or without taxes: what they come to is worked out when it is saved. */
function price(read: FormReader) {
  const cents = read.needed('price', 2);
  const net = read.choice('price_taxes', PRICES, 'inside') === 'added';
  return net ? { net_cents: cents } : { price_cents: cents, net_cents: null };
}

/** From the chosen profile, or as typed. */
function speeds(read: FormReader, profiles: ReadonlyMap<string, Speeds>): Speeds & { profile_id: string | null } {
  const profile = read.text('profile');
  if (profile !== '') {
    const known = profiles.get(profile);
    if (!known) read.wrong.push('profile');
    return { profile_id: profile, ...(known ?? { down_kbps: 1, up_kbps: 1, burst: null }) };
  }
  const down_kbps = read.needed('down', 3);
  const up_kbps = read.needed('up', 3);
  const [burst_down, burst_up] = [read.number('burst_down', 3), read.number('burst_up', 3)];
  const burst =
    burst_down === undefined && burst_up === undefined
      ? null
      : {
          down_kbps: burst_down ?? down_kbps,
          up_kbps: burst_up ?? up_kbps,
          threshold_down_kbps: read.number('burst_from_down', 3) ?? null,
          threshold_up_kbps: read.number('burst_from_up', 3) ?? null,
          time_s: read.number('burst_time', 0) ?? null,
        };
  return { profile_id: null, down_kbps, up_kbps, burst };
}

function dataTerms(read: FormReader) {
  const quota_bytes = read.number('quota', 9) ?? null;
  const throttles = read.choice('on_quota', ['cut', 'throttle'], 'cut') === 'throttle' && quota_bytes !== null;
  const slow = read.number('slow', 3) ?? null;
  const cycle = read.choice('quota_cycle', CYCLES, '');
  return {
    quota_bytes,
    on_quota: throttles ? 'throttle' : 'cut',
    throttle_down_kbps: throttles ? slow : null,
    throttle_up_kbps: throttles ? (read.number('slow_up', 3) ?? slow) : null,
    quota_cycle: cycle === '' ? null : cycle,
  };
}

const readStep = (read: FormReader, row: number) => ({
  at_bytes: read.needed(stepField(row, 'gb'), 9),
  down_kbps: read.needed(stepField(row, 'down'), 3),
  up_kbps: read.needed(stepField(row, 'up'), 3),
});

function readHours(read: FormReader, row: number) {
  const text = (name: Parameters<typeof hoursField>[1]) => read.text(hoursField(row, name));
  const effect = text('effect');
  return {
    days: daysOf(text('days')),
    from: text('from'),
    to: text('to'),
    blocked: effect === 'blocked',
    counts_percent: /^p\d{1,2}$/.test(effect)
      ? Number(effect.slice(1))
      : (EFFECTS[effect as keyof typeof EFFECTS] ?? 100),
    down_kbps: read.number(hoursField(row, 'down'), 3) ?? null,
    up_kbps: read.number(hoursField(row, 'up'), 3) ?? null,
  };
}

function daysOf(text: string): number[] {
  const known = DAYS[text as keyof typeof DAYS];
  return known ? [...known] : /^d[1-7]{2,7}$/.test(text) ? text.slice(1).split('').map(Number) : [...DAYS.all];
}

const FORM_NAMES: Record<string, string> = {
  at_bytes: 'gb',
  down_kbps: 'down',
  up_kbps: 'up',
  blocked: 'effect',
  counts_percent: 'effect',
  throttle_down_kbps: 'slow',
  throttle_up_kbps: 'slow',
  quota_bytes: 'quota',
  online_s: 'online_hours',
  grace_s: 'grace_hours',
  idle_timeout_s: 'idle',
  interim_s: 'interim',
  simultaneous_use: 'devices',
  price_cents: 'price',
  net_cents: 'price',
  profile_id: 'profile',
  threshold_down_kbps: 'from_down',
  threshold_up_kbps: 'from_up',
  time_s: 'time',
  months: 'months',
  early_fee_cents: 'fee',
};

/** The field of the form in which what the schema objects to was typed. */
function formFieldOf(path: PropertyKey[], steps: readonly number[], hours: readonly number[]): string {
  const [first, second, third] = path.map(String);
  const named = (name = ''): string => FORM_NAMES[name] ?? name;
  if (first === 'fair_use') return `step${steps[Number(second)]}_${named(third)}`;
  if (first === 'time_rules') return `hours${hours[Number(second)]}_${named(third)}`;
  if (first === 'burst' || first === 'contract') return `${first}_${named(second)}`;
  if (first === 'validity') return named(second);
  return named(first);
}
