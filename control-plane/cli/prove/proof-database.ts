import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../platform/db/migrate';
import { ensureRoleLogins } from '../../platform/db/roles';
import { startEmbeddedPostgres } from '../../platform/postgres/embedded';
import type { TestDatabase } from '../../test-kit/database';

/**
 * A migrated database for a proof that needs no whole product, on a Postgres of its own, which drop() ends. Without fsync:
 * what a crash does is shown by the chaos proof on a durable one.
 */
export async function proofDatabase(): Promise<TestDatabase> {
  const home = mkdtempSync(join(tmpdir(), 'lango-prove-'));
  chmodSync(home, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir: home, durable: false });
  const drop = async (): Promise<void> => {
    await postgres.stop();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await migrate(postgres.ownerUrl);
    const masterKey = randomBytes(32);
    return { ownerUrl: postgres.ownerUrl, urls: await ensureRoleLogins(postgres.ownerUrl, masterKey), masterKey, drop };
  } catch (error) {
    await drop();
    throw error;
  }
}
