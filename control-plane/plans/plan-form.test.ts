import { planForm, readPlan } from './plan-form';

/** As a browser sends it: every field a text, what was left alone empty. */
const typed = (over: Record<string, string> = {}) =>
  planForm.parse({
    name: 'Home',
    type: 'pppoe',
    price: '1,500',
    count: '1',
    unit: 'month',
    starts_on: 'activation',
    down: '20',
    up: '10',
    quota: '100',
    on_quota: 'throttle',
    slow: '1',
    quota_cycle: '',
    online_hours: '',
    grace_hours: '',
    devices: '',
    burst_down: '',
    pool: '',
    vlan_id: '',
    step1_gb: '',
    hours1_days: 'all',
    hours1_from: '',
    hours1_effect: 'free',
    ...over,
  });

test('a form with nothing but the plain fields is a plain plan', () => {
  expect(readPlan(typed())).toMatchObject({
    kind: 'read',
    input: {
      price_cents: 150_000,
      quota_bytes: 1e11,
      throttle_down_kbps: 1000,
      fair_use: [],
      time_rules: [],
      burst: null,
    },
  });
});

test('everything that a plan can say can be typed', () => {
  const read = readPlan(
    typed({
      starts_on: 'first_use',
      quota_cycle: 'day',
      online_hours: '1.5',
      grace_hours: '6',
      devices: '3',
      burst_down: '30',
      burst_time: '12',
      ipv6_pool: 'v6',
      vlan_id: '120',
      step1_gb: '50',
      step1_down: '5',
      step1_up: '2.5',
      step3_gb: '80',
      step3_down: '2',
      step3_up: '1',
      hours1_from: '22:00',
      hours1_to: '06:00',
      hours1_down: '40',
      hours1_up: '20',
      hours2_days: 'weekend',
      hours2_from: '12:00',
      hours2_to: '14:00',
      hours2_effect: 'blocked',
    }),
  );
  expect(read).toMatchObject({
    kind: 'read',
    input: {
      starts_on: 'first_use',
      quota_cycle: 'day',
      online_s: 5400,
      grace_s: 21_600,
      simultaneous_use: 3,
      burst: { down_kbps: 30_000, up_kbps: 10_000, time_s: 12 },
      ipv6_pool: 'v6',
      vlan_id: 120,
      fair_use: [
        { at_bytes: 5e10, down_kbps: 5000, up_kbps: 2500 },
        { at_bytes: 8e10, down_kbps: 2000, up_kbps: 1000 },
      ],
      time_rules: [
        {
          days: [1, 2, 3, 4, 5, 6, 7],
          from: '22:00',
          to: '06:00',
          counts_percent: 0,
          blocked: false,
          down_kbps: 40_000,
        },
        { days: [6, 7], from: '12:00', to: '14:00', counts_percent: 100, blocked: true, down_kbps: null },
      ],
    },
  });
});

test.each([
  ['a step above the data', { step2_gb: '100', step2_down: '5', step2_up: '5' }, ['step2_gb']],
  ['a step without a speed', { step1_gb: '10', step1_down: '', step1_up: '5' }, ['step1_down']],
  [
    'steps that fall',
    { step1_gb: '10', step1_down: '5', step1_up: '5', step2_gb: '9', step2_down: '5', step2_up: '5' },
    ['step2_gb'],
  ],
  ['an hour that is none', { hours2_from: '25:00', hours2_to: '06:00' }, ['hours2_from']],
  ['hours without an end', { hours3_from: '05:00' }, ['hours3_to']],
  [
    'barred hours with a speed',
    { hours1_from: '05:00', hours1_to: '06:00', hours1_effect: 'blocked', hours1_down: '5', hours1_up: '5' },
    ['hours1_down'],
  ],
  ['a slow plan without its speed', { slow: '' }, ['slow']],
  ['nothing that could come back', { quota: '', quota_cycle: 'day' }, ['quota_cycle']],
  ['a burst below the speed', { burst_down: '1' }, ['burst_down']],
])('%s is told at the field where it was typed', (_what, over, fields) => {
  expect(readPlan(typed(over as Record<string, string>))).toEqual({ kind: 'wrong', fields });
});
