import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import type { Permission } from '../platform/permissions';
import { listPackages } from '../plans';
import { formatMoney, formErrors, readDecimal, readerFor } from '../ui';
import type { Reader } from '../ui';
import { activateSubscription } from './activate-subscription';
import { answer } from './answer-page';
import { askAgain } from './ask-again';
import { createSubscription } from './create-subscription';
import { extendSubscription } from './extend-subscription';
import { pauseSubscription } from './pause-subscription';
import { resumeSubscription } from './resume-subscription';
import { changeSubscription } from './change-subscription';
import { endPages } from './end.pages';
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

const neededWords = (fields: Record<string, string>, { t }: Reader): Record<string, string> =>
  Object.fromEntries(Object.keys(fields).map((name) => [name, t(`subscriptions.${name}_needed`)]));

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

async function newModel(
  ctx: Context,
  clientId: bigint,
  values: Record<string, string>,
  errors: Record<string, string>,
  { t, locale }: Reader,
) {
  const client = await ctx.tx.subscriber.findFirst({ where: { id: clientId, deleted_at: null } });
  if (!client) throw notFound('That customer');
  const plans = await listPackages(ctx, { limit: 200, before: undefined });
  const options = plans.items.map((plan) => ({
    value: plan.id,
    label: `${plan.name}, ${formatMoney(plan.price_cents, plan.currency, locale)}`,
    selected: plan.id === values['package_id'],
  }));
  const field = (name: string, more: object) => ({
    name,
    label: t(`subscriptions.${name}`),
    value: values[name] ?? '',
    error: errors[name],
    required: true,
    autocomplete: 'off',
    ...more,
  });
  return {
    title: t('subscriptions.new_title', { name: client.name }),
    errors: formErrors(errors),
    client: { id: client.id.toString(), name: client.name },
    plan: field('package_id', { options }),
    username: field('username', { max: 128, help: t('subscriptions.username_help') }),
    password: field('password', { max: 128, help: t('subscriptions.password_help') }),
    empty: { text: t('subscriptions.no_plans'), href: '/plans/new', step: t('plans.add'), action: true },
  };
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/subscriptions/new',
    permission: 'subscriptions.write',
    query: z.object({ client: idField }),
    run: async (ctx, { query }, _web, person) =>
      view('subscriptions/new', await newModel(ctx, query.client, {}, {}, readerFor(ctx, person))),
  }),
  pageRoute({
    method: 'POST',
    path: '/subscriptions',
    permission: 'subscriptions.write',
    form: newSubscription,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      if (!form.ok) {
        const client = idField.safeParse(form.values['client_id']);
        if (!client.success) throw notFound('That customer');
        const words = neededWords(form.fields, reader);
        return view('subscriptions/new', await newModel(ctx, client.data, form.values, words, reader), { status: 422 });
      }
      const outcome = await createSubscription(ctx, form.value);
      if (outcome.kind === 'done')
        return seeOther(`/subscribers/${form.value.client_id}?subscription=${outcome.id}&done=create`);
      const fields =
        outcome.kind === 'not_found'
          ? {}
          : outcome.kind === 'refused'
            ? refusedFields(outcome, reader)
            : neededWords(outcome.fields, reader);
      const values = { package_id: form.value.package_id.toString(), username: form.value.username };
      return view('subscriptions/new', await newModel(ctx, form.value.client_id, values, fields, reader), {
        status: 422,
      });
    },
  }),
  button('activate', 'subscriptions.write', activateSubscription),
  button('resume', 'subscriptions.write', resumeSubscription),
  button('pause', 'subscriptions.write', pauseSubscription),
  pageRoute({
    method: 'POST',
    path: '/subscriptions/:id/suspend',
    permission: 'subscriptions.suspend',
    form: suspendInput,
    async run(ctx, { params, form }, _web, person) {
      if (!form.ok) return askAgain(ctx, params.id, 'suspend', form.values, person);
      return answer(ctx, params.id, 'suspend', await suspendSubscription(ctx, params.id, form.value.reason), person);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/subscriptions/:id/extend',
    permission: 'subscriptions.write',
    form: days,
    async run(ctx, { params, form }, _web, person) {
      if (!form.ok) return askAgain(ctx, params.id, 'extend', form.values, person);
      return answer(
        ctx,
        params.id,
        'extend',
        await extendSubscription(ctx, params.id, { count: form.value.count, unit: 'day' }),
        person,
      );
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/subscriptions/:id/top-up',
    permission: 'subscriptions.write',
    form: gigabytes,
    async run(ctx, { params, form }, _web, person) {
      if (!form.ok) return askAgain(ctx, params.id, 'top-up', form.values, person);
      return answer(
        ctx,
        params.id,
        'top-up',
        await topUpSubscription(ctx, params.id, BigInt(form.value.gigabytes)),
        person,
      );
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/subscriptions/:id/device',
    permission: 'subscriptions.write',
    form: deviceForm,
    async run(ctx, { params, form }, _web, person) {
      if (!form.ok) return askAgain(ctx, params.id, 'device', form.values, person);
      return answer(ctx, params.id, 'device', await changeSubscription(ctx, params.id, form.value), person);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/subscriptions/:id/renew',
    permission: 'subscriptions.write',
    form: renewInput,
    async run(ctx, { params, form }, _web, person) {
      const renew = form.ok && form.value.pay === 'wallet' ? renewFromWallet : renewSubscription;
      return answer(ctx, params.id, 'renew', await renew(ctx, params.id), person);
    },
  }),
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
