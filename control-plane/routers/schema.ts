import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { warningCodes } from './warnings';

const printable = /^[^\p{Cc}\p{Cs}]*$/u;

/** An address a router can send from: no names (they move), no networks, nobody's own or everybody's address. */
export const routerAddress = z
  .string()
  .trim()
  .refine((text) => isIP(text) !== 0, 'must be an IPv4 or IPv6 address')
  .refine(
    (text) => !isIPv4(text) || !/^(0\.|22[4-9]\.|23\d\.|24\d\.|25[0-5]\.)/.test(text),
    'must be the address of one router',
  )
  .refine(
    (text) => !isIPv6(text) || !/^(ff|::$|fe[89ab])|%/i.test(plainIPv6(text)),
    'must be the address of one router',
  )
  // The socket tells such a router by its IPv4 address, so nobody would ever find it under this one.
  .refine((text) => !isIPv6(text) || !plainIPv6(text).startsWith('::ffff:'), 'must be written as IPv4: without ::ffff:')
  .refine((text) => !isCertificateAddress(text), 'is kept for routers that are known by a certificate (RadSec)');

/** Whether an address is one of those that routers with a certificate get (prisma/functions/radsec.sql): no packet from outside has it. */
export function isCertificateAddress(address: string): boolean {
  return /^127\.(12[89]|1[3-8]\d|19[01])\./.test(address);
}

/** The shortest form (RFC 5952), so that every way to write an address is judged alike. A zone stays in sight. */
function plainIPv6(text: string): string {
  return text.includes('%') ? text : new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** FreeRADIUS keeps 60 characters; other signs than printable ASCII are read differently by routers, and a backslash by FreeRADIUS and RouterOS. */
export const routerSecret = z
  .string()
  .min(1, 'is needed')
  .max(60)
  .regex(/^[\x21-\x5b\x5d-\x7e]+$/, 'must have printable ASCII characters without blanks and backslashes');

/** SHA-256 of a certificate, as browsers and `openssl x509 -fingerprint -sha256` print it; colons and case as one likes. */
const fingerprint = z
  .string()
  .transform((text) => text.replace(/[^0-9a-fA-F]/g, '').toUpperCase())
  .refine((hex) => hex.length === 64, 'must be a SHA-256 fingerprint: 32 pairs of hexadecimal digits')
  .transform((hex) => hex.replace(/..(?!$)/g, '$&:'));

export const routerName = z
  .string()
  .trim()
  .min(1, 'is needed')
  .max(64)
  .regex(printable, 'must not contain control characters');

const fields = z.object({
  name: routerName,
  address: routerAddress,
  secret: routerSecret,
  type: z.enum(['mikrotik', 'other']),
  coa_port: z.int().min(1).max(65_535),
  coa_address: routerAddress.nullable(),
  /** Tells apart several routers of one company behind one address: the realm of their /radius row, or their own name where they send none. */
  realm: z.string().trim().min(1).max(64).regex(printable, 'must not contain control characters').nullable(),
  message_authenticator: z.enum(['require', 'auto', 'off']),
  api_username: z.string().trim().min(1).max(64).regex(printable, 'must not contain control characters').nullable(),
  api_password: z.string().min(1).max(128).regex(printable, 'must not contain control characters').nullable(),
  api_port: z.int().min(1).max(65_535).nullable(),
  api_tls: z.boolean(),
  api_fingerprint: fingerprint.nullable(),
});

const isObject = ({ value }: { value: unknown }): boolean => typeof value === 'object' && value !== null;
const certificateOnly = 'must be left out of a router that has a certificate only';

export const newRouter = fields
  .partial()
  .required({ name: true })
  .extend({
    /** Known by its certificate alone, wherever it comes from: then without address and secret. */
    radsec: z.boolean().optional(),
  })
  // Asked also where other fields are wrong, so that all that is missing is named at once.
  .refine((router) => router.radsec === true || router.address !== undefined, {
    path: ['address'],
    message: 'is needed',
    when: isObject,
  })
  .refine((router) => router.radsec === true || router.secret !== undefined, {
    path: ['secret'],
    message: 'is needed',
    when: isObject,
  })
  .refine((router) => router.radsec !== true || router.address === undefined, {
    path: ['address'],
    message: certificateOnly,
    when: isObject,
  })
  .refine((router) => router.radsec !== true || router.secret === undefined, {
    path: ['secret'],
    message: certificateOnly,
    when: isObject,
  });
export type NewRouter = z.output<typeof newRouter>;

export const routerPatch = fields.partial().extend({ version: z.int().optional() });
export type RouterPatch = z.output<typeof routerPatch>;

/** A router as the API shows it. Secret and API password can be written and never come back. */
export const routerAnswer = z.object({
  id: z.string(),
  name: z.string(),
  address: z.string(),
  type: z.enum(['mikrotik', 'other']),
  coa_port: z.int(),
  coa_address: z.string().nullable(),
  realm: z.string().nullable(),
  message_authenticator: z.enum(['require', 'auto', 'off']),
  api_username: z.string().nullable(),
  has_api_password: z.boolean(),
  api_port: z.int().nullable(),
  api_tls: z.boolean(),
  api_fingerprint: z.string().nullable(),
  api_ok_at: z.string().nullable(),
  api_fault: z.enum(['login_refused', 'refused', 'unreachable', 'silent']).nullable(),
  api_fault_at: z.string().nullable(),
  identity: z.string().nullable(),
  last_access_at: z.string().nullable(),
  last_accounting_at: z.string().nullable(),
  message_authenticator_seen_at: z.string().nullable(),
  coa_last_ack_at: z.string().nullable(),
  coa_silent_since: z.string().nullable(),
  live_sessions: z.int(),
  /** What makes it less safe or less obedient than it could be. */
  warnings: z.array(z.object({ code: z.enum(warningCodes), sentence: z.string() })),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.int(),
});
export type Router = z.output<typeof routerAnswer>;
