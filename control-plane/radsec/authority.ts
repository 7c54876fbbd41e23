import { randomBytes } from 'node:crypto';
import type { SecretBox } from '../platform/crypto';
import { issueCertificate, makeAuthority, type IssuedCertificate, type Signer } from '../platform/x509';

/** Where keys of the authority and the server are sealed (platform/crypto.ts); they belong to no company. */
export const AUTHORITY_KEY = 'radsec_authority.key';
export const NO_COMPANY = 0n;

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 7300;
const SERVER_DAYS = 3650;
/** Our own server certificate is made anew at a start when less than this is left. */
const RENEW_WITHIN_DAYS = 365;

/** Runs one statement past row-level security. */
export type Run = (sql: string, values: unknown[]) => Promise<{ rows: Record<string, unknown>[] }>;

/**
 * Makes the authority and the server's certificate if there are none, renews the latter when it ends soon and is ours, and ends a change of authorities
 * that no router needs any more. Several starts at once make them once. TLS looks at the machine's clock, so that one counts here.
 */
export async function ensureAuthority(run: Run, secrets: SecretBox, names: readonly string[]): Promise<void> {
  const now_ms = Date.now();
  const { rows } = await run(
    `SELECT FROM radsec_authority_use() u JOIN radsec_authority a ON a.id = u.authority_id WHERE a.superseded_at IS NOT NULL AND u.routers = 0`,
    [],
  );
  if (rows.length > 0) return endChange(run, secrets, now_ms);
  const server = await findIdentity(run, 'server');
  const fresh = server !== undefined && (!server.ours || server.notAfter_ms - now_ms > RENEW_WITHIN_DAYS * DAY_MS);
  if (fresh) return;
  if (!(await findIdentity(run, 'ca'))) await insert(run, 'ca', await newAuthority(now_ms), secrets, []);
  await renewServerCertificate(run, secrets, server?.names ?? names, now_ms);
}

/** Makes another authority: from now on it signs. The one before is trusted until the change is ended, and still signs the certificate of the port. */
export async function beginChange(run: Run, secrets: SecretBox, now_ms: number): Promise<void> {
  const made = await newAuthority(now_ms);
  await run(
    `UPDATE radsec_authority SET superseded_at = lango_now() WHERE kind = 'ca' AND retired_at IS NULL AND superseded_at IS NULL`,
    [],
  );
  await insert(run, 'ca', made, secrets, []);
}

/** Ends the trust in the authority before, and has the port show a certificate of the new one, unless it shows one of somebody else's. */
export async function endChange(run: Run, secrets: SecretBox, now_ms: number): Promise<void> {
  await run('SELECT radsec_retire_outgoing()::text', []);
  const server = await findIdentity(run, 'server');
  if (server?.ours) await renewServerCertificate(run, secrets, server.names, now_ms);
}

/**
 * Makes the front show a new certificate with these names. While authorities change it is signed by the old one, which every router trusts: those that got a
 * certificate of the new one were told both.
 * @throws when there is no authority
 */
export async function renewServerCertificate(
  run: Run,
  secrets: SecretBox,
  names: readonly string[],
  now_ms: number,
): Promise<Date> {
  const authority = (await findIdentity(run, 'outgoing')) ?? (await findIdentity(run, 'ca'));
  if (!authority) throw new Error('There is no authority to sign the certificate of the RadSec port.');
  const made = await issueCertificate(signerOf(authority, secrets), {
    commonName: names[0] ?? 'Lango RadSec',
    purpose: 'server',
    names,
    notBefore: new Date(now_ms),
    notAfter: new Date(Math.min(now_ms + SERVER_DAYS * DAY_MS, authority.notAfter_ms)),
  });
  await run(`UPDATE radsec_authority SET retired_at = lango_now() WHERE kind = 'server' AND retired_at IS NULL`, []);
  await insert(run, 'server', made, secrets, names);
  return made.notAfter;
}

/** What is in use: the authority that signs (`ca`), the one before it (`outgoing`), or the certificate of the port. */
export interface Identity {
  id: string;
  certificatePem: string;
  keyEnc: Uint8Array;
  names: string[];
  notAfter_ms: number;
  ours: boolean;
}

export async function findIdentity(run: Run, what: 'ca' | 'outgoing' | 'server'): Promise<Identity | undefined> {
  const { rows } = await run(
    `SELECT id::text, certificate_pem, key_enc, names, ours, (extract(epoch FROM not_after) * 1000)::float8 AS not_after_ms
     FROM radsec_authority WHERE kind = $1 AND retired_at IS NULL AND (superseded_at IS NOT NULL) = $2`,
    [what === 'server' ? 'server' : 'ca', what === 'outgoing'],
  );
  const row = rows[0];
  return (
    row && {
      id: row['id'] as string,
      certificatePem: row['certificate_pem'] as string,
      keyEnc: row['key_enc'] as Uint8Array,
      names: row['names'] as string[],
      notAfter_ms: row['not_after_ms'] as number,
      ours: row['ours'] as boolean,
    }
  );
}

export function signerOf({ certificatePem, keyEnc }: Identity, secrets: SecretBox): Signer {
  return { certificatePem, keyPem: secrets.open(AUTHORITY_KEY, NO_COMPANY, keyEnc) };
}

function newAuthority(now_ms: number): Promise<IssuedCertificate> {
  // A name of its own, so that a router with certificates of two installations, or of two authorities of one, tells them apart.
  const name = `Lango RadSec authority ${randomBytes(3).toString('hex')}`;
  return makeAuthority(name, new Date(now_ms), new Date(now_ms + AUTHORITY_DAYS * DAY_MS));
}

async function insert(
  run: Run,
  kind: 'ca' | 'server',
  made: IssuedCertificate,
  secrets: SecretBox,
  names: readonly string[],
): Promise<void> {
  const key = secrets.seal(AUTHORITY_KEY, NO_COMPANY, made.keyPem ?? '');
  await run(
    `INSERT INTO radsec_authority (kind, certificate_pem, key_enc, names, not_after) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (kind) WHERE retired_at IS NULL AND superseded_at IS NULL DO NOTHING`,
    [kind, made.certificatePem, key, names, made.notAfter],
  );
}
