import { z } from 'zod';
import { idField, listQuery } from '../platform/http/input';

/** Groups of answers that can be asked for. */
export const outcomes = ['done', 'refused', 'failed'] as const;
export type Outcome = (typeof outcomes)[number];

/** What a call may be made with. */
export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export const requestQuery = listQuery.extend({
  /** Beginning of a path, or a whole request id. */
  q: z.string().trim().max(200).optional(),
  outcome: z.enum(outcomes).optional(),
  method: z.enum(methods).optional(),
  token_id: idField.optional(),
  staff_id: idField.optional(),
});
export type RequestFilter = Omit<z.output<typeof requestQuery>, 'cursor'> & { cursor?: string | undefined };

export const requestAnswer = z.object({
  id: z.string(),
  at: z.date(),
  who: z.string().nullable(),
  staff_id: z.string().nullable(),
  token_id: z.string().nullable(),
  token_name: z.string().nullable(),
  method: z.string(),
  path: z.string(),
  route: z.string().nullable(),
  status: z.int(),
  ms: z.int(),
  code: z.string().nullable(),
  request_id: z.string(),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
});
export type RequestRow = z.output<typeof requestAnswer>;

export const errorQuery = listQuery.omit({ q: true }).extend({
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
});
export const errorAnswer = z.object({
  id: z.string(),
  at: z.date(),
  company: z.string().nullable(),
  fingerprint: z.string(),
  name: z.string(),
  message: z.string(),
  stack: z.string(),
  method: z.string(),
  path: z.string(),
  request_id: z.string(),
  times: z.int(),
  first_at: z.date(),
});
export type ErrorRow = z.output<typeof errorAnswer>;
