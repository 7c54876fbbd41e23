import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { detectFreeradius } from '../../freeradius-config/generate';
import type { Config } from '../platform/config';
import { databaseTrouble } from '../platform/postgres/database-trouble';
import { dataDirTrouble } from '../platform/supervisor/disk';
import { takeLock } from '../platform/supervisor/lock';
import { portTrouble, type WantedPort } from '../platform/supervisor/ports';
import { freeradiusMissing } from './part-specs';
import { StartError } from './start-error';
import { startsWithoutDatabase } from './without-database';

/**
 * Finds out, before anything is started, whether a start can succeed, and takes the lock of the data folder.
 * Answers the function that frees the lock. Throws StartError with every fault found, a sentence each.
 */
export async function preflight(config: Config, roles: readonly string[]): Promise<() => void> {
  const folder = dataDirTrouble(config.dataDir, !existsSync(join(config.dataDir, 'master.key')));
  if (folder) throw new StartError(folder);
  const lock = takeLock(config.dataDir);
  if (lock.kind === 'taken') {
    const who = lock.pid ? ` (process ${lock.pid})` : '';
    throw new StartError(
      `Lango already runs${who} on ${config.dataDir}: ${config.publicUrl}. Stop that one first, or set LANGO_DATA and other ports for a second one.`,
    );
  }
  const faults = (await Promise.all(wantedPorts(config, roles).map(portTrouble))).filter(
    (fault) => fault !== undefined,
  );
  const database = config.databaseUrl === undefined ? undefined : await databaseTrouble(config.databaseUrl);
  if (database && !(await startsWithoutDatabase(config, roles))) faults.push(database);
  if (roles.includes('freeradius') && !detectFreeradius()?.hasPostgres) faults.push(freeradiusMissing);
  if (roles.includes('snapshot') && !hasSqlite()) faults.push(sqliteMissing);
  if (faults.length > 0) {
    lock.release();
    throw new StartError(faults.join('\n'));
  }
  return () => lock.release();
}

const sqliteMissing =
  'The sqlite3 program, which writes what FreeRADIUS answers while Postgres is away, is not installed. Install it with: apt-get install --no-install-recommends sqlite3';

function hasSqlite(): boolean {
  return spawnSync('sqlite3', ['-version'], { stdio: 'ignore' }).status === 0;
}

/** The ports that the chosen roles will listen on. */
export function wantedPorts(config: Config, roles: readonly string[]): WantedPort[] {
  const { bind: address } = config;
  const bindSetting = 'LANGO_BIND';
  const all: (WantedPort & { role: string })[] = [
    {
      role: 'freeradius',
      protocol: 'udp',
      address,
      port: config.authPort,
      setting: 'LANGO_AUTH_PORT',
      bindSetting,
      use: 'authentication',
    },
    {
      role: 'accounting',
      protocol: 'udp',
      address,
      port: config.acctPort,
      setting: 'LANGO_ACCT_PORT',
      bindSetting,
      use: 'accounting',
    },
    {
      role: 'radsec',
      protocol: 'tcp',
      address: config.radsecBind,
      port: config.radsecPort,
      setting: 'LANGO_RADSEC_PORT',
      bindSetting: 'LANGO_RADSEC_BIND',
      use: 'RadSec',
    },
    {
      role: 'web',
      protocol: 'tcp',
      address: config.httpBind,
      port: config.httpPort,
      setting: 'LANGO_HTTP_PORT',
      bindSetting: 'LANGO_HTTP_BIND',
      use: 'console',
    },
  ];
  return all.filter((port) => roles.includes(port.role));
}
