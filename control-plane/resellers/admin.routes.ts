import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { listPages, oneOf } from '../tables';
import { formPages, readDecimal, readerFor, type FormRefusal, type FormView, type Reader } from '../ui';
import { resellerColumns } from './admin.view';
import { assignCustomer } from './assign-customer';
import { invitePerson } from './invite-person';
import { resellerPage, type Refused } from './one.pages';
import { ownRoutes } from './own.routes';
import { payoutRoutes } from './payouts/payout.pages';
import { findReseller, listResellers } from './queries';
import { rulesRoutes } from './rules.routes';
import { changeReseller, createReseller, setSuspended, type ResellerOutcome } from './save-reseller';
import { topUpMethods, type Reseller } from './schema';
import { periodQuery, statementCsv, statementFile, statementPage } from './statement.pages';
import { assignStock, takeStockBack, type StockOutcome } from './stock';
import { topUpFloat } from './top-up-float';
import { handOver, emailField } from '../staff';
import { shortWords } from './short-words';

const list = listPages({
  list: 'resellers',
  path: '/resellers',
  permission: 'resellers.read',
  view: 'resellers/list',
  query: listQuery.extend({ state: oneOf(['suspended']) }),
  title: 'resellers.title',
  foot: 'resellers.foot',
  columns: resellerColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('resellers.state'),
      value: query.state ?? '',
      options: [{ value: 'suspended', label: t('resellers.state_suspended') }],
    },
  ],
  scope: (_ctx, { query }) => ({ suspended: query.state === 'suspended' || undefined }),
  page: (ctx, scope, { cursor, limit }) => listResellers(ctx, { ...scope, limit, before: cursorId(cursor) }),
  empty: ({ person, reader: { t } }) => ({
    text: t('resellers.empty'),
    ...(person.actor.permissions.has('resellers.write')
      ? { href: '/resellers/new', step: t('resellers.add'), action: true }
      : {}),
  }),
  model: (_ctx, { person }) => ({
    mayAdd: person.actor.permissions.has('resellers.write'),
    mayPay: person.actor.permissions.has('resellers.pay'),
  }),
});

const resellerForm = z.record(z.string(), z.string().max(300));
type Values = z.output<typeof resellerForm>;

const formOfReseller: FormView<Reseller | undefined> = {
  slice: 'resellers',
  view: 'resellers/form',
  word: (name, { t }) => t(`resellers.${name === 'credit_limit' ? 'amount' : name}_needed`),
  values: (one) =>
    one
      ? {
          name: one.name,
          phone: one.phone,
          credit_limit: (one.credit_limit_cents / 100).toFixed(2).replace(/\.00$/, ''),
          version: String(one.version),
        }
      : {},
  draw: ({ values, field }, { about: one, person, t }) => ({
    title: one ? one.name : t('resellers.new_title'),
    action: one ? `/resellers/${one.id}/edit` : '/resellers',
    back: one ? `/resellers/${one.id}` : '/resellers',
    version: one && (values['version'] ?? one.version),
    name: field('name', { required: true, max: 120, autocomplete: 'off' }),
    phone: field('phone', {
      required: true,
      type: 'tel',
      max: 40,
      autocomplete: 'off',
      help: t('resellers.reseller_phone_help'),
    }),
    credit: field('credit_limit', {
      mode: 'decimal',
      unit: person.tenant.currency,
      help: t('resellers.credit_limit_help'),
    }),
  }),
};

const text = (values: Values, name: string): string => values[name]?.trim() ?? '';

async function save(
  values: Values,
  { ctx, about: reseller, t }: { ctx: Context; about: Reseller | undefined; t: Reader['t'] },
): Promise<PageResult | FormRefusal> {
  const limit = text(values, 'credit_limit') === '' ? 0 : readDecimal(text(values, 'credit_limit'), 2);
  const wrong: string[] = [];
  if (text(values, 'name') === '' || text(values, 'name').length > 120) wrong.push('name');
  if (text(values, 'phone') === '') wrong.push('phone');
  if (limit === undefined || limit > 1_000_000_000_000) wrong.push('credit_limit');
  if (wrong.length > 0 || limit === undefined) return { kind: 'wrong', fields: wrong };
  const input = { name: text(values, 'name'), phone: text(values, 'phone'), credit_limit_cents: limit };
  const outcome: ResellerOutcome = reseller
    ? await changeReseller(ctx, BigInt(reseller.id), { ...input, version: Number(values['version']) || 0 })
    : await createReseller(ctx, input);
  switch (outcome.kind) {
    case 'done':
      return seeOther(`/resellers/${outcome.reseller.id}`);
    case 'not_found':
      throw notFound('That reseller');
    case 'invalid':
      return { kind: 'wrong', fields: ['phone'] };
    case 'credit_in_use':
      return { kind: 'refused', errors: { credit_limit: t('resellers.credit_in_use') }, status: 409 };
    case 'changed_meanwhile':
      return { kind: 'changed' };
  }
}

