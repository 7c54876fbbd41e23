import type { z } from 'zod';
import { bytes } from '../platform/http/input';
import { formatBytes, formatDeadline, formatMoney, formatSpan, formatSpeed } from '../ui';
import type { Reader } from '../ui';
import type { PlanChangePreview } from './change-plan';
import type { planChangeAnswer } from './schema';

/** The preview in the words of the API. */
export function planChangeOf(preview: PlanChangePreview): z.output<typeof planChangeAnswer> {
  const { version, weighed, sub } = preview;
  return {
    package_id: version.plan_id.toString(),
    package_name: preview.to,
    as_of: preview.at.toISOString(),
    currency: version.currency,
    price_cents: Number(version.price_cents),
    down_kbps: Number(version.down_kbps),
    up_kbps: Number(version.up_kbps),
    quota_bytes: version.quota_bytes === null ? null : bytes(version.quota_bytes),
    expires_at: sub.unused_validities > 0 ? null : (sub.expires_at?.toISOString() ?? null),
    left_s: weighed ? Math.floor(weighed.left_ms / 1000) : null,
    unused_cents: weighed ? Number(weighed.unused_cents) : null,
    cost_cents: weighed ? Number(weighed.cost_cents) : null,
    difference_cents: weighed ? Number(weighed.difference_cents) : null,
    wallet_cents: Number(preview.wallet_cents),
    expires_at_by_time: weighed?.expires_at_by_time?.toISOString() ?? null,
    renewal_at: preview.renewal_at?.toISOString() ?? null,
  };
}

/** One way to change, as the page offers it: what it does in one sentence. */
interface Way {
  value: string;
  label: string;
  detail: string;
  checked: boolean;
}

/** The page on which staff see what a change comes to, and confirm it. */
export function planChangeModel(preview: PlanChangePreview, reader: Reader) {
  const { sub, version, weighed } = preview;
  const { t, locale } = reader;
  const money = (cents: bigint) => formatMoney(cents, version.currency, locale);
  const when = (at: Date | null) => (at === null ? t('subscriptions.with_first_login') : formatDeadline(at, reader));
  const data = (quota: bigint | null) => (quota === null ? t('ui.no_limit') : formatBytes(quota, locale));
  const speed = (plan: { down_kbps: bigint; up_kbps: bigint }) =>
    `${formatSpeed(Number(plan.down_kbps), locale)} / ${formatSpeed(Number(plan.up_kbps), locale)}`;
  const end = sub.unused_validities > 0 ? null : sub.expires_at;
  return {
    title: t('subscriptions.change_plan'),
    action: `/subscriptions/${sub.id}/change-plan`,
    package_id: version.plan_id.toString(),
    as_of: preview.at.toISOString(),
    from: preview.from,
    to: preview.to,
    rows: [
      { label: t('subscriptions.speed'), from: speed(sub.plan), to: speed(version) },
      { label: t('plans.quota'), from: data(sub.plan.quota_bytes), to: data(version.quota_bytes) },
      {
        label: t('subscriptions.next_price'),
        from: formatMoney(sub.plan.price_cents, sub.plan.currency, locale),
        to: money(version.price_cents),
      },
    ],
    left: weighed
      ? t('subscriptions.left_is_worth', {
          span: formatSpan(weighed.left_ms),
          worth: money(weighed.unused_cents),
          cost: money(weighed.cost_cents),
        })
      : t('subscriptions.nothing_left'),
    wallet: t('subscriptions.wallet_holds', { amount: money(preview.wallet_cents) }),
    ways: waysOf(preview, reader, money, when, end),
  };
}

function waysOf(
  { version, weighed, wallet_cents, renewal_at, sub }: PlanChangePreview,
  { t }: Reader,
  money: (cents: bigint) => string,
  when: (at: Date | null) => string,
  end: Date | null,
): Way[] {
  const ways: Omit<Way, 'checked'>[] = [];
  if (sub.state !== 'pending')
    ways.push({
      value: 'renewal',
      label: t('subscriptions.way_renewal'),
      detail: t('subscriptions.way_renewal_detail', { when: when(renewal_at), price: money(version.price_cents) }),
    });
  ways.push({
    value: 'nothing',
    label: t('subscriptions.way_nothing'),
    detail:
      sub.state === 'pending'
        ? t('subscriptions.way_pending_detail')
        : t('subscriptions.way_nothing_detail', { when: when(end) }),
  });
  const difference = weighed?.difference_cents ?? 0n;
  if (difference > 0n)
    ways.push({
      value: 'money',
      label: t('subscriptions.way_pay', { amount: money(difference) }),
      detail:
        wallet_cents < difference
          ? t('subscriptions.way_pay_short', { amount: money(difference - wallet_cents) })
          : t('subscriptions.way_pay_detail', { when: when(end), rest: money(wallet_cents - difference) }),
    });
  if (difference < 0n)
    ways.push({
      value: 'money',
      label: t('subscriptions.way_back', { amount: money(-difference) }),
      detail: t('subscriptions.way_back_detail', { when: when(end), rest: money(wallet_cents - difference) }),
    });
  if (weighed?.expires_at_by_time)
    ways.push({
      value: 'time',
      label: t('subscriptions.way_time'),
      detail: t('subscriptions.way_time_detail', { when: when(weighed.expires_at_by_time), before: when(end) }),
    });
  return ways.map((way, index) => ({ ...way, checked: index === 0 }));
}
