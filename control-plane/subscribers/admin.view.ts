import { actionWords } from '../audit';
import {
  curve,
  formatAmount,
  formatBytes,
  formatClock,
  formatDeadline,
  formatMbps,
  formatMoment,
  formatMoney,
  formatNear,
  formatSpan,
  formatSpeed,
  isStateName,
  stateBadge,
} from '../ui';
import type { Reader, StateBadge } from '../ui';
import type { PaymentRow, ServiceRow, SessionRow } from './admin.queries';
import type { EventRow, NoteRow } from './person.queries';

/** +254722418306 as people here say it: 0722 418 306. Other countries keep their plus. */
export function sayPhone(phone: string): string {
  const local = /^\+254(\d{3})(\d{3})(\d{3})$/.exec(phone);
  return local ? `0${local[1]} ${local[2]} ${local[3]}` : phone;
}

/** The state of a service as its badge, with the reason in words. */
export function serviceState(
  row: { state: string | null; expires_at: Date | null; suspended_reason: string | null },
  reader: Reader,
  more: { tinted?: boolean; online?: boolean } = {},
): StateBadge {
  const { t } = reader;
  const name = row.state !== null && isStateName(row.state) ? row.state : 'unknown';
  const when = row.expires_at ? formatDeadline(row.expires_at, reader) : '';
  const why: Record<string, string> = {
    suspended: t('subscriptions.why_suspended', { reason: row.suspended_reason ?? '' }),
    expired: t('subscriptions.why_expired', { when }),
    grace: t('subscriptions.why_grace', { when }),
    capped: t('subscriptions.why_capped'),
    throttled: t('subscriptions.why_throttled'),
    pending: t('subscriptions.why_pending'),
    paused: t('subscriptions.why_paused'),
  };
  if (name === 'active' && more.online) {
    return stateBadge('online', reader, {
      tinted: more.tinted ?? false,
      word: more.tinted ? t('subscriptions.active_online') : t('ui.state.online'),
    });
  }
  return stateBadge(name, reader, { why: why[name], tinted: more.tinted ?? false });
}

/** The strip on top of a person's page: it answers most calls. */
export function strip(service: ServiceRow | undefined, wallet: bigint, live: SessionRow | undefined, reader: Reader) {
  const { locale, t, nowMs, currency } = reader;
  const left = service?.expires_at ? service.expires_at.getTime() - nowMs : 0;
  const total = service?.allowance_bytes ?? null;
  return {
    balance: formatAmount(wallet, locale),
    currency: service?.currency ?? currency,
    plan: service?.plan ?? t('subscribers.no_service'),
    price: service
      ? t(`plans.per_${service.validity_unit}`, {
          price: formatMoney(service.price_cents, service.currency, locale),
          count: service.validity_count,
        })
      : '',
    until: service?.expires_at ? formatDeadline(service.expires_at, reader) : '–',
    left: !service?.expires_at
      ? t('subscribers.not_begun')
      : left > 0
        ? t('subscribers.left', { span: formatSpan(left) })
        : t('subscribers.over', { span: formatSpan(-left) }),
    late: left <= 0 && service?.expires_at !== null && service !== undefined,
    used: service ? formatBytes(service.used_bytes, locale) : '–',
    of: total === null ? t('ui.no_limit') : t('subscribers.of', { total: formatBytes(total, locale) }),
    part: total === null || !service ? null : Number(service.used_bytes) / Number(total),
    tone: total !== null && service && Number(service.used_bytes) / Number(total) > 0.9 ? 'warn' : '',
    garden: live?.mode === 'garden' && {
      span: formatSpan(nowMs - live.started_at.getTime()),
      why: gardenWhy(service, reader),
    },
    online: live &&
      live.mode !== 'garden' && {
        span: formatSpan(nowMs - live.started_at.getTime()),
        down: live.down_bps === null ? '–' : formatMbps(live.down_bps, locale),
        up: live.up_bps === null ? '–' : formatMbps(live.up_bps, locale),
        router: live.router ?? '',
      },
  };
}

/** Why somebody online reaches the pay page alone. */
function gardenWhy(service: ServiceRow | undefined, { t }: Reader): string {
  const known = ['expired', 'capped', 'suspended', 'pending', 'paused'].find((state) => state === service?.state);
  return t(`subscribers.garden_${known ?? 'other'}`);
}

