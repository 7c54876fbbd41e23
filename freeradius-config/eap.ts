import { X509Certificate, createPrivateKey } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What 802.1X needs to show and to trust, each as PEM. */
export interface EapCertificates {
  /** The server's own certificate, then those between it and the authority. */
  chain: string;
  /** Its private key. */
  key: string;
  /** The authorities whose client certificates EAP-TLS takes. */
  clientAuthorities: string;
}

/** Files of the template folder `eap`, which stand beside radiusd.conf in a folder of the same name. */
const templates = ['module.conf', 'servers.conf', 'decided.conf', 'refused.conf', 'accept.conf', 'reject.conf'];

/**
 * Writes the 802.1X part of a configuration into `dir`/eap. Without certificates its files are empty, and requests with EAP are refused.
 * @param from the source folder with the templates
 * @param write writes one file, closed to others
 */
export function writeEap(
  dir: string,
  from: string,
  certificates: EapCertificates | undefined,
  write: (path: string, text: string) => void,
  ownFolder: (path: string) => void,
): void {
  const to = join(dir, 'eap');
  mkdirSync(to, { recursive: true, mode: 0o700 });
  chmodSync(to, 0o700);
  ownFolder(to);
  for (const name of templates) {
    const text = readFileSync(join(from, name), 'utf8').replaceAll('@CERTS@', to);
    const needed = certificates || name === 'accept.conf' || name === 'reject.conf';
    write(join(to, name), needed ? text : '');
  }
  const files = {
    'server.pem': certificates?.chain,
    'server.key': certificates?.key,
    'clients.pem': certificates?.clientAuthorities,
  };
  for (const [name, text] of Object.entries(files)) {
    if (text === undefined) rmSync(join(to, name), { force: true });
    else write(join(to, name), text);
  }
}

/**
 * What is wrong with a server certificate, as a sentence that names the remedy's object; undefined when FreeRADIUS can start with it.
 * It does not start at all with one it cannot read, so this is asked first.
 */
export function certificateTrouble({ chain, key, clientAuthorities }: EapCertificates): string | undefined {
  try {
    const certificate = new X509Certificate(chain);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return 'the private key belongs to another certificate';
    new X509Certificate(clientAuthorities);
    return undefined;
  } catch (error) {
    return `one of its files is no PEM certificate or key (${error instanceof Error ? error.message : String(error)})`;
  }
}
