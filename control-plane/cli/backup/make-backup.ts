import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ownerSession } from '../../platform/db/owner';
import { projectRoot } from '../../platform/project-root';
import { StartError } from '../start-error';
import { countRows, groupRoles, serverMajor, sha256, type Manifest } from './manifest';
import { postgresTool, reach, run } from './tools';

export interface Backup {
  path: string;
  bytes: number;
  rows: bigint;
  /** Whether the master key is in it; it is not when it comes from LANGO_MASTER_KEY. */
  hasKey: boolean;
}

/** Files of LANGO_DATA that cannot be made again. */
const kept = ['master.key', 'certs'];

/**
 * Writes one file with everything that cannot be made again: the database as it is at one moment (while Lango goes on), the master key and the
 * installation's own certificates. Mode 0600, because whoever has it has every password. It appears under its name only when it is whole.
 * @throws StartError when the file exists, pg_dump is missing or too old, or something cannot be written
 */
export async function makeBackup(o: {
  ownerUrl: string;
  dataDir: string;
  to: string;
  /** False when the master key comes from LANGO_MASTER_KEY: a file that stands there is not it. */
  withKey?: boolean;
}): Promise<Backup> {
  const path = resolve(o.to);
  if (existsSync(path)) throw new StartError(`${path} exists already. Choose another name with --to=FILE.`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const work = mkdtempSync(join(dirname(path), '.lango-backup-'));
  try {
    const manifest = await dumpDatabase(o.ownerUrl, join(work, 'database.dump'));
    const there = kept.filter(
      (name) => existsSync(join(o.dataDir, name)) && (name !== 'master.key' || o.withKey !== false),
    );
    for (const name of there) cpSync(join(o.dataDir, name), join(work, name), { recursive: true });
    manifest.files['database.dump'] = await sha256(join(work, 'database.dump'));
    if (there.includes('master.key')) manifest.files['master.key'] = await sha256(join(work, 'master.key'));
    writeFileSync(join(work, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    const draft = join(work, 'backup.tar');
    // The manifest first, so that it is found without reading through the rest.
    await run('tar', [
      '--create',
      '--file',
      draft,
      '--directory',
      work,
      '--owner=0',
      '--group=0',
      'manifest.json',
      'database.dump',
      ...there,
    ]);
    chmodSync(draft, 0o600);
    renameSync(draft, path);
    const rows = Object.values(manifest.rows).reduce((sum, count) => sum + BigInt(count), 0n);
    return { path, bytes: statSync(path).size, rows, hasKey: there.includes('master.key') };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Dumps and counts in one snapshot: what is counted is what is in the file. */
async function dumpDatabase(ownerUrl: string, file: string): Promise<Manifest> {
  return ownerSession(ownerUrl, 'lango-backup', async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ snapshot: string; database: string; at: Date }>(
      'SELECT pg_export_snapshot() AS snapshot, current_database() AS database, clock_timestamp() AS at',
    );
    const [moment] = rows;
    if (!moment) throw new Error('Postgres gave no snapshot.');
    const postgres = await serverMajor(client);
    const { args, env } = reach(ownerUrl);
    const counted = await countRows(client);
    writeFileSync(file, '', { mode: 0o600 });
    await run(
      await postgresTool('pg_dump', postgres),
      ['--format=custom', `--file=${file}`, `--snapshot=${moment.snapshot}`, '--no-owner', ...args],
      env,
    );
    const { version } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string };
    return {
      lango: 'backup',
      format: 1,
      version,
      created_at: moment.at.toISOString(),
      database: moment.database,
      postgres,
      files: {},
      rows: counted,
      roles: await groupRoles(client),
    };
  });
}
