import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { bytesFile, pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { dayFilters, dayQuery, dayRange, listPages, oneOf } from '../tables';
import { fieldsOf, formErrors, formatDay, formatMoney, readDecimal, readerFor, type Filter, type Reader } from '../ui';
import { creditInvoice } from './credit-invoice';
import { invoiceColumns } from './list.view';
import { exactAmount, partyLines, titleOf, totalsOf } from './paper';
import { invoicePdf, periodOf } from './pdf';
import { creditNotesOf, findInvoice, listInvoices } from './queries';
import type { WholeInvoice } from './schema';
import { settingsRoutes } from './settings.routes';

const KINDS = ['invoice', 'credit_note'] as const;

const invoiceList = listPages({
  list: 'invoices',
  path: '/invoices',
  permission: 'invoices.read',
  view: 'invoices/list',
  query: listQuery.extend({ kind: oneOf(KINDS), client: idField.optional(), ...dayQuery }),
  title: 'invoices.title',
  find: 'invoices.find',
  foot: 'invoices.foot',
  columns: invoiceColumns,
  live: 'payment',
  filters: async (ctx, { query, reader }) => [
    ...(query.client === undefined ? [] : [await customerFilter(ctx, query.client, reader)]),
    {
      name: 'kind',
      label: reader.t('invoices.kind'),
      value: query.kind ?? '',
      options: KINDS.map((value) => ({ value, label: reader.t(`invoices.kind_${value}`) })),
    },
    ...dayFilters(query, reader),
  ],
  scope: async (ctx, { query, person }) => ({
    q: query.q || undefined,
    kind: query.kind,
    client_id: query.client,
    ...(await dayRange(ctx, query, person.tenant.timezone)),
  }),
  page: (ctx, filter, { cursor, limit }) => listInvoices(ctx, { ...filter, limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('invoices.empty') }),
  model: (_ctx, { person }) => ({ maySet: person.actor.permissions.has('invoices.settings') }),
});

/** The one customer whose invoices are shown, by their name; it is set by links alone. */
async function customerFilter(ctx: Context, id: bigint, { t }: Reader): Promise<Filter> {
  const customer = await ctx.tx.subscriber.findFirst({ where: { id }, select: { name: true } });
  if (!customer) throw notFound('That customer');
  const value = id.toString();
  return { name: 'client', label: t('subscribers.customer'), value, options: [{ value, label: customer.name }] };
}

const creditForm = z.object({
  amount: z
    .string()
    .trim()
    .transform((text) => (text === '' ? undefined : readDecimal(text, 2)))
    .pipe(z.int().min(1).max(1_000_000_000_000).optional()),
  reason: z.string().trim().min(3).max(300),
});

interface Refused {
  values: Record<string, string>;
  errors: Record<string, string>;
}

async function mustFind(ctx: Context, id: bigint): Promise<WholeInvoice> {
  const found = await findInvoice(ctx, id);
  if (!found) throw notFound('That invoice');
  return found;
}

async function invoicePage(
  ctx: Context,
  id: bigint,
  person: Person,
  more: { told?: string; refused?: Refused } = {},
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const invoice = await mustFind(ctx, id);
  const notes = invoice.kind === 'invoice' ? await creditNotesOf(ctx, id) : [];
  const left = invoice.total_cents - invoice.credited_cents;
  const mayCredit =
    invoice.kind === 'invoice' &&
    left > 0 &&
    invoice.client_id !== null &&
    person.actor.permissions.has('invoices.credit');
  const field = fieldsOf('invoices', more.refused?.values ?? {}, more.refused?.errors ?? {}, reader);
  const told = notes.find((note) => note.id === more.told);
  return view(
    'invoices/one',
    {
      title: `${titleOf(invoice, reader)} ${invoice.number ?? ''}`.trim(),
      told: told && {
        text: t('invoices.told_credited', { amount: formatMoney(told.total_cents, told.currency, locale) }),
      },
      errors: more.refused && formErrors(more.refused.errors),
      ...paperOf(invoice, reader),
      href: `/invoices/${id}`,
      notes: notes.map((note) => ({
        href: `/invoices/${note.id}`,
        name: note.number ?? t('invoices.number_soon'),
        amount: formatMoney(note.total_cents, note.currency, locale),
        reason: note.reason,
      })),
      credit: mayCredit && {
        help: t('invoices.credit_help', { amount: formatMoney(left, invoice.currency, locale) }),
        amount: {
          ...field('amount', { mode: 'decimal', help: t('invoices.credit_amount_help') }),
          label: t('invoices.credit_amount'),
        },
        reason: {
          ...field('reason', { required: true, max: 300, help: t('invoices.credit_reason_help') }),
          label: t('invoices.credit_reason'),
        },
      },
    },
    more.refused ? { status: 422 } : {},
  );
}

/** What stands on the paper. */
function paperOf(invoice: WholeInvoice, reader: Reader) {
  const { t, locale } = reader;
  return {
    heading: titleOf(invoice, reader),
    number: invoice.number ?? t('invoices.number_soon'),
    issued: new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'sw-KE', {
      dateStyle: 'long',
      timeZone: reader.zone,
    }).format(new Date(invoice.issued_at)),
    iso: invoice.issued_at,
    due: invoice.due_at && formatDay(new Date(Date.parse(invoice.due_at) - 60_000), reader, { dateStyle: 'long' }),
    seller: { name: invoice.seller.name, lines: partyLines(invoice.seller, reader) },
    buyer: {
      name: invoice.buyer?.name ?? invoice.client_name ?? '–',
      href: invoice.client_id === null ? '' : `/subscribers/${invoice.client_id}`,
      lines: partyLines(invoice.buyer ?? undefined, reader),
    },
    reason: invoice.reason,
    credits: invoice.credits_invoice_id && {
      href: `/invoices/${invoice.credits_invoice_id}`,
      name: invoice.credits_number ?? t('invoices.number_soon'),
    },
    currency: invoice.currency,
    lines: invoice.lines.map((line) => ({
      description: line.description,
      more: [periodOf(line, reader), line.discount_name].filter(Boolean).join(' · '),
      quantity: line.quantity,
      unit: exactAmount(line.unit_cents, locale),
      discount: line.discount_cents > 0 ? exactAmount(-line.discount_cents, locale) : '',
      total: exactAmount(line.total_cents, locale),
    })),
    totals: totalsOf(invoice, reader).map((one) => ({ ...one, amount: exactAmount(one.cents, locale) })),
    footer: invoice.seller.footer ?? '',
  };
}

