import { z } from 'zod';
import { idField } from '../platform/http/input';
import { contrastOfHex } from './colours';

/** Signs that a page, a router's file and a printed sheet can all show: no control characters, no lone surrogates. */
const printable = /^[^\p{Cc}\p{Cs}]*$/u;
const printableLines = /^(?:[^\p{Cc}\p{Cs}]|[\n\t])*$/u;

export const siteLanguages = ['en', 'sw'] as const;
export type SiteLanguage = (typeof siteLanguages)[number];

/** White writing stands on it: darker than this and everybody can read it (WCAG 2.2, 1.4.3). */
const dark = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^#[0-9a-f]{6}$/, 'must be a colour like #0d2b32')
  .refine((hex) => contrastOfHex(hex, '#ffffff') >= 4.5, 'must be darker: white words stand on it');

/** `phone`: shown by a code by SMS; `identity`: by signing in at the site's identity provider. */
export const trialClaims = ['device', 'phone', 'identity'] as const;

export const siteSlug = z
  .string()
  .trim()
  .regex(/^[a-z0-9](-?[a-z0-9]){1,39}$/, 'must have 2 to 40 small letters, digits and single dashes');

const fields = z.object({
  name: z.string().trim().min(1, 'is needed').max(40).regex(printable, 'must not contain control characters'),
  words: z.string().trim().max(120).regex(printable, 'must not contain control characters'),
  phone: z
    .string()
    .trim()
    .max(20)
    .regex(/^$|^\+?\d[\d ]{5,18}$/, 'must be a phone number'),
  colour: dark,
  accent: dark,
  /** The first is what a stranger sees. */
  languages: z
    .array(z.enum(siteLanguages))
    .min(1, 'is needed')
    .max(2)
    .refine((list) => new Set(list).size === list.length, 'must name each once'),
  terms: z.string().trim().max(4000).regex(printableLines, 'must not contain control characters'),
  terms_required: z.boolean(),
  /** 0: no trial. */
  trial_minutes: z.int().min(0).max(1440),
  trial_hours: z.int().min(1).max(8760),
  /** What has the trial once: each device; or each phone number or each person who signed in, and then each device too. */
  trial_once_per: z.enum(trialClaims),
  /** In this order; none: every hotspot package on sale. */
  package_ids: z.array(idField).max(50),
  router_ids: z.array(idField).max(500),
});

const termsThere = (site: { terms?: string | undefined; terms_required?: boolean | undefined }): boolean =>
  site.terms_required !== true || (site.terms ?? '') !== '';
const termsFault = { path: ['terms'], message: 'are needed where they must be accepted' };

export const newSite = fields
  .partial()
  .required({ name: true })
  .extend({ slug: siteSlug.optional() })
  .refine(termsThere, termsFault);
export type NewSite = z.output<typeof newSite>;

export const siteChange = fields
  .partial()
  .required({ name: true })
  .extend({ version: z.int().min(1) });
export type SiteChange = z.output<typeof siteChange>;

const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

/** Where the guests of a site sign in (OpenID Connect). */
export const providerChange = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(40)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u),
  issuer: z
    .string()
    .trim()
    .max(300)
    .refine((text) => URL.canParse(text), 'must be an address'),
  client_id: z.string().trim().min(1).max(300),
  /** Empty: the one that is kept, of the same issuer and client. */
  client_secret: z.string().trim().max(300).default(''),
  /** Beside those that the provider names itself: of its pictures and scripts, or where it hands people on to. */
  hosts: z.array(z.string().trim().toLowerCase().max(253).regex(HOST, 'must be names of hosts')).max(18).default([]),
});
export type ProviderChange = z.output<typeof providerChange>;

export const siteAnswer = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  words: z.string(),
  phone: z.string(),
  colour: z.string(),
  accent: z.string(),
  has_logo: z.boolean(),
  languages: z.array(z.enum(siteLanguages)),
  terms: z.string(),
  terms_required: z.boolean(),
  trial_minutes: z.int(),
  trial_hours: z.int(),
  trial_once_per: z.enum(trialClaims),
  /** Where guests may sign in. */
  identity_provider: z
    .object({ name: z.string(), issuer: z.string(), client_id: z.string(), hosts: z.array(z.string()) })
    .nullable(),
  packages: z.array(z.object({ id: z.string(), name: z.string() })),
  routers: z.array(z.object({ id: z.string(), name: z.string() })),
  version: z.int(),
});
export type Site = z.output<typeof siteAnswer>;

/** How far the pages are on a router of the site. `none`: they were never asked for. */
export const routerPagesAnswer = z.object({
  router_id: z.string(),
  router: z.string(),
  state: z.enum(['none', 'waiting', 'running', 'done', 'failed']),
  fault: z
    .enum(['no_api', 'unreachable', 'refused', 'no_hotspot', 'fetch', 'certificate', 'wrong_size', 'not_switched'])
    .nullable(),
  detail: z.string().nullable(),
  files_done: z.int(),
  files_all: z.int(),
  shown_at: z.string().nullable(),
});
