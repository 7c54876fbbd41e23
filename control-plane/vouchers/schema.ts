import { z } from 'zod';
import { idField } from '../platform/http/input';

/** Letters and digits that nobody confuses on a slip of paper: no I, O, 0 and 1. 32 of them: five bits each. */
export const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

export const batchMax = 100_000;

export const newBatch = z.object({
  package_id: idField,
  count: z.int().min(1).max(batchMax),
  /** Of the random part. */
  code_length: z.int().min(4).max(24).optional(),
  prefix: z
    .string()
    .trim()
    .regex(/^[a-z0-9]{0,12}$/i, 'must have at most 12 letters and digits')
    .transform((text) => text.toUpperCase())
    .optional(),
  /** One more character, worked out from the others: a typing error is told from a code that does not exist. */
  with_check: z.boolean().optional(),
  /** From then on the codes that were not yet used let nobody in. */
  valid_until: z.iso.datetime({ offset: true }).nullable().optional(),
});
export type NewBatch = z.output<typeof newBatch>;

/** As typed: small letters, blanks and dashes are understood. */
export const redeemInput = z.object({ code: z.string().trim().min(1, 'is needed').max(64) });

export const batchAnswer = z.object({
  id: z.string(),
  package_id: z.string(),
  package_name: z.string(),
  count: z.int(),
  used: z.int(),
  code_length: z.int(),
  prefix: z.string(),
  with_check: z.boolean(),
  price_cents: z.int(),
  currency: z.string(),
  created_at: z.string(),
  valid_until: z.string().nullable(),
  voided_at: z.string().nullable(),
  /** The codes, when the batch was just made and has at most 1,000. */
  codes: z.array(z.string()).optional(),
});
export type Batch = z.output<typeof batchAnswer>;

/** `expired`: not used before the last day of its batch. */
export const voucherStates = ['unused', 'used', 'void', 'expired'] as const;

export const voucherAnswer = z.object({
  code: z.string(),
  state: z.enum(voucherStates),
  batch_id: z.string(),
  package_id: z.string(),
  package_name: z.string(),
  /** The subscription that it became, when somebody first went online with it. */
  subscription_id: z.string().nullable(),
  used_at: z.string().nullable(),
  expires_at: z.string().nullable(),
});
export type Voucher = z.output<typeof voucherAnswer>;

/** Papers that slips are printed on: a sheet to cut apart, rolls of 80 and 58 mm. */
export const PAPERS = ['a4', '80', '58'] as const;
