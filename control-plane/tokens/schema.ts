import { z } from 'zod';
import { permissions } from '../platform/permissions';

/** Longest life of a token. A program that nobody remembers must not hold a key for ever. */
export const DAYS_MAX = 730;
/** Tokens that one person may hold at a time. */
export const TOKENS_MAX = 50;

export const newToken = z.object({
  name: z
    .string('is required')
    .trim()
    .min(1, 'is required')
    .max(80, 'must have at most 80 characters')
    .regex(/^\P{Cc}*$/u, 'must not contain control characters'),
  scopes: z
    .array(z.enum(permissions), 'must be a list of permissions')
    .min(1, 'must name at least one permission')
    .max(100)
    .transform((list) => [...new Set(list)]),
  days: z.int().min(1).max(DAYS_MAX, `must be ${DAYS_MAX} or less`).default(90),
});
export type NewToken = z.output<typeof newToken>;

/** A token that a person made, or a sign-in of a program with their password. Secrets are in neither. */
export const tokenAnswer = z.object({
  id: z.string(),
  kind: z.enum(['token', 'sign_in']),
  name: z.string().nullable(),
  scopes: z.array(z.string()).nullable().meta({ description: 'null: everything that its owner may do' }),
  owner: z.object({ id: z.string(), name: z.string() }),
  created_at: z.date(),
  expires_at: z.date(),
  last_used_at: z.date().nullable(),
  last_used_ip: z.string().nullable(),
  current: z.boolean().meta({ description: 'the one that this request came with' }),
});
export type Token = z.output<typeof tokenAnswer>;
export const tokenWithSecret = tokenAnswer.extend({ token: z.string().meta({ description: 'told this once' }) });
