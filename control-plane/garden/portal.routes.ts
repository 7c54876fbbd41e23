import { publicPage, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import { chooseLocale } from '../platform/i18n';
import { readerOf } from '../ui';
import { findCompany, type GardenPage } from './queries';

/** The page, or the one that says that nobody is known by this address: its reader is a customer, who cannot do anything about it. */
function page(found: (GardenPage & { name: string }) | undefined, web: Web): PageResult {
  const locale = chooseLocale(web.cookies['lango_locale'], web.acceptLanguage);
  const { t } = readerOf({ locale, zone: 'UTC', nowMs: 0, currency: '' });
  if (!found) return view('garden/nobody', { layout: 'customer', title: t('garden.nobody_title') }, { status: 404 });
  const { name, words, phone } = found;
  return view('garden/pay', {
    layout: 'customer',
    company: name,
    title: t('garden.pay_title'),
    why: t('garden.pay_why', { company: name }),
    how: words || t('garden.pay_how', { company: name }),
    phone,
    call: `tel:${phone.replace(/[^+\d]/g, '')}`,
    help: phone ? t('garden.pay_call', { company: name }) : t('garden.pay_ask', { company: name }),
  });
}

export const pageRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/garden',
    run: async (call, _input, web) => page(await findCompany(call.db.outside, undefined), web),
  }),
  publicPage({
    method: 'GET',
    path: '/garden/:company',
    run: async (call, { params }, web) => page(await findCompany(call.db.outside, params.company), web),
  }),
];