async function mustFind(ctx: Context, id: bigint): Promise<Reseller> {
  const found = await findReseller(ctx, id);
  if (!found) throw notFound('That reseller');
  return found;
}

async function topUp(ctx: Context, person: Person, id: bigint, values: Values): Promise<PageResult> {
  const { t } = readerFor(ctx, person);
  await mustFind(ctx, id);
  const again = (errors: Record<string, string>, status = 422) =>
    resellerPage(ctx, person, id, { values, errors, status });
  const amount_cents = readDecimal(text(values, 'amount'), 2);
  const method = topUpMethods.find((one) => one === values['method']) ?? 'cash';
  if (amount_cents === undefined || amount_cents === 0) return again({ amount: t('resellers.amount_needed') });
  const reference = text(values, 'reference').replace(/\s+/g, ' ').slice(0, 100);
  if (method !== 'mpesa' && reference === '') return again({ reference: t('resellers.reference_needed') });
  const outcome = await topUpFloat(ctx, id, { amount_cents, method, reference });
  switch (outcome.kind) {
    case 'done':
      return seeOther(`/resellers/${id}?told=${outcome.waiting ? 'prompted' : 'topped_up'}`);
    case 'not_found':
      throw notFound('That reseller');
    case 'duplicate':
      return again({ reference: t('resellers.duplicate') }, 409);
    case 'too_soon':
      return again({ amount: t('resellers.too_soon', { seconds: outcome.wait_s }) }, 429);
    case 'invalid':
      return again(
        'provider' in outcome.fields ? { method: t('resellers.no_mpesa') } : { amount: t('resellers.whole_shillings') },
      );
  }
}

/** What became of a change of stock, as a page. */
function afterStock(
  ctx: Context,
  person: Person,
  id: bigint,
  outcome: StockOutcome,
  values: Values,
  told: 'stocked' | 'taken_back',
): Promise<PageResult> | PageResult {
  const reader = readerFor(ctx, person);
  const again = (refused: Refused) => resellerPage(ctx, person, id, refused);
  switch (outcome.kind) {
    case 'done':
      return seeOther(`/resellers/${id}?told=${told}`);
    case 'not_found':
      throw notFound('That stock');
    case 'float_short':
      return again({ values, errors: { wholesale: shortWords(outcome, reader) }, status: 409 });
    case 'invalid':
      return again({
        values,
        errors:
          'count' in outcome.fields
            ? { codes: reader.t('resellers.codes_needed') }
            : { batch: reader.t('resellers.batch_needed') },
        status: 422,
      });
  }
}

async function stock(ctx: Context, person: Person, id: bigint, values: Values): Promise<PageResult> {
  const { t } = readerFor(ctx, person);
  await mustFind(ctx, id);
  const batch = idField.safeParse(text(values, 'batch'));
  const wholesale_cents = readDecimal(text(values, 'wholesale'), 2);
  const typed = text(values, 'codes');
  const count = typed === '' ? undefined : /^[1-9]\d{0,5}$/.test(typed) ? Number(typed) : NaN;
  const errors: Record<string, string> = {};
  if (!batch.success) errors['batch'] = t('resellers.batch_needed');
  if (wholesale_cents === undefined) errors['wholesale'] = t('resellers.amount_needed');
  if (Number.isNaN(count)) errors['codes'] = t('resellers.codes_needed');
  if (!batch.success || wholesale_cents === undefined || Number.isNaN(count))
    return resellerPage(ctx, person, id, { values, errors, status: 422 });
  const charged = values['charged'] === 'sale' ? 'sale' : 'assignment';
  // What was charged before it turned out to be too much goes with the transaction; here nothing was.
  return afterStock(
    ctx,
    person,
    id,
    await assignStock(ctx, id, { batch_id: batch.data, wholesale_cents, charged, count }),
    values,
    'stocked',
  );
}

