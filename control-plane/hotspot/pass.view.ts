import type { PageResult } from '../platform/http/page';
import { formatBytes, formatMoney, formatSpan, type Reader } from '../ui';
import { maskPhone } from './device';
import { callTo, drawn, withSaid, type Stand } from './frame';
import { passCookie, type Pass } from './passes';
import { moving, RINGS_S, type Phase, type Standing } from './standing';
import { untilWords } from './shop.view';

/** What providers answer, as what a guest can do about it. Any other code is told in the provider's own words. */
const FAILURES: Record<string, string> = {
  '1': 'no_money',
  '2001': 'wrong_pin',
  '1032': 'cancelled',
  '1037': 'timeout',
  '1031': 'timeout',
  '1019': 'timeout',
  expired: 'timeout',
  '1001': 'busy',
  '17': 'busy',
  '26': 'provider_down',
  '1025': 'provider_down',
  '9999': 'provider_down',
  provider_away: 'provider_down',
  credentials: 'not_set_up',
  not_set_up: 'not_set_up',
  payment_failed: 'card_refused',
};

interface Drawn {
  pass: Pass;
  word: string;
  s: Standing;
  phase: Phase;
}

interface Button {
  href: string;
  word: string;
  look: string;
  /** What the page showed when it was drawn: the same tap twice is one wish. */
  seen?: string | undefined;
}

/** The page of a pass: how it stands, and the one thing to do about it. */
export function passPage(stand: Stand, drawnOf: Drawn, fault?: string): PageResult {
  const { reader, path, said } = stand;
  const { t } = reader;
  const { word, s, phase, pass } = drawnOf;
  const here = `${path}/pass/${word}`;
  const waiting = phase === 'sending' || phase === 'waiting' || phase === 'asking' || phase === 'page';
  const title = titleOf(phase, s, reader);
  const go = phase === 'slow' ? loginOf(pass) : undefined;
  return drawn(
    stand,
    'pass',
    {
      title,
      here,
      sub: s.plan,
      door: phase === 'online' ? 'open' : waiting || phase === 'near' || phase === 'slow' ? 'ajar' : 'shut',
      status: fault === undefined ? 200 : 429,
    },
    {
      phase: moving.includes(phase) ? phase : '',
      // Without script the page asks for itself; when online, no oftener than figures come in.
      again: moving.includes(phase) ? (phase === 'online' ? '60' : '4') : '',
      errors: fault === undefined ? undefined : { title: fault, fields: [] },
      lead: leadOf(phase, s, reader),
      steps: waiting || phase === 'near' ? stepsOf(phase, s, reader) : undefined,
      facts: factsOf(phase, s, stand),
      byHand: waiting && phase !== 'page' ? byHandOf(s, reader) : '',
      act: go === undefined ? buttonOf(phase, s, here, reader) : undefined,
      // Of a page that is opened later a person decides: they may be elsewhere by then.
      go: isFresh(pass, stand.ctx.now) ? go : undefined,
      link:
        phase === 'page' && s.pay_url !== null
          ? { href: s.pay_url, word: t('hotspot.to_card'), look: 'is-pay', out: true }
          : phase === 'held'
            ? callOf(stand)
            : go && { href: go, word: t('hotspot.connect'), look: 'is-main', out: true },
      others: othersOf(phase, stand),
      shop: withSaid(path, said, { again: 'yes' }),
    },
    { cookies: [passCookie(word)] },
  );
}

/** So long after the payment a page goes to the router by itself. */
const FRESH_MS = 60_000;
const isFresh = (pass: Pass, now: Date): boolean =>
  pass.admitted_at !== null && now.getTime() - pass.admitted_at.getTime() < FRESH_MS;

/** The router's own login page, told to log the device in by its address: where Lango cannot do it from its side. Only the device itself gets in by that. */
const loginOf = (pass: Pass): string | undefined =>
  pass.login_url === null || pass.mac === null ? undefined : `${pass.login_url}?var=${encodeURIComponent(pass.mac)}`;

function titleOf(phase: Phase, s: Standing, { t }: Reader): string {
  if (phase === 'failed') return t(`hotspot.fail_${failureOf(s)}_title`);
  if (phase === 'slow' && isRouterDown(s)) return t('hotspot.router_down_title');
  if (phase === 'ended' && s.state === 'capped') return t('hotspot.capped_title');
  if (phase === 'ended' && s.state === 'pending') return t('hotspot.unpaid_title');
  return t(`hotspot.${phase}_title`);
}

const failureOf = (s: Standing): string => FAILURES[s.pay_code ?? ''] ?? 'other';
const isRouterDown = (s: Standing): boolean => s.router_fault === 'unreachable' || s.router_fault === 'silent';

function leadOf(phase: Phase, s: Standing, reader: Reader): string {
  const { t, locale } = reader;
  switch (phase) {
    case 'failed': {
      const failure = failureOf(s);
      return t(`hotspot.fail_${failure}`, failure === 'other' ? { text: s.pay_text ?? s.pay_code ?? '' } : {});
    }
    case 'short':
      return t('hotspot.short_text', {
        has: formatMoney(s.wallet_cents, s.currency, locale),
        price: formatMoney(s.price_cents, s.currency, locale),
      });
    case 'slow':
      return t(isRouterDown(s) ? 'hotspot.router_down_text' : 'hotspot.slow_text');
    case 'page':
      return t('hotspot.page_text');
    case 'asking':
      return t('hotspot.asking_text');
    case 'held':
      return t('hotspot.held_text');
    case 'elsewhere':
      return t('hotspot.elsewhere_text', { count: s.simultaneous_use });
    case 'ended':
      return s.state === 'pending' ? t('hotspot.unpaid_text') : '';
    case 'online':
      return t('hotspot.online_text');
    case 'near':
    case 'sending':
    case 'waiting':
      return '';
  }
}

