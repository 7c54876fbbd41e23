import type { Config } from '../platform/config';
import { createSecretBox } from '../platform/crypto';
import { ensureMasterKey } from '../platform/master-key';
import { createLog } from '../platform/log';
import { chapSecretsFile, wireguardFile } from '../provisioning';
import { keepTunnels } from './keep-tunnels';
import { readOptions } from './options';
import { withDatabase, withOwner } from './with-database';

/** `lango tunnels wireguard` and `lango tunnels sstp`: what the host's own server of the tunnels is told, on stdout. It holds keys. */
export async function tunnels(config: Config, kind: 'wireguard' | 'sstp'): Promise<void> {
  const secrets = createSecretBox(ensureMasterKey(config));
  const write = kind === 'wireguard' ? wireguardFile : chapSecretsFile;
  process.stdout.write(await withOwner(config, (client) => write((sql) => client.query(sql), secrets)));
}

/** `lango tunnels keep`: keeps the peers of our WireGuard interface as the database has them, until it is told to end. For a service of its own that may change the network. */
export async function tunnelsKeep(config: Config, args: readonly string[]): Promise<void> {
  const name = readOptions(args, ['interface']).get('interface')?.at(-1) ?? 'lango';
  const secrets = createSecretBox(ensureMasterKey(config));
  await withDatabase(config, async (ownerUrl) => {
    const log = createLog('tunnels', config.logLevel);
    const keeper = await keepTunnels({ ownerUrl, secrets, interface: name, log });
    log.info({ interface: name }, 'the tunnels are kept');
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    });
    await keeper.stop();
  });
}
