import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formatDay, formErrors, readerFor, type Reader } from '../ui';
import {
  buyerForm,
  buyerOf,
  saveBuyer,
  saveSeller,
  saveTax,
  sellerForm,
  sellerOf,
  taxesOf,
  taxForm,
  type TaxRow,
} from './settings';

interface Refused {
  values: Record<string, string>;
  errors: Record<string, string>;
  title?: string;
  status?: number;
}

const TOLD = ['saved', 'tax_saved'] as const;

async function settingsPage(ctx: Context, web: Web, person: Person, refused?: Refused): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const seller = await sellerOf(ctx);
  const { pin, ...rest } = seller;
  const known = Object.fromEntries(
    Object.entries({ ...rest, seller_pin: pin }).map(([name, value]) => [name, String(value ?? '')]),
  );
  const values: Record<string, string> = { tax: 'vat', rate_choice: 'law', ...known, ...refused?.values };
  const field = fieldsOf('invoices', values, refused?.errors ?? {}, reader);
  const choice = (name: string, options: string[], word: string) =>
    field(name, {
      options: options.map((value) => ({
        value,
        label: t(`invoices.${word}_${value}`),
        selected: values[name] === value,
      })),
    });
  const told = TOLD.find((one) => one === web.query['told']);
  return view(
    'invoices/settings',
    {
      title: t('invoices.settings'),
      told: told && { text: t(`invoices.told_${told}`) },
      errors: refused && { title: refused.title, fields: formErrors(refused.errors)?.fields ?? [] },
      version: seller.version,
      legal_name: field('legal_name', { max: 120 }),
      seller_pin: field('seller_pin', { max: 11, autocomplete: 'off' }),
      branch: field('branch', { mode: 'numeric', max: 2, help: t('invoices.branch_help') }),
      address: field('address', { max: 300 }),
      phone: field('phone', { type: 'tel', max: 40 }),
      email: field('email', { type: 'email', max: 200 }),
      invoice_prefix: field('invoice_prefix', { max: 12, help: t('invoices.prefix_help') }),
      credit_prefix: field('credit_prefix', { max: 12 }),
      footer: field('footer', { max: 300 }),
      taxes: (await taxesOf(ctx)).map((row) => taxLine(row, reader)),
      tax: choice('tax', ['vat', 'excise'], 'tax'),
      rate_choice: choice('rate_choice', ['law', 'own', 'off'], 'rate'),
      rate: field('rate', { mode: 'decimal', max: 5, unit: '%' }),
      starts_on: field('starts_on', { type: 'date', required: true }),
    },
    refused ? { status: refused.status ?? 422 } : {},
  );
}

function taxLine(row: TaxRow, reader: Reader) {
  const { t } = reader;
  const how =
    row.rate_bp === null
      ? t('invoices.tax_law', { rate: String(row.law_bp / 100) })
      : row.rate_bp === 0
        ? t('invoices.tax_off')
        : t('invoices.tax_own', { rate: String(row.rate_bp / 100) });
  return {
    name: t(`invoices.tax_${row.tax}`),
    how,
    from: formatDay(row.starts_on, { ...reader, zone: 'UTC' }, { dateStyle: 'medium' }),
  };
}

/** Each field that was refused, with what it wants. */
const wanted = (fields: Record<string, string>, { t }: Reader): Record<string, string> =>
  Object.fromEntries(Object.keys(fields).map((name) => [name, t(`invoices.${name}_wanted`)]));

async function buyerPage(ctx: Context, id: bigint, person: Person, refused?: Refused): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const customer = await ctx.tx.subscriber.findFirst({ where: { id, deleted_at: null }, select: { name: true } });
  if (!customer) throw notFound('That customer');
  const buyer = await buyerOf(ctx, id);
  const known = { buyer_name: buyer?.name ?? customer.name, pin: buyer?.pin ?? '', address: buyer?.address ?? '' };
  const field = fieldsOf('invoices', { ...known, ...refused?.values }, refused?.errors ?? {}, reader);
  return view(
    'invoices/buyer',
    {
      title: reader.t('invoices.buyer_title', { name: customer.name }),
      errors: refused && formErrors(refused.errors),
      client: { name: customer.name, href: `/subscribers/${id}` },
      action: `/invoices/buyers/${id}`,
      known: buyer !== undefined,
      buyer_name: field('buyer_name', { required: true, max: 120 }),
      pin: field('pin', { max: 11, autocomplete: 'off' }),
      address: field('address', { max: 300 }),
    },
    refused ? { status: 422 } : {},
  );
}

export const settingsRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/invoices/settings',
    permission: 'invoices.settings',
    run: (ctx, _input, web, person) => settingsPage(ctx, web, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/invoices/settings',
    permission: 'invoices.settings',
    form: sellerForm,
    async run(ctx, { form }, web, person) {
      const reader = readerFor(ctx, person);
      if (!form.ok) return settingsPage(ctx, web, person, { values: form.values, errors: wanted(form.fields, reader) });
      if (await saveSeller(ctx, form.value)) return seeOther('/invoices/settings?told=saved');
      return settingsPage(ctx, web, person, {
        values: {},
        errors: {},
        title: reader.t('invoices.changed_meanwhile'),
        status: 409,
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/invoices/settings/tax',
    permission: 'invoices.settings',
    form: taxForm,
    async run(ctx, { form }, web, person) {
      const reader = readerFor(ctx, person);
      if (!form.ok) return settingsPage(ctx, web, person, { values: form.values, errors: wanted(form.fields, reader) });
      if (await saveTax(ctx, form.value)) return seeOther('/invoices/settings?told=tax_saved');
      return settingsPage(ctx, web, person, { values: form.value, errors: wanted({ starts_on: '' }, reader) });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/invoices/buyers/:id',
    permission: 'subscribers.write',
    run: (ctx, { params }, _web, person) => buyerPage(ctx, params.id, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/invoices/buyers/:id',
    permission: 'subscribers.write',
    form: buyerForm,
    async run(ctx, { params, form }, _web, person) {
      if (!form.ok)
        return buyerPage(ctx, params.id, person, {
          values: form.values,
          errors: wanted(form.fields, readerFor(ctx, person)),
        });
      await mustBeThere(ctx, params.id);
      await saveBuyer(ctx, params.id, form.value);
      return seeOther(`/subscribers/${params.id}`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/invoices/buyers/:id/remove',
    permission: 'subscribers.write',
    form: z.object({}),
    async run(ctx, { params }) {
      await mustBeThere(ctx, params.id);
      await saveBuyer(ctx, params.id, undefined);
      return seeOther(`/subscribers/${params.id}`);
    },
  }),
];

/** @throws Problem 404 for a customer who is removed, or another company's */
async function mustBeThere(ctx: Context, id: bigint): Promise<void> {
  if (!(await ctx.tx.subscriber.findFirst({ where: { id, deleted_at: null }, select: { id: true } })))
    throw notFound('That customer');
}
