import type { Client } from 'pg';
import { ownerTransaction } from '../platform/db/owner';
import { createSecretBox, type SecretBox } from '../platform/crypto';
import { issueCertificate, makeAuthority, type IssuedCertificate, type Signer } from '../platform/x509';

/** Where the keys are sealed (platform/crypto.ts); they are of no company. */
export const AUTHORITY_KEY = 'certificate_authority.key';
const nobody = 0n;

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 15 * 365;
/** Apple's devices take no server certificate of more than 825 days. */
const SERVER_DAYS = 820;
/** With less than this left a start makes a new one. */
const RENEW_DAYS = 90;

/** Devices are told to expect this name. It must not change with the installation's address: whoever checks it would be locked out. */
export const SERVER_NAME = 'radius.lango.internal';

/** What FreeRADIUS shows, and who signed it. */
export interface ServerCertificates {
  authorityPem: string;
  serverPem: string;
  serverKeyPem: string;
}

/**
 * Makes the authority and the server's certificate where there are none, and a new server certificate when the old one comes to its end.
 * Several hosts that start at once end up with the same. Dates are the machine's, because devices compare them with theirs.
 */
export async function ensureServerCertificates(
  ownerUrl: string,
  masterKey: Buffer,
  now = new Date(),
): Promise<ServerCertificates> {
  return ownerTransaction(ownerUrl, 'lango-certificates', async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('certificate_authority'))`);
    const kept = new Kept(client, createSecretBox(masterKey));
    const authority =
      (await kept.current('authority', now, 0)) ??
      (await kept.replace(
        'authority',
        await makeAuthority('Lango 802.1X authority', now, inDays(now, AUTHORITY_DAYS)),
      ));
    const server =
      (await kept.current('server', now, RENEW_DAYS)) ??
      (await kept.replace('server', await newServer(authority, now)));
    return {
      authorityPem: authority.certificatePem,
      serverPem: server.certificatePem,
      serverKeyPem: server.keyPem,
    };
  });
}

function newServer(authority: Signer, now: Date): Promise<IssuedCertificate> {
  return issueCertificate(authority, {
    commonName: SERVER_NAME,
    purpose: 'server',
    names: [SERVER_NAME],
    notBefore: now,
    notAfter: inDays(now, SERVER_DAYS),
  });
}

export const inDays = (now: Date, days: number): Date => new Date(now.getTime() + days * DAY_MS);

class Kept {
  constructor(
    private readonly client: Client,
    private readonly secrets: SecretBox,
  ) {}

  /** The one in use, unless it has less than so many days left. */
  async current(kind: string, now: Date, days: number): Promise<Signer | undefined> {
    const { rows } = await this.client.query<{ certificate_pem: string; key_enc: Buffer }>(
      'SELECT certificate_pem, key_enc FROM certificate_authority WHERE kind = $1 AND retired_at IS NULL AND not_after > $2',
      [kind, inDays(now, days)],
    );
    const row = rows[0];
    return row && { certificatePem: row.certificate_pem, keyPem: openKey(this.secrets, row.key_enc) };
  }

  async replace(kind: string, made: IssuedCertificate): Promise<Signer> {
    const { certificatePem, keyPem, notAfter } = made;
    if (keyPem === undefined) throw new Error('A certificate of ours came without its key.');
    await this.client.query(
      'UPDATE certificate_authority SET retired_at = now() WHERE kind = $1 AND retired_at IS NULL',
      [kind],
    );
    await this.client.query(
      'INSERT INTO certificate_authority (kind, certificate_pem, key_enc, not_after) VALUES ($1, $2, $3, $4)',
      [kind, certificatePem, this.secrets.seal(AUTHORITY_KEY, nobody, keyPem), notAfter],
    );
    return { certificatePem, keyPem };
  }
}

/** @throws when it was sealed under another master key */
export function openKey(secrets: SecretBox, sealed: Uint8Array): string {
  return secrets.open(AUTHORITY_KEY, nobody, sealed);
}
