import { createHash, createHmac, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { isIPv6 } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { innerAddress } from '../radius/part';
import { detectFreeradius, type Freeradius } from './detect';
import { writeEap, type EapCertificates } from './eap';
import { snapshotFile, writeSnapshotConf } from './snapshot';

export { detectFreeradius, isAtLeast, type Freeradius } from './detect';

export interface FreeradiusConfigOptions {
  /** Folder that becomes the whole configuration; made if missing. Everything FreeRADIUS writes stays in it too. */
  dir: string;
  /** Address to listen on, e.g. `0.0.0.0`. */
  bind: string;
  authPort: number;
  /** What detectFreeradius found; looked up when absent. */
  freeradius?: Freeradius;
  /** The user FreeRADIUS runs as, when that is not us (we are root): it gets the folder. */
  owner?: { uid: number; gid: number };
  /** Secret for health checks from healthAddress (healthSecret of the master key). Without it they go unanswered. */
  healthSecret?: string;
  /** Worker threads, each with a connection to the authorizer: as many logins can be answered together. */
  threads?: number;
  /** For 802.1X; without them it is refused. */
  certificates?: EapCertificates | undefined;
}

/** The folders and files of one generated configuration. */
export interface FreeradiusPlaces {
  /** One file per router, written by the NAS watcher. */
  nasDir: string;
  /** FreeRADIUS' own messages. */
  logFile: string;
  /** One line per answer, loaded into radpostauth by the watcher. */
  loginLog: string;
  /** Where radmin reaches the running server. */
  controlSocket: string;
  /** Where the authorizer listens, named as libpq looks for it. */
  authorizerSocket: string;
  /** What this host answers while the database is away. */
  snapshotFile: string;
}

/**
 * The source address of health checks: a loopback address that no router has, because a router may well be 127.0.0.1 in a trial.
 * Only Status-Server is answered there.
 */
export const healthAddress = '127.255.255.253';

/** The secret of health checks, derived so that the web role needs no file of FreeRADIUS' host. */
export function healthSecret(masterKey: Buffer): string {
  return createHmac('sha256', masterKey).update('freeradius health').digest('base64url');
}

const standardThreads = 32;

/** libpq looks for a file of this name in the folder that it is given as host. */
const authorizerName = '.s.PGSQL.5432';

/** Where the parts of the configuration in `dir` stand. */
export function freeradiusPlaces(dir: string): FreeradiusPlaces {
  const home = resolve(dir);
  // A socket's path may have 107 bytes; a deep data folder has more.
  const run = join(home, 'run');
  const sockets =
    Buffer.byteLength(join(run, authorizerName)) <= 107
      ? run
      : `/tmp/lango-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`;
  return {
    nasDir: join(home, 'nas'),
    logFile: join(home, 'log', 'radius.log'),
    loginLog: join(home, 'log', 'logins.log'),
    controlSocket: join(sockets, 'control.sock'),
    authorizerSocket: join(sockets, authorizerName),
    snapshotFile: snapshotFile(home),
  };
}

/** The command line that runs this configuration in the foreground. */
export function freeradiusCommand(freeradius: Freeradius, dir: string): { path: string; args: string[] } {
  return { path: freeradius.path, args: ['-f', '-d', resolve(dir)] };
}

/**
 * Writes the whole FreeRADIUS configuration from its template and these few variables. The folder is closed to others: it holds
 * the routers' secrets. Router files that stand there already are kept.
 * @throws one sentence with the remedy when FreeRADIUS is missing or a path cannot be written down
 */
export function writeFreeradiusConfig(o: FreeradiusConfigOptions): void {
  const freeradius = o.freeradius ?? detectFreeradius();
  if (!freeradius)
    throw new Error('FreeRADIUS 3 is not installed. Install it with: apt-get install freeradius freeradius-postgresql');
  const places = freeradiusPlaces(o.dir);
  const dir = resolve(o.dir);
  for (const place of [dir, places.nasDir, join(dir, 'run'), join(dir, 'log'), join(places.controlSocket, '..')]) {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    assertOurs(place, o.owner);
    chmodSync(place, 0o700);
    own(place, o.owner);
  }
  const dictionary = join(dir, 'dictionary');
  copyFileSync(asset('dictionary'), dictionary);
  chmodSync(dictionary, 0o600);
  own(dictionary, o.owner);
  writeEap(
    dir,
    asset('eap'),
    o.certificates,
    (path, text) => replaceFile(path, text, o.owner),
    (made) => own(made, o.owner),
  );
  writeSnapshotConf(
    dir,
    asset('snapshot'),
    { hasSqlite: freeradius.hasSqlite, threads: o.threads ?? standardThreads },
    (path, text) => replaceFile(path, text, o.owner),
    (made) => own(made, o.owner),
  );
  replaceFile(join(dir, 'radiusd.conf'), render(o, freeradius, places), o.owner);
}

/** A folder in /tmp can be put there by anybody before us, also as a link to somewhere else: what it opens to FreeRADIUS would be theirs. */
function assertOurs(place: string, owner?: { uid: number }): void {
  const found = lstatSync(place);
  const uids = [0, process.getuid?.(), owner?.uid];
  if (found.isDirectory() && uids.includes(found.uid)) return;
  throw new Error(`${place} was made by somebody else (user ${found.uid}). Remove it, or choose another LANGO_DATA.`);
}

/** Writes a file closed to others in one step, so that no reader sees half of it. */
export function replaceFile(path: string, text: string, owner?: { uid: number; gid: number }): void {
  const draft = `${path}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  own(draft, owner);
  renameSync(draft, path);
}

function own(path: string, owner?: { uid: number; gid: number }): void {
  if (owner && process.getuid?.() === 0) chownSync(path, owner.uid, owner.gid);
}

function render(o: FreeradiusConfigOptions, freeradius: Freeradius, places: FreeradiusPlaces): string {
  const values: Record<string, string> = {
    DIR: resolve(o.dir),
    LIBDIR: freeradius.libDir,
    AUTHORIZER: dirname(places.authorizerSocket),
    THREADS: String(o.threads ?? standardThreads),
    IPADDR: isIPv6(o.bind) ? `ipv6addr = ${o.bind}` : `ipaddr = ${o.bind}`,
    PORT: String(o.authPort),
    NETWORK: isIPv6(o.bind) ? 'ipv6addr = ::/0' : 'ipaddr = 0.0.0.0/0',
    NAS_DIR: places.nasDir,
    SOCKET: places.controlSocket,
    HEALTH_ADDRESS: healthAddress,
    // Without a health check of ours the address gets a secret that nobody knows.
    HEALTH_SECRET: o.healthSecret ?? randomBytes(32).toString('hex'),
  };
  for (const [name, value] of Object.entries(values)) {
    if (/["\\\n']|\$\{|\$ENV/.test(value)) {
      throw new Error(
        `FreeRADIUS' configuration cannot hold ${name} = ${value}: choose one without quotes, backslashes and dollar signs.`,
      );
    }
  }
  Object.assign(values, inner(o, places.nasDir));
  return readFileSync(asset('radiusd.conf'), 'utf8').replace(
    /@([A-Z_]+)@/g,
    (whole, name: string) => values[name] ?? whole,
  );
}

