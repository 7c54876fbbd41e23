import { z } from 'zod';

export const refundWays = ['cash', 'bank', 'cheque', 'provider', 'told', 'float', 'mpesa'] as const;
export type RefundWay = (typeof refundWays)[number];
export const refundStates = ['asked', 'sending', 'done', 'failed', 'refused'] as const;
export type RefundState = (typeof refundStates)[number];

const line = (least: number, most: number) =>
  z
    .string()
    .trim()
    .min(least, `must have at least ${least} letters`)
    .max(most)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');
const amount = z.int('must be a whole number of cents').min(1, 'must be at least 1').max(1_000_000_000_000);

export const refundInput = z.object({
  /** Without it, all that is left of the payment. */
  amount_cents: amount.optional(),
  /** float: back to the reseller who sold it. provider: it gives the money back. told: it was done in the provider's own portal, under `reference`. cheque: it came back unpaid. mpesa: sent to `phone`. */
  way: z.enum(refundWays),
  /** What becomes of the service that it bought. */
  service: z.enum(['keep', 'take_back']).default('take_back'),
  reason: line(3, 300),
  /** Of the slip, the bank's order or the provider's receipt. */
  reference: line(0, 100).optional(),
  /** Where the way is mpesa: whose phone gets it. Without it the one that paid, else the customer's. */
  phone: line(0, 40).optional(),
});
export type RefundInput = z.output<typeof refundInput>;

export const walletRefundInput = z.object({
  client_id: z.string().regex(/^[1-9]\d{0,18}$/, 'must be an id'),
  amount_cents: amount,
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be three capital letters, as KES')
    .optional(),
  way: z.enum(['cash', 'bank', 'mpesa']),
  reason: line(3, 300),
  reference: line(0, 100).optional(),
  /** Where the way is mpesa: whose phone gets it. Without it the customer's. */
  phone: line(0, 40).optional(),
});
export type WalletRefundInput = z.output<typeof walletRefundInput>;

export const refundAnswer = z.object({
  id: z.string(),
  payment_id: z.string().nullable(),
  client_id: z.string(),
  client_name: z.string(),
  amount_cents: z.int(),
  currency: z.string(),
  way: z.enum(refundWays),
  service: z.enum(['keep', 'take_back']),
  /** Where it goes, by M-Pesa. */
  phone: z.string().nullable(),
  reason: z.string(),
  state: z.enum(refundStates),
  /** What of it came back out of sales, with a credit note. */
  credit_cents: z.int(),
  /** What the customer owes since, because it had been used. */
  owed_cents: z.int(),
  reference: z.string().nullable(),
  approval_id: z.string().nullable(),
  failure: z.object({ code: z.string(), text: z.string() }).nullable(),
  asked_by: z.string(),
  created_at: z.string(),
  done_at: z.string().nullable(),
});
export type Refund = z.output<typeof refundAnswer>;

export const refundPreview = z.object({
  amount_cents: z.int(),
  /** What may be given back of this payment at all. */
  left_cents: z.int(),
  from_wallet_cents: z.int(),
  credit_cents: z.int(),
  owed_cents: z.int(),
  currency: z.string(),
  /** When the service ends now, and when it will. Null where nothing changes. */
  service: z.object({ ends_at: z.string().nullable(), will_end_at: z.string(), ends: z.boolean() }).nullable(),
  needs_approval: z.boolean(),
});
export type RefundPreview = z.output<typeof refundPreview>;

/** What somebody found in the provider's portal. */
export const resolveInput = z.object({
  outcome: z.enum(['done', 'failed']),
  /** The provider's receipt of the refund; where it was not made, how that is known. */
  reference: line(3, 100),
});

/** Why nothing can be given back so. */
export type RefundRefusal =
  | { kind: 'not_settled' }
  | { kind: 'too_much'; left_cents: bigint; currency: string }
  | { kind: 'spent'; possible_cents: bigint; currency: string }
  | { kind: 'not_in_parts' }
  | { kind: 'whole_units' }
  | { kind: 'way' }
  | { kind: 'phone' }
  | { kind: 'reference' }
  | { kind: 'reference_used' };
