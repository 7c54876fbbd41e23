import { z } from 'zod';

const kbps = z.int().min(1).max(100_000_000);
const bytes = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
const seconds = z.int().min(1).max(31_536_000);
/** Goes to routers as text: no blanks or commas, which RouterOS reads as separators. */
const routerWord = z.string().regex(/^[\w.-]{1,64}$/, 'must have 1 to 64 letters, digits, dots, dashes or underscores');

export const validityInput = z.object({
  count: z.int().min(1).max(100_000),
  unit: z.enum(['second', 'minute', 'hour', 'day', 'week', 'month']),
  ends: z.enum(['exact', 'end_of_day']).optional(),
});

/** Above the plan's rate for a short while; where no threshold or time is given the router gets the plan's rate and 16 s. */
const burstInput = z.object({
  down_kbps: kbps,
  up_kbps: kbps,
  threshold_down_kbps: kbps.nullable().optional(),
  threshold_up_kbps: kbps.nullable().optional(),
  time_s: z.int().min(1).max(3600).nullable().optional(),
});

/** Fields as they come from outside; nothing is filled in here, so that the same schema serves PATCH. */
const fields = z.object({
  name: z.string().trim().min(1).max(80),
  type: z.enum(['pppoe', 'hotspot']),
  price_cents: z.int().min(0).max(1_000_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, as KES'),
  validity: validityInput,
  down_kbps: kbps,
  up_kbps: kbps,
  burst: burstInput.nullable().optional(),
  quota_bytes: bytes.nullable().optional(),
  on_quota: z.enum(['cut', 'throttle']).optional(),
  throttle_down_kbps: kbps.nullable().optional(),
  throttle_up_kbps: kbps.nullable().optional(),
  simultaneous_use: z.int().min(1).max(1000).optional(),
  interim_s: z.int().min(5).max(86_400).optional(),
  idle_timeout_s: seconds.nullable().optional(),
  grace_s: z.int().min(0).max(31_536_000).optional(),
  pool: routerWord.nullable().optional(),
  address_list: routerWord.nullable().optional(),
});
type Fields = z.output<typeof fields>;

/** What must hold between fields. */
function agree(plan: Fields, ctx: z.RefinementCtx): void {
  const wrong = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message });
  if ((plan.quota_bytes ?? null) !== null && plan.on_quota === 'throttle') {
    if ((plan.throttle_down_kbps ?? null) === null)
      wrong(['throttle_down_kbps'], 'is needed when on_quota is throttle');
    if ((plan.throttle_up_kbps ?? null) === null) wrong(['throttle_up_kbps'], 'is needed when on_quota is throttle');
  }
  if (plan.burst && plan.burst.down_kbps < plan.down_kbps) wrong(['burst', 'down_kbps'], 'must not be below down_kbps');
  if (plan.burst && plan.burst.up_kbps < plan.up_kbps) wrong(['burst', 'up_kbps'], 'must not be below up_kbps');
}

export const packageInput = fields.superRefine(agree);
export type PackageInput = z.output<typeof packageInput>;

/** Body of POST: the company's currency stands in where none is given. */
export const newPackage = fields
  .extend({ currency: fields.shape.currency.optional() })
  .superRefine((plan, ctx) => agree(plan as Fields, ctx));
export type NewPackage = z.output<typeof newPackage>;

export const packagePatch = fields.partial().extend({
  /** Whether subscriptions that run on an older version move to the new one when they are next renewed. */
  existing: z.enum(['keep', 'renewal']).optional(),
});
export type PackagePatch = z.output<typeof packagePatch>;

/** A package as the API shows it: the plan with its newest version. */
export const packageAnswer = z.object({
  id: z.string(),
  version: z.int(),
  name: z.string(),
  type: z.enum(['pppoe', 'hotspot']),
  price_cents: z.int(),
  currency: z.string(),
  validity: validityInput.required(),
  down_kbps: z.int(),
  up_kbps: z.int(),
  burst: burstInput.required().nullable(),
  quota_bytes: z.int().nullable(),
  on_quota: z.enum(['cut', 'throttle']),
  throttle_down_kbps: z.int().nullable(),
  throttle_up_kbps: z.int().nullable(),
  simultaneous_use: z.int(),
  interim_s: z.int(),
  idle_timeout_s: z.int().nullable(),
  grace_s: z.int(),
  pool: z.string().nullable(),
  address_list: z.string().nullable(),
  created_at: z.string(),
  archived_at: z.string().nullable(),
});
export type Package = z.output<typeof packageAnswer>;
