import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { Reply, route } from '../platform/http/route';
import { LOCALES } from '../platform/i18n';
import { readerOf } from '../ui';
import { creditInvoice } from './credit-invoice';
import { invoicePdf } from './pdf';
import { findInvoice, listInvoices } from './queries';
import { revenueOf } from './revenue';
import {
  creditInput,
  invoiceAnswer,
  invoiceFilters,
  revenueAnswer,
  revenueQuery,
  wholeInvoiceAnswer,
  type WholeInvoice,
} from './schema';

async function mustFind(ctx: Context, id: bigint): Promise<WholeInvoice> {
  const found = await findInvoice(ctx, id);
  if (!found) throw notFound('This invoice');
  return found;
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/billing/invoices',
    permission: 'invoices.read',
    summary: 'List invoices and credit notes',
    query: invoiceFilters,
    answer: z.object({ items: z.array(invoiceAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query: { cursor, ...query } }) => listInvoices(ctx, { ...query, before: cursorId(cursor) }),
  }),
  route({
    method: 'GET',
    path: '/billing/invoices/:id',
    permission: 'invoices.read',
    summary: 'Show an invoice or credit note with its lines',
    answer: wholeInvoiceAnswer,
    run: (ctx, { params }) => mustFind(ctx, params.id),
  }),
  route({
    method: 'GET',
    path: '/billing/invoices/:id.pdf',
    permission: 'invoices.read',
    summary: 'Take an invoice or credit note as PDF',
    media: 'application/pdf',
    query: z.object({ lang: z.enum(LOCALES).default('en') }),
    async run(ctx, { params, query }, person) {
      const { timezone, currency } = person.tenant;
      const reader = readerOf({ locale: query.lang, zone: timezone, nowMs: ctx.now.getTime(), currency });
      const invoice = await mustFind(ctx, params.id);
      return new Reply(200, await invoicePdf(invoice, reader), {
        'content-type': 'application/pdf',
        'content-disposition': `inline; filename="${invoice.number ?? `invoice-${invoice.id}`}.pdf"`,
      });
    },
  }),
  route({
    method: 'POST',
    path: '/billing/invoices/:id/credit',
    permission: 'invoices.credit',
    summary: 'Take an invoice back, or a part of it: the money goes to the wallet and a credit note says so',
    body: creditInput,
    answer: wholeInvoiceAnswer,
    async run(ctx, { params, body }) {
      const outcome = await creditInvoice(ctx, params.id, body);
      switch (outcome.kind) {
        case 'done':
          return mustFind(ctx, outcome.id);
        case 'not_found':
          throw notFound('This invoice');
        case 'nobody':
          throw conflict('no_customer', 'This invoice is nobody’s, so there is no wallet for the money to go to.');
        case 'too_much':
          throw invalid({ amount_cents: `is more than the ${outcome.left_cents} that are left of this invoice` });
      }
    },
  }),
  route({
    method: 'GET',
    path: '/billing/revenue',
    permission: 'ledger.read',
    summary: 'Show what was sold, by day or month, with the taxes inside',
    query: revenueQuery,
    answer: revenueAnswer,
    run: (ctx, { query }) => revenueOf(ctx, query),
  }),
];
