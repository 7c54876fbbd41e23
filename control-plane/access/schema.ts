import { z } from 'zod';
import { idField, listQuery } from '../platform/http/input';
import { DAYS } from './queries';

/** How a router may have asked: `peap`, `ttls` and `tls` with 802.1X. `none`: without any credential. */
export const METHODS = ['pap', 'chap', 'mschap1', 'mschap2', 'peap', 'ttls', 'tls', 'none'] as const;
/** What it may have asked for. */
export const SERVICES = ['ppp', 'hotspot', 'dot1x'] as const;

const yes = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

/** What GET /access/explain takes: `try` names a past answer (GET /access/tries), else `username` says who asks. `at`: an imagined time. */
export const explainQuery = z
  .object({
    username: z.string().min(1, 'is required').max(253).optional(),
    mac: z.string().max(64).optional(),
    router_id: idField.optional(),
    service: z.enum(SERVICES, `must be one of ${SERVICES.join(', ')}`).optional(),
    method: z.enum(METHODS, `must be one of ${METHODS.join(', ')}`).optional(),
    signed: yes.optional(),
    proxied: yes.optional(),
    at: z.iso
      .datetime({ offset: true, error: 'must be a time, as 2026-01-31T08:00:00Z' })
      .transform((text) => new Date(text))
      .optional(),
    try: z.string().max(40).optional(),
  })
  .refine((query) => query.username !== undefined || query.try !== undefined, {
    path: ['username'],
    message: 'is required',
  });

const decision = z.enum(['accept', 'garden', 'reject']);

/** What it answers. `reason` is one of docs/reference/reasons.md; `sentence` also stands in Reply-Message. */
export const accessExplanation = z.object({
  decision,
  reason: z.string(),
  sentence: z.string(),
  explanation: z.string(),
  /** False where nothing at all is answered. */
  answered: z.boolean(),
  checks: z.array(z.object({ name: z.string(), pass: z.boolean(), detail: z.string(), remedy: z.string().optional() })),
  reply: z.array(z.object({ attribute: z.string(), value: z.string() })),
  /** The imagined time, when one was given. */
  at: z.string().optional(),
  /** What was answered when it was really asked; present when `try` was given. */
  recorded: z.object({ at: z.string(), decision: decision.or(z.literal('none')), reason: z.string() }).optional(),
});
export type AccessExplanation = z.output<typeof accessExplanation>;

const days = z.coerce.number('must be a number of days').int().min(1).max(7).default(DAYS);

/** What GET /access/refusals takes. */
export const refusalsQuery = listQuery.extend({
  username: z.string().max(253).optional(),
  mac: z.string().max(64).optional(),
  router_id: idField.optional(),
  reason: z.string().max(40).optional(),
  days,
});

/** What GET /access/tries takes; at least one of username, mac and router_id. */
export const triesQuery = refusalsQuery
  .omit({ q: true })
  .extend({ all: yes.optional() })
  .refine((query) => query.username !== undefined || query.mac !== undefined || query.router_id !== undefined, {
    path: ['username'],
    message: 'or mac or router_id is required',
  })
  .refine((query) => !query.all || query.username !== undefined, {
    path: ['all'],
    message: 'needs a username: without one only refusals are found',
  });

export const refusal = z.object({
  id: z.string(),
  username: z.string(),
  mac: z.string().nullable(),
  router_id: z.string(),
  router: z.string().nullable(),
  subscription_id: z.string().nullable(),
  reason: z.string(),
  tries: z.int(),
  first_at: z.string(),
  last_at: z.string(),
  let_in_since: z.boolean(),
});

export const accessTry = z.object({
  id: z.string(),
  at: z.string(),
  username: z.string(),
  mac: z.string().nullable(),
  router_id: z.string().nullable(),
  router: z.string().nullable(),
  decision: decision.or(z.literal('none')),
  reason: z.string(),
  method: z.string().nullable(),
});
