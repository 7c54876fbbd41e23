import { z } from 'zod';
import { idField } from '../platform/http/input';

const cents = z.int('must be a whole number of cents').min(0, 'must not be negative').max(1_000_000_000_000);
const name = z
  .string()
  .trim()
  .min(1, 'is needed')
  .max(120)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');

export const newReseller = z.object({
  name,
  phone: z.string().trim().min(1, 'is needed').max(40),
  email: z.email('must be an e-mail address').max(254).nullable().optional(),
  credit_limit_cents: cents.optional(),
});
export type NewReseller = z.output<typeof newReseller>;

/** As it was read, so that a change by somebody else in between is refused. */
export const resellerChange = newReseller.omit({ email: true }).extend({ version: z.int().min(1) });
export type ResellerChange = z.output<typeof resellerChange>;

export const resellerAnswer = z.object({
  id: z.string(),
  client_id: z.string(),
  name: z.string(),
  phone: z.string(),
  state: z.enum(['active', 'suspended']),
  currency: z.string(),
  float_cents: z.int(),
  credit_limit_cents: z.int(),
  /** Earned and not paid out; below zero where a sale was given back after its commission was paid. */
  commission_cents: z.int(),
  customers: z.int(),
  version: z.int(),
  created_at: z.string(),
});
export type Reseller = z.output<typeof resellerAnswer>;

/** Percent of what a sale brought, or an amount a sale; for one plan or all, one reseller or all, from a month's sales on. */
export const newRule = z
  .object({
    reseller_id: idField.nullable().optional(),
    package_id: idField.nullable().optional(),
    /** Hundredths of a percent: 750 is 7.5 %. */
    percent_bp: z.int().min(0).max(10_000).nullable().optional(),
    amount_cents: cents.nullable().optional(),
    from_month_cents: cents.optional(),
    valid_from: z.iso.datetime({ offset: true }).optional(),
  })
  .refine((rule) => ((rule.percent_bp ?? null) === null) !== ((rule.amount_cents ?? null) === null), {
    path: ['percent_bp'],
    message: 'give either percent_bp or amount_cents',
  });
export type NewRule = z.output<typeof newRule>;

export const ruleAnswer = z.object({
  id: z.string(),
  reseller_id: z.string().nullable(),
  reseller_name: z.string().nullable(),
  package_id: z.string().nullable(),
  package_name: z.string().nullable(),
  percent_bp: z.int().nullable(),
  amount_cents: z.int().nullable(),
  from_month_cents: z.int(),
  valid_from: z.string(),
  valid_to: z.string().nullable(),
});
export type Rule = z.output<typeof ruleAnswer>;

export const topUpMethods = ['cash', 'bank', 'cheque', 'mpesa'] as const;
export const topUpInput = z
  .object({
    amount_cents: cents.min(1, 'must be at least 1'),
    method: z.enum(topUpMethods),
    /** Of money received by hand. */
    reference: z
      .string()
      .transform((text) => text.trim().replace(/\s+/g, ' '))
      .pipe(
        z
          .string()
          .max(100)
          .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters'),
      )
      .optional(),
    /** The phone to prompt; the reseller's own unless another is named. */
    phone: z.string().trim().max(40).optional(),
  })
  .refine((input) => input.method === 'mpesa' || (input.reference ?? '') !== '', {
    path: ['reference'],
    message: 'is needed for money received by hand',
  });
export type TopUpInput = z.output<typeof topUpInput>;

/** Whom to sell what: a package to the person with this phone, or the next validity of a service. */
export const saleInput = z
  .object({
    package_id: idField.optional(),
    phone: z.string().trim().min(1, 'is needed').max(40).optional(),
    name: name.optional(),
    subscription_id: idField.optional(),
  })
  .refine(
    (input) => (input.subscription_id === undefined) === (input.package_id !== undefined && input.phone !== undefined),
    {
      path: ['package_id'],
      message: 'give package_id and phone, or subscription_id',
    },
  );
export type SaleInput = z.output<typeof saleInput>;

export const saleAnswer = z.object({
  payment_id: z.string(),
  subscription_id: z.string(),
  client_id: z.string(),
  client_name: z.string(),
  package_name: z.string(),
  username: z.string(),
  /** Told where the service is new, once. */
  password: z.string().nullable(),
  price_cents: z.int(),
  currency: z.string(),
  expires_at: z.string().nullable(),
  float_cents: z.int(),
  commission_cents: z.int(),
});
export type Sale = z.output<typeof saleAnswer>;

export const stockInput = z.object({
  batch_id: idField,
  /** So many codes of it; left out: all of a batch that nobody has begun. */
  count: z.int().min(1).max(100_000).optional(),
  wholesale_cents: cents,
  charged: z.enum(['assignment', 'sale']),
});
export type StockInput = z.output<typeof stockInput>;

export const stockAnswer = z.object({
  batch_id: z.string(),
  package_id: z.string(),
  package_name: z.string(),
  price_cents: z.int(),
  wholesale_cents: z.int(),
  currency: z.string(),
  charged: z.enum(['assignment', 'sale']),
  state: z.enum(['open', 'sold', 'expired', 'void']),
  count: z.int(),
  sold: z.int(),
  used: z.int(),
  remaining: z.int(),
  assigned_at: z.string(),
});
export type Stock = z.output<typeof stockAnswer>;
