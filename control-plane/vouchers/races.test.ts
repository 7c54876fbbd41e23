import { Client, Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { insertCompany, insertRouter, insertVoucher } from '../test-kit/rows';

jest.setTimeout(300_000);

let db: TestDatabase;
let owner: Client;
let askers: Pool;
beforeAll(async () => {
  db = await createTestDatabase();
  owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
  askers = new Pool({ connectionString: db.ownerUrl, max: 20 });
});
afterAll(async () => {
  await askers?.end();
  await owner?.end();
  await db?.drop();
});

it('a code that a thousand ask for at once, by hand and by logging in, becomes one subscription, and one of them is told that it began', async () => {
  const tenantId = await insertCompany(owner, 'Race');
  const router = await insertRouter(owner, tenantId, { address: '127.70.0.1' });
  const code = await insertVoucher(owner, tenantId, { validity_count: 2, validity_unit: 'hour' });
  const redeem = async () =>
    (
      await askers.query<{ fresh: boolean }>(
        `SELECT r.fresh FROM (SELECT set_config('lango.tenant', $1, false)) AS t, LATERAL voucher_redeem($2) AS r`,
        [tenantId, code],
      )
    ).rows[0]!.fresh;
  // A first login is decided by beginning the voucher and taking that back; a session's first record begins it for good.
  const login = async () =>
    (
      await askers.query(`SELECT * FROM access_other_login($1, $2, $3, 'mikrotik', 'approved', '', '1', '19')`, [
        code.toLowerCase(),
        router,
        tenantId,
      ])
    ).rows.length;
  const session = async () =>
    (await askers.query<{ id: string }>('SELECT access_subscription_of($1, $2, lango_now()) AS id', [tenantId, code]))
      .rows[0]!.id;
  const asked = Array.from({ length: 250 }, () => [redeem(), login(), session(), session()] as const);
  const redeemed = await Promise.all(asked.map(([one]) => one));
  const answers = await Promise.all(asked.map(([, one]) => one));
  const begun = await Promise.all(asked.flatMap(([, , one, other]) => [one, other]));

  const { rows } = await owner.query<{ id: string }>('SELECT id FROM subscription WHERE username = $1', [code]);
  expect(rows).toHaveLength(1);
  expect(new Set(begun)).toEqual(new Set([rows[0]!.id]));
  // Every login was answered, before it began and after.
  expect(answers.filter((pairs) => pairs === 0)).toEqual([]);
  expect(redeemed.filter((fresh) => fresh).length).toBeLessThanOrEqual(1);
  const counts = await owner.query(
    `SELECT (SELECT count(*)::int FROM usage_cycle WHERE subscription_id = $1) AS cycles, (SELECT count(*)::int FROM radcheck WHERE username = $2) AS passwords,
            (SELECT count(*)::int FROM audit_event WHERE action = 'vouchers.begin' AND subject_id = $1::text) AS begun`,
    [rows[0]!.id, code],
  );
  expect(counts.rows).toEqual([{ cycles: 1, passwords: 1, begun: 1 }]);
});

it('a code is of a batch of its own company, and a batch that has codes is not deleted', async () => {
  const [mine, theirs] = [await insertCompany(owner, 'Mine'), await insertCompany(owner, 'Theirs')];
  const code = await insertVoucher(owner, theirs);
  const { rows } = await owner.query<{ id: string }>('SELECT batch_id AS id FROM voucher WHERE code = $1', [code]);
  const batch = rows[0]!.id;
  await expect(
    owner.query(`INSERT INTO voucher (tenant_id, code, batch_id) VALUES ($1, 'ABCDEFGH', $2)`, [mine, batch]),
  ).rejects.toThrow(/may not be of batch/);
  await expect(
    owner.query(`INSERT INTO voucher (tenant_id, code, batch_id) VALUES ($1, 'ABCDEFGH', 999999)`, [mine]),
  ).rejects.toThrow(/may not be of batch/);
  await expect(owner.query('DELETE FROM voucher_batch WHERE id = $1', [batch])).rejects.toThrow(/has vouchers/);
});
