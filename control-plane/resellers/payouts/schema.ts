import { z } from 'zod';
import { idField } from '../../platform/http/input';

export const payoutMethods = ['mpesa', 'hand'] as const;

export const planInput = z.object({
  method: z.enum(payoutMethods),
  /** All who have enough to be paid, where none are named. */
  reseller_ids: z.array(idField).min(1).max(500).optional(),
  /** Who has earned less waits for the next run. */
  least_cents: z.int().min(0).max(1_000_000_000_000).default(0),
});
export type PlanInput = z.output<typeof planInput>;

export const markInput = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('paid'),
    from: z.enum(['cash', 'bank', 'mpesa']),
    reference: z.string().trim().min(1, 'is needed').max(100),
  }),
  z.object({ outcome: z.literal('failed'), reason: z.string().trim().max(300).default('') }),
]);
export type MarkInput = z.output<typeof markInput>;

export const payableAnswer = z.object({
  reseller_id: z.string(),
  reseller_name: z.string(),
  phone: z.string(),
  commission_cents: z.int(),
  amount_cents: z.int(),
  currency: z.string(),
});
export type Payable = z.output<typeof payableAnswer>;

export const payoutStates = ['waiting', 'sending', 'unknown', 'paid', 'failed', 'cancelled'] as const;
export const payoutAnswer = z.object({
  id: z.string(),
  reseller_id: z.string(),
  reseller_name: z.string(),
  amount_cents: z.int(),
  currency: z.string(),
  phone: z.string(),
  state: z.enum(payoutStates),
  reference: z.string().nullable(),
  failure: z.object({ code: z.string(), text: z.string() }).nullable(),
  timeline: z.array(z.object({ at: z.string(), step: z.string(), detail: z.string().nullable() })),
});
export type Payout = z.output<typeof payoutAnswer>;

export const runAnswer = z.object({
  id: z.string(),
  method: z.enum(payoutMethods),
  state: z.enum(['asked', 'approved', 'refused']),
  total_cents: z.int(),
  currency: z.string(),
  created_name: z.string(),
  decided_name: z.string().nullable(),
  created_at: z.string(),
  count: z.int(),
  paid: z.int(),
});
export type Run = z.output<typeof runAnswer>;
export const runWithPayouts = runAnswer.extend({ approval_id: z.string().nullable(), payouts: z.array(payoutAnswer) });
export type RunWithPayouts = z.output<typeof runWithPayouts>;
