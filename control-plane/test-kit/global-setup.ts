import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../platform/db/migrate';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../platform/postgres/embedded';
import { projectRoot } from '../platform/project-root';

/** What teardown must undo. */
export interface TestRun {
  postgres?: EmbeddedPostgres;
  postgresHome?: string;
  adminUrl: string;
  template: string;
}

/**
 * Once per Jest run: compiles dist/ (tests start real processes from it), takes TEST_DATABASE_URL or starts a private
 * Postgres without fsync in a temporary folder, and migrates one template database that every test clones.
 */
export default async function globalSetup(): Promise<void> {
  build();
  const run = await server();
  (globalThis as { langoTestRun?: TestRun }).langoTestRun = run;
  const templateUrl = new URL(run.adminUrl);
  templateUrl.pathname = `/${run.template}`;
  await execute(run.adminUrl, `CREATE DATABASE ${run.template}`);
  await migrate(templateUrl.href);
  process.env['TEST_ADMIN_URL'] = run.adminUrl;
  process.env['TEST_TEMPLATE'] = run.template;
}

async function server(): Promise<TestRun> {
  const template = `lango_template_${randomBytes(5).toString('hex')}`;
  const given = process.env['TEST_DATABASE_URL'];
  if (given) return { adminUrl: given, template };
  const postgresHome = mkdtempSync(join(tmpdir(), 'lango-test-pg-'));
  chmodSync(postgresHome, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir: postgresHome, durable: false });
  return { postgres, postgresHome, adminUrl: postgres.ownerUrl, template };
}

function build(): void {
  const made = spawnSync(process.execPath, [join(projectRoot(), 'control-plane/cli/build.cjs')], { encoding: 'utf8' });
  // A type error elsewhere is the static check's to fail; the tests below run on what was emitted.
  if (made.status !== 0) process.stderr.write(`The build reports:\n${made.stdout}${made.stderr}\n`);
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
