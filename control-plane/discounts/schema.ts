import { z } from 'zod';
import { idField } from '../platform/http/input';

/** As typed: small letters, blanks and dashes are understood. */
export const couponCode = z
  .string()
  .transform((text) => text.replace(/[-\s]/g, '').toUpperCase())
  .pipe(z.string().regex(/^[A-Z0-9]{3,24}$/, 'must have 3 to 24 letters and digits'));

const moment = z.iso.datetime({ offset: true }).nullable().optional();

const fields = z.object({
  name: z.string().trim().min(1).max(80),
  /** A coupon has one; without it everybody gets the discount. */
  code: couponCode.nullable().optional(),
  percent: z.int().min(1).max(100).nullable().optional(),
  /** In the company's currency, and only off prices in it. */
  amount_cents: z.int().min(1).max(1_000_000_000_000).nullable().optional(),
  starts_at: moment,
  ends_at: moment,
  uses_max: z.int().min(1).max(10_000_000).nullable().optional(),
  uses_per_client_max: z.int().min(1).max(1000).nullable().optional(),
  first_purchase_only: z.boolean().optional(),
  /** None or an empty list: all packages. */
  package_ids: z.array(idField).max(200).nullable().optional(),
});

export const newDiscount = fields.superRefine((discount, ctx) => {
  const wrong = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
  if ((discount.percent ?? null) === null && (discount.amount_cents ?? null) === null)
    wrong('percent', 'is needed, or amount_cents');
  if ((discount.percent ?? null) !== null && (discount.amount_cents ?? null) !== null)
    wrong('amount_cents', 'must not stand beside percent');
  if (discount.starts_at && discount.ends_at && Date.parse(discount.ends_at) <= Date.parse(discount.starts_at))
    wrong('ends_at', 'must be after starts_at');
});
export type NewDiscount = z.output<typeof newDiscount>;

export const discountAnswer = z.object({
  id: z.string(),
  name: z.string(),
  code: z.string().nullable(),
  percent: z.int().nullable(),
  amount_cents: z.int().nullable(),
  currency: z.string().nullable(),
  starts_at: z.string().nullable(),
  ends_at: z.string().nullable(),
  uses_max: z.int().nullable(),
  uses_per_client_max: z.int().nullable(),
  first_purchase_only: z.boolean(),
  packages: z.array(z.object({ id: z.string(), name: z.string() })),
  uses: z.int(),
  /** What all purchases with it were cheaper by. */
  off_cents: z.int(),
  state: z.enum(['coming', 'open', 'used_up', 'over', 'archived']),
  version: z.int(),
  created_at: z.string(),
});
export type Discount = z.output<typeof discountAnswer>;
