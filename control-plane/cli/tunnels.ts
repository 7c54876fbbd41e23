import type { Config } from '../platform/config';
import { createSecretBox } from '../platform/crypto';
import { ensureMasterKey } from '../platform/master-key';
import { chapSecretsFile, wireguardFile } from '../provisioning';
import { withOwner } from './with-database';

/** `lango tunnels wireguard` and `lango tunnels sstp`: what the host's own server of the tunnels is told, on stdout. It holds keys. */
export async function tunnels(config: Config, kind: 'wireguard' | 'sstp'): Promise<void> {
  const secrets = createSecretBox(ensureMasterKey(config));
  const write = kind === 'wireguard' ? wireguardFile : chapSecretsFile;
  process.stdout.write(await withOwner(config, (client) => write((sql) => client.query(sql), secrets)));
}
