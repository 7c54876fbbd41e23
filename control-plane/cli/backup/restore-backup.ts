import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Client, escapeIdentifier } from 'pg';
import { ownerSession } from '../../platform/db/owner';
import { verifyAudit } from '../../audit';
import { verifyLedger } from '../../ledger';
import { StartError } from '../start-error';
import { countRows, manifestShape, serverMajor, sha256, type Manifest } from './manifest';
import { postgresTool, reach, run } from './tools';

export interface Restored {
  manifest: Manifest;
  rows: bigint;
  /** Companies whose reader must be made again: its login belonged to the other server. */
  readersGone: string[];
}

/** A backup that was unpacked and looks whole. `discard` removes what was unpacked. */
export interface OpenedBackup {
  manifest: Manifest;
  folder: string;
  discard(): void;
}

/** Unpacks a backup beside the data and holds it to its manifest. @throws StartError when it is no backup, or not as it was written */
export async function openBackup(from: string, dataDir: string): Promise<OpenedBackup> {
  const path = resolve(from);
  if (!existsSync(path)) throw new StartError(`There is no ${path}.`);
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const folder = mkdtempSync(join(dataDir, '.lango-restore-'));
  const discard = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await run('tar', [
      '--extract',
      '--file',
      path,
      '--directory',
      folder,
      '--no-same-owner',
      '--no-same-permissions',
    ]).catch(() => {
      throw new StartError(`${path} is no backup of Lango.`);
    });
    const read = manifestShape.safeParse(readManifest(folder));
    if (!read.success)
      throw new StartError(`${path} is no backup of Lango, or of a version that this one does not know.`);
    for (const [name, hash] of Object.entries(read.data.files)) {
      if (!/^[\w.-]+$/.test(name) || !existsSync(join(folder, name)) || (await sha256(join(folder, name))) !== hash)
        throw new StartError(`${path} is damaged: ${name} is not as it was written. Take another backup.`);
    }
    return { manifest: read.data, folder, discard };
  } catch (error) {
    discard();
    throw error;
  }
}

function readManifest(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** A key that stands there already must be the one in the backup: everything sealed in the database was sealed with it. @throws StartError for another */
export function refuseOtherKey({ folder }: OpenedBackup, dataDir: string): void {
  const key = join(folder, 'master.key');
  const place = join(dataDir, 'master.key');
  if (!existsSync(key) || !existsSync(place)) return;
  if (readFileSync(place, 'utf8').trim() === readFileSync(key, 'utf8').trim()) return;
  throw new StartError(
    `${place} is another key than the one in the backup: with it nothing sealed in the backup could be read. Restore into an empty LANGO_DATA.`,
  );
}

/** Puts the master key and the certificates back where none stand. */
export function restoreFiles({ folder }: OpenedBackup, dataDir: string): void {
  const key = join(folder, 'master.key');
  const place = join(dataDir, 'master.key');
  if (existsSync(key) && !existsSync(place)) writeFileSync(place, readFileSync(key), { mode: 0o600, flag: 'wx' });
  if (existsSync(join(folder, 'certs')) && !existsSync(join(dataDir, 'certs')))
    cpSync(join(folder, 'certs'), join(dataDir, 'certs'), { recursive: true });
}

/**
 * Loads the database of a backup into an empty one, all or nothing, and proves that it is what was saved: the rows of every table, the chain of the audit and
 * every balance of the ledger.
 * @throws StartError when the database is not empty, or the proof fails
 */
export async function restoreDatabase({ manifest, folder }: OpenedBackup, ownerUrl: string): Promise<Restored> {
  return ownerSession(ownerUrl, 'lango-restore', async (client) => {
    await refuseUnlessEmpty(client);
    // Roles belong to the server. Rights in the database are given to these, so they must be there first.
    for (const role of manifest.roles.filter((name) => /^lango_[a-z_]+$/.test(name))) {
      const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
      if (rowCount === 0) await client.query(`CREATE ROLE ${escapeIdentifier(role)} NOLOGIN`);
    }
    await load(client, ownerUrl, folder);
    return await prove(client, manifest);
  });
}

async function refuseUnlessEmpty(client: Client): Promise<void> {
  const { rows } = await client.query<{ tables: number; database: string }>(
    `SELECT count(*)::int AS tables, current_database() AS database FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')`,
  );
  const [found] = rows;
  if (found && found.tables > 0)
    throw new StartError(
      `The database ${found.database} is not empty (${found.tables} tables). A backup is restored into an empty one only: choose another LANGO_DATA, or another database in DATABASE_URL.`,
    );
}

async function load(client: Client, ownerUrl: string, folder: string): Promise<void> {
  const tool = await postgresTool('pg_restore', await serverMajor(client));
  const dump = join(folder, 'database.dump');
  // The schema public is there already. Default rights name the owner of the other server; they are set again below.
  const list = (await run(tool, ['--list', dump]))
    .split('\n')
    .filter((line) => !/ (DEFAULT ACL|SCHEMA - public|COMMENT - SCHEMA public) /.test(`${line} `))
    .join('\n');
  writeFileSync(join(folder, 'list'), list, { mode: 0o600 });
  const { args, env } = reach(ownerUrl);
  await run(
    tool,
    ['--single-transaction', '--exit-on-error', '--no-owner', `--use-list=${join(folder, 'list')}`, ...args, dump],
    env,
  );
  await client.query('ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC');
  await client.query('ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC');
  await client.query('ANALYZE');
}

async function prove(client: Client, manifest: Manifest): Promise<Restored> {
  const found = await countRows(client);
  const wrong = Object.entries(manifest.rows).filter(([table, count]) => found[table] !== count);
  if (wrong.length > 0)
    throw new StartError(
      `Not what was saved: ${wrong.map(([table, count]) => `${table} has ${found[table] ?? 'no'} rows instead of ${count}`).join(', ')}.`,
    );
  const audit = await verifyAudit(client);
  if (audit.problem) throw new StartError(`The audit trail in the backup was changed: ${audit.problem}`);
  const ledger = await verifyLedger(client);
  if (!ledger.ok)
    throw new StartError(
      `The ledger in the backup does not balance in ${ledger.problems.length} places: npx lango ledger verify names them.`,
    );
  const { rows } = await client.query<{ slug: string }>(
    `WITH gone AS (DELETE FROM tenant_reader WHERE role_name NOT IN (SELECT rolname FROM pg_roles) RETURNING tenant_id)
     SELECT t.slug FROM gone JOIN tenant t ON t.id = gone.tenant_id ORDER BY 1`,
  );
  return {
    manifest,
    rows: Object.values(found).reduce((sum, count) => sum + BigInt(count), 0n),
    readersGone: rows.map(({ slug }) => slug),
  };
}
