import { z } from 'zod';
import { publicPage, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import { chooseLocale } from '../platform/i18n';
import { emailField } from '../staff';
import { fieldsOf, formErrors, readerOf } from '../ui';
import { isTimezone } from './change-settings';
import { registrationOpen } from './queries';
import { registerCompany } from './register-company';
import { CURRENCIES, ZONES } from './schema';

const form = z.object({
  company: z.string().trim().min(1).max(120),
  name: z.string().trim().min(1).max(120),
  email: emailField,
  password: z.string().min(1).max(200),
  timezone: z.string().refine(isTimezone),
  currency: z.enum(CURRENCIES),
});

function registerPage(
  web: Web,
  values: Record<string, string>,
  errors: Record<string, string>,
  title?: string,
): PageResult {
  const locale = chooseLocale(web.cookies['lango_locale'], web.acceptLanguage);
  const reader = readerOf({ locale, zone: 'UTC', nowMs: 0, currency: '' });
  const { t } = reader;
  const field = fieldsOf('tenants', values, errors, reader);
  const options = (list: readonly string[], chosen: string | undefined) =>
    list.map((value) => ({ value, label: value, selected: value === chosen }));
  const model = {
    layout: 'door',
    title: t('tenants.register_title'),
    errors: title ? { title, fields: [] } : formErrors(errors),
    company: field('company', { required: true, max: 120, autocomplete: 'organization' }),
    name: field('name', { required: true, max: 120, autocomplete: 'name' }),
    email: field('email', { required: true, type: 'email', max: 254, autocomplete: 'username' }),
    password: field('password', {
      required: true,
      type: 'password',
      value: '',
      autocomplete: 'new-password',
      help: t('staff.password_rules'),
    }),
    timezone: field('timezone', { options: options(ZONES, values['timezone'] ?? 'Africa/Nairobi') }),
    currency: field('currency', { options: options(CURRENCIES, values['currency'] ?? 'KES') }),
  };
  return view('tenants/register', model, title || Object.keys(errors).length > 0 ? { status: 422 } : {});
}

const plain = (web: Web, word: 'closed' | 'received', status: number): PageResult => {
  const locale = chooseLocale(web.cookies['lango_locale'], web.acceptLanguage);
  const { t } = readerOf({ locale, zone: 'UTC', nowMs: 0, currency: '' });
  return view(
    'tenants/said',
    { layout: 'door', title: t(`tenants.register_${word}_title`), text: t(`tenants.register_${word}`) },
    { status },
  );
};

export const registerRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/tenants/register',
    async run(call, _input, web) {
      return (await registrationOpen(call.db.outside)) ? registerPage(web, {}, {}) : plain(web, 'closed', 404);
    },
  }),
  publicPage({
    method: 'POST',
    path: '/tenants/register',
    form,
    async run(call, input, web) {
      const locale = chooseLocale(web.cookies['lango_locale'], web.acceptLanguage);
      const { t } = readerOf({ locale, zone: 'UTC', nowMs: 0, currency: '' });
      const { form: given } = input;
      if (!given.ok) {
        const errors = Object.keys(given.fields).map((name) => [name, t(`tenants.${name}_wanted`)] as const);
        return registerPage(web, given.values, Object.fromEntries(errors));
      }
      const outcome = await registerCompany(call.db.outside, given.value, call.ip);
      switch (outcome.kind) {
        case 'received':
          return plain(web, 'received', 200);
        case 'closed':
          return plain(web, 'closed', 404);
        case 'weak_password':
          return registerPage(web, given.value, { password: t(`staff.weak_${outcome.fault}`, { count: 8 }) });
        case 'full':
        case 'often':
          return registerPage(web, given.value, {}, t(`tenants.register_${outcome.kind}`));
      }
    },
  }),
];
