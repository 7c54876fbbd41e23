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

/** From this much used data on (top-ups move it up) the plan runs at this rate. */
const fairUseInput = z.object({ at_bytes: bytes, down_kbps: kbps, up_kbps: kbps });

const clock = (last: string) =>
  z.string().regex(new RegExp(`^(([01]\\d|2[0-3]):[0-5]\\d${last})$`), 'must be a time of day, as 06:30');

/**
 * What holds in some hours of the week, by the company's clocks. `days` are ISO: 1 Monday to 7 Sunday, those on which it begins; an end not after the
 * beginning is on the next day. Data used in these hours counts `counts_percent` of itself; with 0 the cap does not hold in them either.
 */
const timeRuleInput = z.object({
  days: z.array(z.int().min(1).max(7)).min(1).max(7),
  from: clock(''),
  to: clock('|24:00'),
  blocked: z.boolean().default(false),
  down_kbps: kbps.nullable().default(null),
  up_kbps: kbps.nullable().default(null),
  counts_percent: z.int().min(0).max(100).default(100),
});
export type TimeRule = z.output<typeof timeRuleInput>;
export type FairUseStep = z.output<typeof fairUseInput>;

/** An id as the answers show it, so that a plan read can be sent back as it is. */
const profileId = z
  .union([z.string(), z.int().positive()], 'must be an id')
  .transform(String)
  .pipe(z.string().regex(/^[1-9]\d{0,17}$/, 'must be an id'));

/** Who begins such a plan stays for so many months; ending it before costs the fee. */
const contractInput = z.object({
  months: z.int().min(1).max(120),
  early_fee_cents: z.int().min(0).max(1_000_000_000_000).default(0),
});

/** What a profile says of speed; a plan on a profile takes it over. */
export const speedFields = { down_kbps: kbps, up_kbps: kbps, burst: burstInput.nullable().optional() };

/** Fields as they come from outside; nothing is filled in here, so that the same schema serves PATCH. */
const fields = z.object({
  name: z.string().trim().min(1).max(80),
  type: z.enum(['pppoe', 'hotspot']),
  price_cents: z.int().min(0).max(1_000_000_000_000),
  /** The price without taxes. Where it is given, price_cents is worked out from it with the taxes of the day, whatever is said of it here. */
  net_cents: z.int().min(0).max(500_000_000_000).nullable().optional(),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, as KES'),
  validity: validityInput,
  ...speedFields,
  /** Of POST /api/packages/profiles: its speeds then stand in the plan, whatever down_kbps, up_kbps and burst say here. */
  profile_id: profileId.nullable().optional(),
  contract: contractInput.nullable().optional(),
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
  fair_use: z.array(fairUseInput).max(8).nullable().optional(),
  quota_cycle: z.enum(['day', 'week', 'month']).nullable().optional(),
  time_rules: z.array(timeRuleInput).max(16).nullable().optional(),
  online_s: z.int().min(1).max(315_360_000).nullable().optional(),
  starts_on: z.enum(['activation', 'first_use']).optional(),
  ipv6_pool: routerWord.nullable().optional(),
  delegated_ipv6_pool: routerWord.nullable().optional(),
  vlan_id: z.int().min(1).max(4094).nullable().optional(),
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
  agreeOnBurst(plan, wrong);
  agreeOnSteps(plan, wrong);
  for (const [at, rule] of (plan.time_rules ?? []).entries()) {
    const field = (name: string) => ['time_rules', String(at), name];
    if (rule.from === rule.to) wrong(field('to'), 'must not be the same as from; a whole day is 00:00 to 24:00');
    if (new Set(rule.days).size < rule.days.length) wrong(field('days'), 'must not name a day twice');
    if ((rule.down_kbps === null) !== (rule.up_kbps === null))
      wrong(field(rule.up_kbps === null ? 'up_kbps' : 'down_kbps'), 'is needed with the other direction');
    if (rule.blocked && rule.down_kbps !== null) wrong(field('down_kbps'), 'has no meaning in barred hours');
  }
}

type Wrong = (path: string[], message: string) => void;

/** A burst is above the speed it bursts from. */
export function agreeOnBurst(
  { burst, down_kbps, up_kbps }: Pick<Fields, 'burst' | 'down_kbps' | 'up_kbps'>,
  wrong: Wrong,
): void {
  if (burst && burst.down_kbps < down_kbps) wrong(['burst', 'down_kbps'], 'must not be below down_kbps');
  if (burst && burst.up_kbps < up_kbps) wrong(['burst', 'up_kbps'], 'must not be below up_kbps');
}

/** Steps rise, each begins below the cap, and none is faster than the plan. */
function agreeOnSteps(plan: Fields, wrong: Wrong): void {
  const steps = plan.fair_use ?? [];
  for (const [at, step] of steps.entries()) {
    const field = (name: string) => ['fair_use', String(at), name];
    const before = steps[at - 1];
    if (before && step.at_bytes <= before.at_bytes) wrong(field('at_bytes'), 'must be above the step before');
    if (typeof plan.quota_bytes === 'number' && step.at_bytes >= plan.quota_bytes)
      wrong(field('at_bytes'), 'must be below quota_bytes');
    if (step.down_kbps > plan.down_kbps) wrong(field('down_kbps'), 'must not be above down_kbps of the plan');
    if (step.up_kbps > plan.up_kbps) wrong(field('up_kbps'), 'must not be above up_kbps of the plan');
  }
  const limited = typeof plan.quota_bytes === 'number' || steps.length > 0 || typeof plan.online_s === 'number';
  if (plan.quota_cycle && !limited) wrong(['quota_cycle'], 'needs quota_bytes, fair_use or online_s to come back');
}

export const packageInput = fields.superRefine(agree);
export type PackageInput = z.output<typeof packageInput>;

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const hasPrice = (plan: { price_cents?: unknown; net_cents?: unknown }): boolean =>
  plan.price_cents !== undefined || (plan.net_cents ?? null) !== null;

/** Body of POST: the company's currency stands in where none is given. */
export const newPackage = fields
  .extend({ currency: fields.shape.currency.optional(), price_cents: fields.shape.price_cents.optional() })
  // Asked whatever else is wrong, so that one answer names every field.
  .refine(hasPrice, { path: ['price_cents'], error: 'is needed, or net_cents', when: ({ value }) => isObject(value) })
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
  /** What the customer pays, taxes included. */
  price_cents: z.int(),
  /** The price without taxes, where it is stated so. */
  net_cents: z.int().nullable(),
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
  fair_use: z.array(fairUseInput).nullable(),
  quota_cycle: z.enum(['day', 'week', 'month']).nullable(),
  time_rules: z.array(timeRuleInput.required()).nullable(),
  online_s: z.int().nullable(),
  starts_on: z.enum(['activation', 'first_use']),
  ipv6_pool: z.string().nullable(),
  delegated_ipv6_pool: z.string().nullable(),
  vlan_id: z.int().nullable(),
  profile_id: z.string().nullable(),
  contract: contractInput.required().nullable(),
  created_at: z.string(),
  archived_at: z.string().nullable(),
});
export type Package = z.output<typeof packageAnswer>;
