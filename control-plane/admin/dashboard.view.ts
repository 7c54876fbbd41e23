import { explainHref } from '../access';
import type { SuspectRouter } from '../access';
import { actionWords } from '../audit';
import { curve, formatAmount, formatClock, formatCount, formatNear, formatRate, formatSpan, routerArch } from '../ui';
import type { Reader } from '../ui';
import type { Checks, FeedRow, MoneyToday } from './dashboard.queries';
import type { OnlineNow, RouterNow } from './online.queries';

/** Online now, its split, what flows and the curve of the last hours. */
export function onlinePanel(now: OnlineNow, line: { at: Date; online: number | null }[], reader: Reader) {
  const { locale, t } = reader;
  const known = line.findIndex((point) => point.online !== null);
  const shown = known === -1 ? [] : line.slice(known);
  const span = Math.max(1, shown.length - 1);
  const every = Math.max(1, Math.ceil(shown.length / 6));
  const ticks = shown
    .map((point, index) => ({ at: index / span, label: formatClock(point.at, reader), index }))
    .filter((tick) => tick.index % every === 0 && tick.at < 0.9);
  return {
    count: formatCount(now.online, locale),
    ppp: formatCount(now.ppp, locale),
    hotspot: formatCount(now.hotspot, locale),
    down: formatRate(now.down_bps, locale),
    up: formatRate(now.up_bps, locale),
    chart: curve({
      values: shown.map((point) => point.online),
      ticks: [...ticks, { at: 1, label: t('admin.now') }],
      formatValue: (value) => formatCount(value, locale),
    }),
    chartWords: chartWords(shown, reader),
  };
}

/** The drawing in words, for whoever does not see it. */
function chartWords(line: { at: Date; online: number | null }[], reader: Reader): string {
  const measured = line.flatMap((point) => (point.online === null ? [] : [{ at: point.at, online: point.online }]));
  const most = measured.reduce((a, b) => (b.online > a.online ? b : a), measured[0] ?? { at: new Date(0), online: 0 });
  if (measured.length < 2) return '';
  return reader.t('admin.curve_words', {
    most: formatCount(most.online, reader.locale),
    time: formatClock(most.at, reader),
  });
}

/** Today's money beside the same weekday last week. Without a last week nothing is compared. */
export function moneyPanel(money: MoneyToday, reader: Reader) {
  const { locale, currency, t, nowMs, zone } = reader;
  const amount = (cents: bigint) => formatAmount(cents, locale);
  const minutes = minutesOfDay(nowMs, zone);
  const done = money.curve.filter((point) => point.slot * 30 <= minutes).map((point) => Number(point.today) / 100);
  const values = [...done, Number(money.cents) / 100];
  return {
    currency,
    total: amount(money.cents),
    compared: money.lastWeekCents === null ? '' : comparison(money.cents, money.lastWeekCents, reader),
    against: money.lastWeekCents === null ? '' : t('admin.money_against', { amount: amount(money.lastWeekCents) }),
    chart: curve({
      values,
      until: minutes / 1440,
      ...(money.lastWeekDayCents === null ? {} : { ghost: money.curve.map((point) => Number(point.lastWeek) / 100) }),
      ticks: ['00:00', '06:00', '12:00', '18:00', '24:00'].map((label, index) => ({ at: index / 4, label })),
      formatValue: (value) => formatCount(value, locale),
    }),
    methods: money.byMethod.map((row) => ({
      name: t(`payments.method_${row.method}`),
      total: amount(row.cents),
      count: formatCount(row.payments, locale),
    })),
    empty: money.byMethod.length === 0,
  };
}

function comparison(now: bigint, then: bigint, { t }: Reader): string {
  if (then === 0n) return '';
  const percent = Math.round((Number(now - then) / Number(then)) * 100);
  if (percent === 0) return t('admin.money_same');
  return t(percent > 0 ? 'admin.money_more' : 'admin.money_less', { percent: Math.abs(percent) });
}

function minutesOfDay(nowMs: number, zone: string): number {
  const parts = formatClock(new Date(nowMs), { locale: 'en', zone, nowMs }).split(':');
  return Number(parts[0]) * 60 + Number(parts[1]);
}

