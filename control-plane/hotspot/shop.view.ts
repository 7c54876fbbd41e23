import type { Package } from '../plans';
import type { PageResult } from '../platform/http/page';
import { addValidity } from '../subscriptions';
import {
  formatAmount,
  formatBytes,
  formatClock,
  formatDay,
  formatMoney,
  formatSpeed,
  formErrors,
  type Reader,
} from '../ui';
import { maskPhone } from './device';
import { drawn, withSaid, type Stand } from './frame';
import type { Way } from './offers';
import { newWord } from './passes';
import type { Known } from './recognise';
import type { TrialWay } from './trial';

export interface ShopState {
  offers: Package[];
  ways: Way[];
  known: Known | undefined;
  values: Record<string, string>;
  errors: Record<string, string>;
  /** What is wrong with the whole. */
  fault?: string | undefined;
  /** Of such an answer; 409 where nothing is said. */
  status?: number;
  /** How this device may ask for the site's trial; undefined: it may not. */
  trial: TrialWay | undefined;
  /** Where guests may sign in, by its name. */
  signIn: string | undefined;
}

/** "until 18:40", "until Friday, 09:41", "until 27 Nov, 09:41". */
export function untilWords(at: Date, reader: Reader): string {
  const { t, nowMs } = reader;
  const day = (moment: Date) => formatDay(moment, reader, { year: 'numeric', month: '2-digit', day: '2-digit' });
  const clock = formatClock(at, reader);
  if (day(at) === day(new Date(nowMs))) return t('hotspot.until_today', { clock });
  if (day(at) === day(new Date(nowMs + 86_400_000))) return t('hotspot.until_tomorrow', { clock });
  return t('hotspot.until_day', {
    day: formatDay(at, reader, { weekday: 'long', day: 'numeric', month: 'short' }),
    clock,
  });
}

function offerOf(plan: Package, chosen: string | undefined, reader: Reader, zone: string) {
  const { t, locale } = reader;
  const counted = plan.online_s !== null || plan.starts_on === 'first_use';
  const until = counted ? '' : untilWords(addValidity(new Date(reader.nowMs), plan.validity, zone), reader);
  const data = plan.quota_bytes === null ? '' : formatBytes(plan.quota_bytes, locale);
  return {
    id: plan.id,
    currency: plan.currency,
    amount: formatAmount(plan.price_cents, locale),
    price: formatMoney(plan.price_cents, plan.currency, locale),
    span: t(`plans.for_${plan.validity.unit}`, { count: plan.validity.count }),
    // A figure stays with its unit.
    what: [until, ...[data, formatSpeed(plan.down_kbps, locale)].map((text) => text.replaceAll(' ', '\u00a0'))]
      .filter(Boolean)
      .join(' · '),
    checked: plan.id === chosen,
  };
}

/** Plans, price first; a number; one green button. Whoever is known gets theirs on top, with one tap. */
export function shopPage(stand: Stand, state: ShopState): PageResult {
  const { door, reader, path, said } = stand;
  const { t, locale } = reader;
  const { offers, ways, known, values, errors, fault } = state;
  const wrong = Object.fromEntries(Object.keys(errors).map((name) => [name, t(`hotspot.${name}_wrong`)]));
  // A plan that is gone is chosen no more.
  const price = offers.find(({ id }) => id === values['plan']) ?? offers[0];
  const chosen = price?.id;
  const [first] = ways;
  const label = (way: Way, amount: string) => t(`hotspot.pay_${way}`, { price: amount });
  const now = price && formatMoney(price.price_cents, price.currency, locale);
  const renewed = known?.kind === 'renew' && first !== undefined ? known : undefined;
  return drawn(
    stand,
    'shop',
    {
      title: door.site.name,
      sub: door.site.words || t('hotspot.lead'),
      by: t('hotspot.by', { company: door.company }),
      here: path,
      status:
        fault !== undefined || Object.keys(errors).length > 0
          ? fault === undefined
            ? 422
            : (state.status ?? 409)
          : 200,
    },
    {
      errors: fault === undefined ? formErrors(wrong) : { title: fault, fields: [] },
      word: values['word'] ?? newWord(),
      here: known?.kind === 'elsewhere' && {
        word: newWord(),
        title: t('hotspot.yours', { plan: known.plan }),
        text: known.until
          ? t('hotspot.yours_text', { until: untilWords(known.until, reader) })
          : t('hotspot.yours_text_plain'),
      },
      renew: renewed && {
        word: newWord(),
        title: t('hotspot.renew', { plan: renewed.plan }),
        text: t('hotspot.renew_text', { phone: maskPhone(renewed.phone) }),
        pay: label(first ?? 'mpesa', formatMoney(renewed.price_cents, renewed.currency, locale)),
      },
      offers: offers.map((plan) => offerOf(plan, chosen, reader, door.timezone)),
      ways: ways.map((way, n) => ({
        way,
        first: n === 0,
        word: now === undefined ? label(way, '') : label(way, now),
        pay: label(way, '{}'),
      })),
      phoneLabel: t(first === undefined || first === 'stripe' ? 'hotspot.phone_any' : 'hotspot.phone'),
      phoneValue: values['phone'] ?? '',
      phoneError: wrong['phone'],
      phoneHelp: t(first === 'stripe' ? 'hotspot.phone_any_help' : 'hotspot.phone_help'),
      accept: door.site.terms_required,
      accepted: values['accepts'] === 'yes',
      termsError: wrong['terms'],
      mine: withSaid(`${path}/mine`, said),
      voucher: withSaid(`${path}/voucher`, said),
      trial: state.trial !== undefined && {
        word: newWord(),
        label: t('hotspot.try', { count: door.site.trial_minutes }),
        // A number is asked for on a page of its own.
        href: state.trial === 'phone' ? withSaid(`${path}/trial`, said) : '',
      },
      signIn: state.signIn !== undefined && { word: newWord(), label: t('hotspot.sign_in', { name: state.signIn }) },
    },
  );
}
