import { z } from 'zod';
import { idField, listQuery } from '../platform/http/input';

/** A document of the list. Money in minor units; a credit note's are positive, and take away. */
export const invoiceAnswer = z.object({
  id: z.string(),
  kind: z.enum(['invoice', 'credit_note']),
  /** Null until it is given, a moment after the sale. */
  number: z.string().nullable(),
  client_id: z.string().nullable(),
  client_name: z.string().nullable(),
  subscription_id: z.string().nullable(),
  currency: z.string(),
  net_cents: z.int(),
  excise_cents: z.int(),
  vat_cents: z.int(),
  total_cents: z.int(),
  credited_cents: z.int(),
  credits_invoice_id: z.string().nullable(),
  reason: z.string().nullable(),
  issued_at: z.string(),
  /** The midnight after the last day on which it is to be paid; null where it was paid when it was made. */
  due_at: z.string().nullable(),
});
export type Invoice = z.output<typeof invoiceAnswer>;

export const lineAnswer = z.object({
  kind: z.enum(['service', 'fee']),
  description: z.string(),
  quantity: z.int(),
  unit_cents: z.int(),
  discount_cents: z.int(),
  discount_name: z.string().nullable(),
  period_from: z.string().nullable(),
  period_to: z.string().nullable(),
  tax_type: z.string(),
  net_cents: z.int(),
  excise_cents: z.int(),
  vat_cents: z.int(),
  total_cents: z.int(),
});
export type InvoiceLine = z.output<typeof lineAnswer>;

const party = z.object({
  name: z.string(),
  pin: z.string().optional(),
  branch: z.string().optional(),
  address: z.string().optional(),
  phone: z.string().optional(),
  email: z.string().optional(),
  footer: z.string().optional(),
});

/** One document, as it is printed. */
export const wholeInvoiceAnswer = invoiceAnswer.extend({
  seller: party,
  /** The buyer's tax data, where there are any; otherwise the customer is named by client_name. */
  buyer: party.nullable(),
  excise_bp: z.int(),
  vat_bp: z.int(),
  lines: z.array(lineAnswer),
  /** What a credit note takes back, by its number. */
  credits_number: z.string().nullable(),
  control: z
    .object({
      unit: z.string(),
      number: z.string().nullable(),
      signature: z.string().nullable(),
      at: z.string().nullable(),
    })
    .nullable(),
});
export type WholeInvoice = z.output<typeof wholeInvoiceAnswer>;

export const invoiceFilters = listQuery.extend({
  client_id: idField.optional(),
  subscription_id: idField.optional(),
  kind: z.enum(['invoice', 'credit_note']).optional(),
});

export const creditInput = z.object({
  /** All that is left of the invoice where it is not said. */
  amount_cents: z.int().min(1).max(1_000_000_000_000).optional(),
  reason: z.string().trim().min(3).max(300),
});
export type CreditInput = z.output<typeof creditInput>;

export const revenueQuery = z.object({
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  by: z.enum(['day', 'month']).default('day'),
});
export const revenueAnswer = z.object({
  from: z.string(),
  to: z.string(),
  items: z.array(
    z.object({
      period: z.string(),
      currency: z.string(),
      invoices: z.int(),
      credit_notes: z.int(),
      invoiced_cents: z.int(),
      credited_cents: z.int(),
      net_cents: z.int(),
      excise_cents: z.int(),
      vat_cents: z.int(),
      total_cents: z.int(),
    }),
  ),
});