async function invite(
  ctx: Context,
  person: Person,
  id: bigint,
  values: Values,
  web: Parameters<typeof handOver>[1],
): Promise<PageResult> {
  const { t }: Reader = readerFor(ctx, person);
  await mustFind(ctx, id);
  const email = emailField.safeParse(text(values, 'email'));
  const name = text(values, 'person_name');
  const errors: Record<string, string> = {};
  if (name === '' || name.length > 120) errors['person_name'] = t('resellers.name_needed');
  if (!email.success) errors['email'] = t('resellers.email_needed');
  const again = (wrong: Record<string, string>) =>
    resellerPage(ctx, person, id, { values, errors: wrong, status: 422 });
  if (!email.success || Object.keys(errors).length > 0) return again(errors);
  const outcome = await invitePerson(ctx, id, { name, email: email.data });
  switch (outcome.kind) {
    case 'done':
      return handOver(ctx, web, person, `/resellers/${id}`, outcome.invited);
    case 'not_found':
      throw notFound('That reseller');
    case 'email_taken':
      return again({ email: t('resellers.email_taken') });
    case 'no_such_role':
      return again({ email: t('resellers.may_not_invite') });
  }
}

const post = (
  path: string,
  permission: 'resellers.write' | 'resellers.float',
  run: (
    ctx: Context,
    person: Person,
    id: bigint,
    values: Values,
    web: Parameters<typeof handOver>[1],
  ) => Promise<PageResult>,
): PageRoute =>
  pageRoute({
    method: 'POST',
    path: `/resellers/:id/${path}` as '/resellers/:id/x',
    permission,
    form: resellerForm,
    run: (ctx, { params, form }, web, person) => run(ctx, person, params.id, form.ok ? form.value : form.values, web),
  });

export const pageRoutes: PageRoute[] = [
  ...list,
  ...rulesRoutes,
  ...payoutRoutes,
  ...ownRoutes,
  ...formPages({
    ...formOfReseller,
    page: '/resellers/new',
    post: '/resellers',
    permission: 'resellers.write',
    form: resellerForm,
    open: (): Reseller | undefined => undefined,
    save,
  }),
  pageRoute({
    method: 'GET',
    path: '/resellers/:id',
    permission: 'resellers.read',
    run: (ctx, { params }, web, person) => resellerPage(ctx, person, params.id, { told: web.query['told'] }),
  }),
  ...formPages({
    ...formOfReseller,
    page: '/resellers/:id/edit',
    post: '/resellers/:id/edit',
    permission: 'resellers.write',
    form: resellerForm,
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    save,
  }),
  ...(['suspend', 'resume'] as const).map((verb) =>
    post(verb, 'resellers.write', async (ctx, _person, id) => {
      if ((await setSuspended(ctx, id, verb === 'suspend')) === 'not_found') throw notFound('That reseller');
      return seeOther(`/resellers/${id}?told=${verb}`);
    }),
  ),
  post('top-up', 'resellers.float', topUp),
  post('people', 'resellers.write', invite),
  post('stock', 'resellers.float', stock),
  pageRoute({
    method: 'POST',
    path: '/resellers/:id/stock/:batch_id/take-back',
    permission: 'resellers.float',
    run: async (ctx, { params }, _web, person) =>
      afterStock(ctx, person, params.id, await takeStockBack(ctx, params.id, params.batch_id), {}, 'taken_back'),
  }),
  post('customers', 'resellers.write', async (ctx, person, id, values) => {
    const { t } = readerFor(ctx, person);
    await mustFind(ctx, id);
    const customer = idField.safeParse(text(values, 'customer'));
    const outcome = customer.success ? await assignCustomer(ctx, customer.data, id) : 'no_customer';
    if (outcome === 'done') return seeOther(`/resellers/${id}?told=assigned`);
    return resellerPage(ctx, person, id, { values, errors: { customer: t('resellers.customer_needed') }, status: 422 });
  }),
  pageRoute({
    method: 'GET',
    path: '/resellers/:id/statement',
    permission: 'resellers.read',
    query: periodQuery,
    run: (ctx, { params, query }, _web, person) =>
      statementPage(ctx, person, params.id, query, `/resellers/${params.id}`),
  }),
  pageRoute({
    method: 'GET',
    path: '/resellers/:id/statement.csv',
    permission: 'resellers.read',
    query: periodQuery,
    run: (ctx, { params, query }, _web, person) => statementCsv(ctx, person, params.id, query),
  }),
  pageRoute({
    method: 'GET',
    path: '/resellers/:id/statement.pdf',
    permission: 'resellers.read',
    query: periodQuery,
    run: (ctx, { params, query }, _web, person) => statementFile(ctx, person, params.id, query),
  }),
];
