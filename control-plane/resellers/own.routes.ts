import { DateTime } from 'luxon';
import { z } from 'zod';
import { priceNow } from '../discounts';
import { listPackages } from '../plans';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { versionDue, lockSubscription } from '../subscriptions';
import {
  fieldsOf,
  formErrors,
  formatDeadline,
  formatMoment,
  formatMoney,
  readDecimal,
  readerFor,
  type Reader,
} from '../ui';
import { earnedSince, endingSoon, listStock, ownReseller, wouldEarn } from './queries';
import type { Reseller, SaleInput } from './schema';
import { sellService, type SaleOutcome } from './sell-service';
import { shortWords } from './short-words';
import { sellCode } from './stock';
import { stockRoutes } from './stock.pages';
import { topUpFloat } from './top-up-float';
import { grouped, printFloat } from './admin.view';
import { periodQuery, statementCsv, statementFile, statementPage } from './statement.pages';

const OWN = '/resellers/own';

/** What stands where somebody who may sell works for no reseller. */
const nobody = (person: Person, { t }: Reader): PageResult =>
  person.actor.permissions.has('resellers.read')
    ? seeOther('/resellers')
    : view('resellers/nobody', { title: t('resellers.own_title'), empty: { text: t('resellers.nobody') } });

async function homePage(
  ctx: Context,
  person: Person,
  more: { told?: string; warn?: boolean; values?: Record<string, string>; errors?: Record<string, string> } = {},
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const own = await ownReseller(ctx);
  if (!own) return nobody(person, reader);
  const id = BigInt(own.id);
  const today = DateTime.fromJSDate(ctx.now, { zone: person.tenant.timezone }).startOf('day').toJSDate();
  const day = await earnedSince(ctx, id, today);
  const money = (cents: number) => formatMoney(cents, own.currency, locale);
  const { items } = await listPackages(ctx, { limit: 50, before: undefined });
  const stock = (await listStock(ctx, id)).filter((one) => one.state === 'open');
  const [mpesa] = await ctx.tx.$queryRaw<{ there: boolean }[]>`SELECT payment_is_set_up('mpesa') AS there`;
  const { errors = {}, values = {} } = more;
  return view(
    'resellers/own',
    {
      title: own.name,
      told: more.told && { text: more.told, warn: more.warn },
      errors: formErrors(errors),
      suspended: own.state === 'suspended' ? t('resellers.suspended_told') : '',
      float: printFloat(own, reader),
      today: { sold: money(day.sold_cents), sales: t('resellers.sales_count', { count: day.sales }) },
      earned: {
        today: money(day.earned_cents),
        all: t('resellers.earned_all', { amount: money(own.commission_cents) }),
      },
      plans: items
        .filter((plan) => plan.currency === own.currency)
        .map((plan) => ({
          href: `${OWN}/sell?package_id=${plan.id}`,
          name: plan.name,
          price: money(plan.price_cents),
        })),
      ending: (await endingSoon(ctx, id)).map((one) => ({
        href: `${OWN}/sell?subscription_id=${one.id}`,
        name: one.name,
        when: [one.plan, formatMoment(one.expires_at, reader)].join(', '),
      })),
      noPlans: { text: t('resellers.no_plans'), small: true },
      stock: stock.map((one) => ({
        href: `${OWN}/stock/${one.batch_id}`,
        name: one.package_name,
        left: t('resellers.codes_left', { count: one.remaining }),
        price: money(one.charged === 'sale' ? one.wholesale_cents : one.price_cents),
        sells: one.charged === 'sale' && own.state === 'active',
      })),
      amount:
        mpesa?.there === true &&
        fieldsOf(
          'resellers',
          values,
          errors,
          reader,
        )('amount', {
          mode: 'decimal',
          required: true,
          unit: own.currency,
          help: t('resellers.top_up_help', { phone: own.phone }),
        }),
    },
    { status: Object.keys(errors).length > 0 ? 422 : 200 },
  );
}

interface Wish {
  package_id?: bigint | undefined;
  subscription_id?: bigint | undefined;
}

/** What is sold, to whom and for how much. @throws Problem 404 for a plan or service that is not to be had */
async function offerOf(ctx: Context, wish: Wish) {
  if (wish.subscription_id !== undefined) {
    const sub = await lockSubscription(ctx, wish.subscription_id);
    const who = sub && (await ctx.tx.subscriber.findFirst({ where: { id: sub.subscriber_id } }));
    if (!sub || !who) throw notFound('That service');
    const version = await versionDue(ctx, sub);
    const plan = await ctx.tx.plan.findFirstOrThrow({ where: { id: version.plan_id } });
    const { price_cents } = await priceNow(ctx, sub.id, version);
    return { planId: plan.id, name: plan.name, price: price_cents, currency: version.currency, who };
  }
  const plan =
    wish.package_id === undefined
      ? null
      : await ctx.tx.plan.findFirst({
          where: { id: wish.package_id, archived_at: null },
          include: { current_version: true },
        });
  if (!plan?.current_version) throw notFound('That plan');
  const { price_cents: price, currency } = plan.current_version;
  return { planId: plan.id, name: plan.name, price, currency, who: null };
}

