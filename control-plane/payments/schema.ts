import { z } from 'zod';
import { idField } from '../platform/http/input';

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
  /** Where given, it must be the currency that the subscription is sold in. */
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be three capital letters, as KES')
    .optional(),
});
export type NewTransaction = z.output<typeof newTransaction>;

/** How a payment was used. */
export const paymentOutcomes = ['activated', 'renewed', 'wallet_short', 'wallet_suspended', 'wallet_paused'] as const;
export type PaymentUse = (typeof paymentOutcomes)[number];

export const paymentAnswer = z.object({
  id: z.string(),
  client_id: z.string(),
  client_name: z.string(),
  subscription_id: z.string().nullable(),
  username: z.string().nullable(),
  method: z.string(),
  provider: z.string().nullable(),
  provider_ref: z.string(),
  reference: z.string(),
  amount_cents: z.int(),
  currency: z.string(),
  state: z.enum(['created', 'prompted', 'settled', 'failed', 'unknown', 'refunded']),
  outcome: z.string().nullable(),
  message: z.string().nullable(),
  applied_cents: z.int(),
  wallet_cents: z.int(),
  received_by: z.string().nullable(),
  received_at: z.string(),
  created_at: z.string(),
});
export type Payment = z.output<typeof paymentAnswer>;

export const timelineAnswer = z.array(z.object({ at: z.string(), step: z.string(), detail: z.string().nullable() }));
export const paymentWithTimeline = paymentAnswer.extend({ timeline: timelineAnswer });
export type PaymentWithTimeline = z.output<typeof paymentWithTimeline>;
