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
 * Makes the authority and the server's certificate if there are none, and renews the latter when it ends soon and is ours. Several starts at once make
 * them once. TLS looks at the machine's clock, so that one counts here.
 */
export async function ensureAuthority(run: Run, secrets: SecretBox, names: readonly string[]): Promise<void> {
  const now = Date.now();
  const server = await inUse(run, 'server');
  const fresh = server !== undefined && (!server.ours || server.notAfter_ms - now > RENEW_WITHIN_DAYS * DAY_MS);
  if (fresh) return;
  const authority = (await inUse(run, 'ca')) ?? (await newAuthority(run, secrets, now));
  const signer = {
    certificatePem: authority.certificatePem,
    keyPem: secrets.open(AUTHORITY_KEY, NO_COMPANY, authority.keyEnc),
  };
  const wanted = server === undefined ? names : server.names;
  const made = await makeServerCertificate(signer, wanted, now);
  if (server)
    await run('UPDATE radsec_authority SET retired_at = lango_now() WHERE id = $1 AND retired_at IS NULL', [server.id]);
  await insert(run, 'server', made, secrets, wanted);
}

/** A certificate for the front, with the names by which routers reach it. */
export function makeServerCertificate(
  signer: Signer,
  names: readonly string[],
  now_ms: number,
): Promise<IssuedCertificate> {
  return issueCertificate(signer, {
    commonName: names[0] ?? 'Lango RadSec',
    purpose: 'server',
    names,
    notBefore: new Date(now_ms),
    notAfter: new Date(now_ms + SERVER_DAYS * DAY_MS),
  });
}

interface InUse {
  id: string;
  certificatePem: string;
  keyEnc: Buffer;
  names: string[];
  notAfter_ms: number;
  ours: boolean;
}

async function newAuthority(run: Run, secrets: SecretBox, now_ms: number): Promise<InUse> {
  // A name of its own, so that a router with certificates of two installations tells them apart.
  const name = `Lango RadSec authority ${randomBytes(3).toString('hex')}`;
  const made = await makeAuthority(name, new Date(now_ms), new Date(now_ms + AUTHORITY_DAYS * DAY_MS));
  await insert(run, 'ca', made, secrets, []);
  const authority = await inUse(run, 'ca');
  if (!authority) throw new Error('The authority for RadSec was made and is not there.');
  return authority;
}

async function insert(
  run: Run,
  kind: string,
  made: IssuedCertificate,
  secrets: SecretBox,
  names: readonly string[],
): Promise<void> {
  const key = secrets.seal(AUTHORITY_KEY, NO_COMPANY, made.keyPem ?? '');
  await run(
    `INSERT INTO radsec_authority (kind, certificate_pem, key_enc, names, not_after) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (kind) WHERE retired_at IS NULL DO NOTHING`,
    [kind, made.certificatePem, key, names, made.notAfter],
  );
}

async function inUse(run: Run, kind: string): Promise<InUse | undefined> {
  const { rows } = await run(
    `SELECT id::text, certificate_pem, key_enc, names, ours, (extract(epoch FROM not_after) * 1000)::float8 AS not_after_ms
     FROM radsec_authority WHERE kind = $1 AND retired_at IS NULL`,
    [kind],
  );
  const row = rows[0];
  return (
    row && {
      id: row['id'] as string,
      certificatePem: row['certificate_pem'] as string,
      keyEnc: row['key_enc'] as Buffer,
      names: row['names'] as string[],
      notAfter_ms: row['not_after_ms'] as number,
      ours: row['ours'] as boolean,
    }
  );
}
