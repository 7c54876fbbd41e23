import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, chmodSync, cpSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Client } from 'pg';
import { embeddedBinaries } from '../platform/postgres/binaries';
import { asUser, endPostmaster, freePort, ownerOf } from '../platform/postgres/cluster';
import { startEmbeddedPostgres } from '../platform/postgres/embedded';
import { runSql } from './sql';
import { until } from './until';

/** A primary and its synchronous standby, as an operator's replication keeps them: what is committed on one is on the other's disk. */
export interface PostgresPair {
  /** Owner's URLs of the database `postgres`. */
  primaryUrl: string;
  standbyUrl: string;
  /** As when the machine under it loses its power. */
  killPrimary(): Promise<void>;
  /** The standby takes over. It has none of its own, and waits for none. */
  promote(): Promise<void>;
  stop(): Promise<void>;
}

/** @throws when the standby does not follow within a minute */
export async function startPostgresPair(): Promise<PostgresPair> {
  const folder = mkdtempSync(join(tmpdir(), 'lango-pair-'));
  chmodSync(folder, 0o711);
  const primary = await startEmbeddedPostgres({ dataDir: join(folder, 'primary'), durable: true });
  let standby: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    await primary.stop();
    await end(standby);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const port = await freePort();
    standby = await follow(primary.ownerUrl, join(folder, 'standby'), port);
    const url = new URL(primary.ownerUrl);
    url.port = String(port);
    await until(
      () => runSql<{ s: string }>(primary.ownerUrl, 'SELECT sync_state AS s FROM pg_stat_replication'),
      ([row]) => row?.s === 'sync',
      60_000,
    );
    return {
      primaryUrl: primary.ownerUrl,
      standbyUrl: url.href,
      async killPrimary() {
        process.kill(primary.pid, 'SIGKILL');
        await primary.exited;
      },
      promote: async () => {
        await runSql(url.href, 'SELECT pg_promote()');
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Copies the primary while it runs (Postgres manual, 26.3.3) and starts the copy as its standby. */
async function follow(primaryUrl: string, home: string, port: number): Promise<ChildProcess> {
  const [settings] = await runSql<{ dir: string }>(primaryUrl, `SELECT current_setting('data_directory') AS dir`);
  const from = settings!.dir;
  const user = ownerOf(from);
  await runSql(primaryUrl, `SELECT pg_create_physical_replication_slot('standby', true)`);
  // The backup belongs to the connection that began it.
  const backup = new Client({ connectionString: primaryUrl });
  await backup.connect();
  try {
    await backup.query(`SELECT pg_backup_start('standby', true)`);
    const left = new Set(['postmaster.pid', 'postmaster.opts', 'pg_replslot']);
    cpSync(from, home, {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !left.has(basename(path)) && !/\/pg_wal\/[0-9A-F]{24}$/.test(path),
    });
    const { rows } = await backup.query<{ label: string }>('SELECT labelfile AS label FROM pg_backup_stop(false)');
    writeFileSync(join(home, 'backup_label'), rows[0]!.label);
  } finally {
    await backup.end();
  }
  const { username, password, port: primaryPort } = new URL(primaryUrl);
  appendFileSync(
    join(home, 'lango-local.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${primaryPort} user=${username} password=${decodeURIComponent(password)}'\nprimary_slot_name = 'standby'\n`,
  );
  writeFileSync(join(home, 'standby.signal'), '');
  mkdirSync(join(home, 'pg_replslot'), { recursive: true });
  chmodSync(home, 0o700);
  if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, home]);
  const { bin } = embeddedBinaries(user, home);
  const out = openSync(`${home}.log`, 'a');
  const args = ['--pdeathsig', 'INT', join(bin, 'postgres'), '-D', home, '-p', String(port)];
  const child = spawn('setpriv', args, { ...asUser(user), stdio: ['ignore', out, out] });
  const url = new URL(primaryUrl);
  url.port = String(port);
  await until(
    () => runSql<{ in: boolean }>(url.href, 'SELECT pg_is_in_recovery() AS "in"').catch(() => []),
    ([row]) => row?.in === true,
    60_000,
  );
  await runSql(primaryUrl, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await runSql(primaryUrl, 'SELECT pg_reload_conf()');
  return child;
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined) return;
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  await endPostmaster(child.pid, alive);
}
