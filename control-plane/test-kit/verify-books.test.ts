import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from './database';
import { insertCompany } from './rows';
import { runSql } from './sql';

/** Every test ends with this check (database.ts): that it finds what it is for is shown here. */
async function withEvents(break_: (owner: Client, tenant: string) => Promise<unknown>): Promise<TestDatabase> {
  const db = await createTestDatabase();
  const owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
  const tenant = await insertCompany(owner, 'Books');
  await owner.query(
    `INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id)
     SELECT $1, 'system', 'test', 'books.kept', 'book', n::text FROM generate_series(1, 3) n`,
    [tenant],
  );
  await owner.query('SELECT audit_seal_events(10)');
  await owner.query(`SELECT set_config('lango.tenant', $1, false)`, [tenant]);
  await owner.query(
    `SELECT ledger_post(jsonb_build_array(jsonb_build_object('key', 'k', 'debit', ledger_account_for('cash', 'KES'), 'credit',
       ledger_account_for('sales', 'KES'), 'amount_cents', 500, 'kind', 'payment')))`,
  );
  await break_(owner, tenant);
  await owner.end();
  return db;
}

const isThere = async (db: TestDatabase): Promise<boolean> => {
  const name = new URL(db.ownerUrl).pathname.slice(1);
  return (
    (await runSql(process.env['TEST_ADMIN_URL'] ?? '', 'SELECT 1 FROM pg_database WHERE datname = $1', [name])).length >
    0
  );
};

test('a database whose books hold is dropped without a word', async () => {
  const db = await withEvents(() => Promise.resolve());
  await db.drop();
  expect(await isThere(db)).toBe(false);
});

test.each<[string, string, RegExp]>([
  [
    'one altered letter of a sealed event',
    `UPDATE audit_event SET subject_id = '4' WHERE id = (SELECT event_id FROM audit_seal WHERE seq = 2)`,
    /the audit: event \d+ of link 2 has been changed/,
  ],
  [
    'one altered byte of a seal',
    `UPDATE audit_seal SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE seq = 3`,
    /the audit: event \d+ of link 3/,
  ],
  [
    'a balance moved by a cent',
    `UPDATE ledger_account SET balance_cents = balance_cents + 1 WHERE code = 'sales'`,
    /the ledger: balance differs/,
  ],
])('%s fails the test that left it, and the database is gone all the same', async (_what, sql, fault) => {
  const db = await withEvents((owner) => owner.query(sql));
  await expect(db.drop()).rejects.toThrow(fault);
  expect(await isThere(db)).toBe(false);
});
