import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { listPackages, type Package } from '../plans';
import { listModel, listPages } from '../tables';
import { fieldsOf, formatMoney, formErrors, readerFor, type Reader } from '../ui';
import { printSlip, slipTerms } from './admin.view';
import { batchList, batchQuery, codeList, redeemForm } from './list.routes';
import { codePages } from './code.pages';
import { createBatch } from './create-batch';
import { redeemVoucher } from './redeem-voucher';
import { batchMax } from './schema';
import { sheetPages } from './sheets/pages';
import { voidBatch } from './void-batch';
import { batchForm, readBatch, shortestLength, USUAL, type BatchForm } from './voucher-form';

/** Of a code, as newBatch has it. */
const PREFIX_MOST = 12;

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
  const shown = plans.items.find((plan) => plan.id === values['package_id']) ?? plans.items[0];
  return view(
    'vouchers/new',
    {
      title: t('vouchers.new_title'),
      slip: shown && sampleSlip(shown, (values['prefix'] ?? '').toUpperCase().slice(0, PREFIX_MOST), reader),
      company: person.tenant.name,
      errors: formErrors(errors),
      plans: options.length > 0,
      package: field('package_id', { options }),
      count: field('count', { mode: 'numeric', required: true, help: t('vouchers.count_help') }),
      code_length: field('code_length', { mode: 'numeric', required: true, help: t('vouchers.code_length_help') }),
      prefix: field('prefix', { max: PREFIX_MOST, autocomplete: 'off', help: t('vouchers.prefix_help') }),
      valid_until: field('valid_until', { type: 'date', help: t('vouchers.valid_until_help') }),
      empty: { text: t('vouchers.no_plans'), href: '/plans/new', step: t('plans.add'), action: true },
    },
    { status: Object.keys(errors).length > 0 ? 422 : 200 },
  );
}

/** One slip as it will be printed, with a code that nobody has. */
function sampleSlip(plan: Package, prefix: string, reader: Reader) {
  const { name: package_name, price_cents, currency } = plan;
  const batch = { id: '–', package_name, price_cents, currency, valid_until: null };
  return {
    ...printSlip(`${prefix.replace(/[^A-Z0-9]/g, '')}ABCD2345X`, undefined, reader),
    ...slipTerms(batch, plan, reader),
  };
}

const wrongWords = (names: string[], count: number, { t }: Reader): Record<string, string> =>
  Object.fromEntries(
    names.map((name) => [name, t(`vouchers.${name}_needed`, { least: shortestLength(count || 1), most: batchMax })]),
  );

export const pageRoutes: PageRoute[] = [
  ...listPages(batchList),
  ...codeList,
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
  ...sheetPages,
  ...codePages,
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
    async run(ctx, { form }, web, person) {
      const reader = readerFor(ctx, person);
      const code = form.ok ? form.value.code : (form.values['code'] ?? '');
      const outcome = form.ok && code !== '' ? await redeemVoucher(ctx, code) : { kind: 'unknown' as const };
      if (outcome.kind === 'done')
        return seeOther(`/vouchers/batches/${outcome.voucher.batch_id}?state=used&told=redeemed`);
      const asked = { params: {}, query: batchQuery.parse({}), web: { ...web, query: {} }, person, reader };
      const refused = { code, message: reader.t(`vouchers.redeem_${outcome.kind}`) };
      const model = { ...(await listModel(batchList, ctx, asked, '/vouchers')), ...redeemForm(reader, refused) };
      return view('vouchers/list', model, { status: 422 });
    },
  }),
];