async function sellPage(
  ctx: Context,
  person: Person,
  wish: Wish,
  refused: { values?: Record<string, string>; errors?: Record<string, string>; status?: number } = {},
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const own = await ownReseller(ctx);
  if (!own) return nobody(person, reader);
  const { planId, name, price, currency, who } = await offerOf(ctx, wish);
  const { values = {}, errors = {}, status = 200 } = refused;
  const field = fieldsOf('resellers', values, errors, reader);
  const earns = await wouldEarn(ctx, BigInt(own.id), planId, price);
  return view(
    'resellers/sell',
    {
      title: who ? t('resellers.renew_for', { name: who.name }) : t('resellers.sell_plan', { plan: name }),
      errors: formErrors(errors),
      packageId: who ? undefined : wish.package_id?.toString(),
      subscriptionId: wish.subscription_id?.toString(),
      facts: [
        { label: t('resellers.plan'), value: name },
        { label: t('resellers.price'), value: formatMoney(price, currency, locale) },
        { label: t('resellers.you_earn'), value: formatMoney(earns, currency, locale) },
        { label: t('resellers.float_after'), value: formatMoney(own.float_cents - Number(price), currency, locale) },
      ],
      phone:
        !who &&
        field('phone', { type: 'tel', required: true, max: 40, autocomplete: 'off', help: t('resellers.phone_help') }),
      name: !who && field('name', { max: 120, autocomplete: 'off', help: t('resellers.name_help') }),
      button: t('resellers.sell_for', { amount: formatMoney(price, currency, locale) }),
    },
    { status },
  );
}

/** The words for what a sale was refused for, by field; one without a field stands above the form. */
function refusalWords(
  outcome: Exclude<SaleOutcome, { kind: 'done' | 'no_reseller' }>,
  reader: Reader,
): Record<string, string> {
  const { t } = reader;
  switch (outcome.kind) {
    case 'suspended':
      return { '': t('resellers.suspended_told') };
    case 'float_short':
      return {
        '': shortWords(outcome, reader),
      };
    case 'refused':
      return { '': t('resellers.refused_now') };
    case 'invalid':
      return 'phone' in outcome.fields ? { phone: t('resellers.phone_needed') } : { '': t('resellers.refused_now') };
  }
}

const sellForm = z.object({
  package_id: idField.optional(),
  subscription_id: idField.optional(),
  phone: z.string().trim().max(40).default(''),
  name: z.string().trim().max(120).default(''),
});

async function sell(ctx: Context, person: Person, form: z.output<typeof sellForm>): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const { package_id, subscription_id, phone, name } = form;
  const wish = subscription_id === undefined ? { package_id } : { subscription_id };
  const again = (errors: Record<string, string>) =>
    sellPage(ctx, person, wish, { values: { phone, name }, errors, status: 422 });
  if (subscription_id === undefined && phone === '') return again({ phone: t('resellers.phone_needed') });
  const input: SaleInput =
    subscription_id === undefined ? { package_id, phone, ...(name === '' ? {} : { name }) } : { subscription_id };
  const outcome = await sellService(ctx, input);
  if (outcome.kind === 'no_reseller') return nobody(person, reader);
  if (outcome.kind !== 'done') return again(refusalWords(outcome, reader));
  const { sale } = outcome;
  return view('resellers/sold', {
    title: t('resellers.sold_title'),
    told: { text: t('resellers.sold', { plan: sale.package_name, name: sale.client_name }) },
    facts: [
      { label: t('resellers.login'), value: sale.username, id: true },
      ...(sale.password === null ? [] : [{ label: t('resellers.password'), value: sale.password, id: true }]),
      {
        label: t('resellers.until'),
        value:
          sale.expires_at === null ? t('resellers.from_first_use') : formatDeadline(new Date(sale.expires_at), reader),
      },
      { label: t('resellers.price'), value: formatMoney(sale.price_cents, sale.currency, locale) },
      { label: t('resellers.you_earn'), value: formatMoney(sale.commission_cents, sale.currency, locale) },
      { label: t('resellers.float'), value: formatMoney(sale.float_cents, sale.currency, locale) },
    ],
    note: sale.password === null ? '' : t('resellers.password_once'),
    again: `${OWN}/sell?subscription_id=${sale.subscription_id}`,
    client: `/subscribers/${sale.client_id}`,
  });
}

