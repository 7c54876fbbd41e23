import { z } from 'zod';
import { listPackages } from '../plans';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { formatMoney, readerFor } from '../ui';
import { changeSettings } from './change-settings';
import { codeChannels, findSetting } from './queries';

const box = z.literal('yes').optional();
/** Plans come as one field each, `plan_12`. */
const form = z.object({ is_open: box, needs_approval: box }).catchall(z.string());

async function settingsPage(
  ctx: Context,
  web: Web,
  person: Person,
  more: { saved?: boolean } = {},
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const setting = await findSetting(ctx);
  const ways = await codeChannels(ctx);
  const { items } = await listPackages(ctx, { limit: 200, before: undefined });
  const [row] = await ctx.tx.$queryRaw<{ slug: string }[]>`SELECT slug FROM tenant WHERE id = ${ctx.tenantId}`;
  const url = `${web.publicUrl}/join/${row?.slug ?? ''}`;
  return view('join/settings', {
    title: t('join.settings_title'),
    told: more.saved ? { text: t('join.saved') } : undefined,
    url,
    see: setting.is_open && ways.length > 0 && setting.plans.length > 0,
    noWay: ways.length === 0,
    noPlan: setting.is_open && setting.plans.length === 0,
    ...setting,
    plans: items.map(({ id, name, price_cents, currency }) => ({
      name: `plan_${id}`,
      label: `${name} · ${formatMoney(price_cents, currency, locale)}`,
      checked: setting.plans.includes(id),
    })),
  });
}

export const settingsRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/join/settings',
    permission: 'tenants.settings',
    query: z.object({ saved: z.string().max(5).optional() }),
    run: (ctx, { query }, web, person) => settingsPage(ctx, web, person, { saved: query.saved !== undefined }),
  }),
  pageRoute({
    method: 'POST',
    path: '/join/settings',
    permission: 'tenants.settings',
    form,
    async run(ctx, input, web, person) {
      if (!input.form.ok) return settingsPage(ctx, web, person);
      const { is_open, needs_approval, ...rest } = input.form.value;
      const plans = Object.keys(rest).flatMap((name) => /^plan_([1-9]\d{0,17})$/.exec(name)?.[1] ?? []);
      await changeSettings(ctx, { is_open: is_open === 'yes', needs_approval: needs_approval === 'yes', plans });
      return seeOther('/join/settings?saved=yes');
    },
  }),
];
