import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The FreeRADIUS that this machine has. */
export interface Freeradius {
  path: string;
  /** `3.2.1`. */
  version: string;
  /** Its control program, which tells it to forget a router; comes with the server. */
  radmin: string;
  /** Folder of its modules. */
  libDir: string;
  /** False when the package with the Postgres driver (freeradius-postgresql) is missing. */
  hasPostgres: boolean;
  /** False when its SQLite driver is missing, which Debian's freeradius package brings. */
  hasSqlite: boolean;
}

const programs = ['/usr/sbin/freeradius', '/usr/sbin/radiusd', '/usr/local/sbin/radiusd'];
const libraries = ['/usr/lib/freeradius', '/usr/lib64/freeradius', '/usr/local/lib/freeradius', '/usr/local/lib'];

/** Finds FreeRADIUS 3 and what it can do; undefined when there is none (or only a version other than 3). */
export function detectFreeradius(): Freeradius | undefined {
  const path = programs.find((program) => existsSync(program));
  if (!path) return undefined;
  const said = spawnSync(path, ['-v'], { encoding: 'utf8' });
  const version = /FreeRADIUS Version (3\.\d+\.\d+)/.exec(`${said.stdout}${said.stderr}`)?.[1];
  if (!version) return undefined;
  const libDir = libraries.find((dir) => existsSync(join(dir, 'rlm_pap.so'))) ?? '/usr/lib/freeradius';
  const hasPostgres = existsSync(join(libDir, 'rlm_sql_postgresql.so'));
  const hasSqlite = existsSync(join(libDir, 'rlm_sql_sqlite.so'));
  return { path, version, radmin: join(dirname(path), 'radmin'), libDir, hasPostgres, hasSqlite };
}

/** Whether `version` is at least `wanted`, both as `3.2.5`. */
export function isAtLeast(version: string, wanted: string): boolean {
  const have = version.split('.').map(Number);
  const want = wanted.split('.').map(Number);
  for (const [i, part] of want.entries()) {
    const mine = have[i] ?? 0;
    if (mine !== part) return mine > part;
  }
  return true;
}
