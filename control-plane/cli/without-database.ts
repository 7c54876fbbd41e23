import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EapCertificates } from '../../freeradius-config/eap';
import { freeradiusPlaces } from '../../freeradius-config/generate';
import type { Config } from '../platform/config';
import { masterKeyFile } from '../platform/master-key';
import { databaseIsAway } from '../platform/postgres/database-trouble';
import { freeradiusHome } from './freeradius-home';

/** Roles that serve from what their host has kept. */
const enduring = ['freeradius', 'snapshot', 'accounting'];

/**
 * Whether this start goes on although nobody answers at DATABASE_URL: a RADIUS host that came up while Postgres is away answers from its snapshot and
 * keeps accounting on disk, if it has served before. What needs the database waits for it.
 */
export async function startsWithoutDatabase(config: Config, roles: readonly string[]): Promise<boolean> {
  if (config.databaseUrl === undefined || !roles.every((role) => enduring.includes(role))) return false;
  if (config.masterKey === undefined && !existsSync(masterKeyFile(config))) return false;
  if (roles.includes('freeradius') && !existsSync(freeradiusPlaces(freeradiusHome(config).dir).snapshotFile))
    return false;
  return databaseIsAway(config.databaseUrl);
}

/** What 802.1X showed and trusted at the last start of this host. */
export function lastCertificates(config: Config): EapCertificates | undefined {
  const dir = join(freeradiusHome(config).dir, 'eap');
  const files = ['server.pem', 'server.key', 'clients.pem'].map((name) => join(dir, name));
  if (!files.every((file) => existsSync(file))) return undefined;
  const [chain = '', key = '', clientAuthorities = ''] = files.map((file) => readFileSync(file, 'utf8'));
  return { chain, key, clientAuthorities };
}
