import { formatBytes, formatMoney, formatSpan, formatSpeed, type Reader } from '../ui';
import { daysWord } from './form-values';
import { DAYS } from './plan-form';
import type { Package, TimeRule } from './schema';

/** What describes a plan for reading; a plan that is not stored yet has no id or date. */
export type Described = Omit<Package, 'id' | 'version' | 'created_at' | 'archived_at' | 'name'>;

/** What the customer gets, one sentence per thing, in the reader's language. The first says the price and the time, the second the speed. */
export function planSentences(plan: Described, reader: Reader): string[] {
  return [
    priceSentence(plan, reader),
    speedSentence(plan, reader),
    dataSentence(plan, reader),
    ...stepSentences(plan, reader),
    ...(plan.time_rules ?? []).map((rule) => hoursSentence(rule, reader)),
    ...timeSentences(plan, reader),
  ];
}

const both = (down: number, up: number, { t, locale }: Reader) =>
  t('plans.speed', { down: formatSpeed(down, locale), up: formatSpeed(up, locale) });

function priceSentence({ price_cents, net_cents, currency, validity, starts_on }: Described, reader: Reader): string {
  const { t, locale } = reader;
  const time = t(`plans.for_${validity.unit}`, { count: validity.count });
  const said =
    price_cents === 0
      ? t('plans.says_free', { time })
      : t('plans.says_price', { price: formatMoney(price_cents, currency, locale), time });
  return [
    said,
    ...(net_cents === null || net_cents === price_cents
      ? []
      : [
          t('plans.says_net', {
            net: formatMoney(net_cents, currency, locale),
            taxes: formatMoney(price_cents - net_cents, currency, locale),
          }),
        ]),
    ...(validity.ends === 'end_of_day' ? [t('plans.says_midnight')] : []),
    ...(starts_on === 'first_use' ? [t('plans.says_first_use')] : []),
  ].join(' ');
}

function speedSentence({ down_kbps, up_kbps, burst }: Described, reader: Reader): string {
  const { t } = reader;
  const plain = t('plans.says_speed', { speed: both(down_kbps, up_kbps, reader) });
  return burst ? `${plain} ${t('plans.says_burst', { speed: both(burst.down_kbps, burst.up_kbps, reader) })}` : plain;
}

function dataSentence(plan: Described, reader: Reader): string {
  const { t, locale } = reader;
  if (plan.quota_bytes === null) return t('plans.says_unlimited');
  const quota = t(`plans.says_quota_${plan.quota_cycle ?? 'once'}`, { quota: formatBytes(plan.quota_bytes, locale) });
  const then =
    plan.on_quota === 'cut'
      ? t(`plans.says_cut_${plan.type}`)
      : t('plans.says_slow', { speed: both(plan.throttle_down_kbps ?? 0, plan.throttle_up_kbps ?? 0, reader) });
  return `${quota} ${then}`;
}

function stepSentences({ fair_use, quota_bytes, quota_cycle }: Described, reader: Reader): string[] {
  const { t, locale } = reader;
  const steps = (fair_use ?? []).map((step) =>
    t('plans.says_step', {
      at: formatBytes(step.at_bytes, locale),
      speed: both(step.down_kbps, step.up_kbps, reader),
    }),
  );
  // Without a cap nothing above has said that the count begins anew.
  return steps.length > 0 && quota_bytes === null && quota_cycle
    ? [...steps, t(`plans.says_anew_${quota_cycle}`)]
    : steps;
}

/** The days of some hours in words: a name for the usual sets, else the names of the days. */
export function daysText(days: readonly number[], { t }: Reader): string {
  const word = daysWord(days);
  return word in DAYS
    ? t(`plans.days_${word}`)
    : [...days]
        .sort((a, b) => a - b)
        .map((day) => t(`plans.days_d${day}`))
        .join(', ');
}

function hoursSentence(rule: TimeRule, reader: Reader): string {
  const { t } = reader;
  const days = daysText(rule.days, reader);
  const when = t('plans.says_hours', {
    days: days.slice(0, 1).toUpperCase() + days.slice(1),
    from: rule.from,
    to: rule.to,
  });
  if (rule.blocked) return `${when} ${t('plans.effect_blocked')}.`;
  const count =
    rule.counts_percent === 0
      ? t('plans.says_free_data')
      : rule.counts_percent === 100
        ? ''
        : t('plans.says_part_data', { percent: rule.counts_percent });
  const speed = rule.down_kbps === null || rule.up_kbps === null ? '' : both(rule.down_kbps, rule.up_kbps, reader);
  return `${when} ${[speed, count].filter(Boolean).join(', ') || t('plans.says_nothing_else')}.`;
}

function timeSentences(plan: Described, reader: Reader): string[] {
  const { t, locale } = reader;
  const span = (seconds: number) => formatSpan(seconds * 1000);
  return [
    ...(plan.online_s === null ? [] : [t('plans.says_online', { time: span(plan.online_s) })]),
    ...(plan.grace_s === 0 ? [] : [t('plans.says_grace', { time: span(plan.grace_s) })]),
    ...(plan.idle_timeout_s === null ? [] : [t('plans.says_idle', { time: span(plan.idle_timeout_s) })]),
    t('plans.says_devices', { count: plan.simultaneous_use }),
    ...(plan.contract === null
      ? []
      : [
          t('plans.says_contract', { count: plan.contract.months }),
          ...(plan.contract.early_fee_cents === 0
            ? []
            : [t('plans.says_fee', { fee: formatMoney(plan.contract.early_fee_cents, plan.currency, locale) })]),
        ]),
  ];
}