function stepsOf(phase: Phase, s: Standing, { t, locale }: Reader) {
  const paid = phase === 'near';
  const sent = phase !== 'sending';
  const price = formatMoney(s.pay_cents ?? s.price_cents, s.currency, locale);
  const left = Math.min(RINGS_S, Math.max(0, Math.ceil(RINGS_S - (s.rings_s ?? 0))));
  const phone = s.pay_phone === null ? '' : maskPhone(s.pay_phone);
  if (phase === 'page')
    return [
      { mark: 'is-now', now: true, what: t('hotspot.step_card', { price }), detail: '' },
      { mark: '', what: t('hotspot.step_online'), detail: t('hotspot.step_online_text') },
    ];
  const pin = phase === 'waiting' ? t('hotspot.step_pin_text', { count: left }) : '';
  return [
    {
      mark: sent ? 'is-done' : 'is-now',
      now: !sent,
      what: t(sent ? 'hotspot.step_sent' : 'hotspot.step_sending'),
      detail: phone === '' ? '' : t('hotspot.step_sent_text', { phone }),
    },
    {
      mark: paid ? 'is-done' : sent ? 'is-now' : '',
      now: sent && !paid,
      what: paid
        ? t('hotspot.step_paid', { price })
        : t(phase === 'asking' ? 'hotspot.step_asking' : 'hotspot.step_pin'),
      detail: pin,
    },
    { mark: paid ? 'is-now' : '', now: paid, what: t('hotspot.step_online'), detail: t('hotspot.step_online_text') },
  ];
}

function factsOf(phase: Phase, s: Standing, { door, reader }: Stand) {
  const { t, locale, nowMs } = reader;
  if (phase === 'sending' || phase === 'waiting' || phase === 'asking' || phase === 'page')
    return [
      { label: t('hotspot.amount'), value: formatMoney(s.pay_cents ?? s.price_cents, s.currency, locale) },
      { label: t('hotspot.to'), value: door.company },
      ...(s.pay_ref === null ? [] : [{ label: t('hotspot.account'), value: s.pay_ref }]),
    ];
  if (phase === 'online' || phase === 'near' || phase === 'slow' || phase === 'elsewhere')
    return [
      ...(s.valid_until === null
        ? []
        : [
            { label: t('hotspot.time_left'), value: formatSpan(Math.max(0, s.valid_until.getTime() - nowMs)) },
            { label: t('hotspot.ends'), value: untilWords(s.valid_until, reader) },
          ]),
      {
        label: t('hotspot.data_left'),
        value:
          s.allowance_bytes === null
            ? t('hotspot.no_limit')
            : formatBytes(s.allowance_bytes > s.used_bytes ? s.allowance_bytes - s.used_bytes : 0n, locale),
      },
      { label: t('hotspot.data_used'), value: formatBytes(s.used_bytes, locale) },
    ];
  return undefined;
}

/** How to pay without a prompt, with the very reference that the order is found by. */
function byHandOf(s: Standing, { t, locale }: Reader): string {
  if (s.pay_method !== 'mpesa' || s.shortcode === null || s.pay_ref === null) return '';
  const amount = formatMoney(s.pay_cents ?? s.price_cents, s.currency, locale);
  return t(s.account_type === 'till' ? 'hotspot.by_till' : 'hotspot.by_paybill', {
    number: s.shortcode,
    account: s.pay_ref,
    amount,
  });
}

function buttonOf(phase: Phase, s: Standing, here: string, { t, locale }: Reader): Button | undefined {
  const again = { href: `${here}/again`, look: 'is-pay', seen: s.pay_ref ?? undefined };
  const price = formatMoney(s.price_cents, s.currency, locale);
  switch (phase) {
    case 'failed':
      return { ...again, word: t('hotspot.again') };
    case 'asking':
      return { ...again, look: '', word: t('hotspot.send_again') };
    case 'short': {
      const rest = s.price_cents > s.wallet_cents ? s.price_cents - s.wallet_cents : 0n;
      return { ...again, word: t('hotspot.pay_rest', { rest: formatMoney(rest, s.currency, locale) }) };
    }
    case 'ended':
      return s.phone === null ? undefined : { ...again, word: t('hotspot.renew_for', { price }) };
    case 'elsewhere':
      return { href: `${here}/here`, word: t('hotspot.use_here'), look: 'is-main' };
    case 'slow':
      return { href: `${here}/here`, word: t('hotspot.connect'), look: 'is-main' };
    case 'held':
    case 'near':
    case 'online':
    case 'page':
    case 'sending':
    case 'waiting':
      return undefined;
  }
}

/** What only people can put right has a number to call; undefined where none is known. */
function callOf({ door, reader: { t } }: Stand) {
  if (door.phone === '') return undefined;
  return { href: callTo(door.phone), word: t('hotspot.call_us', { phone: door.phone }), look: 'is-main', out: false };
}

function othersOf(phase: Phase, { reader: { t }, path, said }: Stand) {
  if (phase === 'online' || phase === 'near' || phase === 'held') return undefined;
  const list = [{ href: withSaid(`${path}/mine`, said), word: t('hotspot.already_paid') }];
  if (phase !== 'slow' && phase !== 'elsewhere')
    list.push({ href: withSaid(path, said, { again: 'yes' }), word: t('hotspot.other_number') });
  return { list, two: list.length === 2 };
}
