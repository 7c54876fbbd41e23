import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../platform/db/migrate';
import { runningPostmaster } from '../platform/postgres/cluster';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../platform/postgres/embedded';
import { projectRoot } from '../platform/project-root';
import { runSql } from './sql';

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
// oxlint-disable-next-line import/no-default-export -- Jest asks for one
export default async function globalSetup(): Promise<void> {
  build();
  const run = await server();
  (globalThis as { langoTestRun?: TestRun }).langoTestRun = run;
  process.env['TEST_ADMIN_URL'] = run.adminUrl;
  process.env['TEST_TEMPLATE'] = run.template;
  try {
    await makeTemplate(run);
  } catch (error) {
    // Every test that asks for a database fails with this; those that need none still tell what they found.
    process.env['TEST_TEMPLATE_FAULT'] = error instanceof Error ? error.message : String(error);
  }
}

async function makeTemplate(run: TestRun): Promise<void> {
  const url = new URL(run.adminUrl);
  url.pathname = `/${run.template}`;
  await runSql(run.adminUrl, `CREATE DATABASE ${run.template}`);
  await migrate(url.href);
}

async function server(): Promise<TestRun> {
  const template = `lango_template_${randomBytes(5).toString('hex')}`;
  const given = process.env['TEST_DATABASE_URL'];
  if (given) return { adminUrl: given, template };
  clearAbandoned();
  const postgresHome = mkdtempSync(join(tmpdir(), homePrefix));
  chmodSync(postgresHome, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir: postgresHome, durable: false });
  return { postgres, postgresHome, adminUrl: postgres.ownerUrl, template };
}

const homePrefix = 'lango-test-pg-';

/** Folders of runs that were killed: their Postgres died with them, so nothing runs there. */
function clearAbandoned(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(homePrefix))) {
    const home = join(tmpdir(), name);
    const young = Date.now() - (statSync(home, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) < 60_000;
    if (young || runningPostmaster(join(home, 'cluster', 'pg15')) !== undefined) continue;
    rmSync(home, { recursive: true, force: true });
  }
}

function build(): void {
  const made = spawnSync(process.execPath, [join(projectRoot(), 'control-plane/cli/build.cjs')], { encoding: 'utf8' });
  // A type error elsewhere is the static check's to fail; the tests below run on what was emitted.
  if (made.status !== 0) process.stderr.write(`The build reports:\n${made.stdout}${made.stderr}\n`);
}