/** The session of this moment and the ones before it. */
export function nowColumn(sessions: SessionRow[], usage: { hour: Date; down: bigint; up: bigint }[], reader: Reader) {
  const { locale, t, nowMs } = reader;
  const live = sessions.find((one) => one.stopped_at === null);
  const used = usage.some((hour) => hour.down + hour.up > 0n);
  const last = Math.max(1, usage.length - 1);
  return {
    live: live && {
      id: live.id.toString(),
      ip: live.ip ?? '–',
      ipv6: live.ipv6,
      router: live.router ?? t('sessions.router_gone'),
      mac: live.mac ?? '–',
      since: `${formatMoment(live.started_at, reader)}, ${formatSpan(nowMs - live.started_at.getTime())}`,
      bytes: formatBytes(live.bytes, locale),
    },
    chart: used
      ? curve({
          values: usage.map((hour) => Number(hour.down + hour.up) / 1e6),
          ticks: [0, Math.floor(last / 2), last].map((index) => ({
            at: index / last,
            label: formatClock(usage[index]?.hour ?? new Date(nowMs), reader),
          })),
          formatValue: (value) => formatBytes(value * 1e6, locale),
        })
      : '',
    earlier: sessions
      .filter((one) => one.stopped_at !== null)
      .slice(0, 4)
      .map((one) => ({
        start: formatMoment(one.started_at, reader),
        span: formatSpan((one.stopped_at?.getTime() ?? nowMs) - one.started_at.getTime()),
        bytes: formatBytes(one.bytes, locale),
      })),
  };
}

/** What was sold and how it is set. */
export function serviceColumn(service: ServiceRow, reader: Reader) {
  const { locale, t } = reader;
  const quota =
    service.allowance_bytes === null
      ? t('ui.no_limit')
      : service.on_quota === 'throttle' && service.throttle_down_kbps !== null
        ? t('plans.quota_then', {
            quota: formatBytes(service.allowance_bytes, locale),
            speed: formatSpeed(Number(service.throttle_down_kbps), locale),
          })
        : formatBytes(service.allowance_bytes, locale);
  return {
    plan: service.plan,
    speed: t('plans.speed', {
      down: formatSpeed(Number(service.down_kbps), locale),
      up: formatSpeed(Number(service.up_kbps), locale),
    }),
    quota,
    next: service.next_plan,
    autoRenew: service.auto_renew,
    facts: [
      { label: t('subscriptions.login'), value: service.username, id: true },
      {
        label: t('subscriptions.kind'),
        value: `${t(`plans.kind_${service.kind}`)}, ${t('subscriptions.at_a_time', { count: service.simultaneous_use })}`,
      },
      {
        label: t('subscriptions.address'),
        value: service.static_ip ?? t('subscriptions.from_pool'),
        id: service.static_ip !== null,
      },
      {
        label: t('subscriptions.locked_to'),
        value: service.mac_lock ?? t(service.mac_learn ? 'subscriptions.learns' : 'subscriptions.not_locked'),
        id: service.mac_lock !== null,
      },
      {
        label: t('subscriptions.since'),
        value: service.starts_at ? formatMoment(service.starts_at, reader) : t('subscribers.not_begun'),
      },
      ...(service.auto_renew
        ? [{ label: t('subscriptions.renews_itself'), value: t('subscriptions.from_wallet') }]
        : []),
      ...(service.contract_ends_at
        ? [{ label: t('subscriptions.contract_until'), value: formatMoment(service.contract_ends_at, reader) }]
        : []),
      ...ruleFacts(service, reader),
    ],
  };
}

/** What the plan's rules come to at this moment. */
function ruleFacts(service: ServiceRow, reader: Reader): { label: string; value: string }[] {
  const { locale, t } = reader;
  const facts: { label: string; value: string }[] = [];
  const [, up, down] = /^(\d+)k\/(\d+)k/.exec(service.service_rate ?? '') ?? [];
  const speeds = {
    down: formatSpeed(Number(down), locale),
    up: formatSpeed(Number(up), locale),
  };
  if (down !== undefined) facts.push({ label: t('subscriptions.speed_now'), value: t('plans.speed', speeds) });
  if (service.reason !== null)
    facts.push({ label: t('subscriptions.because'), value: t(`subscriptions.reason_${service.reason}`) });
  if (service.unused_validities > 0)
    facts.push({
      label: t('subscriptions.begins'),
      value: t('subscriptions.with_first_session', { count: service.unused_validities }),
    });
  if (service.cycle_ends_at !== null)
    facts.push({ label: t('subscriptions.data_back'), value: formatDeadline(service.cycle_ends_at, reader) });
  if (service.online_s !== null)
    facts.push({
      label: t('subscriptions.time_online'),
      value: t('subscriptions.used_of', {
        used: formatSpan(Number(service.online_used_s ?? 0) * 1000),
        total: formatSpan(Number(service.online_s) * 1000),
      }),
    });
  return facts;
}

