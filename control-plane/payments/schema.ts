import { z } from 'zod';
import { idField } from '../platform/http/input';
import { providerNames } from './provider';

export const manualMethods = ['cash', 'bank', 'cheque'] as const;
export type ManualMethod = (typeof manualMethods)[number];

export const newTransaction = z.object({
  subscription_id: idField,
  amount_cents: z.int('must be a whole number of cents').min(1, 'must be at least 1').max(1_000_000_000_000),
  method: z.enum(manualMethods),
  reference: z
    .string()
    .transform((text) => text.trim().replace(/\s+/g, ' '))
    .pipe(
      z
        .string()
        .min(1, 'is needed')
        .max(100)
        .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters'),
    ),
  /** Of a cheque: the day on which its bank should have paid it. */
  clears_on: z.iso.date('must be a day, as 2026-03-31').optional(),
  /** Where given, it must be the currency that the subscription is sold in. */
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be three capital letters, as KES')
    .optional(),
});
export type NewTransaction = z.output<typeof newTransaction>;

/** How a payment was used. */
export const paymentOutcomes = [
  'activated',
  'renewed',
  'wallet_short',
  'wallet_suspended',
  'wallet_paused',
  'wallet_ended',
  'wallet_choice',
  /** It paid what was owed, or a part of it. */
  'invoice_paid',
  /** Nothing is owed: it waits for the next invoice. */
  'wallet_ahead',
] as const;
export type PaymentUse = (typeof paymentOutcomes)[number];

/** What a customer is asked to pay for, and how. Without an amount, what the next purchase costs. */
export const newPayment = z
  .object({
    subscription_id: idField.optional(),
    package_id: idField.optional(),
    phone: z.string().trim().min(1, 'is needed').max(40),
    provider: z.enum(providerNames),
    amount_cents: z
      .int('must be a whole number of cents')
      .min(1, 'must be at least 1')
      .max(1_000_000_000_000)
      .optional(),
  })
  .refine((input) => (input.subscription_id === undefined) !== (input.package_id === undefined), {
    path: ['subscription_id'],
    message: 'give either subscription_id or package_id',
  });
export type NewPayment = z.output<typeof newPayment>;

export const paymentAnswer = z.object({
  id: z.string(),
  client_id: z.string(),
  client_name: z.string(),
  subscription_id: z.string().nullable(),
  username: z.string().nullable(),
  method: z.string(),
  provider: z.string().nullable(),
  /** The provider's name for the order; of money received by hand, its reference. Null until there is one. */
  provider_ref: z.string().nullable(),
  /** The receipt; until there is one, the reference that the customer sees in the prompt. */
  reference: z.string(),
  receipt: z.string().nullable(),
  phone: z.string().nullable(),
  /** Where the customer pays, with providers that have a page for it. */
  pay_url: z.string().nullable(),
  /** The provider's own word for why it failed. */
  failure: z.object({ code: z.string(), text: z.string() }).nullable(),
  amount_cents: z.int(),
  currency: z.string(),
  state: z.enum(['created', 'prompted', 'settled', 'failed', 'unknown', 'refunded']),
  outcome: z.string().nullable(),
  message: z.string().nullable(),
  applied_cents: z.int(),
  wallet_cents: z.int(),
  /** Of a cheque: when its bank should have paid it, and when it did. */
  clears_on: z.string().nullable(),
  cleared_at: z.string().nullable(),
  received_by: z.string().nullable(),
  received_at: z.string(),
  created_at: z.string(),
});
export type Payment = z.output<typeof paymentAnswer>;

export const timelineAnswer = z.array(z.object({ at: z.string(), step: z.string(), detail: z.string().nullable() }));
export const paymentWithTimeline = paymentAnswer.extend({ timeline: timelineAnswer });
export type PaymentWithTimeline = z.output<typeof paymentWithTimeline>;
