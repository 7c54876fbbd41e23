import { join } from 'node:path';
import type { EapCertificates } from '../../freeradius-config/eap';
import {
  detectFreeradius,
  freeradiusCommand,
  freeradiusPlaces,
  healthAddress,
  healthSecret,
  writeFreeradiusConfig,
} from '../../freeradius-config/generate';
import { askStatus } from '../health';
import { partDatabase } from '../main';
import { childEnvironment, type Config } from '../platform/config';
import type { RoleUrls } from '../platform/db/roles';
import { projectRoot } from '../platform/project-root';
import type { ProcessSpec } from '../platform/supervisor/kept-process';
import { freeradiusHome } from './freeradius-home';
import { loopbackFor } from './loopback';
import { StartError } from './start-error';

/** What the specs of a start have in common. */
export interface Surroundings {
  config: Config;
  roles: readonly string[];
  urls: RoleUrls;
  masterKey: Buffer;
  /** For 802.1X, where FreeRADIUS is among the roles. */
  certificates?: EapCertificates | undefined;
}

/** How the chosen roles are run. FreeRADIUS comes with the process that carries its questions to the database and the one that keeps its routers
 * as the database has them. */
export function partSpecs(s: Surroundings): ProcessSpec[] {
  return s.roles.flatMap((role) =>
    role === 'freeradius'
      ? [nodeSpec('authorizer', s), freeradiusSpec(s), nodeSpec('nas-watcher', s)]
      : [nodeSpec(role, s)],
  );
}

/** One of our own roles: a Node process with that role's database login. */
export function nodeSpec(role: string, { config, roles, urls }: Surroundings): ProcessSpec {
  return {
    name: role,
    program: process.execPath,
    args: ['--enable-source-maps', join(projectRoot(), 'dist/control-plane/main.js'), role],
    env: childEnvironment(config, urls[partDatabase(role)], roles),
    ready: 'message',
    drain_ms: 8500,
    logFile: logFile(config, role),
    echo: !process.stderr.isTTY,
  };
}

/** FreeRADIUS with a configuration of its own, as its package's unprivileged user when we are root. */
function freeradiusSpec({ config, masterKey, certificates }: Surroundings): ProcessSpec {
  const freeradius = detectFreeradius();
  if (!freeradius) throw new StartError(freeradiusMissing);
  const { dir, user } = freeradiusHome(config);
  const secret = healthSecret(masterKey);
  writeFreeradiusConfig({
    dir,
    bind: config.bind,
    authPort: config.authPort,
    freeradius,
    healthSecret: secret,
    certificates,
    ...(user ? { owner: user } : {}),
  });
  const { path, args } = freeradiusCommand(freeradius, dir);
  return {
    name: 'freeradius',
    program: path,
    args,
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      LANG: 'C.UTF-8',
      // A login is some hundreds of small pieces of memory; a thread that keeps more of them for the next one spends a twentieth less processor.
      GLIBC_TUNABLES: 'glibc.malloc.tcache_count=500:glibc.malloc.tcache_max=2048',
    },
    user,
    // It opens its connections at the start, all at once.
    after: 'authorizer',
    // Its 32 threads wake each other and the authorizer for every login: 7 % more MS-CHAPv2 and a tenth more PAP a second on two cores.
    batch: true,
    ready: () => askStatus({ host: loopbackFor(config.bind), port: config.authPort, secret, from: healthAddress }),
    drain_ms: 4000,
    logFile: logFile(config, 'freeradius'),
    ownLog: freeradiusPlaces(dir).logFile,
    echo: false,
  };
}

/** Said when there is no FreeRADIUS 3 with its Postgres module. */
export const freeradiusMissing =
  'FreeRADIUS 3 with its PostgreSQL module is not installed. Install it with: apt-get install --no-install-recommends freeradius freeradius-postgresql';

function logFile(config: Config, role: string): string {
  return join(config.dataDir, 'logs', `${role}.log`);
}