export interface Need {
  icon: string;
  tone: 'bad' | 'warn';
  what: string;
  detail: string;
  href: string;
  step: string;
}

const PARTS = ['web', 'jobs', 'accounting', 'enforcer', 'freeradius'];

/** What needs a person, worst first, one remedy per row. */
export function needs(
  routers: RouterNow[],
  found: Checks,
  strangers: { address: string; packets: bigint; last_at: Date }[],
  stopped: { part: string; last_at: Date }[],
  suspects: SuspectRouter[],
  reader: Reader,
): Need[] {
  const { t, locale, nowMs } = reader;
  const ago = (at: Date | null) => (at ? formatSpan(nowMs - at.getTime()) : '');
  const list: Need[] = [];
  const add = (tone: Need['tone'], icon: string, key: string, params: Record<string, string | number>, href: string) =>
    list.push({
      icon,
      tone,
      what: t(`admin.${key}`, params),
      detail: t(`admin.${key}_detail`, params),
      href,
      step: t(`admin.${key}_step`),
    });
  for (const { part, last_at } of stopped) {
    const name = PARTS.includes(part) ? t(`admin.part_${part}`) : part;
    add('bad', 'warning', 'need_part', { name, span: ago(last_at) }, '/dashboard');
  }
  for (const router of routers.filter((one) => one.silent)) {
    const params = { name: router.name, count: router.online, span: ago(router.heard_at) };
    add('bad', 'unplugged', 'need_silent', params, `/sessions?router=${router.id}`);
  }
  for (const router of suspects) {
    const params = { name: router.router, count: Number(router.logins ?? 0), span: ago(router.first_at) };
    add('bad', 'lock', router.certain ? 'need_secret' : 'need_passwords', params, `/routers/${router.nas_id}`);
  }
  if (found.spooled > 0n) {
    add(
      'bad',
      'warning',
      'need_spool',
      { count: Number(found.spooled), records: formatCount(found.spooled, locale), span: ago(found.spool_since) },
      '/dashboard',
    );
  }
  if (found.gave_up > 0n)
    add('bad', 'ban', 'need_gave_up', { count: Number(found.gave_up) }, '/enforcements?show=gave_up');
  if (found.free_riders > 0n) add('bad', 'unknown', 'need_free', { count: Number(found.free_riders) }, '/enforcements');
  for (const router of routers.filter((one) => one.coa_silent_since && !one.silent)) {
    add('warn', 'warning', 'need_coa', { name: router.name, span: ago(router.coa_silent_since) }, '/routers');
  }
  for (const stranger of strangers) {
    add(
      'warn',
      'unknown',
      'need_stranger',
      { address: stranger.address, count: Number(stranger.packets), span: ago(stranger.last_at) },
      '/routers/new',
    );
  }
  for (const router of routers.filter((one) => one.waiting).slice(0, 3))
    add('warn', 'router', 'need_waiting', { name: router.name }, '/routers');
  return list;
}

/** Pools that will soon have no address for who comes next. */
export function poolNeeds(pools: { id: bigint; name: string; percent: number }[], { t }: Reader): Need[] {
  return pools.map(({ id, name, percent }) => ({
    icon: 'pool',
    tone: percent >= 100 ? 'bad' : 'warn',
    what: t('pools.need', { name }),
    detail: t('pools.need_detail', { percent }),
    href: `/pools/${id}`,
    step: t('pools.need_step'),
  }));
}

/** Programs that are no longer told what happens, because they took nothing for days. */
export function webhookNeeds(
  endpoints: { id: bigint; url: string; since: Date | null }[],
  { t, nowMs }: Reader,
): Need[] {
  return endpoints.map(({ id, url, since }) => ({
    icon: 'unplugged',
    tone: 'bad',
    what: t('webhooks.need', { host: new URL(url).host }),
    detail: since ? t('webhooks.need_detail', { span: formatSpan(nowMs - since.getTime()) }) : t('webhooks.need_gone'),
    href: `/webhooks/${id}`,
    step: t('webhooks.need_step'),
  }));
}

