import { seeOther, type PageRoute } from '../platform/http/page';
import { formPages } from '../ui';
import { settingForm, typed } from './forms';
import { saveSetting, settingOf } from './settings';

export const settingsRoutes: PageRoute[] = formPages({
  slice: 'postpaid',
  view: 'postpaid/settings',
  page: '/postpaid/settings',
  post: '/postpaid/settings',
  permission: 'postpaid.settings',
  form: settingForm,
  word: 'wanted',
  told: ['saved'],
  open: ({ ctx }) => settingOf(ctx),
  seen: ({ version }) => [version],
  values: (setting) => ({
    billing_day: String(setting.billing_day),
    terms_days: String(setting.terms_days),
    credit_limit: typed(setting.credit_limit_cents),
    unusual_factor: String(setting.unusual_factor),
    most: typed(setting.most_cents),
    cut_after_days: setting.cut_after_days === null ? '' : String(setting.cut_after_days),
    cut_least: setting.cut_least_cents === 0 ? '' : typed(setting.cut_least_cents),
  }),
  draw({ field }, { person, t }) {
    const unit = person.tenant.currency;
    const count = (name: string, more = {}) =>
      field(name, { mode: 'numeric', max: 3, help: t(`postpaid.${name}_help`), ...more });
    const amount = (name: string) => field(name, { mode: 'decimal', unit, help: t(`postpaid.${name}_help`) });
    return {
      title: t('postpaid.settings'),
      billing_day: count('billing_day', { required: true }),
      terms_days: count('terms_days', { required: true }),
      credit_limit: amount('credit_limit'),
      unusual_factor: count('unusual_factor', { required: true }),
      most: amount('most'),
      cut_after_days: count('cut_after_days'),
      cut_least: amount('cut_least'),
    };
  },
  async save({ credit_limit, most, cut_least, ...rest }, { ctx, about: { version } }) {
    const input = { ...rest, credit_limit_cents: credit_limit, most_cents: most, cut_least_cents: cut_least ?? 0 };
    if (await saveSetting(ctx, input, version)) return seeOther('/postpaid/settings?told=saved');
    return { kind: 'changed' };
  },
});
