import { join } from 'node:path';
import type { Config } from '../platform/config';
import { ownedDir, placeOf, unprivilegedUser, type RunAs } from '../platform/supervisor/run-as';

/** The folder of FreeRADIUS' configuration, made if missing, and the user it runs as when we are root. */
export function freeradiusHome(config: Config): { dir: string; user: RunAs | undefined } {
  const user = unprivilegedUser('freerad', 'radiusd');
  return { dir: ownedDir(join(config.dataDir, 'freeradius'), user), user };
}

/** The same folder for who only looks; it may not be there yet. */
export function freeradiusPlace(config: Config): string {
  return placeOf(join(config.dataDir, 'freeradius'));
}
