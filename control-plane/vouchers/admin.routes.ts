import { z } from 'zod';
import { csvOf } from '../platform/csv';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { file, pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { listPackages } from '../plans';
import { fieldsOf, formatMoney, formErrors, pagerOf, readerFor, withQuery, type Reader } from '../ui';
import { printBatch, printSlip, printVoucher, slipTerms } from './admin.view';
import { createBatch } from './create-batch';
import { findBatch, findVoucher, listBatches, listVouchers, termsOfBatch } from './queries';
import { redeemVoucher } from './redeem-voucher';
import { batchMax, voucherStates, type Batch } from './schema';
import { voidBatch } from './void-batch';
import { batchForm, readBatch, shortestLength, USUAL, type BatchForm } from './voucher-form';

const PAPERS = ['a4', '80', '58'] as const;
const slipsAtOnce = 200;
const anyState = z.union([z.literal('').transform(() => undefined), z.enum(voucherStates)]).optional();
const listPageQuery = z.object({
  limit: listQuery.shape.limit,
  cursor: listQuery.shape.cursor,
  q: z.string().max(64).optional(),
});
const batchQuery = listQuery.extend({ state: anyState, told: z.enum(['made', 'void', 'redeemed']).optional() });
const sheetQuery = z.object({
  paper: z.enum(PAPERS).default('a4'),
  cursor: z.string().max(500).optional(),
  login: z
    .union([
      z.literal(''),
      z.url({ protocol: /^https?$/, error: 'must be an address, as http://hotspot.example/login' }),
    ])
    .optional()
    .catch(''),
});

async function batchOf(ctx: Context, id: bigint): Promise<Batch> {
  const batch = await findBatch(ctx, id);
  if (!batch) throw notFound('That voucher batch');
  return batch;
}

async function formPage(
  ctx: Context,
  person: Person,
  values: BatchForm,
  errors: Record<string, string> = {},
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const field = fieldsOf('vouchers', { ...USUAL, ...values }, errors, reader);
  const plans = await listPackages(ctx, { limit: 200, before: undefined });
  const options = plans.items.map((plan) => ({
    value: plan.id,
    label: `${plan.name}, ${formatMoney(plan.price_cents, plan.currency, locale)}`,
    selected: plan.id === values['package_id'],
  }));
  return view(
    'vouchers/new',
    {
      title: t('vouchers.new_title'),
      errors: formErrors(errors),
      plans: options.length > 0,
      package: field('package_id', { options }),
      count: field('count', { mode: 'numeric', required: true, help: t('vouchers.count_help') }),
      code_length: field('code_length', { mode: 'numeric', required: true, help: t('vouchers.code_length_help') }),
      prefix: field('prefix', { max: 12, autocomplete: 'off', help: t('vouchers.prefix_help') }),
      valid_until: field('valid_until', { type: 'date', help: t('vouchers.valid_until_help') }),
      empty: { text: t('vouchers.no_plans'), href: '/plans/new', step: t('plans.add'), action: true },
    },
    { status: Object.keys(errors).length > 0 ? 422 : 200 },
  );
}

const wrongWords = (names: string[], count: number, { t }: Reader): Record<string, string> =>
  Object.fromEntries(
    names.map((name) => [name, t(`vouchers.${name}_needed`, { least: shortestLength(count || 1), most: batchMax })]),
  );

async function listPage(
  ctx: Context,
  person: Person,
  query: z.output<typeof listPageQuery>,
  redeem: { code: string; message: string } | undefined,
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const { limit, cursor, q } = query;
  const page = await listBatches(ctx, { limit, before: cursorId(cursor) });
  const found = q ? await findVoucher(ctx, q) : undefined;
  const mayWrite = person.actor.permissions.has('vouchers.write');
  const field = fieldsOf('vouchers', { code: redeem?.code ?? '' }, redeem ? { code: redeem.message } : {}, reader);
  return view(
    'vouchers/list',
    {
      title: t('vouchers.title'),
      mayWrite,
      errors: redeem && formErrors({ code: redeem.message }),
      filters: {
        path: '/vouchers',
        q: q ?? '',
        findHint: t('vouchers.find'),
        kept: [],
        active: [],
        clear: q ? '/vouchers' : '',
      },
      asked: q && { found: found && printVoucher(found, reader), nothing: t('vouchers.nothing_found', { code: q }) },
      code:
        mayWrite && field('code', { required: true, autocomplete: 'off', max: 64, help: t('vouchers.redeem_help') }),
      rows: page.items.map((batch) => printBatch(batch, reader)),
      empty: {
        text: t('vouchers.empty'),
        ...(mayWrite ? { href: '/vouchers/new', step: t('vouchers.add'), action: true } : {}),
      },
      pager: pagerOf('/vouchers', new URLSearchParams(), { cursor, next: page.nextCursor, limit }, reader),
    },
    { status: redeem ? 422 : 200 },
  );
}

async function batchPage(
  ctx: Context,
  person: Person,
  id: bigint,
  query: z.output<typeof batchQuery>,
  search: URLSearchParams,
) {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const { limit, cursor, state, told } = query;
  const batch = await batchOf(ctx, id);
  const path = `/vouchers/batches/${batch.id}`;
  const page = await listVouchers(ctx, { batch_id: id, state, limit, cursor });
  search.delete('told');
  const states = voucherStates.map((one) => ({
    value: one,
    label: t(`vouchers.state_${one}`),
    selected: one === state,
  }));
  const off = { label: t('vouchers.state'), offLabel: t('ui.filter_off', { name: t('vouchers.state') }) };
  return view('vouchers/batch', {
    title: t('vouchers.batch_title', { plan: batch.package_name, number: batch.id }),
    told: told && { text: t(`vouchers.told_${told}`, { count: batch.count }) },
    path,
    batch: printBatch(batch, reader),
    planHref: `/plans/${batch.package_id}`,
    mayWrite: person.actor.permissions.has('vouchers.write'),
    papers: PAPERS.map((paper) => ({ value: paper, label: t(`vouchers.paper_${paper}`) })),
    filters: {
      path,
      q: '',
      findHint: '',
      kept: [],
      active: state
        ? [{ ...off, value: t(`vouchers.state_${state}`), off: withQuery(path, search, { state: null }) }]
        : [],
      choices: [
        {
          name: 'state',
          label: t('vouchers.state'),
          options: [{ value: '', label: t('ui.filter_any'), selected: !state }, ...states],
        },
      ],
    },
    rows: page.items.map((one) => printVoucher(one, reader)),
    empty: { text: t('vouchers.none_of_state') },
    pager: pagerOf(path, search, { cursor, next: page.nextCursor, limit }, reader),
  });
}

async function sheetPage(
  ctx: Context,
  person: Person,
  id: bigint,
  query: z.output<typeof sheetQuery>,
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const batch = await batchOf(ctx, id);
  const path = `/vouchers/batches/${batch.id}`;
  const login = query.login || undefined;
  const page = await listVouchers(ctx, { batch_id: id, state: 'unused', limit: slipsAtOnce, cursor: query.cursor });
  const search = new URLSearchParams({ paper: query.paper, ...(login ? { login } : {}) });
  return view('vouchers/sheet', {
    layout: 'sheet',
    title: reader.t('vouchers.sheet_title', { number: batch.id }),
    back: path,
    paper: query.paper,
    company: person.tenant.name,
    terms: slipTerms(batch, await termsOfBatch(ctx, id), reader),
    slips: page.items.map((one) => printSlip(one.code, login, reader)),
    next: page.nextCursor ? withQuery(`${path}/sheet`, search, { cursor: page.nextCursor }) : '',
    nextLabel: reader.t('ui.page_next', { count: slipsAtOnce }),
    empty: { text: reader.t('vouchers.none_unused'), href: path, step: reader.t('vouchers.back') },
  });
}

async function codesFile(ctx: Context, id: bigint): Promise<PageResult> {
  const batch = await batchOf(ctx, id);
  const all = await listVouchers(ctx, { batch_id: id, limit: batchMax });
  const rows = all.items.map((one) => [
    one.code,
    one.state,
    one.package_name,
    (batch.price_cents / 100).toFixed(2),
    batch.currency,
    batch.valid_until,
    one.used_at,
    one.expires_at,
  ]);
  const head = ['code', 'state', 'package', 'price', 'currency', 'valid_until', 'used_at', 'expires_at'];
  return file(`vouchers-${batch.id}.csv`, 'text/csv', csvOf(head, rows));
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/vouchers',
    permission: 'vouchers.read',
    query: listPageQuery,
    run: (ctx, { query }, _web, person) => listPage(ctx, person, query, undefined),
  }),
  pageRoute({
    method: 'GET',
    path: '/vouchers/new',
    permission: 'vouchers.write',
    query: z.object({ package_id: z.string().max(20).optional() }),
    run: (ctx, { query }, _web, person) =>
      formPage(ctx, person, query.package_id ? { package_id: query.package_id } : {}),
  }),
  pageRoute({
    method: 'POST',
    path: '/vouchers/batches',
    permission: 'vouchers.write',
    form: batchForm,
    async run(ctx, { form }, _web, person) {
      const values = form.ok ? form.value : form.values;
      const reader = readerFor(ctx, person);
      const read = readBatch(values, person.tenant.timezone);
      const count = Number(values['count']) || 1;
      if (read.kind === 'wrong') return formPage(ctx, person, values, wrongWords(read.fields, count, reader));
      const outcome = await createBatch(ctx, read.input);
      if (outcome.kind === 'invalid')
        return formPage(ctx, person, values, wrongWords(Object.keys(outcome.fields), count, reader));
      return seeOther(`/vouchers/batches/${outcome.batch.id}?told=made`);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/vouchers/batches/:id',
    permission: 'vouchers.read',
    query: batchQuery,
    run: (ctx, { params, query }, web, person) =>
      batchPage(ctx, person, params.id, query, new URLSearchParams(web.query)),
  }),
  pageRoute({
    method: 'GET',
    path: '/vouchers/batches/:id/sheet',
    permission: 'vouchers.read',
    query: sheetQuery,
    run: (ctx, { params, query }, _web, person) => sheetPage(ctx, person, params.id, query),
  }),
  pageRoute({
    method: 'GET',
    path: '/vouchers/batches/:id/codes.csv',
    permission: 'vouchers.read',
    run: (ctx, { params }) => codesFile(ctx, params.id),
  }),
  pageRoute({
    method: 'POST',
    path: '/vouchers/batches/:id/void',
    permission: 'vouchers.write',
    async run(ctx, { params }) {
      if ((await voidBatch(ctx, params.id)) === 'not_found') throw notFound('That voucher batch');
      return seeOther(`/vouchers/batches/${params.id}?told=void`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/vouchers/redeem',
    permission: 'vouchers.write',
    form: z.object({ code: z.string().trim().max(64) }),
    async run(ctx, { form }, _web, person) {
      const { t } = readerFor(ctx, person);
      const code = form.ok ? form.value.code : (form.values['code'] ?? '');
      const outcome = form.ok && code !== '' ? await redeemVoucher(ctx, code) : { kind: 'unknown' as const };
      if (outcome.kind === 'done')
        return seeOther(`/vouchers/batches/${outcome.voucher.batch_id}?state=used&told=redeemed`);
      return listPage(ctx, person, listPageQuery.parse({}), { code, message: t(`vouchers.redeem_${outcome.kind}`) });
    },
  }),
];
