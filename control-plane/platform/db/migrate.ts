import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { ownerSession } from './owner';
import { Logger, runMigrations as runWorkerMigrations } from 'graphile-worker';
import { projectRoot } from '../project-root';

/** What a run did: names of the migrations and function files that were applied, in order. */
export interface Migrated {
  migrations: string[];
  functions: string[];
}

// Prisma's own lock, so that its CLI and this runner never migrate at the same time.
const PRISMA_LOCK = 72707369;

const HISTORY = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
  logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`;

/**
 * Brings a database to this version: prisma/migrations in order (recorded in Prisma's `_prisma_migrations`), then the repeatable
 * prisma/functions/*.sql whose text changed, then the job queue's own tables. Each file runs in one transaction; several runners may start at once.
 * @param ownerUrl a user that may create roles and schemas
 * @throws when a migration fails, was changed after it was applied, or the database is newer than this program
 */
export async function migrate(ownerUrl: string): Promise<Migrated> {
  return ownerSession(ownerUrl, 'lango-migrate', async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK]);
    await client.query(HISTORY);
    const migrations = await applyMigrations(client);
    const functions = await applyFunctions(client);
    await runWorkerMigrations({ connectionString: ownerUrl, noPreparedStatements: true, logger: quietLogger() });
    await client.query(grantQueue);
    return { migrations, functions };
  });
}

/** Names of the migrations that this program knows and the database has not, without changing anything. */
export async function pendingMigrations(ownerUrl: string): Promise<string[]> {
  return ownerSession(ownerUrl, 'lango-migrate', async (client) => {
    const { rows } = await client.query<{ exists: boolean }>(
      `SELECT to_regclass('public._prisma_migrations') IS NOT NULL AS exists`,
    );
    if (!rows[0]?.exists) return readMigrations().map((m) => m.name);
    const done = await appliedMigrations(client);
    return readMigrations()
      .filter((m) => !done.has(m.name))
      .map((m) => m.name);
  });
}

interface SqlFile {
  name: string;
  sql: string;
  checksum: string;
}

function readSqlFile(name: string, path: string): SqlFile {
  const sql = readFileSync(path, 'utf8');
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}

function readMigrations(): SqlFile[] {
  const dir = join(projectRoot(), 'prisma', 'migrations');
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => readSqlFile(name, join(dir, name, 'migration.sql')));
}

async function appliedMigrations(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  const failed = rows.find((row) => row.finished_at === null);
  if (failed)
    throw new Error(
      `Migration ${failed.migration_name} failed earlier; restore the last backup or finish it by hand, then start again.`,
    );
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

async function applyMigrations(client: Client): Promise<string[]> {
  const done = await appliedMigrations(client);
  const known = readMigrations();
  for (const name of done.keys()) {
    if (!known.some((m) => m.name === name))
      throw new Error(
        `The database has migration ${name}, which this version does not know: it was made by a newer Lango. Start that version.`,
      );
  }
  const applied: string[] = [];
  for (const migration of known) {
    const checksum = done.get(migration.name);
    if (checksum === undefined) {
      await applyOne(client, migration);
      applied.push(migration.name);
    } else if (checksum !== migration.checksum) {
      throw new Error(
        `Migration ${migration.name} was changed after it was applied; migrations are never edited, add a new one.`,
      );
    }
  }
  return applied;
}

async function applyOne(client: Client, migration: SqlFile): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      'INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), 1)',
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`Migration ${migration.name} failed and nothing of it was kept: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Function files are replaced as wholes (CREATE OR REPLACE, or DROP … then CREATE), in the order of their names. */
async function applyFunctions(client: Client): Promise<string[]> {
  const dir = join(projectRoot(), 'prisma', 'functions');
  const files = readdirSync(dir)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => readSqlFile(name, join(dir, name)));
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM platform_function_file',
  );
  const standing = new Map(rows.map((row) => [row.name, row.checksum]));
  const changed = files.filter((file) => standing.get(file.name) !== file.checksum);
  if (changed.length === 0) return [];
  await client.query('BEGIN');
  // A function may call one of a later file; all of them stand when the transaction ends.
  await client.query('SET LOCAL check_function_bodies = off');
  for (const file of changed) {
    try {
      await client.query(file.sql);
      await client.query(
        'INSERT INTO platform_function_file (name, checksum) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()',
        [file.name, file.checksum],
      );
    } catch (error) {
      await client.query('ROLLBACK');
      throw new Error(`prisma/functions/${file.name} failed: ${(error as Error).message}`, { cause: error });
    }
  }
  await client.query('COMMIT');
  return changed.map((file) => file.name);
}

// The queue belongs to the owner and jobs work it. The others may only add to it, by job_enqueue (prisma/functions/jobs.sql): its tables hold what
// all companies have waiting. Its row-level security knows no policy of its own, so the worker would see nothing without ours.
const grantQueue = `
  GRANT USAGE ON SCHEMA graphile_worker TO lango_jobs;
  GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA graphile_worker TO lango_jobs;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA graphile_worker TO lango_jobs;
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA graphile_worker TO lango_jobs;
  DO $$
  DECLARE t regclass;
  BEGIN
    FOR t IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'graphile_worker' AND c.relkind = 'r' AND c.relrowsecurity LOOP
      EXECUTE format('DROP POLICY IF EXISTS of_jobs ON %s', t);
      EXECUTE format('CREATE POLICY of_jobs ON %s TO lango_jobs USING (true) WITH CHECK (true)', t);
    END LOOP;
  END $$`;

function quietLogger(): Logger {
  return new Logger(() => () => undefined);
}
