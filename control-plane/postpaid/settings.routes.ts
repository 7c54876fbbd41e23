import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { fieldsOf, formErrors, readerFor } from '../ui';
import { settingForm, typed } from './forms';
import { saveSetting, settingOf } from './settings';

interface Refused {
  values: Record<string, string>;
  errors: Record<string, string>;
  title?: string;
}

async function settingsPage(ctx: Context, person: Person, told: boolean, refused?: Refused): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const setting = await settingOf(ctx);
  const known: Record<string, string> = {
    billing_day: String(setting.billing_day),
    terms_days: String(setting.terms_days),
    credit_limit: typed(setting.credit_limit_cents),
    unusual_factor: String(setting.unusual_factor),
    most: typed(setting.most_cents),
    cut_after_days: setting.cut_after_days === null ? '' : String(setting.cut_after_days),
    cut_least: setting.cut_least_cents === 0 ? '' : typed(setting.cut_least_cents),
  };
  const field = fieldsOf('postpaid', { ...known, ...refused?.values }, refused?.errors ?? {}, reader);
  const unit = person.tenant.currency;
  const count = (name: string, more = {}) =>
    field(name, { mode: 'numeric', max: 3, help: t(`postpaid.${name}_help`), ...more });
  const amount = (name: string) => field(name, { mode: 'decimal', unit, help: t(`postpaid.${name}_help`) });
  return view(
    'postpaid/settings',
    {
      title: t('postpaid.settings'),
      told: told && { text: t('postpaid.told_saved') },
      errors: refused && { title: refused.title, fields: formErrors(refused.errors)?.fields ?? [] },
      version: setting.version,
      billing_day: count('billing_day', { required: true }),
      terms_days: count('terms_days', { required: true }),
      credit_limit: amount('credit_limit'),
      unusual_factor: count('unusual_factor', { required: true }),
      most: amount('most'),
      cut_after_days: count('cut_after_days'),
      cut_least: amount('cut_least'),
    },
    refused ? { status: refused.title ? 409 : 422 } : {},
  );
}

export const settingsRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/postpaid/settings',
    permission: 'postpaid.settings',
    run: (ctx, _input, web, person) => settingsPage(ctx, person, web.query['told'] === 'saved'),
  }),
  pageRoute({
    method: 'POST',
    path: '/postpaid/settings',
    permission: 'postpaid.settings',
    form: settingForm,
    async run(ctx, { form }, _web, person) {
      const { t } = readerFor(ctx, person);
      if (!form.ok) {
        const errors = Object.fromEntries(Object.keys(form.fields).map((name) => [name, t(`postpaid.${name}_wanted`)]));
        return settingsPage(ctx, person, false, { values: form.values, errors });
      }
      const { credit_limit, most, cut_least, version, ...rest } = form.value;
      const input = { ...rest, credit_limit_cents: credit_limit, most_cents: most, cut_least_cents: cut_least ?? 0 };
      if (await saveSetting(ctx, input, version)) return seeOther('/postpaid/settings?told=saved');
      return settingsPage(ctx, person, false, { values: {}, errors: {}, title: t('postpaid.changed_meanwhile') });
    },
  }),
];
