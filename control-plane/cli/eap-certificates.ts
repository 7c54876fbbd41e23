import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateTrouble, type EapCertificates } from '../../freeradius-config/eap';
import { ensureServerCertificates } from '../certificates';
import type { Config } from '../platform/config';
import { StartError } from './start-error';

/** Where an operator's own server certificate is looked for, and where devices' trust anchor is put down. */
export interface CertificateFiles {
  /** What devices must trust: ours, unless the operator's own certificate is in use and they put their own authority here. */
  authority: string;
  server: string;
  key: string;
}

export function certificateFiles(config: Config): CertificateFiles {
  const dir = join(config.dataDir, 'certs');
  return { authority: join(dir, 'ca.pem'), server: join(dir, 'server.pem'), key: join(dir, 'server.key') };
}

/**
 * What 802.1X shows and trusts on this host: the operator's own certificate where one stands in the data folder, else the installation's, which is
 * made if it is missing. Writes certs/ca.pem for the devices.
 * @throws StartError when the operator's own cannot be used: better no start than devices that are shown another certificate than they know
 */
export async function eapCertificates(config: Config, ownerUrl: string, masterKey: Buffer): Promise<EapCertificates> {
  const made = await ensureServerCertificates(ownerUrl, masterKey);
  const files = certificateFiles(config);
  const own = ownCertificate(files, made.authorityPem);
  if (own) return own;
  mkdirSync(join(config.dataDir, 'certs'), { recursive: true, mode: 0o755 });
  writeFileSync(`${files.authority}.new`, made.authorityPem, { mode: 0o644 });
  renameSync(`${files.authority}.new`, files.authority);
  return {
    chain: made.serverPem + made.authorityPem,
    key: made.serverKeyPem,
    clientAuthorities: made.authorityPem,
  };
}

function ownCertificate(files: CertificateFiles, clientAuthorities: string): EapCertificates | undefined {
  if (!existsSync(files.server)) return undefined;
  const own = { chain: read(files.server), key: read(files.key), clientAuthorities };
  const trouble = certificateTrouble(own);
  if (trouble)
    throw new StartError(
      `${files.server} cannot be used for 802.1X: ${trouble}. Correct it, or remove it to use our own.`,
    );
  return own;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartError(
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}): put the key of server.pem there, or remove server.pem.`,
    );
  }
}

/** With less left than this, doctor says so. */
const WARN_DAYS = 30;

/** What is wrong with the server certificate that FreeRADIUS was given, with the remedy; or, when it is good, what it is. */
export function certificateFinding(config: Config, now = new Date()): { good: boolean; says: string } {
  const files = certificateFiles(config);
  const served = servedCertificate(config);
  if (!existsSync(served)) return { good: true, says: 'made at the first start' };
  const certificate = new X509Certificate(readFileSync(served));
  const days = Math.floor((Date.parse(certificate.validTo) - now.getTime()) / 86_400_000);
  const until = new Date(certificate.validTo).toISOString().slice(0, 10);
  const remedy = existsSync(files.server)
    ? `Put a new one into ${files.server} and ${files.key}, then restart Lango.`
    : 'Restart Lango: it makes a new one.';
  if (days < 0) return { good: false, says: `the certificate ended on ${until}; devices refuse it. ${remedy}` };
  if (days < WARN_DAYS) return { good: false, says: `the certificate ends on ${until}, in ${days} days. ${remedy}` };
  return { good: true, says: `certificate until ${until}; devices trust ${files.authority}` };
}

/** What FreeRADIUS reads, without making anything: the folder may stand elsewhere, with a note of where (platform/supervisor/run-as.ts). */
function servedCertificate(config: Config): string {
  const home = join(config.dataDir, 'freeradius');
  const note = join(home, 'is-at');
  return join(existsSync(note) ? read(note).trim() : home, 'eap', 'server.pem');
}
