import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier } from 'pg';
import { ownerSession } from '../db/owner';
import type { Log } from '../log';
import { ownedDir, unprivilegedUser, type RunAs } from '../supervisor/run-as';
import { embeddedBinaries } from './binaries';
import {
  asUser,
  endPostmaster,
  freePort,
  initCluster,
  ownerName,
  ownerOf,
  postmasterReady,
  stopOrphan,
  type Cluster,
} from './cluster';

export interface EmbeddedOptions {
  /** Folder for the database, its password, port and log; made if missing. One process at a time may use it. */
  dataDir: string;
  /** Port on 127.0.0.1, which must be free; without it the port of the last run if that is free, else any. */
  port?: number;
  /** False switches fsync off: for tests only. */
  durable: boolean;
  log?: Pick<Log, 'info' | 'warn'>;
  /** How long recovery after a crash may take before the start counts as failed. */
  readyTimeout_ms?: number;
}

export interface EmbeddedPostgres {
  /** Connection URL of the owner role (a superuser of this private server) on the database `postgres`. */
  ownerUrl: string;
  port: number;
  pid: number;
  /** Settles when the server has ended, for whatever reason. */
  exited: Promise<void>;
  /** Fast shutdown; settles when the server is gone. */
  stop(): Promise<void>;
}

const readyDefault_ms = 180_000;

/**
 * The owner's URL of a database of the embedded Postgres in `dataDir` as it was last started, whether it runs now or not.
 * Undefined when there has never been one, or this user may not read its password.
 */
export function embeddedOwnerUrl(dataDir: string, database: string): string | undefined {
  try {
    const password = readFileSync(join(dataDir, 'owner-password'), 'utf8').trim();
    const port = Number(readFileSync(join(dataDir, 'port'), 'utf8'));
    return urlOf(password, port, database);
  } catch {
    return undefined;
  }
}

function urlOf(password: string, port: number, database: string): string {
  return `postgresql://${ownerName}:${password}@127.0.0.1:${port}/${database}`;
}

/** Makes the database `name` (letters only) if it is missing; answers the owner's URL on it. */
export async function ensureDatabase(ownerUrl: string, name: string): Promise<string> {
  await ownerSession(ownerUrl, 'lango-setup', async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
  });
  const url = new URL(ownerUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/**
 * Starts a private Postgres on 127.0.0.1 and answers once it accepts connections.
 * It runs as an unprivileged user when we are root, and dies with this process however that ends (parent-death signal),
 * so that no orphan is left; a next start recovers. Throws with one sentence and the remedy.
 */
export async function startEmbeddedPostgres(o: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(o.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const user = clusterUser(join(dataDir, 'cluster'));
  const home = ownedDir(join(dataDir, 'cluster'), user);
  const { bin, version } = embeddedBinaries(user, dataDir);
  const cluster: Cluster = { bin, pgdata: join(home, `pg${version.split('.')[0]}`), user, durable: o.durable };
  const password = keptSecret(join(dataDir, 'owner-password'));
  if (await stopOrphan(cluster.pgdata)) o.log?.warn('stopped a Postgres that an earlier run had left behind');
  initCluster(cluster, password);
  const portFile = join(dataDir, 'port');
  const port = o.port ?? (await freePort(existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) || 0 : 0));
  const logFile = join(dataDir, 'postgres.log');
  const child = launch(cluster, port, logFile);
  await waitReady(cluster.pgdata, child, logFile, o.readyTimeout_ms ?? readyDefault_ms);
  writeFileSync(portFile, `${port}\n`);
  return handle(child, port, urlOf(password, port, 'postgres'));
}

function handle(child: ChildProcess, port: number, url: string): EmbeddedPostgres {
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const exited = alive() ? new Promise<void>((done) => child.once('exit', () => done())) : Promise.resolve();
  const pid = child.pid ?? 0;
  return {
    ownerUrl: url,
    port,
    pid,
    exited,
    stop: async () => {
      await endPostmaster(pid, alive);
      await exited;
    },
  };
}

function launch(c: Cluster, port: number, logFile: string): ChildProcess {
  rotate(logFile);
  const out = openSync(logFile, 'a', 0o640);
  // setpriv sets the signal after the change of user, which would otherwise clear it.
  const args = ['--pdeathsig', 'INT', join(c.bin, 'postgres'), '-D', c.pgdata, '-p', String(port)];
  const child = spawn('setpriv', args, { ...asUser(c.user), detached: true, stdio: ['ignore', out, out] });
  closeSync(out);
  child.on('error', () => undefined);
  child.unref();
  return child;
}

/** Keeps one older log of at most 20 MB. */
function rotate(logFile: string): void {
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > 20_000_000) renameSync(logFile, `${logFile}.1`);
}

async function waitReady(pgdata: string, child: ChildProcess, logFile: string, timeout_ms: number): Promise<void> {
  const pid = child.pid;
  const until = Date.now() + timeout_ms;
  while (pid !== undefined && child.exitCode === null && child.signalCode === null) {
    if (postmasterReady(pgdata, pid)) return;
    if (Date.now() > until) {
      child.kill('SIGQUIT');
      throw new Error(
        `Postgres was not ready within ${Math.round(timeout_ms / 1000)} s. Read ${logFile}, then start again.`,
      );
    }
    await sleep(15);
  }
  throw new Error(`Postgres did not start: ${lastComplaint(logFile)} The whole story is in ${logFile}.`);
}

function lastComplaint(logFile: string): string {
  try {
    const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-30);
    const said = lines.findLast((line) => /FATAL|PANIC|ERROR|No space/.test(line)) ?? lines.at(-1) ?? '';
    const short = said.replace(/^.*?(FATAL|PANIC|ERROR):\s*/, '');
    return /No space left/i.test(short) ? 'the disk is full. Free some space and start again.' : `${short}.`;
  } catch {
    return 'it left no log. Check that setpriv (package util-linux) is installed.';
  }
}

/** A secret kept in a file of mode 0600; made at first use. */
function keptSecret(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8').trim();
}

/**
 * The user Postgres runs as: whoever owns an existing database when we are root, else an unprivileged service user;
 * nobody in particular (ourselves) when we are not root. Throws when the database is another user's.
 */
function clusterUser(pgdata: string): RunAs | undefined {
  const owner = ownerOf(pgdata);
  if (process.getuid?.() === 0) return owner && owner.uid !== 0 ? owner : unprivilegedUser('postgres');
  if (owner && owner.uid !== process.getuid?.()) {
    throw new Error(
      `The database in ${pgdata} belongs to another user (${owner.name}). Start Lango as that user or as root.`,
    );
  }
  return undefined;
}
