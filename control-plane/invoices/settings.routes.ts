import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formatDay, formPages, seenOf, type FormView, type Reader } from '../ui';
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

type Seller = Awaited<ReturnType<typeof sellerOf>>;

const settingsPage: FormView<Seller> = {
  slice: 'invoices',
  view: 'invoices/settings',
  word: 'wanted',
  told: ['saved', 'tax_saved'],
  shared: true,
  values({ pin, ...rest }) {
    const known = Object.entries({ ...rest, seller_pin: pin }).map(([name, value]) => [name, String(value ?? '')]);
    return { tax: 'vat', rate_choice: 'law', ...(Object.fromEntries(known) as Record<string, string>) };
  },
  async draw({ values, field }, { ctx, about: seller, reader, t }) {
    const choice = (name: string, options: string[], word: string) =>
      field(name, {
        options: options.map((value) => ({
          value,
          label: t(`invoices.${word}_${value}`),
          selected: values[name] === value,
        })),
      });
    return {
      title: t('invoices.settings'),
      seen: seenOf(seller.version),
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
    };
  },
};

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

export const settingsRoutes: PageRoute[] = [
  ...formPages({
    ...settingsPage,
    page: '/invoices/settings',
    post: '/invoices/settings',
    permission: 'invoices.settings',
    form: sellerForm,
    open: ({ ctx }) => sellerOf(ctx),
    seen: ({ version }) => [version],
    save: async (value, { ctx, about: { version } }) =>
      (await saveSeller(ctx, { ...value, version })) ? seeOther('/invoices/settings?told=saved') : { kind: 'changed' },
  }),
  ...formPages({
    ...settingsPage,
    post: '/invoices/settings/tax',
    permission: 'invoices.settings',
    form: taxForm,
    open: ({ ctx }) => sellerOf(ctx),
    save: async (value, { ctx }) =>
      (await saveTax(ctx, value))
        ? seeOther('/invoices/settings?told=tax_saved')
        : { kind: 'wrong', fields: ['starts_on'] },
  }),
  ...formPages({
    slice: 'invoices',
    view: 'invoices/buyer',
    word: 'wanted',
    page: '/invoices/buyers/:id',
    post: '/invoices/buyers/:id',
    permission: 'subscribers.write',
    form: buyerForm,
    async open({ ctx, params }) {
      const customer = await mustBeThere(ctx, params.id);
      return { id: params.id, name: customer.name, buyer: await buyerOf(ctx, params.id) };
    },
    seen: ({ name, buyer }) => [name, buyer?.name, buyer?.pin, buyer?.address],
    values: ({ name, buyer }) => ({
      buyer_name: buyer?.name ?? name,
      pin: buyer?.pin ?? '',
      address: buyer?.address ?? '',
    }),
    draw: ({ field }, { about: { id, name, buyer }, t }) => ({
      title: t('invoices.buyer_title', { name }),
      client: { name, href: `/subscribers/${id}` },
      action: `/invoices/buyers/${id}`,
      known: buyer !== undefined,
      buyer_name: field('buyer_name', { required: true, max: 120 }),
      pin: field('pin', { max: 11, autocomplete: 'off' }),
      address: field('address', { max: 300 }),
    }),
    async save(value, { ctx, params }) {
      await saveBuyer(ctx, params.id, value);
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
async function mustBeThere(ctx: Context, id: bigint): Promise<{ name: string }> {
  const customer = await ctx.tx.subscriber.findFirst({ where: { id, deleted_at: null }, select: { name: true } });
  if (!customer) throw notFound('That customer');
  return customer;
}
