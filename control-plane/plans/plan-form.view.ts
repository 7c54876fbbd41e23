import { fieldsOf, formErrors } from '../ui';
import type { FormField, Reader } from '../ui';
import { CYCLES, DAYS, EFFECTS, hoursField, ROWS, STARTS, stepField, UNITS } from './plan-form';

type Values = Record<string, string>;

/** The form of a new plan: what every plan says, and under three headings what some do. A heading with something typed below it is open. */
export function planFormModel(values: Values, errors: Record<string, string>, currency: string, reader: Reader) {
  const { t } = reader;
  const field = fieldsOf('plans', values, errors, reader);
  const choice = (name: string, options: readonly string[], fallback: string) =>
    field(name, {
      options: optionsOf(options, values[name] ?? fallback, (value) => t(`plans.${name}_${value || 'none'}`)),
    });
  const optional = (name: string, unit?: string) => field(name, { mode: 'decimal', ...(unit ? { unit } : {}) });
  const typed = (names: readonly string[]) => names.some((name) => values[name] || errors[name]);
  const network = [
    'burst_down',
    'burst_up',
    'burst_time',
    'devices',
    'pool',
    'address_list',
    'ipv6_pool',
    'delegated_ipv6_pool',
    'vlan_id',
  ];
  const steps = ROWS.map((row) => stepRow(row, values, errors, reader));
  const hours = ROWS.map((row) => hoursRow(row, values, errors, reader));
  const namesOf = (rows: Record<string, FormField>[]) =>
    rows.flatMap((row) =>
      Object.values(row)
        .filter((one) => !one.options)
        .map((one) => one.name),
    );
  return {
    title: t('plans.new_title'),
    errors: formErrors(errors),
    name: field('name', { required: true, max: 80, help: t('plans.name_help') }),
    type: choice('type', ['pppoe', 'hotspot'], 'pppoe'),
    price: field('price', { required: true, mode: 'decimal', unit: currency }),
    count: field('count', { required: true, mode: 'numeric', value: values['count'] ?? '1' }),
    unit: choice('unit', UNITS, 'month'),
    starts_on: choice('starts_on', STARTS, 'activation'),
    down: field('down', { required: true, mode: 'decimal', unit: 'Mbps' }),
    up: field('up', { required: true, mode: 'decimal', unit: 'Mbps' }),
    quota: field('quota', { mode: 'decimal', unit: 'GB', help: t('plans.quota_help') }),
    on_quota: choice('on_quota', ['throttle', 'cut'], 'throttle'),
    slow: field('slow', { mode: 'decimal', unit: 'Mbps', help: t('plans.slow_help') }),
    quota_cycle: choice('quota_cycle', CYCLES, ''),
    online_hours: field('online_hours', {
      mode: 'decimal',
      unit: t('plans.hours_unit'),
      help: t('plans.online_hours_help'),
    }),
    grace_hours: optional('grace_hours', t('plans.hours_unit')),
    steps,
    stepsOpen: typed(namesOf(steps)),
    hours,
    hoursOpen: typed(namesOf(hours)),
    network: network.map((name) => optional(name, UNIT_OF[name])),
    networkOpen: typed(network),
  };
}

const UNIT_OF: Record<string, string> = { burst_down: 'Mbps', burst_up: 'Mbps', burst_time: 's' };

function optionsOf(values: readonly string[], chosen: string, label: (value: string) => string) {
  return values.map((value) => ({ value, label: label(value), selected: value === chosen }));
}

function stepRow(row: number, values: Values, errors: Record<string, string>, { t }: Reader) {
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

function hoursRow(row: number, values: Values, errors: Record<string, string>, { t }: Reader) {
  const field = (name: 'days' | 'from' | 'to' | 'effect' | 'down' | 'up', more: Partial<FormField> = {}): FormField => {
    const full = hoursField(row, name);
    return {
      name: full,
      label: t(`plans.hours_${name}`, { row }),
      value: values[full] ?? '',
      error: errors[full],
      ...more,
    };
  };
  const pick = (name: 'days' | 'effect', options: readonly string[]) => {
    const chosen = values[hoursField(row, name)] ?? options[0] ?? '';
    return field(name, { options: optionsOf(options, chosen, (value) => t(`plans.${name}_${value}`)) });
  };
  return {
    days: pick('days', Object.keys(DAYS)),
    from: field('from', { mode: 'numeric', max: 5 }),
    to: field('to', { mode: 'numeric', max: 5 }),
    effect: pick('effect', Object.keys(EFFECTS)),
    down: field('down', { mode: 'decimal', unit: 'Mbps' }),
    up: field('up', { mode: 'decimal', unit: 'Mbps' }),
  };
}

/** What is wrong with a field of the form, in words. */
export function planFormWord(name: string, { t }: Reader): string {
  const known = ['name', 'type', 'price', 'count', 'unit', 'down', 'up', 'quota', 'on_quota', 'slow', 'quota_cycle'];
  if (known.includes(name)) return t(`plans.${name}_needed`);
  if (name.startsWith('step')) return t('plans.step_needed');
  if (/^hours\d_(from|to)$/.test(name)) return t('plans.clock_needed');
  if (name.startsWith('hours')) return t('plans.hours_needed');
  if (name.startsWith('burst')) return t('plans.burst_needed');
  return ['pool', 'address_list', 'ipv6_pool', 'delegated_ipv6_pool'].includes(name)
    ? t('plans.word_needed')
    : t('plans.number_needed');
}
