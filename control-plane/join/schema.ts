import { z } from 'zod';

const name = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^\P{Cc}*$/u);

/** What somebody fills in who wants to join. `website` is hidden from people: whoever fills it in is a program. */
export const joinForm = z.object({
  ticket: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  plan: z.string().regex(/^[1-9]\d{0,17}$/),
  name,
  phone: z.string().trim().min(1).max(40),
  email: z.string().trim().max(254),
  channel: z.enum(['sms', 'email']),
  website: z.string().max(500).optional(),
});
export type JoinForm = z.output<typeof joinForm>;

/** The code as it was typed: phones put blanks into numbers. */
export const codeForm = z.object({
  code: z
    .string()
    .max(20)
    .transform((text) => text.replace(/\D/g, '')),
});

export const joinStates = ['unconfirmed', 'waiting', 'known', 'joined', 'refused'] as const;
export type JoinState = (typeof joinStates)[number];

/** A request as it stands. */
export interface JoinRequest {
  id: bigint;
  name: string;
  phone: string;
  email: string | null;
  channel: 'sms' | 'email';
  recipient: string;
  plan_id: bigint;
  locale: 'en' | 'sw';
  state: JoinState;
  reason: 'approval' | 'phone_unproven' | 'limit' | 'known' | null;
  sends: number;
  created_at: Date;
  subscriber_id: bigint | null;
  subscription_id: bigint | null;
}
