import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { listPackages } from '../plans';
import {
  fieldsOf,
  formatMoney,
  formErrors,
  formPages,
  readerFor,
  type FormRefusal,
  type FormView,
  type Reader,
} from '../ui';
import { claimCoupon } from './claim-coupon';
import { discountForm, discountValues, readDiscount } from './discount-form';
import { priceNow } from './price';
import { discountList, useList } from './list.routes';
import { findDiscount } from './queries';
import { archiveDiscount, changeDiscount, createDiscount, type DiscountOutcome } from './save-discount';
import type { Discount } from './schema';

const discountPage: FormView<Discount | undefined> = {
  slice: 'discounts',
  view: 'discounts/form',
  values: (discount, { person }) => (discount ? discountValues(discount, person.tenant.timezone) : {}),
  async draw({ values, field }, { ctx, person, about: discount, t }) {
    const plans = await listPackages(ctx, { limit: 200, before: undefined });
    const known = new Map(plans.items.map((plan) => [plan.id, plan.name]));
    for (const plan of discount?.packages ?? []) known.set(plan.id, plan.name);
    const kinds = ['percent', 'amount'].map((value) => ({
      value,
      label: t(`discounts.kind_${value}`),
      selected: value === (values['kind'] ?? 'percent'),
    }));
    return {
      title: discount ? discount.name : t('discounts.new_title'),
      action: discount ? `/discounts/${discount.id}/edit` : '/discounts',
      back: discount ? `/discounts/${discount.id}` : '/discounts',
      version: discount?.version,
      name: field('name', { required: true, max: 80, help: t('discounts.name_help') }),
      code: field('code', { max: 24, autocomplete: 'off', help: t('discounts.code_help') }),
      kind: field('kind', { options: kinds }),
      percent: field('percent', { mode: 'numeric', unit: '%' }),
      amount: field('amount', { mode: 'decimal', unit: person.tenant.currency }),
      starts: field('starts', { type: 'date', help: t('discounts.starts_help') }),
      ends: field('ends', { type: 'date', help: t('discounts.ends_help') }),
      uses_max: field('uses_max', { mode: 'numeric', help: t('discounts.uses_max_help') }),
      uses_per_client: field('uses_per_client', { mode: 'numeric', help: t('discounts.uses_per_client_help') }),
      first: values['first'] === 'yes',
      plans: [...known].map(([id, name]) => ({
        name: `plan_${id}`,
        label: name,
        checked: values[`plan_${id}`] === 'yes',
      })),
    };
  },
};

/** What saving came to, for the form. */
function afterSaving(outcome: DiscountOutcome, { t }: Reader): PageResult | FormRefusal {
  switch (outcome.kind) {
    case 'done':
      return seeOther(`/discounts/${outcome.discount.id}`);
    case 'not_found':
      throw notFound('That discount');
    case 'code_taken':
      return { kind: 'refused', errors: { code: t('discounts.code_taken') } };
    case 'invalid':
      return { kind: 'wrong', fields: Object.keys(outcome.fields) };
    case 'changed_meanwhile':
      return { kind: 'changed' };
  }
}

async function mustFind(ctx: Context, id: bigint): Promise<Discount> {
  const discount = await findDiscount(ctx, id);
  if (!discount || discount.state === 'archived') throw notFound('That discount');
  return discount;
}

export const pageRoutes: PageRoute[] = [
  ...discountList,
  ...useList,
  ...formPages({
    ...discountPage,
    page: '/discounts/new',
    post: '/discounts',
    permission: 'discounts.write',
    form: discountForm,
    async save(values, { ctx, person, reader }) {
      const read = readDiscount(values, person.tenant.timezone);
      return read.kind === 'wrong' ? read : afterSaving(await createDiscount(ctx, read.input), reader);
    },
  }),
  ...formPages({
    ...discountPage,
    page: '/discounts/:id/edit',
    post: '/discounts/:id/edit',
    permission: 'discounts.write',
    form: discountForm,
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    async save(values, { ctx, params, person, reader }) {
      const read = readDiscount(values, person.tenant.timezone);
      if (read.kind === 'wrong') return read;
      const version = Number(values['version']) || 0;
      return afterSaving(await changeDiscount(ctx, params.id, version, read.input), reader);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/discounts/:id/archive',
    permission: 'discounts.write',
    async run(ctx, { params }) {
      if ((await archiveDiscount(ctx, params.id)) === 'not_found') throw notFound('That discount');
      return seeOther('/discounts');
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/discounts/claim',
    permission: 'discounts.claim',
    query: z.object({ subscription: idField }),
    run: (ctx, { query }, _web, person) => claimPage(ctx, person, query.subscription, '', undefined),
  }),
  pageRoute({
    method: 'POST',
    path: '/discounts/claim',
    permission: 'discounts.claim',
    form: z.object({ subscription: z.string(), code: z.string() }),
    async run(ctx, { form }, _web, person) {
      const subscription = idField.safeParse(form.values['subscription']).data;
      if (subscription === undefined) throw notFound('That subscription');
      const code = form.values['code'] ?? '';
      if (code.length > CODE_MOST)
        return claimPage(ctx, person, subscription, code, undefined, 'discounts.claim_unknown');
      const outcome = await claimCoupon(ctx, subscription, code);
      if (outcome.kind === 'not_found') throw notFound('That subscription');
      if (outcome.kind === 'done') return claimPage(ctx, person, subscription, '', outcome.discount.name);
      return claimPage(ctx, person, subscription, code, undefined, `discounts.claim_${outcome.kind}`);
    },
  }),
];

const CODE_MOST = 64;

/** Entering a coupon for a service, and what the next purchase then costs. */
async function claimPage(
  ctx: Context,
  person: Person,
  id: bigint,
  code: string,
  done: string | undefined,
  refused?: string,
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const sub = await ctx.tx.subscription.findFirst({
    where: { id, status: { not: 'ended' } },
    include: { subscriber: true, plan_version: true, next_plan_version: true },
  });
  if (!sub) throw notFound('That subscription');
  const version = sub.next_plan_version ?? sub.plan_version;
  const price = await priceNow(ctx, id, version);
  const errors: Record<string, string> = refused ? { code: t(refused) } : {};
  const money = (cents: bigint) => formatMoney(cents, version.currency, locale);
  return view(
    'discounts/claim',
    {
      title: t('discounts.claim_title', { name: sub.subscriber.name }),
      errors: formErrors(errors),
      told: done && { text: t('discounts.claimed', { name: done }) },
      subscription: id.toString(),
      back: { href: `/subscribers/${sub.subscriber_id}?subscription=${id}`, name: sub.subscriber.name },
      code: fieldsOf(
        'discounts',
        { code },
        errors,
        reader,
      )('code', { required: true, max: CODE_MOST, autocomplete: 'off' }),
      price: {
        list: money(price.list_cents),
        off: money(price.off_cents),
        due: money(price.price_cents),
        name: price.discount?.name,
      },
    },
    { status: refused ? 422 : 200 },
  );
}
