import { z } from 'zod';
import { readDecimal } from '../ui';
import { newPackage, type NewPackage } from './schema';

export const UNITS = ['hour', 'day', 'week', 'month'] as const;
export const CYCLES = ['', 'day', 'week', 'month'] as const;
export const STARTS = ['activation', 'first_use'] as const;
/** Days of the week that hours can begin on, as the form offers them. */
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
/** What hours do: what share of their data counts, or barred. */
export const EFFECTS = { free: 0, half: 50, counts: 100, blocked: 100 } as const;
/** How many steps and hours the form has room for; the API takes more. */
export const ROWS = [1, 2, 3] as const;

const decimal = (decimals: number) => z.string().transform((text) => readDecimal(text, decimals));
const optional = (decimals: number) =>
  z.union([z.literal('').transform(() => undefined), decimal(decimals).pipe(z.int().min(1))]).optional();
const word = z
  .string()
  .trim()
  .regex(/^[\w.-]{0,64}$/)
  .transform((text) => (text === '' ? undefined : text))
  .optional();

/** The form speaks in shillings, Mbit/s, gigabytes and hours; the plan is kept in cents, kbit/s, bytes and seconds. Steps and hours are read by readRows. */
export const planForm = z.looseObject({
  name: z.string().trim().min(1).max(80),
  type: z.enum(['pppoe', 'hotspot']),
  price: decimal(2).pipe(z.int().min(0)),
  count: z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .pipe(z.int().min(1)),
  unit: z.enum(UNITS),
  starts_on: z.enum(STARTS).default('activation'),
  down: decimal(3).pipe(z.int().min(1).max(100_000_000)),
  up: decimal(3).pipe(z.int().min(1).max(100_000_000)),
  quota: optional(9),
  on_quota: z.enum(['cut', 'throttle']).default('cut'),
  slow: optional(3),
  quota_cycle: z.enum(CYCLES).default(''),
  online_hours: optional(2),
  grace_hours: optional(0),
  devices: optional(0),
  burst_down: optional(3),
  burst_up: optional(3),
  burst_time: optional(0),
  pool: word,
  address_list: word,
  ipv6_pool: word,
  delegated_ipv6_pool: word,
  vlan_id: optional(0),
});
export type PlanForm = z.output<typeof planForm>;

/** Names of the fields of one row, as `step1_gb`. */
export const stepField = (row: number, name: 'gb' | 'down' | 'up'): string => `step${row}_${name}`;
export const hoursField = (row: number, name: 'days' | 'from' | 'to' | 'effect' | 'down' | 'up'): string =>
  `hours${row}_${name}`;

export type FormOutcome = { kind: 'read'; input: NewPackage } | { kind: 'wrong'; fields: string[] };

/** The plan that a form asks for, or the names of the fields that stand in the way. */
export function readPlan(form: PlanForm): FormOutcome {
  const wrong: string[] = [];
  const text = (name: string): string => (typeof form[name] === 'string' ? form[name].trim() : '');
  const number = (name: string, decimals: number): number => {
    const value = readDecimal(text(name), decimals);
    if (value === undefined || value === 0) wrong.push(name);
    return value ?? 1;
  };
  const steps = ROWS.filter((row) => text(stepField(row, 'gb')) !== '');
  const hours = ROWS.filter((row) => text(hoursField(row, 'from')) !== '' || text(hoursField(row, 'to')) !== '');
  const fair_use = steps.map((row) => ({
    at_bytes: number(stepField(row, 'gb'), 9),
    down_kbps: number(stepField(row, 'down'), 3),
    up_kbps: number(stepField(row, 'up'), 3),
  }));
  const time_rules = hours.map((row) => {
    const faster = text(hoursField(row, 'down')) !== '';
    const effect = text(hoursField(row, 'effect')) as keyof typeof EFFECTS;
    const days = text(hoursField(row, 'days')) as keyof typeof DAYS;
    return {
      days: [...(DAYS[days] ?? DAYS.all)],
      from: text(hoursField(row, 'from')),
      to: text(hoursField(row, 'to')),
      blocked: effect === 'blocked',
      counts_percent: EFFECTS[effect] ?? 100,
      down_kbps: faster ? number(hoursField(row, 'down'), 3) : null,
      up_kbps: faster ? number(hoursField(row, 'up'), 3) : null,
    };
  });
  if (wrong.length > 0) return { kind: 'wrong', fields: wrong };
  const parsed = newPackage.safeParse({ ...plainTerms(form), fair_use, time_rules });
  if (parsed.success) return { kind: 'read', input: parsed.data };
  const fields = parsed.error.issues.map((issue) => formFieldOf(issue.path, steps, hours));
  return { kind: 'wrong', fields: [...new Set(fields)] };
}

function plainTerms(form: PlanForm) {
  const throttles = form.on_quota === 'throttle' && form.quota !== undefined;
  const bursts = form.burst_down !== undefined || form.burst_up !== undefined;
  return {
    name: form.name,
    type: form.type,
    price_cents: form.price,
    validity: { count: form.count, unit: form.unit },
    starts_on: form.starts_on,
    down_kbps: form.down,
    up_kbps: form.up,
    burst: bursts
      ? { down_kbps: form.burst_down ?? form.down, up_kbps: form.burst_up ?? form.up, time_s: form.burst_time ?? null }
      : null,
    quota_bytes: form.quota ?? null,
    on_quota: throttles ? 'throttle' : 'cut',
    throttle_down_kbps: throttles ? (form.slow ?? null) : null,
    throttle_up_kbps: throttles ? (form.slow ?? null) : null,
    quota_cycle: form.quota_cycle === '' ? null : form.quota_cycle,
    online_s: form.online_hours === undefined ? null : form.online_hours * 36,
    grace_s: (form.grace_hours ?? 0) * 3600,
    simultaneous_use: form.devices ?? 1,
    pool: form.pool ?? null,
    address_list: form.address_list ?? null,
    ipv6_pool: form.ipv6_pool ?? null,
    delegated_ipv6_pool: form.delegated_ipv6_pool ?? null,
    vlan_id: form.vlan_id ?? null,
  };
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
  simultaneous_use: 'devices',
  price_cents: 'price',
};

/** The field of the form in which what the schema objects to was typed. */
function formFieldOf(path: PropertyKey[], steps: readonly number[], hours: readonly number[]): string {
  const [first, second, third] = path.map(String);
  const named = (name = ''): string => FORM_NAMES[name] ?? name;
  if (first === 'fair_use') return `step${steps[Number(second)]}_${named(third)}`;
  if (first === 'time_rules') return `hours${hours[Number(second)]}_${named(third)}`;
  if (first === 'burst') return `burst_${named(second)}`;
  return named(first);
}
