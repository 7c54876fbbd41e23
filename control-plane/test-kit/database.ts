import { randomBytes } from 'node:crypto';
import { ensureRoleLogins, type RoleUrls } from '../platform/db/roles';
import { runSql } from './sql';
import { bookFaults } from './verify-books';

/** A database of one test's own, migrated, with a login per role. */
export interface TestDatabase {
  /** Superuser connection: may do everything, also shift lango_now(). */
  ownerUrl: string;
  urls: RoleUrls;
  /** The key its role passwords were derived from; give it to processes started on this database as LANGO_MASTER_KEY (base64). */
  masterKey: Buffer;
  /**
   * Removes the database and its logins, also while something is still connected. Before that the chain of its audit and its ledger are verified:
   * @throws when the test has broken either; the database is gone then as well
   */
  drop(): Promise<void>;
}

/** The key of every test database, so that a process started by a test derives the same role passwords. */
export const testMasterKey = Buffer.alloc(32, 7);

/** Clones the run's migrated template (some tens of milliseconds). Call drop() in afterAll. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = process.env['TEST_ADMIN_URL'];
  const template = process.env['TEST_TEMPLATE'];
  if (!adminUrl || !template) throw new Error('Database tests run under Jest, whose global set-up makes the template.');
  const fault = process.env['TEST_TEMPLATE_FAULT'];
  if (fault) throw new Error(`The template database could not be made: ${fault}`);
  const name = `lango_test_${randomBytes(6).toString('hex')}`;
  await runSql(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const owner = new URL(adminUrl);
  owner.pathname = `/${name}`;
  const urls = await ensureRoleLogins(owner.href, testMasterKey);
  return {
    ownerUrl: owner.href,
    urls,
    masterKey: testMasterKey,
    drop: async () => {
      const faults = await bookFaults(owner.href);
      await runSql(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      for (const url of Object.values(urls)) await runSql(adminUrl, `DROP ROLE IF EXISTS "${new URL(url).username}"`);
      if (faults.length > 0) throw new Error(`This test has broken the books of its database: ${faults.join('; ')}.`);
    },
  };
}
