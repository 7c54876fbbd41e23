import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, seeOther } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import type { Permission } from '../platform/permissions';
import { listPackages } from '../plans';
import { formatMoney, formPages, readDecimal } from '../ui';
import type { Reader } from '../ui';
import { activateSubscription } from './activate-subscription';
import { answer } from './answer-page';
import { createSubscription } from './create-subscription';
import { extendSubscription } from './extend-subscription';
import { pauseSubscription } from './pause-subscription';
import { resumeSubscription } from './resume-subscription';
import { changeSubscription } from './change-subscription';
import { endPages } from './end.pages';
import { menuForm } from './menu-forms';
import { planChangePages } from './plan-change.pages';
import { renewFromWallet, renewSubscription } from './renew-subscription';
import { macLock, newSubscription, renewInput, suspendInput } from './schema';
import type { Outcome } from './standing';
import { suspendSubscription } from './suspend-subscription';
import { topUpSubscription } from './top-up-subscription';

const days = z.object({
  count: z
    .string()
    .regex(/^\s*\d{1,4}\s*$/)
    .transform(Number)
    .pipe(z.int().min(1).max(3660)),
});
const gigabytes = z.object({
  gigabytes: z
    .string()
    .transform((text) => readDecimal(text, 9))
    .pipe(z.int().min(1).max(1_000_000_000_000_000)),
});

/** Which device may log in: the next one that comes online, any, or this one. */
const deviceForm = z
  .object({ lock: z.enum(['learn', 'any', 'this']), mac: z.string().max(40).default('') })
  .transform(({ lock, mac }, check) => {
    if (lock !== 'this') return { mac_lock: lock === 'learn' ? lock : null };
    const read = macLock.safeParse(mac);
    if (!read.success) check.addIssue({ code: 'custom', path: ['mac'], message: 'must be a MAC address' });
    return { mac_lock: read.data ?? null };
  });

/** What was wrong with a new service, at the field, in the reader's language. */
function refusedFields(outcome: Extract<Outcome, { kind: 'refused' }>, { t }: Reader): Record<string, string> {
  const words = t(`subscriptions.refused_${outcome.code}`);
  return Object.fromEntries(Object.keys(outcome.fields ?? { username: '' }).map((field) => [field, words]));
}

type Command = (ctx: Context, id: bigint) => Promise<Outcome>;

/** A button that needs nothing but the subscription. */
function button(action: string, permission: Permission, command: Command): PageRoute {
  return pageRoute({
    method: 'POST',
    path: `/subscriptions/:id/${action}` as '/subscriptions/:id/action',
    permission,
    run: async (ctx, { params }, _web, person) => answer(ctx, params.id, action, await command(ctx, params.id), person),
  });
}

/** A new service of a customer who is named in the address, or comes back with the form. */
const newPages = formPages({
  slice: 'subscriptions',
  view: 'subscriptions/new',
  page: '/subscriptions/new',
  post: '/subscriptions',
  permission: 'subscriptions.write',
  form: newSubscription,
  async open({ ctx }, typed) {
    const id = idField.safeParse(typed['client_id'] ?? typed['client']);
    const client = id.success
      ? await ctx.tx.subscriber.findFirst({ where: { id: id.data, deleted_at: null } })
      : undefined;
    if (!client) throw notFound('That customer');
    return client;
  },
  async draw({ values, field }, { ctx, about: client, reader: { t, locale } }) {
    const plans = await listPackages(ctx, { limit: 200, before: undefined });
    const options = plans.items.map((plan) => ({
      value: plan.id,
      label: `${plan.name}, ${formatMoney(plan.price_cents, plan.currency, locale)}`,
      selected: plan.id === values['package_id'],
    }));
    const needed = { required: true, autocomplete: 'off' };
    return {
      title: t('subscriptions.new_title', { name: client.name }),
      client: { id: client.id.toString(), name: client.name },
      plan: field('package_id', { ...needed, options }),
      username: field('username', { ...needed, max: 128, help: t('subscriptions.username_help') }),
      password: field('password', { ...needed, max: 128, help: t('subscriptions.password_help') }),
      empty: { text: t('subscriptions.no_plans'), href: '/plans/new', step: t('plans.add'), action: true },
    };
  },
  async save(value, { ctx, about: client, reader }) {
    const outcome = await createSubscription(ctx, value);
    switch (outcome.kind) {
      case 'done':
        return seeOther(`/subscribers/${client.id}?subscription=${outcome.id}&done=create`);
      case 'not_found':
        throw notFound('That customer');
      case 'refused':
        return { kind: 'refused', errors: refusedFields(outcome, reader) };
      case 'invalid':
        return { kind: 'wrong', fields: Object.keys(outcome.fields) };
    }
  },
});

export const pageRoutes: PageRoute[] = [
  ...newPages,
  button('activate', 'subscriptions.write', activateSubscription),
  button('resume', 'subscriptions.write', resumeSubscription),
  button('pause', 'subscriptions.write', pauseSubscription),
  ...menuForm('suspend', 'subscriptions.suspend', suspendInput, (ctx, id, { reason }) =>
    suspendSubscription(ctx, id, reason),
  ),
  ...menuForm('extend', 'subscriptions.write', days, (ctx, id, { count }) =>
    extendSubscription(ctx, id, { count, unit: 'day' }),
  ),
  ...menuForm('top-up', 'subscriptions.write', gigabytes, (ctx, id, value) =>
    topUpSubscription(ctx, id, BigInt(value.gigabytes)),
  ),
  ...menuForm('device', 'subscriptions.write', deviceForm, changeSubscription),
  ...menuForm('renew', 'subscriptions.write', renewInput, (ctx, id, { pay }) =>
    (pay === 'wallet' ? renewFromWallet : renewSubscription)(ctx, id),
  ),
  pageRoute({
    method: 'POST',
    path: '/subscriptions/:id/auto-renew',
    permission: 'subscriptions.write',
    form: z.object({ on: z.enum(['yes', 'no']) }),
    async run(ctx, { params, form }, _web, person) {
      const auto_renew = form.ok && form.value.on === 'yes';
      const done = auto_renew ? 'auto-renew' : 'auto-renew-off';
      return answer(ctx, params.id, done, await changeSubscription(ctx, params.id, { auto_renew }), person);
    },
  }),
  ...planChangePages,
  ...endPages,
];