export interface Zero {
  icon: string;
  state: 'good' | 'bad' | 'unknown';
  count: string;
  what: string;
  checked: string;
  /** Where what is counted is listed. */
  href: string;
}

/** A checked zero says what was checked, `open` sessions among it; one that could not be checked is drawn as unknown. */
export function zeros(found: Checks, open: number, reader: Reader): Zero[] {
  const { t, locale } = reader;
  const zero = (
    key: string,
    count: bigint,
    known: boolean,
    params: Record<string, string | number>,
    href = '',
  ): Zero => ({
    href,
    icon: !known ? 'unknown' : count === 0n ? 'check' : 'warning',
    state: !known ? 'unknown' : count === 0n ? 'good' : 'bad',
    count: known ? formatCount(count, locale) : '?',
    what: t(`admin.zero_${key}`),
    checked: t(known ? `admin.zero_${key}_checked` : 'admin.zero_unchecked', params),
  });
  const sessions = { count: open, sessions: formatCount(open, locale) };
  return [
    zero('free', found.free_riders, true, sessions, '/enforcements'),
    zero('cuts', found.unproven + found.gave_up, true, { count: Number(found.cuts) }, '/enforcements?show=gave_up'),
    zero('late', found.open_late, true, {}, '/enforcements?show=open'),
    zero('spool', found.spooled, found.listeners > 0n, { count: Number(found.listeners) }),
  ];
}

/** More arches than this nobody reads; the summary counts all routers. */
const ARCHES_MOST = 60;

/** The arcade: each router an arch; the fullest is the one with most people online. */
export function arcade(routers: RouterNow[], reader: Reader) {
  const { t, locale, nowMs } = reader;
  const most = Math.max(1, ...routers.map((router) => router.online));
  const up = routers.filter((router) => !router.silent && !router.waiting).length;
  return {
    summary: t('admin.routers_summary', { up, total: routers.length, count: routers.length }),
    routers: routers.slice(0, ARCHES_MOST).map((router) => ({
      name: router.name,
      href: `/sessions?router=${router.id}`,
      tone: router.silent ? 'bad' : router.waiting ? 'unknown' : '',
      side: router.silent
        ? t('admin.router_silent', { span: router.heard_at ? formatSpan(nowMs - router.heard_at.getTime()) : '' })
        : router.waiting
          ? t('admin.router_waiting')
          : t('admin.router_online', { count: router.online }),
      svg: routerArch(
        router.waiting ? null : router.online / most,
        router.waiting ? '' : formatCount(router.online, locale),
        router.silent,
        `r${router.id}`,
      ),
    })),
  };
}

const TONES: Record<string, string> = {
  settled: 'good',
  proven: 'good',
  failed: 'bad',
  gave_up: 'bad',
  unknown: 'warn',
  unproven: 'warn',
  reject: 'bad',
};

/** One line per happening: when, what kind, who, and the amount when it was money. */
export function feed(rows: FeedRow[], reader: Reader, mayExplain = false) {
  const { t, locale } = reader;
  return rows.map((row) => {
    const [verb = '', state = ''] = row.what.split('.');
    const who = row.who || t('admin.somebody');
    const base = { time: formatNear(row.at, reader), iso: row.at.toISOString(), who };
    switch (row.kind) {
      case 'payment':
        return {
          ...base,
          kind: t('admin.feed_payment'),
          tone: TONES[row.what] ?? '',
          what: t(`admin.paid_${row.what}`),
          amount: row.cents === null ? '' : formatAmount(row.cents, locale),
        };
      case 'order':
        return {
          ...base,
          kind: t('admin.feed_order'),
          tone: TONES[state] ?? '',
          what: `${t(`admin.order_${verb}`)}, ${t(`admin.order_${state}`)}`,
          amount: '',
        };
      case 'reject':
        return {
          ...base,
          href: mayExplain && row.who ? explainHref({ username: row.who }) : '',
          kind: t('admin.feed_reject'),
          tone: 'bad',
          what: row.what.replaceAll('_', ' '),
          amount: '',
        };
      case 'staff':
        return { ...base, kind: t('admin.feed_staff'), tone: '', what: actionWords(row.what, reader), amount: '' };
    }
  });
}
