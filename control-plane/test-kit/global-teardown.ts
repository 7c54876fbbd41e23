import { rmSync } from 'node:fs';
import { Client } from 'pg';
import type { TestRun } from './global-setup';

/** Once after all tests: stops the private Postgres and removes its folder, or drops our databases on a given one. */
// oxlint-disable-next-line import/no-default-export -- Jest asks for one
export default async function globalTeardown(): Promise<void> {
  const run = (globalThis as { langoTestRun?: TestRun }).langoTestRun;
  if (!run) return;
  if (run.postgres) {
    await run.postgres.stop();
    if (run.postgresHome) rmSync(run.postgresHome, { recursive: true, force: true });
    return;
  }
  const client = new Client({ connectionString: run.adminUrl });
  await client.connect();
  await client.query(`DROP DATABASE IF EXISTS ${run.template} WITH (FORCE)`);
  await client.end();
}
