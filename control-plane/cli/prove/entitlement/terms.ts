import type { Dice } from '../dice';

/** A plan in the words of POST /api/packages. */
export interface Terms {
  validity: { count: number; unit: 'hour' | 'day' | 'week' | 'month'; ends: 'exact' | 'end_of_day' };
  down_kbps: number;
  up_kbps: number;
  quota_bytes: number | null;
  on_quota: 'cut' | 'throttle';
  throttle_down_kbps: number | null;
  throttle_up_kbps: number | null;
  grace_s: number;
  fair_use: { at_bytes: number; down_kbps: number; up_kbps: number }[] | null;
  quota_cycle: 'day' | 'week' | 'month' | null;
  time_rules: Rule[] | null;
  online_s: number | null;
  starts_on: 'activation' | 'first_use';
}

export interface Rule {
  days: number[];
  from: string;
  to: string;
  blocked: boolean;
  down_kbps: number | null;
  up_kbps: number | null;
  counts_percent: number;
}

/** Random terms; half of all plans have each kind of rule. Hours lie on the half, so that clocks of a proof can keep away from them. */
export function makeTerms(dice: Dice): Terms {
  const down_kbps = dice.between(4, 40) * 1000;
  const up_kbps = dice.between(2, 20) * 1000;
  const quota_bytes = dice.chance(0.7) ? dice.between(4, 40) * 1_000_000 : null;
  const steps = dice.chance(0.5) ? makeSteps(dice, quota_bytes ?? 40_000_000) : null;
  const online_s = dice.chance(0.25) ? dice.between(1, 30) * 1800 : null;
  const limited = quota_bytes !== null || steps !== null || online_s !== null;
  return {
    validity: {
      count: dice.between(1, 3),
      unit: dice.pick(['hour', 'day', 'week', 'month'] as const),
      ends: dice.chance(0.3) ? 'end_of_day' : 'exact',
    },
    down_kbps,
    up_kbps,
    quota_bytes,
    on_quota: dice.chance(0.5) ? 'cut' : 'throttle',
    throttle_down_kbps: 512,
    throttle_up_kbps: 256,
    grace_s: dice.chance(0.3) ? dice.between(1, 20) * 3600 : 0,
    fair_use: steps,
    quota_cycle: limited && dice.chance(0.5) ? dice.pick(['day', 'week', 'month'] as const) : null,
    time_rules: dice.chance(0.5) ? Array.from({ length: dice.between(1, 3) }, () => makeRule(dice)) : null,
    online_s,
    starts_on: dice.chance(0.2) ? 'first_use' : 'activation',
  };
}

function makeSteps(dice: Dice, below: number): Terms['fair_use'] {
  const count = dice.between(1, 3);
  return Array.from({ length: count }, (_, n) => ({
    at_bytes: Math.floor((below * (n + 1)) / (count + 1)),
    down_kbps: 3000 - n * 900,
    up_kbps: 1500 - n * 450,
  }));
}

function makeRule(dice: Dice): Rule {
  const clock = (half: number): string => `${String(half >> 1).padStart(2, '0')}:${half & 1 ? '30' : '00'}`;
  const from = dice.between(0, 47);
  const days = dice.shuffled([1, 2, 3, 4, 5, 6, 7]).slice(0, dice.between(1, 7));
  const blocked = dice.chance(0.3);
  const faster = !blocked && dice.chance(0.6);
  return {
    days,
    from: clock(from),
    // Sometimes past midnight, sometimes a whole day.
    to: dice.chance(0.1) && from === 0 ? '24:00' : clock((from + dice.between(1, 47)) % 48),
    blocked,
    down_kbps: faster ? dice.between(50, 90) * 1000 : null,
    up_kbps: faster ? dice.between(20, 40) * 1000 : null,
    counts_percent: dice.pick([0, 0, 25, 50, 100]),
  };
}
