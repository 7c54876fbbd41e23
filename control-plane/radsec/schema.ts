import { isIP } from 'node:net';
import { z } from 'zod';

const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const serverName = z
  .string()
  .trim()
  .refine((text) => isIP(text) > 0 || hostName.test(text), 'must be host names or addresses');
const pem = z.string().trim().min(1, 'is needed').max(32_768);

export const issueBody = z.object({
  days: z.int().min(1).max(3650).default(1095),
  /** A PKCS#10 request in PEM: the key then stays with the router. */
  csr: pem.optional(),
});

export const revokeBody = z.object({ reason: z.string().trim().max(200).default('') });

export const renewServerBody = z.object({ names: z.array(serverName).min(1, 'is needed').max(20) });

/** `cut_off`: also where routers still need the old authority; their certificates are revoked. */
export const endChangeBody = z.object({ cut_off: z.boolean().default(false) });

export const replaceServerBody = z.object({ certificate_pem: pem, key_pem: pem });

/** A certificate of a router as the API shows it. */
export const certificateAnswer = z.object({
  id: z.string(),
  router_id: z.string(),
  router_name: z.string(),
  serial: z.string(),
  fingerprint: z.string(),
  subject: z.string(),
  key_is_theirs: z.boolean(),
  issued_at: z.string(),
  issued_by: z.string(),
  not_after: z.string(),
  revoked_at: z.string().nullable(),
  revoked_reason: z.string().nullable(),
  /** `old`: of the authority that another has taken over from; the router needs a new one. */
  authority: z.enum(['current', 'old']),
  state: z.enum(['connected', 'valid', 'ends_soon', 'expired', 'revoked']),
  connection: z.object({ peer: z.string(), protocol: z.string(), since: z.string() }).nullable(),
});
export type Certificate = z.output<typeof certificateAnswer>;

/** What is told once, when a certificate is issued. */
export const issuedAnswer = certificateAnswer.extend({
  certificate_pem: z.string(),
  key_pem: z.string().nullable(),
  ca_pem: z.string(),
  pkcs12: z.string().nullable(),
  pkcs12_password: z.string().nullable(),
});
export type Issued = z.output<typeof issuedAnswer>;

export const serverAnswer = z.object({
  certificate_pem: z.string(),
  ca_pem: z.string(),
  names: z.array(z.string()),
  not_after: z.string(),
  ours: z.boolean(),
  /** Those that are trusted, the one that signs first. Two while authorities change. */
  authorities: z.array(
    z.object({
      state: z.enum(['current', 'old']),
      since: z.string(),
      not_after: z.string(),
      /** Of all companies, with a valid certificate of it. */
      routers: z.int(),
      last_ends: z.string().nullable(),
    }),
  ),
});
export type ServerCertificate = z.output<typeof serverAnswer>;
