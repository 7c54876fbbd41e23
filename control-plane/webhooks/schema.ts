import { isIP } from 'node:net';
import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { isPublicAddress } from './address-guard';
import { eventNames } from './catalogue';

/** Where the secret stands, for the seal (platform/crypto.ts). */
export const SECRET_PURPOSE = 'webhook_endpoint.secret';
/** Endpoints that a company may have. */
export const ENDPOINTS_MAX = 20;

/**
 * https to anywhere. Without TLS only to what is private by its look: whether the operator opened that network is known where it is sent from.
 * Names and passwords in the URL would stand in every log on the way.
 */
function urlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL like https://example.com/lango';
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.username !== '' || url.password !== '') return 'must not contain a name or password';
  if (url.hash !== '') return 'must not contain a # part';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return 'must begin with https://';
  const isPrivate = isIP(host) ? !isPublicAddress(host) : !host.includes('.') || /\.(local|internal|lan)$/.test(host);
  return isPrivate ? undefined : 'must begin with https:// for a receiver on the internet';
}

const urlField = z
  .string('is required')
  .trim()
  .min(1, 'is required')
  .max(2000)
  .superRefine((text, issues) => {
    const fault = urlFault(text);
    if (fault !== undefined) issues.addIssue({ code: 'custom', message: fault });
  });
const eventsField = z
  .array(z.enum(['*', ...eventNames]), 'must be a list of events')
  .min(1, 'must name at least one event, or "*" for all')
  .max(100)
  .transform((list) => (list.includes('*') ? ['*'] : [...new Set(list)]));
const descriptionField = z
  .string()
  .trim()
  .max(200)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');

export const newEndpoint = z.object({
  url: urlField,
  events: eventsField.prefault(['*']),
  description: descriptionField.default(''),
});
export type NewEndpoint = z.output<typeof newEndpoint>;

export const endpointPatch = z.object({
  url: urlField.optional(),
  events: eventsField.optional(),
  description: descriptionField.optional(),
  /** `active` also brings back an endpoint that was disabled. */
  state: z.enum(['active', 'paused']).optional(),
  version: z.int().optional(),
});
export type EndpointPatch = z.output<typeof endpointPatch>;

export const rotateInput = z.object({
  /** How long the secret before it keeps signing beside the new one. */
  overlap_hours: z.int().min(0).max(168).default(24),
});
export const replayInput = z.object({
  since: z.iso.datetime({ offset: true, error: 'must be a time, as 2026-01-31T08:00:00Z' }),
  until: z.iso.datetime({ offset: true, error: 'must be a time, as 2026-01-31T08:00:00Z' }).optional(),
  which: z.enum(['failed', 'all']).default('failed'),
});

export const endpointAnswer = z.object({
  id: z.string(),
  url: z.string(),
  description: z.string(),
  events: z.array(z.string()),
  state: z.enum(['active', 'paused', 'disabled']),
  failing_since: z.date().nullable(),
  last_success_at: z.date().nullable(),
  former_secret_until: z.date().nullable(),
  waiting: z.int(),
  created_at: z.date(),
  updated_at: z.date(),
  version: z.int(),
});
export type Endpoint = z.output<typeof endpointAnswer>;
export const endpointWithSecret = endpointAnswer.extend({ secret: z.string().meta({ description: 'told this once' }) });

export const deliveryStates = ['waiting', 'delivered', 'failed'] as const;
export const deliveryQuery = listQuery.omit({ q: true }).extend({ state: z.enum(deliveryStates).optional() });

export const deliveryAnswer = z.object({
  id: z.string(),
  endpoint_id: z.string(),
  message_id: z.string(),
  type: z.string(),
  at: z.date(),
  state: z.enum(deliveryStates),
  tries: z.int(),
  next_try_at: z.date().nullable(),
  ended_at: z.date().nullable(),
  last_status: z.int().nullable(),
  last_fault: z.string().nullable(),
  last_ms: z.int().nullable(),
});
export type Delivery = z.output<typeof deliveryAnswer>;

const head = z.record(z.string(), z.string());
export const attemptAnswer = z.object({
  at: z.date(),
  ms: z.int(),
  status: z.int().nullable(),
  fault: z.string().nullable(),
  request_head: head,
  response_head: head,
  response_body: z.string().nullable(),
});
export const deliveryWithAttempts = deliveryAnswer.extend({
  payload: z.object({ type: z.string(), timestamp: z.string(), data: z.record(z.string(), z.unknown()) }),
  attempts: z.array(attemptAnswer),
});
export type DeliveryWithAttempts = z.output<typeof deliveryWithAttempts>;
