import { fieldsOf, formErrors } from '../ui';
import type { FormField, Reader } from '../ui';
import {
  CYCLES,
  DAYS,
  EFFECTS,
  ENDS,
  HOURS_MAX,
  hoursField,
  PRICES,
  STARTS,
  stepField,
  STEPS_MAX,
  UNITS,
  type PlanForm,
} from './plan-form';
import { daysText } from './plan-words';

type Values = PlanForm;
type Errors = Record<string, string>;

/** What a plan may be put together from. */
export interface Choices {
  profiles: { id: string; name: string }[];
  /** Pools that are known; where there are none of a kind, the name is typed. */
  pools: { name: string; kind: string }[];
}

const POOL_KINDS: Record<string, string> = { pool: 'ipv4', ipv6_pool: 'ipv6', delegated_ipv6_pool: 'delegated' };

const NETWORK = ['devices', 'pool', 'address_list', 'ipv6_pool', 'delegated_ipv6_pool', 'vlan_id', 'idle', 'interim'];
const BURST = ['burst_down', 'burst_up', 'burst_from_down', 'burst_from_up', 'burst_time'];
const CONTRACT = ['contract_months', 'contract_fee'];
/** What stands in these fields on a plan that says nothing about them. */
const USUAL: Values = { devices: '1', interim: '300' };

/** The form of a plan: what every plan says, and under headings what some do. A heading with something typed below it is open. */
export function planFormModel(values: Values, errors: Errors, currency: string, choices: Choices, reader: Reader) {
  const { t } = reader;
  const field = fieldsOf('plans', values, errors, reader);
  const typed = (names: readonly string[]) =>
    names.some((name) => (values[name] && values[name] !== USUAL[name]) || errors[name]);
  const steps = shownRows(STEPS_MAX, 2, (row) => values[stepField(row, 'gb')]).map((row) =>
    stepRow(row, values, errors, reader),
  );
  const hours = shownRows(HOURS_MAX, 2, (row) => values[hoursField(row, 'from')]).map((row) =>
    hoursRow(row, values, errors, reader),
  );
  const namesOf = (rows: Record<string, FormField>[]) =>
    rows.flatMap((row) =>
      Object.values(row)
        .filter((one) => !one.options)
        .map((one) => one.name),
    );
  const decimal = (name: string, unit: string, helped = false) =>
    field(name, { mode: 'decimal', unit, ...(helped ? { help: t(`plans.${name}_help`) } : {}) });
  return {
    errors: formErrors(errors),
    ...mainFields(values, errors, currency, choices, reader),
    bursts: BURST.map((name) => decimal(name, name === 'burst_time' ? 's' : 'Mbps')),
    burstsOpen: typed(BURST),
    steps,
    stepsOpen: typed(namesOf(steps)),
    hours,
    hoursOpen: typed(namesOf(hours)),
    contract: [
      field('contract_months', { mode: 'numeric', unit: t('plans.unit_month') }),
      decimal('contract_fee', currency, true),
    ],
    contractOpen: typed(CONTRACT),
    network: NETWORK.map((name) => networkField(name, values, errors, choices, reader)),
    networkOpen: typed(NETWORK),
  };
}

function networkField(name: string, values: Values, errors: Errors, { pools }: Choices, reader: Reader): FormField {
  const { t } = reader;
  const field = fieldsOf('plans', values, errors, reader);
  const known = pools.filter((one) => one.kind === POOL_KINDS[name]).map((one) => one.name);
  if (known.length > 0) {
    const chosen = values[name] ?? '';
    // A name that only the router knows stays to be chosen.
    const names = chosen === '' || known.includes(chosen) ? known : [...known, chosen];
    return field(name, { options: optionsOf(['', ...names], chosen, (value) => value || t('plans.pool_none')) });
  }
  return field(name, {
    ...(/pool|list/.test(name) ? {} : { mode: 'numeric' as const }),
    ...(name === 'idle' ? { unit: t('plans.hours_unit'), help: t('plans.idle_help') } : {}),
    ...(name === 'interim' ? { unit: 's', help: t('plans.interim_help') } : {}),
    value: values[name] ?? USUAL[name] ?? '',
  });
}

