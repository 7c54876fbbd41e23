import { hostname, networkInterfaces } from 'node:os';
import { Client } from 'pg';
import type { Config } from '../platform/config';
import { createSecretBox } from '../platform/crypto';
import { ensureAuthority } from '../radsec';

/** Makes the authority of RadSec and the certificate of its port at the first start, and renews the latter in its last year. */
export async function makeRadsecAuthority(config: Config, ownerUrl: string, masterKey: Buffer): Promise<void> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await ensureAuthority((sql, values) => client.query(sql, values), createSecretBox(masterKey), serverNames(config));
  } finally {
    await client.end();
  }
}

/** By what routers may reach this host; others are added in the console. */
function serverNames(config: Config): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((entry) => !entry.address.startsWith('fe80:'))
    .map((entry) => entry.address);
  const shown = new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '');
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-');
  return [...new Set([shown, host, ...addresses])].slice(0, 20);
}