const codePage = (person: Person, reader: Reader, own: Reseller, code: string, left: number): PageResult =>
  view('resellers/sold', {
    title: reader.t('resellers.code_title'),
    told: { text: reader.t('resellers.code_sold') },
    facts: [
      { label: reader.t('resellers.code'), value: grouped(code), id: true },
      { label: reader.t('resellers.float'), value: formatMoney(left, own.currency, reader.locale) },
    ],
    note: reader.t('resellers.code_help'),
  });

async function topUp(ctx: Context, person: Person, typed: string): Promise<PageResult> {
  const { t } = readerFor(ctx, person);
  const own = await ownReseller(ctx);
  const again = (word: string) => homePage(ctx, person, { values: { amount: typed }, errors: { amount: word } });
  const amount_cents = readDecimal(typed, 2);
  if (!own || amount_cents === undefined || amount_cents === 0) return again(t('resellers.amount_needed'));
  const outcome = await topUpFloat(ctx, BigInt(own.id), { amount_cents, method: 'mpesa' });
  if (outcome.kind === 'done') return seeOther(`${OWN}?told=prompted`);
  return again(
    outcome.kind === 'too_soon' ? t('resellers.too_soon', { seconds: outcome.wait_s }) : t('resellers.whole_shillings'),
  );
}

/** The pages of a reseller's own people; the home page is made for a phone. */
export const ownRoutes: PageRoute[] = [
  ...stockRoutes,
  pageRoute({
    method: 'GET',
    path: OWN,
    permission: 'resellers.sell',
    run: (ctx, _input, web, person) =>
      homePage(
        ctx,
        person,
        web.query['told'] === 'prompted' ? { told: readerFor(ctx, person).t('resellers.prompted') } : {},
      ),
  }),
  pageRoute({
    method: 'POST',
    path: `${OWN}/top-up`,
    permission: 'resellers.sell',
    form: z.object({ amount: z.string().max(40).default('') }),
    run: (ctx, { form }, _web, person) => topUp(ctx, person, form.ok ? form.value.amount : ''),
  }),
  pageRoute({
    method: 'GET',
    path: `${OWN}/sell`,
    permission: 'resellers.sell',
    query: z.object({ package_id: idField.optional(), subscription_id: idField.optional() }),
    run: (ctx, { query }, _web, person) => sellPage(ctx, person, query),
  }),
  pageRoute({
    method: 'POST',
    path: `${OWN}/sell`,
    permission: 'resellers.sell',
    form: sellForm,
    run: (ctx, { form }, _web, person) => {
      if (!form.ok) throw notFound('That plan');
      return sell(ctx, person, form.value);
    },
  }),
  pageRoute({
    method: 'POST',
    path: `${OWN}/stock/:id`,
    permission: 'resellers.sell',
    async run(ctx, { params }, _web, person) {
      const reader = readerFor(ctx, person);
      const own = await ownReseller(ctx);
      const outcome = await sellCode(ctx, params.id);
      switch (outcome.kind) {
        case 'done':
          return own ? codePage(person, reader, own, outcome.code, outcome.float_cents) : nobody(person, reader);
        case 'no_reseller':
        case 'none_left':
          throw notFound('A code of that stock');
        case 'suspended':
        case 'float_short':
          return homePage(ctx, person, { errors: refusalWords(outcome, reader) });
      }
    },
  }),
  pageRoute({
    method: 'GET',
    path: `${OWN}/statement`,
    permission: 'resellers.sell',
    query: periodQuery,
    run: (ctx, { query }, _web, person) => ofOwn(ctx, person, (id) => statementPage(ctx, person, id, query, OWN)),
  }),
  pageRoute({
    method: 'GET',
    path: `${OWN}/statement.csv`,
    permission: 'resellers.sell',
    query: periodQuery,
    run: (ctx, { query }, _web, person) => ofOwn(ctx, person, (id) => statementCsv(ctx, person, id, query)),
  }),
  pageRoute({
    method: 'GET',
    path: `${OWN}/statement.pdf`,
    permission: 'resellers.sell',
    query: periodQuery,
    run: (ctx, { query }, _web, person) => ofOwn(ctx, person, (id) => statementFile(ctx, person, id, query)),
  }),
];

async function ofOwn(ctx: Context, person: Person, page: (id: bigint) => Promise<PageResult>): Promise<PageResult> {
  const own = await ownReseller(ctx);
  return own ? page(BigInt(own.id)) : nobody(person, readerFor(ctx, person));
}