function mainFields(values: Values, errors: Errors, currency: string, { profiles }: Choices, reader: Reader) {
  const { t } = reader;
  const field = fieldsOf('plans', values, errors, reader);
  const choice = (name: string, options: readonly string[], fallback: string) =>
    field(name, {
      options: optionsOf(options, values[name] ?? fallback, (value) => t(`plans.${name}_${value || 'none'}`)),
    });
  const units = values['unit'] === 'second' ? (['second', ...UNITS] as const) : UNITS;
  const mbps = { mode: 'decimal' as const, unit: 'Mbps' };
  const ownSpeed = { value: '', label: t('plans.profile_none'), selected: !values['profile'] };
  return {
    name: field('name', { required: true, max: 80, help: t('plans.name_help') }),
    type: choice('type', ['pppoe', 'hotspot'], 'pppoe'),
    price: field('price', { required: true, mode: 'decimal', unit: currency }),
    price_taxes: choice('price_taxes', PRICES, 'inside'),
    count: field('count', { required: true, mode: 'numeric', value: values['count'] ?? '1' }),
    unit: choice('unit', units, 'month'),
    ends: choice('ends', ENDS, 'exact'),
    starts_on: choice('starts_on', STARTS, 'activation'),
    profile:
      profiles.length > 0 &&
      field('profile', {
        options: [
          ownSpeed,
          ...profiles.map(({ id, name }) => ({ value: id, label: name, selected: id === values['profile'] })),
        ],
        help: t('plans.profile_help'),
      }),
    down: field('down', { required: profiles.length === 0, ...mbps }),
    up: field('up', { required: profiles.length === 0, ...mbps }),
    quota: field('quota', { mode: 'decimal', unit: 'GB', help: t('plans.quota_help') }),
    on_quota: choice('on_quota', ['throttle', 'cut'], 'throttle'),
    slow: field('slow', { ...mbps, help: t('plans.slow_help') }),
    slow_up: field('slow_up', { ...mbps, help: t('plans.slow_up_help') }),
    quota_cycle: choice('quota_cycle', CYCLES, ''),
    online_hours: field('online_hours', {
      mode: 'decimal',
      unit: t('plans.hours_unit'),
      help: t('plans.online_hours_help'),
    }),
    grace_hours: field('grace_hours', {
      mode: 'decimal',
      unit: t('plans.hours_unit'),
      help: t('plans.grace_hours_help'),
    }),
  };
}

/** The rows in use and a free one, at least so many. */
function shownRows(max: number, least: number, filled: (row: number) => string | undefined): number[] {
  const all = Array.from({ length: max }, (_, at) => at + 1);
  const last = all.findLast((row) => filled(row)) ?? 0;
  return all.slice(0, Math.max(least, last + 1));
}

function optionsOf(values: readonly string[], chosen: string, label: (value: string) => string) {
  return values.map((value) => ({ value, label: label(value), selected: value === chosen }));
}

function stepRow(row: number, values: Values, errors: Errors, { t }: Reader) {
  const field = (name: 'gb' | 'down' | 'up', unit: string): FormField => {
    const full = stepField(row, name);
    return {
      name: full,
      label: t(`plans.step_${name}`, { row }),
      value: values[full] ?? '',
      error: errors[full],
      mode: 'decimal',
      unit,
    };
  };
  return { gb: field('gb', 'GB'), down: field('down', 'Mbps'), up: field('up', 'Mbps') };
}

function hoursRow(row: number, values: Values, errors: Errors, reader: Reader) {
  const { t } = reader;
  const field = (name: Parameters<typeof hoursField>[1], more: Partial<FormField> = {}): FormField => {
    const full = hoursField(row, name);
    return {
      name: full,
      label: t(`plans.hours_${name}`, { row }),
      value: values[full] ?? '',
      error: errors[full],
      ...more,
    };
  };
  const pick = (name: 'days' | 'effect', known: readonly string[], other: (value: string) => string) => {
    const chosen = values[hoursField(row, name)] || known[0] || '';
    // A set of days or a share that came through the API stays to be chosen.
    const options = known.includes(chosen) ? known : [...known, chosen];
    return field(name, {
      options: optionsOf(options, chosen, (value) =>
        known.includes(value) ? t(`plans.${name}_${value}`) : other(value),
      ),
    });
  };
  return {
    days: pick('days', Object.keys(DAYS), (value) => daysText(value.slice(1).split('').map(Number), reader)),
    from: field('from', { mode: 'numeric', max: 5 }),
    to: field('to', { mode: 'numeric', max: 5 }),
    effect: pick('effect', Object.keys(EFFECTS), (value) =>
      t('plans.says_part_data', { percent: Number(value.slice(1)) || 0 }),
    ),
    down: field('down', { mode: 'decimal', unit: 'Mbps' }),
    up: field('up', { mode: 'decimal', unit: 'Mbps' }),
  };
}

const OWN_WORDS = new Set(
  'name type price count unit down up quota on_quota slow quota_cycle profile contract_months contract_fee interim'.split(
    ' ',
  ),
);

/** What is wrong with a field of the form, in words. */
export function planFormWord(name: string, { t }: Reader): string {
  if (OWN_WORDS.has(name)) return t(`plans.${name}_needed`);
  if (name === 'slow_up') return t('plans.slow_needed');
  if (name.startsWith('step')) return t('plans.step_needed');
  if (/^hours\d+_(from|to)$/.test(name)) return t('plans.clock_needed');
  if (name.startsWith('hours')) return t('plans.hours_needed');
  if (name.startsWith('burst')) return t('plans.burst_needed');
  if (['online_hours', 'grace_hours', 'idle'].includes(name)) return t('plans.duration_needed');
  return /pool|list/.test(name) ? t('plans.word_needed') : t('plans.number_needed');
}
