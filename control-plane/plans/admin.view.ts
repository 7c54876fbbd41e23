import { formatBytes, formatMoney, formatMoment, formatSpeed, stateBadge } from '../ui';
import type { Reader } from '../ui';
import { isStateName } from '../ui/state';
import type { OnPlan, PlanVersion } from './admin.queries';
import { planSentences } from './plan-words';
import type { PreviewMoment } from './preview-plan';
import type { Package } from './schema';

const speed = (kbps: number, { locale }: Reader) => formatSpeed(kbps, locale);

/** A row of the list of plans. */
export function printPlan(plan: Package, running: number, reader: Reader) {
  const { locale, t } = reader;
  const after =
    plan.quota_bytes === null
      ? ''
      : plan.on_quota === 'cut'
        ? t('plans.then_cut')
        : t('plans.then_slow', { speed: speed(plan.throttle_down_kbps ?? 0, reader) });
  return {
    id: plan.id,
    href: `/plans/${plan.id}`,
    name: plan.name,
    kind: [t(`plans.kind_${plan.type}`), ...extras(plan, reader)].join(' · '),
    price: formatMoney(plan.price_cents, plan.currency, locale),
    validity: t(`plans.for_${plan.validity.unit}`, { count: plan.validity.count }),
    down: speed(plan.down_kbps, reader),
    up: t('plans.up_side', { up: speed(plan.up_kbps, reader) }),
    quota: plan.quota_bytes === null ? t('ui.no_limit') : formatBytes(plan.quota_bytes, locale),
    after,
    running: String(running),
    version: t('plans.version', { version: plan.version }),
  };
}

/** What a plan says beyond speed, data and price, in a few words each. */
function extras(plan: Package, { t, locale }: Reader): string[] {
  const first = plan.fair_use?.[0];
  return [
    ...(plan.starts_on === 'first_use' ? [t('plans.has_first_use')] : []),
    ...(plan.quota_cycle ? [t(`plans.has_cycle_${plan.quota_cycle}`)] : []),
    ...(first
      ? [t('plans.has_steps', { at: formatBytes(first.at_bytes, locale), speed: formatSpeed(first.down_kbps, locale) })]
      : []),
    ...(plan.time_rules ? [t('plans.has_hours')] : []),
    ...(plan.online_s ? [t('plans.has_online', { hours: Number((plan.online_s / 3600).toFixed(2)) })] : []),
    ...(plan.contract ? [t('plans.has_contract', { count: plan.contract.months })] : []),
  ];
}

/** A version in the table of a plan's page. The newest has every term in words; of the others, what one looks for. */
export function printVersion(row: PlanVersion, plan: Package, reader: Reader) {
  const { t } = reader;
  const printed = printPlan(row.terms, row.subscriptions, reader);
  return {
    ...printed,
    word: t('plans.version', { version: row.version }),
    current: row.version === plan.version && plan.archived_at === null,
    made: formatMoment(row.made_at, reader),
    by: row.made_by ?? '',
    href: `/plans/${plan.id}/subscriptions?version=${row.version}`,
    next: row.next > 0 ? t('plans.moving', { count: row.next }) : '',
    sentences: planSentences(row.terms, reader),
  };
}

const DECISION = { accept: 'active', garden: 'garden', reject: 'blocked' } as const;

/** One answer to a router, for reading: when, what is decided, and what is sent. */
export function printMoment(row: PreviewMoment, reader: Reader) {
  const { t, locale } = reader;
  return {
    when: t(`plans.moment_${row.moment}`, { at: formatBytes(row.used_bytes, locale) }),
    state: stateBadge(DECISION[row.decision], reader, { word: t(`plans.answer_${row.decision}`) }),
    reply: row.reply,
  };
}

/** Who is on a plan. */
export function printOnPlan(row: OnPlan, reader: Reader) {
  const { t } = reader;
  return {
    href: `/subscribers/${row.subscriber_id}?subscription=${row.id}`,
    name: row.name,
    username: row.username,
    state: isStateName(row.state) ? stateBadge(row.state, reader) : undefined,
    version: t('plans.version', { version: row.version }),
    next: row.next_version === null ? '' : t('plans.then_version', { version: row.next_version }),
    until:
      row.expires_at === null || row.expires_at.getUTCFullYear() > 9000 ? '–' : formatMoment(row.expires_at, reader),
  };
}
