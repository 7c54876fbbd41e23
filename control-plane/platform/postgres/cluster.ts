import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunAs } from '../supervisor/run-as';

export const ownerName = 'lango_owner';

/** A Postgres data folder of ours. */
export interface Cluster {
  bin: string;
  pgdata: string;
  user: RunAs | undefined;
  durable: boolean;
}

/** Options of spawn that make a child run as the cluster's user. cwd is one everybody may enter. */
export function asUser(user: RunAs | undefined): { uid?: number; gid?: number; cwd: string } {
  return user ? { uid: user.uid, gid: user.gid, cwd: '/' } : { cwd: '/' };
}

/**
 * Runs initdb when there is no database yet, in a folder beside it that takes the final name only when complete, so that
 * a start cut short leaves nothing half-made; then writes our settings (at every start: they may change with a version).
 */
export function initCluster(c: Cluster, ownerPassword: string): void {
  if (!existsSync(join(c.pgdata, 'PG_VERSION'))) {
    const draft = { ...c, pgdata: `${c.pgdata}.new` };
    rmSync(draft.pgdata, { recursive: true, force: true });
    const passwordFile = `${c.pgdata}.pw-${randomBytes(4).toString('hex')}`;
    writeFileSync(passwordFile, `${ownerPassword}\n`, { mode: 0o600 });
    if (c.user) chownSync(passwordFile, c.user.uid, c.user.gid);
    try {
      runInitdb(draft, passwordFile);
    } finally {
      rmSync(passwordFile, { force: true });
    }
    renameSync(draft.pgdata, c.pgdata);
  }
  writeSettings(c);
}

function runInitdb(c: Cluster, passwordFile: string): void {
  let error = '';
  // C.UTF-8 sorts by code point and folds accents' case; a system without it still gets a working database.
  for (const locale of ['C.UTF-8', 'C']) {
    const args = ['-D', c.pgdata, '-U', ownerName, '-E', 'UTF8', `--locale=${locale}`, '-A', 'scram-sha-256'];
    args.push(`--pwfile=${passwordFile}`, ...(c.durable ? [] : ['--no-sync']));
    const made = spawnSync(join(c.bin, 'initdb'), args, { ...asUser(c.user), encoding: 'utf8' });
    if (made.status === 0) return;
    error = made.error?.message ?? made.stderr.trim();
    rmSync(c.pgdata, { recursive: true, force: true });
  }
  const remedy = /No space left/i.test(error)
    ? 'Free some disk space and start again.'
    : 'Check that the folder can be written.';
  throw new Error(`Postgres could not make its data folder ${c.pgdata}: ${error.split('\n').at(-1) ?? ''} ${remedy}`);
}

function writeSettings(c: Cluster): void {
  const lines = [
    '# Written by Lango at every start. Put your own settings into lango-local.conf beside this file.',
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    'max_connections = 200',
    'shared_buffers = 256MB',
    'max_wal_size = 2GB',
    // Compressing whole pages after a checkpoint took a third of the accounting's processor time then; this server's only way is pglz.
    'wal_compression = off',
    "timezone = 'UTC'",
    "log_timezone = 'UTC'",
    "log_line_prefix = '%m [%p] %q%u@%d '",
    'log_min_duration_statement = 1000',
    // Passwords and routers' secrets travel as parameters; a statement that waited for a lock must not leave them in the log.
    'log_parameter_max_length = 0',
    'jit = off',
    "shared_preload_libraries = 'pg_stat_statements'",
    "password_encryption = 'scram-sha-256'",
    ...(c.durable
      ? []
      : [
          'fsync = off',
          'full_page_writes = off',
          'synchronous_commit = off',
          'shared_buffers = 64MB',
          'max_connections = 300',
        ]),
    "include_if_exists 'lango-local.conf'",
  ];
  const conf = join(c.pgdata, 'lango.conf');
  writeFileSync(join(c.pgdata, 'postgresql.conf'), "include 'lango.conf'\n");
  writeFileSync(conf, `${lines.join('\n')}\n`, { mode: 0o600 });
  if (c.user) chownSync(conf, c.user.uid, c.user.gid);
}

/** The postmaster that runs on this data folder now, if any. A stale pid file, also with a reused pid, counts as none. */
export function runningPostmaster(pgdata: string): number | undefined {
  let pid: number;
  try {
    pid = Number(readFileSync(join(pgdata, 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return undefined;
  }
  try {
    // A postmaster's working directory is its data folder, so a pid that another program got is told apart.
    return readlinkSync(`/proc/${pid}/cwd`) === pgdata ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Stops a Postgres that an earlier run of ours left behind, and removes a stale pid file.
 * Callers hold the lock of the data folder, so whatever runs there is an orphan.
 */
export async function stopOrphan(pgdata: string): Promise<boolean> {
  const pid = runningPostmaster(pgdata);
  if (pid === undefined) {
    rmSync(join(pgdata, 'postmaster.pid'), { force: true });
    return false;
  }
  await endPostmaster(pid, () => runningPostmaster(pgdata) === pid);
  return true;
}

/** Fast shutdown, then immediate, then kill: each step waits a bounded time. */
export async function endPostmaster(pid: number, alive: () => boolean): Promise<void> {
  for (const [signal, wait_ms] of [
    ['SIGINT', 8000],
    ['SIGQUIT', 3000],
    ['SIGKILL', 2000],
  ] as const) {
    if (!alive()) return;
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const until = Date.now() + wait_ms;
    while (alive() && Date.now() < until) await sleep(20);
  }
}

/** True once the postmaster with this pid accepts connections (line 8 of its pid file says so). */
export function postmasterReady(pgdata: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(pgdata, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && (lines[7] ?? '').trim() === 'ready';
  } catch {
    return false;
  }
}

/** Who owns the data folder, if it is there: a database made by one user is not started as another. */
export function ownerOf(pgdata: string): RunAs | undefined {
  const found = statSync(pgdata, { throwIfNoEntry: false });
  return found && { name: `uid ${found.uid}`, uid: found.uid, gid: found.gid };
}

/** A TCP port on 127.0.0.1 that is free now: `wanted` if possible. */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer();
  try {
    await new Promise<void>((listening, taken) => {
      server.once('error', taken);
      server.listen(wanted, '127.0.0.1', listening);
    });
  } catch (error) {
    if (wanted === 0) throw error;
    return freePort();
  }
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address ? address.port : 0;
}
