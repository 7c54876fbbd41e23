import type { Config } from '../platform/config';
import { createSecretBox } from '../platform/crypto';
import { ownerSession } from '../platform/db/owner';
import { noteInstallation, TUNNEL_PORT } from '../provisioning';

/** Writes down by what routers reach this installation, which the scripts for them name. */
export async function noteForRouters(config: Config, ownerUrl: string, masterKey: Buffer): Promise<void> {
  const { publicUrl, authPort, acctPort } = config;
  await ownerSession(ownerUrl, 'lango-setup', (client) =>
    noteInstallation((sql, values) => client.query(sql, values), createSecretBox(masterKey), {
      publicUrl,
      authPort,
      acctPort,
      tunnelPort: TUNNEL_PORT,
    }),
  );
}
