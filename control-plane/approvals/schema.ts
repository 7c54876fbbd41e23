import { z } from 'zod';

/** What can be asked for; each is also the name of the task that hears of the decision. The same stand in approval_kinds() (prisma/functions/approvals.sql). */
export const approvalKinds = ['payments.refund', 'resellers.payout'] as const;
export type ApprovalKind = (typeof approvalKinds)[number];

export const approvalStates = ['asked', 'approved', 'refused', 'expired', 'done', 'void'] as const;
export type ApprovalState = (typeof approvalStates)[number];

/** The payload of a kind's task. */
export const approvalDecision = z.object({
  tenant: z.string(),
  approval: z.string(),
  subject: z.string(),
  state: z.enum(approvalStates),
});
export type ApprovalDecision = z.output<typeof approvalDecision>;

export const approvalAnswer = z.object({
  id: z.string(),
  kind: z.string(),
  subject_id: z.string(),
  /** What whoever decides must be allowed to do. */
  permission: z.string(),
  amount_cents: z.int(),
  currency: z.string(),
  summary: z.string(),
  /** Page of the console that shows what it is about. */
  path: z.string(),
  state: z.enum(approvalStates),
  asked_by: z.string().nullable(),
  asked_name: z.string(),
  asked_at: z.string(),
  expires_at: z.string(),
  decided_by: z.string().nullable(),
  decided_name: z.string().nullable(),
  decided_at: z.string().nullable(),
  note: z.string().nullable(),
});
export type Approval = z.output<typeof approvalAnswer>;

export const decisionInput = z.object({
  note: z
    .string()
    .trim()
    .max(300)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters')
    .default(''),
});

export const limitAnswer = z.object({ kind: z.string(), limit_cents: z.int(), currency: z.string(), own: z.boolean() });
export type ApprovalLimit = z.output<typeof limitAnswer>;