/**
 * What is listened on besides, where the address to listen on is IPv6: IPv4 on the loopback address for what comes from this host (health checks, routers
 * with certificates), or everywhere with `::`, because FreeRADIUS takes that for IPv6 alone.
 */
function inner(
  { bind, authPort }: FreeradiusConfigOptions,
  nasDir: string,
): { INNER_CLIENTS: string; INNER_LISTEN: string } {
  if (!isIPv6(bind)) return { INNER_CLIENTS: '', INNER_LISTEN: '' };
  const address = bind === '::' ? '0.0.0.0' : innerAddress(bind);
  const routers = `\tdynamic_clients = nas\n\tdirectory = "${nasDir}/"\n\tlifetime = 86400\n\trate_limit = no\n`;
  return {
    INNER_CLIENTS: `client inner {\n\tipaddr = 0.0.0.0/0\n${routers}}`,
    INNER_LISTEN: `listen {\n\t\ttype = auth\n\t\tipaddr = ${address}\n\t\tport = ${authPort}\n\t\trecv_buff = 4194304\n\t}`,
  };
}

function asset(name: string): string {
  return join(folder(), name);
}

/** The source folder with the template, whether this file runs from source or from dist/. */
function folder(): string {
  return __dirname.endsWith(join('dist', 'freeradius-config'))
    ? resolve(__dirname, '../../freeradius-config')
    : __dirname;
}
