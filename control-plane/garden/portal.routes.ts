import { publicPage, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import { chooseLocale } from '../platform/i18n';
import { readerOf } from '../ui';
import type { PrismaClient } from '../platform/db/generated/client';
import { findJoinDoor } from '../join';
import { findCompany } from './queries';

/** The page, or the one that says that nobody is known by this address: its reader is a customer, who cannot do anything about it. */
async function page(outside: PrismaClient, slug: string | undefined, web: Web): Promise<PageResult> {
  const found = await findCompany(outside, slug);
  const locale = chooseLocale(web.cookies['lango_locale'], web.acceptLanguage);
  const { t } = readerOf({ locale, zone: 'UTC', nowMs: 0, currency: '' });
  if (!found) return view('garden/nobody', { layout: 'customer', title: t('garden.nobody_title') }, { status: 404 });
  const { name, words, phone } = found;
  const door = await findJoinDoor(outside, slug);
  return view('garden/pay', {
    layout: 'customer',
    company: name,
    title: t('garden.pay_title'),
    why: t('garden.pay_why', { company: name }),
    how: words || t('garden.pay_how', { company: name }),
    phone,
    pay: found.rings ? `/payments/pay/${found.slug}` : '',
    claim: `/payments/claim/${found.slug}`,
    call: `tel:${phone.replace(/[^+\d]/g, '')}`,
    join: door?.is_open ? { href: `/join/${door.slug}`, text: t('garden.join', { company: name }) } : undefined,
    help: phone ? t('garden.pay_call', { company: name }) : t('garden.pay_ask', { company: name }),
  });
}

export const pageRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/garden',
    run: (call, _input, web) => page(call.db.outside, undefined, web),
  }),
  publicPage({
    method: 'GET',
    path: '/garden/:company',
    run: (call, { params }, web) => page(call.db.outside, params.company, web),
  }),
];
