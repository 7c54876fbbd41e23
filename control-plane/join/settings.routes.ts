import { z } from 'zod';
import { listPackages } from '../plans';
import { seeOther, type PageRoute } from '../platform/http/page';
import { formatMoney, formPages } from '../ui';
import { changeSettings } from './change-settings';
import { codeChannels, findSetting } from './queries';

const box = z
  .string()
  .optional()
  .transform((value) => value === 'yes');
/** Plans come as one field each, `plan_12`. */
const form = z.object({ is_open: box, needs_approval: box }).catchall(z.string());

/** Who may become a customer by themselves, and what they may choose. */
export const settingsRoutes: PageRoute[] = formPages({
  slice: 'join',
  view: 'join/settings',
  page: '/join/settings',
  post: '/join/settings',
  permission: 'tenants.settings',
  form,
  told: ['saved'],
  open: ({ ctx }) => findSetting(ctx),
  seen: ({ is_open, needs_approval, plans }) => [is_open, needs_approval, plans],
  values: ({ is_open, needs_approval, plans }) => ({
    ...(is_open && { is_open: 'yes' }),
    ...(needs_approval && { needs_approval: 'yes' }),
    ...Object.fromEntries(plans.map((id) => [`plan_${id}`, 'yes'])),
  }),
  async draw({ values }, { ctx, web, about: setting, reader: { t, locale } }) {
    const ways = await codeChannels(ctx);
    const { items } = await listPackages(ctx, { limit: 200, before: undefined });
    const [row] = await ctx.tx.$queryRaw<{ slug: string }[]>`SELECT slug FROM tenant WHERE id = ${ctx.tenantId}`;
    return {
      title: t('join.settings_title'),
      url: `${web.publicUrl}/join/${row?.slug ?? ''}`,
      see: setting.is_open && ways.length > 0 && setting.plans.length > 0,
      noWay: ways.length === 0,
      noPlan: setting.is_open && setting.plans.length === 0,
      is_open: values['is_open'] === 'yes',
      needs_approval: values['needs_approval'] === 'yes',
      plans: items.map(({ id, name, price_cents, currency }) => ({
        name: `plan_${id}`,
        label: `${name} · ${formatMoney(price_cents, currency, locale)}`,
        checked: values[`plan_${id}`] === 'yes',
      })),
    };
  },
  async save({ is_open, needs_approval, ...rest }, { ctx }) {
    const plans = Object.keys(rest).flatMap((name) => /^plan_([1-9]\d{0,17})$/.exec(name)?.[1] ?? []);
    await changeSettings(ctx, { is_open, needs_approval, plans });
    return seeOther('/join/settings?told=saved');
  },
});
