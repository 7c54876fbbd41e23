import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';

jest.setTimeout(60_000);

/** Two companies with the same usernames, one plan version each, and a second version to change to. */
let db: TestDatabase;
let owner: Client;
beforeAll(async () => {
  db = await createTestDatabase();
  owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
  await owner.query(`
    INSERT INTO tenant (name, slug, status) VALUES ('One', 'one', 'approved'), ('Two', 'two', 'approved');
    INSERT INTO plan (tenant_id, name, kind) SELECT id, 'Home', 'pppoe' FROM tenant;
    INSERT INTO plan_version (tenant_id, plan_id, version, price_cents, currency, validity_count, validity_unit, down_kbps, up_kbps, quota_bytes, on_quota,
                              throttle_down_kbps, throttle_up_kbps, pool, address_list, idle_timeout_s)
      SELECT p.tenant_id, p.id, v, 100, 'KES', 1, 'day', 1000 * v, 500 * v, 1000000000 * v, 'throttle', 64, 32, 'pool' || v, 'list', 60
      FROM plan p, generate_series(1, 2) v;
    INSERT INTO subscriber (tenant_id, name, phone) SELECT id, 'Asha', '+254700000001' FROM tenant;
    INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username)
      SELECT t.id, (SELECT min(id) FROM subscriber s WHERE s.tenant_id = t.id), (SELECT min(id) FROM plan_version v WHERE v.tenant_id = t.id), u
      FROM tenant t, unnest(ARRAY['asha', 'baraka', 'o''brien "x"']) u;`);
});
afterAll(async () => {
  await owner.end();
  await db.drop();
});

/** Cards that are not what they are derived from, cards of nobody, and subscriptions without a card. */
async function faults(): Promise<unknown[]> {
  const { rows } = await owner.query(`
    WITH should AS (SELECT c.* FROM subscription s, access_cards_of(s.tenant_id, ARRAY[s.username]) c)
    (SELECT 'should' AS which, to_jsonb(s) AS card FROM should s EXCEPT ALL SELECT 'should', to_jsonb(k) FROM access_card k)
    UNION ALL
    (SELECT 'is', to_jsonb(k) FROM access_card k EXCEPT ALL SELECT 'is', to_jsonb(s) FROM should s)`);
  return rows;
}

test('every subscription has a card from its first moment', async () => {
  expect(await faults()).toEqual([]);
  const { rows } = await owner.query('SELECT count(*)::int AS cards FROM access_card');
  expect(rows).toEqual([{ cards: 6 }]);
});

const one = `tenant_id = 1 AND username = 'asha'`;
test.each([
  [
    'paid',
    `UPDATE subscription SET status = 'active', starts_at = lango_now(), expires_at = lango_now() + interval '1 day', cycle_no = 1, quota_bytes = 1000000000 WHERE ${one}`,
  ],
  ['topped up', `UPDATE subscription SET topup_bytes = 5000 WHERE ${one}`],
  ['locked to a device', `UPDATE subscription SET mac_lock = 'AA:BB:CC:00:00:01' WHERE ${one}`],
  ['given an address', `UPDATE subscription SET static_ip = '100.64.0.1' WHERE ${one}`],
  [
    'moved to another plan',
    `UPDATE subscription SET plan_version_id = (SELECT max(id) FROM plan_version WHERE tenant_id = 1) WHERE ${one}`,
  ],
  [
    'moved to another plan and address at once',
    `UPDATE subscription SET static_ip = '100.64.0.2', plan_version_id = (SELECT min(id) FROM plan_version WHERE tenant_id = 1) WHERE ${one}`,
  ],
  ['suspended', `UPDATE subscription SET status = 'suspended' WHERE ${one}`],
  ['renamed', `UPDATE subscription SET username = 'asha2' WHERE ${one}`],
  [
    'renamed back, without an address',
    `UPDATE subscription SET username = 'asha', static_ip = NULL WHERE tenant_id = 1 AND username = 'asha2'`,
  ],
  [
    'given items of their own',
    `INSERT INTO radreply (tenant_id, username, attribute, op, value) VALUES (1, 'asha', 'Idle-Timeout', ':=', '5'), (1, 'asha', 'Framed-Route', '+=', '10.0.0.0/8 0.0.0.0 1'), (2, 'baraka', 'Filter-Id', ':=', '"a\\b\`')`,
  ],
  ['given other ones', `UPDATE radreply SET value = '6', username = 'baraka' WHERE attribute = 'Idle-Timeout'`],
  ['relieved of them', `DELETE FROM radreply WHERE attribute <> 'Framed-Route'`],
  [
    'given another group',
    `UPDATE radusergroup SET groupname = 'plan-' || (SELECT max(id) FROM plan_version WHERE tenant_id = 1) WHERE tenant_id = 1 AND username = 'baraka'`,
  ],
  ['changed with their group', `UPDATE radgroupreply SET value = 'other' WHERE attribute = 'Framed-Pool'`],
  [
    'told more with their group',
    `INSERT INTO radgroupreply (tenant_id, groupname, attribute, op, value) SELECT tenant_id, groupname, 'Filter-Id', ':=', 'x' FROM radgroupreply WHERE attribute = 'Framed-Pool'`,
  ],
  ['told less with their group', `DELETE FROM radgroupreply WHERE attribute = 'Filter-Id'`],
  ['ended', `UPDATE subscription SET status = 'ended' WHERE ${one}`],
  ['deleted', `DELETE FROM subscription WHERE tenant_id = 2 AND username = 'baraka'`],
  ['changed many at once', `UPDATE subscription SET topup_bytes = topup_bytes + 1`],
])('a card follows when somebody is %s', async (_what, sql) => {
  const before = await owner.query('SELECT to_jsonb(k) AS card FROM access_card k ORDER BY tenant_id, username');
  await owner.query(sql);
  expect(await faults()).toEqual([]);
  const after = await owner.query('SELECT to_jsonb(k) AS card FROM access_card k ORDER BY tenant_id, username');
  expect(after.rows).not.toEqual(before.rows);
});

test('a card is rolled back with what it follows', async () => {
  await owner.query('BEGIN');
  await owner.query(`UPDATE subscription SET topup_bytes = 99 WHERE tenant_id = 1`);
  await owner.query('ROLLBACK');
  expect(await faults()).toEqual([]);
});

test('the shifted clock is seen by the next statement, also through a plan that was made before', async () => {
  await owner.query(`PREPARE clock AS SELECT extract(epoch FROM lango_now() - now())::int AS shift_s`);
  const shift = async (): Promise<number> =>
    (await owner.query<{ shift_s: number }>('EXECUTE clock')).rows[0]?.shift_s ?? NaN;
  for (let i = 0; i < 8; i++) expect(await shift()).toBe(0);
  await owner.query(`UPDATE platform_clock SET shift = '-2 days 3 hours'`);
  expect(await shift()).toBe(-45 * 3600);
  const other = new Client({ connectionString: db.urls.accounting });
  await other.connect();
  const seen = await other.query<{ shift_s: number }>('SELECT extract(epoch FROM lango_now() - now())::int AS shift_s');
  await other.end();
  expect(seen.rows[0]?.shift_s).toBe(-45 * 3600);
  await owner.query(`UPDATE platform_clock SET shift = '0'`);
  expect(await shift()).toBe(0);
});
