import { randomBytes } from 'node:crypto';
import { runSql } from '../../test-kit/sql';
import { ensureRoleLogins } from './roles';

test('hosts that start at once on a new database all get their logins; one with another master key changes nothing', async () => {
  const admin = process.env['TEST_ADMIN_URL'] ?? '';
  const template = process.env['TEST_TEMPLATE'] ?? '';
  const name = `lango_test_${randomBytes(6).toString('hex')}`;
  await runSql(admin, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  try {
    const key = randomBytes(32);
    const hosts = await Promise.all(Array.from({ length: 8 }, () => ensureRoleLogins(url.href, key)));
    await expect(ensureRoleLogins(url.href, randomBytes(32))).rejects.toThrow(/another master key.*LANGO_MASTER_KEY/);
    for (const urls of hosts) expect(urls).toEqual(hosts[0]);
    for (const one of Object.values(hosts[0]!))
      expect(await runSql(one, 'SELECT 1 AS answer')).toEqual([{ answer: 1 }]);
    for (const one of Object.values(hosts[0]!)) {
      await runSql(url.href, `DROP OWNED BY "${new URL(one).username}"`);
      await runSql(admin, `DROP ROLE "${new URL(one).username}"`).catch(() => undefined);
    }
  } finally {
    await runSql(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
});
