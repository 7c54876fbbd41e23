import { randomBytes } from 'node:crypto';
import type { Channel } from '../messages';
import type { Package } from '../plans';
import { view, type PageResult, type Web } from '../platform/http/page';
import { chooseLocale, type Locale } from '../platform/i18n';
import { fieldsOf, formatBytes, formatMoney, formatSpeed, formErrors, readerOf, type Reader } from '../ui';
import type { JoinCompany } from './company';
import type { JoinRequest } from './schema';
import { CODE_MINUTES } from './send-code';

export const localeOf = (web: Web): Locale => chooseLocale(web.cookies['lango_locale'], web.acceptLanguage);

const readerFor = (web: Web, company?: JoinCompany): Reader =>
  readerOf({
    locale: localeOf(web),
    zone: company?.timezone ?? 'UTC',
    nowMs: web.askedAt_ms,
    currency: company?.currency ?? '',
  });

/** What every page of a company says: whose it is, and how to reach them. */
function frame(company: JoinCompany, { t }: Reader) {
  return {
    layout: 'customer',
    company: company.name,
    slug: company.slug,
    phone: company.phone,
    call: `tel:${company.phone.replace(/[^+\d]/g, '')}`,
    help: company.phone ? '' : t('join.ask_them', { company: company.name }),
  };
}

/** A page that only says something. */
export function saidPage(
  web: Web,
  company: JoinCompany | undefined,
  word: 'nobody' | 'closed' | 'known' | 'waiting' | 'refused' | 'gone',
  status = 200,
): PageResult {
  const reader = readerFor(web, company);
  const { t } = reader;
  const names = { company: company?.name ?? '' };
  const model = company ? frame(company, reader) : { layout: 'customer' };
  const again = word === 'gone' && company ? `/join/${company.slug}` : '';
  return view(
    'join/said',
    { ...model, title: t(`join.${word}_title`, names), text: t(`join.${word}_text`, names), again },
    { status },
  );
}

export interface FormState {
  values: Record<string, string>;
  errors: Record<string, string>;
  /** What is wrong with the whole. */
  fault?: 'often' | undefined;
}

const offer = (plan: Package, chosen: string | undefined, { t, locale }: Reader) => ({
  value: plan.id,
  name: plan.name,
  price: formatMoney(plan.price_cents, plan.currency, locale),
  span: t(`plans.for_${plan.validity.unit}`, { count: plan.validity.count }),
  what: [
    formatSpeed(plan.down_kbps, locale),
    plan.quota_bytes === null ? t('ui.no_limit') : formatBytes(plan.quota_bytes, locale),
  ].join(' · '),
  checked: plan.id === chosen,
});

/** The form. Each time it is drawn for the first time it gets a ticket; sent twice, it is the same request. */
export function formPage(
  web: Web,
  company: JoinCompany,
  plans: Package[],
  ways: Channel[],
  { values, errors, fault }: FormState,
): PageResult {
  const reader = readerFor(web, company);
  const { t } = reader;
  const said = Object.fromEntries(Object.keys(errors).map((name) => [name, t(`join.${name}_wrong`)]));
  const field = fieldsOf('join', values, said, reader);
  const chosen = values['plan'] ?? (plans.length === 1 ? plans[0]?.id : undefined);
  const model = {
    ...frame(company, reader),
    title: t('join.title', { company: company.name }),
    errors: fault ? { title: t(`join.${fault}`), fields: [] } : formErrors(said),
    ticket: values['ticket'] ?? randomBytes(32).toString('base64url'),
    plans: plans.map((plan) => offer(plan, chosen, reader)),
    planError: said['plan'],
    name: field('name', { required: true, max: 120, autocomplete: 'name' }),
    phoneField: field('phone', {
      required: true,
      type: 'tel',
      mode: 'tel',
      max: 40,
      autocomplete: 'tel',
      help: ways[0] === 'sms' ? t('join.phone_help') : '',
    }),
    email: ways.includes('email')
      ? field('email', {
          type: 'email',
          max: 254,
          autocomplete: 'email',
          required: ways[0] === 'email',
          help: ways[0] === 'email' ? t('join.email_help') : t('join.email_may'),
        })
      : undefined,
    ways:
      ways.length > 1
        ? ways.map((way) => ({
            value: way,
            label: t(`join.by_${way}`),
            checked: way === (values['channel'] ?? ways[0]),
          }))
        : undefined,
    way: ways[0],
  };
  return view('join/form', model, fault ? { status: 429 } : Object.keys(errors).length > 0 ? { status: 422 } : {});
}

export type CodeFault = { word: 'wrong'; left: number } | { word: 'over' } | { word: 'often' };

/** Where the code is typed. It tells where it was sent as the person typed it, and nothing that they did not tell us. */
export function codePage(
  web: Web,
  company: JoinCompany,
  request: Pick<JoinRequest, 'recipient' | 'channel'>,
  more: { fault?: CodeFault | undefined; again?: boolean } = {},
): PageResult {
  const reader = readerFor(web, company);
  const { t } = reader;
  const { fault } = more;
  const words = fault && t(`join.code_${fault.word}`, fault.word === 'wrong' ? { count: fault.left } : {});
  const field = fieldsOf('join', {}, fault?.word === 'often' || !words ? {} : { code: words }, reader);
  const model = {
    ...frame(company, reader),
    title: t('join.code_title'),
    text: t(`join.code_sent_${request.channel}`, { to: request.recipient, count: CODE_MINUTES }),
    told: more.again ? { text: t('join.code_again_done') } : undefined,
    errors: words && (fault?.word === 'often' ? { title: words, fields: [] } : formErrors({ code: words })),
    code: field('code', { required: true, mode: 'numeric', autocomplete: 'one-time-code', max: 12 }),
  };
  return view('join/code', model, fault ? { status: fault.word === 'often' ? 429 : 422 } : {});
}

/** They are in. The password is shown here once, and was sent to them. */
export function joinedPage(
  web: Web,
  company: JoinCompany,
  login: { username: string; password: string } | undefined,
  plan: Package | undefined,
): PageResult {
  const reader = readerFor(web, company);
  const { t, locale } = reader;
  return view('join/joined', {
    ...frame(company, reader),
    title: t('join.joined_title'),
    login,
    text: login ? t('join.joined_text') : t('join.joined_before'),
    price: plan
      ? t('join.pay_price', { plan: plan.name, price: formatMoney(plan.price_cents, plan.currency, locale) })
      : '',
    how: company.words || t('join.pay_how', { company: company.name }),
  });
}