export const pageRoutes: PageRoute[] = [
  ...invoiceList,
  ...settingsRoutes,
  pageRoute({
    method: 'GET',
    path: '/invoices/:id',
    permission: 'invoices.read',
    query: z.object({ credited: z.string().max(20).optional() }),
    run: (ctx, { params, query }, _web, person) =>
      invoicePage(ctx, params.id, person, query.credited ? { told: query.credited } : {}),
  }),
  pageRoute({
    method: 'GET',
    path: '/invoices/:id/pdf',
    permission: 'invoices.read',
    async run(ctx, { params }, _web, person) {
      const invoice = await mustFind(ctx, params.id);
      const name = (invoice.number ?? `invoice-${invoice.id}`).replaceAll('/', '-');
      return bytesFile(`${name}.pdf`, 'application/pdf', await invoicePdf(invoice, readerFor(ctx, person)));
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/invoices/:id/credit',
    permission: 'invoices.credit',
    form: creditForm,
    async run(ctx, { params, form }, _web, person) {
      const { t, locale } = readerFor(ctx, person);
      const again = (values: Record<string, string>, errors: Record<string, string>) =>
        invoicePage(ctx, params.id, person, { refused: { values, errors } });
      if (!form.ok)
        return again(
          form.values,
          Object.fromEntries(Object.keys(form.fields).map((name) => [name, t(`invoices.${name}_wanted`)])),
        );
      const { amount, reason } = form.value;
      const outcome = await creditInvoice(ctx, params.id, {
        reason,
        ...(amount === undefined ? {} : { amount_cents: amount }),
      });
      const values = { amount: amount === undefined ? '' : (amount / 100).toString(), reason };
      switch (outcome.kind) {
        case 'done':
          return seeOther(`/invoices/${params.id}?credited=${outcome.id}`);
        case 'not_found':
          throw notFound('That invoice');
        case 'nobody':
          return again(values, { amount: t('invoices.nobody') });
        case 'too_much': {
          const { currency } = await mustFind(ctx, params.id);
          return again(values, {
            amount: t('invoices.too_much', { amount: formatMoney(outcome.left_cents, currency, locale) }),
          });
        }
      }
    },
  }),
];