export function paymentLines(rows: PaymentRow[], reader: Reader) {
  return rows.map((row) => ({
    amount: formatAmount(row.amount_cents, reader.locale),
    method: reader.t(`payments.method_${row.method}`),
    reference: row.reference,
    at: formatMoment(row.received_at, reader),
    iso: row.received_at.toISOString(),
    state: row.state === 'settled' ? '' : reader.t(`payments.state_${row.state}`),
  }));
}

const ORDER_TONE: Record<string, string> = { proven: 'good', gave_up: 'bad', unproven: 'warn' };

const MESSAGE_TONE: Record<string, string> = { delivered: 'good', failed: 'bad' };

/** Filled arches only where something was decided: money came, service was cut, somebody acted. */
export function timeline(rows: EventRow[], reader: Reader, whyHref = '') {
  const { t, locale, currency } = reader;
  return rows.map((row) => {
    const base = {
      iso: row.at.toISOString(),
      time: formatNear(row.at, reader),
      arch: 'open',
      tone: '',
      detail: row.detail ?? '',
    };
    const [verb = '', state = ''] = row.what.split('.');
    switch (row.kind) {
      case 'payment':
        return {
          ...base,
          detail: receipt(row.detail ?? '', reader),
          arch: 'shut',
          tone: row.what === 'settled' ? 'good' : '',
          what: `${t(`admin.paid_${row.what}`)} ${formatMoney(row.cents ?? 0n, currency, locale)}`,
        };
      case 'invoice':
        return {
          ...base,
          what: `${t(`invoices.kind_${row.what}`)} ${formatMoney(row.cents ?? 0n, currency, locale)}`,
        };
      case 'online':
        return { ...base, arch: 'online', tone: 'good', what: t('subscribers.came_online', { router: row.what }) };
      case 'offline':
        return { ...base, what: t('subscribers.went_offline') };
      case 'order':
        return {
          ...base,
          arch: 'shut',
          tone: ORDER_TONE[state] ?? '',
          what: `${t(`admin.order_${verb}`)}, ${t(`admin.order_${state}`)}`,
          detail: row.detail?.replaceAll('_', ' ') ?? '',
        };
      case 'reject':
        return {
          ...base,
          arch: 'shut',
          tone: 'bad',
          what: t('subscribers.refused'),
          href: whyHref,
          detail: row.what.replaceAll('_', ' '),
        };
      case 'message':
        return {
          ...base,
          tone: MESSAGE_TONE[state] ?? '',
          what: `${t(`messages.kind_${verb}`)}, ${t(`messages.state_${state}`)}`,
          detail: t(`messages.channel_${row.detail ?? 'sms'}`),
        };
      case 'staff':
        return {
          ...base,
          arch: 'shut',
          what: actionWords(row.what, reader),
          detail: t('subscribers.by', { name: row.detail ?? '' }),
        };
    }
  });
}

/** "mpesa UKK2H1" as the database joins it, with the method in words. */
function receipt(detail: string, { t }: Reader): string {
  const [method = '', ...reference] = detail.split(' ');
  return `${t(`payments.method_${method}`)} ${reference.join(' ')}`;
}

/** Notes as they are printed. */
export function noteLines(id: bigint, notes: NoteRow[], reader: Reader) {
  const { t } = reader;
  return notes.map((note) => ({
    body: note.body,
    by: note.by,
    pinned: note.pinned,
    iso: note.at,
    time: formatMoment(new Date(note.at), reader),
    href: `/subscribers/${id}/notes/${note.id}`,
    pin: note.pinned ? 'unpin' : 'pin',
    pinWord: t(note.pinned ? 'subscribers.note_unpin' : 'subscribers.note_pin'),
  }));
}
