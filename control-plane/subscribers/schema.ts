import { z } from 'zod';

const name = z
  .string()
  .trim()
  .min(1, 'is needed')
  .max(120)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');
const email = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'must be an e-mail address, as name@example.com');

export const newSubscriber = z.object({
  name,
  phone: z.string().trim().min(1, 'is needed').max(40),
  email: email.nullable().optional(),
});
export type NewSubscriber = z.output<typeof newSubscriber>;

export const subscriberPatch = newSubscriber.partial().extend({ version: z.int().optional() });
export type SubscriberPatch = z.output<typeof subscriberPatch>;

/** A subscriber as the API shows one (`clients`). */
export const subscriberAnswer = z.object({
  id: z.string(),
  name: z.string(),
  phone: z.string(),
  email: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.int(),
});
export type Subscriber = z.output<typeof subscriberAnswer>;
