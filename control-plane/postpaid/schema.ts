import { z } from 'zod';
import { idField, listQuery } from '../platform/http/input';

const limit = z.int().min(1).max(1_000_000_000_000).nullable();

/** How one customer is billed; what is left out is as the company says. */
export const accountInput = z.object({
  billing_day: z.int().min(1).max(28).optional(),
  terms_days: z.int().min(0).max(120).optional(),
  credit_limit_cents: limit.optional(),
});
export type AccountInput = z.output<typeof accountInput>;

export const startInput = accountInput.extend({ subscription_id: idField });
export const stopInput = z.object({ subscription_id: idField });

export const settingInput = z.object({
  billing_day: z.int().min(1).max(28),
  terms_days: z.int().min(0).max(120),
  credit_limit_cents: limit,
  unusual_factor: z.int().min(2).max(100),
  most_cents: limit,
  cut_after_days: z.int().min(0).max(365).nullable(),
  cut_least_cents: z.int().min(0).max(1_000_000_000_000),
});
export type SettingInput = z.output<typeof settingInput>;

export const promiseInput = z.object({
  /** The last day on which it is to be paid, in the company's zone; null takes the promise back. */
  until: z.iso.date().nullable(),
  note: z.string().trim().max(300).default(''),
});
export type PromiseInput = z.output<typeof promiseInput>;

export const writeOffInput = z.object({ reason: z.string().trim().min(3).max(300) });

export const parkedReasons = [
  'unusual',
  'too_much',
  'currency',
  'overlap',
  'too_many_lines',
  'differs',
  'failed',
] as const;
export type ParkedReason = (typeof parkedReasons)[number];

/** A customer's account for bills. Money in minor units. */
export const accountAnswer = z.object({
  client_id: z.string(),
  client_name: z.string(),
  phone: z.string().nullable(),
  billing_day: z.int(),
  terms_days: z.int(),
  credit_limit_cents: z.int().nullable(),
  billed_until: z.string(),
  bill_at: z.string().nullable(),
  parked_at: z.string().nullable(),
  parked_reason: z.enum(parkedReasons).nullable(),
  parked_detail: z.record(z.string(), z.unknown()).nullable(),
  promised_until: z.string().nullable(),
  promise_note: z.string().nullable(),
  cut_at: z.string().nullable(),
});
export type Account = z.output<typeof accountAnswer>;

export const runAnswer = z.object({
  id: z.string(),
  day: z.string(),
  state: z.enum(['running', 'done']),
  due: z.int(),
  worked: z.int(),
  invoices: z.int(),
  nothing: z.int(),
  parked: z.int(),
  totals: z.array(z.object({ currency: z.string(), total_cents: z.int() })),
  started_at: z.string(),
  ended_at: z.string().nullable(),
});
export type Run = z.output<typeof runAnswer>;

/** What one customer owes in one currency. */
export const debtAnswer = z.object({
  client_id: z.string(),
  client_name: z.string(),
  phone: z.string().nullable(),
  currency: z.string(),
  owed_cents: z.int(),
  overdue_cents: z.int(),
  invoices: z.int(),
  due_at: z.string(),
  promised_until: z.string().nullable(),
  promise_note: z.string().nullable(),
  cut_at: z.string().nullable(),
});
export type Debt = z.output<typeof debtAnswer>;

export const openInvoiceAnswer = z.object({
  id: z.string(),
  number: z.string().nullable(),
  currency: z.string(),
  issued_at: z.string(),
  due_at: z.string(),
  total_cents: z.int(),
  open_cents: z.int(),
});

/** A line of a statement: what was charged above zero, what was paid or taken back below. */
export const movementAnswer = z.object({
  at: z.string(),
  kind: z.enum(['invoice', 'payment', 'credit_note', 'write_off']),
  reference: z.string().nullable(),
  amount_cents: z.int(),
  balance_cents: z.int(),
});
export type Movement = z.output<typeof movementAnswer>;

export const statementAnswer = z.object({
  client_id: z.string(),
  client_name: z.string(),
  currency: z.string(),
  from: z.string(),
  to: z.string(),
  opening_cents: z.int(),
  items: z.array(movementAnswer),
  closing_cents: z.int(),
});
export type Statement = z.output<typeof statementAnswer>;

export const statementQuery = z.object({
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional(),
});
export type StatementQuery = z.output<typeof statementQuery>;

export const debtFilters = listQuery.extend({ overdue: z.enum(['true', 'false']).optional() });
