import { Pool, type PoolClient } from 'pg';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { until } from '../test-kit/until';

let db: TestDatabase;
let owner: Pool;
let web: Pool;
let jobs: Pool;
beforeAll(async () => {
  db = await createTestDatabase();
  owner = new Pool({ connectionString: db.ownerUrl, max: 2 });
  web = new Pool({ connectionString: db.urls.web, max: 8 });
  jobs = new Pool({ connectionString: db.urls.jobs, max: 4 });
  // One of them is ended in the middle of its work.
  jobs.on('error', () => undefined);
});
afterAll(async () => {
  await Promise.all([web.end(), jobs.end(), owner.end()]);
  await db.drop();
});

let companies = 0;
async function company(): Promise<string> {
  companies += 1;
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO tenant (name, slug, status) VALUES ('Numbers', $1, 'approved') RETURNING id`,
    [`numbers-${companies}`],
  );
  return rows[0]!.id;
}

/**
 * Sells in one transaction of the web role; `before` runs when the sale has its invoice and is not committed. Each currency has accounts of its own, so
 * that the ledger's locks put nobody in order.
 */
async function sell(
  tenant: string,
  key: string,
  before: (client: PoolClient) => Promise<unknown> = async () => undefined,
  currency = 'KES',
): Promise<void> {
  const client = await web.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SELECT set_config('lango.tenant', $1, true)`, [tenant]);
    await client.query(
      `SELECT ledger_post(jsonb_build_array(jsonb_build_object('key', $1::text, 'debit', ledger_account_for('cash', $2), 'credit',
         ledger_account_for('sales', $2), 'amount_cents', 13340, 'kind', 'sale')))`,
      [key, currency],
    );
    await client.query(`SET CONSTRAINTS invoice_of_transfer IMMEDIATE`);
    await before(client);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

const seal = async (limit = 1000): Promise<number> =>
  (await jobs.query<{ given: number }>('SELECT invoice_number_due($1) AS given', [limit])).rows[0]!.given;
const numbersOf = async (tenant: string): Promise<(number | null)[]> =>
  (
    await owner.query<{ number: string | null }>(
      'SELECT number FROM invoice WHERE tenant_id = $1 ORDER BY born_at, id',
      [tenant],
    )
  ).rows.map((row) => (row.number === null ? null : Number(row.number)));
const sealed = async (tenant: string): Promise<(number | null)[]> =>
  until(
    async () => {
      await seal();
      return numbersOf(tenant);
    },
    (numbers) => numbers.every((one) => one !== null),
  );
const faults = async () => (await owner.query('SELECT * FROM invoice_verify()')).rows;

test('many who sell at once, some of whom take it back, get numbers without a gap, in the order of their moments, whoever seals', async () => {
  const [one, other] = [await company(), await company()];
  let sold = 0;
  const seller = async (who: number): Promise<void> => {
    for (let n = 0; n < 12; n += 1) {
      const fails = (who + n) % 3 === 0;
      const wait = async (client: PoolClient): Promise<void> => {
        await client.query('SELECT pg_sleep($1)', [((who * 7 + n * 3) % 5) / 200]);
        if (fails) throw new Error('taken back');
      };
      const outcome = await sell(n % 4 === 0 ? other : one, `s${who}.${n}`, wait, `C0${who}`).then(
        () => 'sold',
        (error: Error) => error.message,
      );
      expect(outcome).toBe(fails ? 'taken back' : 'sold');
      sold += fails ? 0 : 1;
    }
  };
  let selling = true;
  const sealer = async (): Promise<void> => {
    while (selling) await seal(5);
  };
  const sealers = [sealer(), sealer()];
  await Promise.all(Array.from({ length: 8 }, (_, who) => seller(who)));
  selling = false;
  await Promise.all(sealers);
  const numbers = [await sealed(one), await sealed(other)];
  expect(numbers.flat()).toHaveLength(sold);
  for (const list of numbers) expect(list).toEqual(list.map((_, at) => at + 1));
  expect(await faults()).toEqual([]);
});

test('a sale that was made first and commits last gets the first number: the later one waits for it', async () => {
  const tenant = await company();
  await sell(tenant, 'before');
  await sealed(tenant);
  let commit = (): void => undefined;
  let isMade = (): void => undefined;
  const made = new Promise<void>((resolve) => (isMade = resolve));
  const slow = sell(tenant, 'slow', (client) => {
    isMade();
    return new Promise<void>((resolve) => (commit = resolve)).then(() => client.query('SELECT 1'));
  });
  await made;
  await sell(tenant, 'quick', undefined, 'USD');
  const slot = async (): Promise<number> =>
    (await owner.query<{ slot: number }>('SELECT invoice_slot(clock_timestamp()) AS slot')).rows[0]!.slot;
  const at = await slot();
  await until(slot, (now) => now > at + 1);
  expect(await seal()).toBe(0);
  commit();
  await slow;
  await sealed(tenant);
  const { rows } = await owner.query<{ key: string; number: string }>(
    `SELECT t.key, i.number FROM invoice i JOIN ledger_transfer t ON t.id = i.transfer_id WHERE i.tenant_id = $1 ORDER BY i.number`,
    [tenant],
  );
  expect(rows.map((row) => row.key)).toEqual(['before', 'slow', 'quick']);
});

test('a sealer that is killed in the middle has given no number, and the next gives them all', async () => {
  const tenant = await company();
  for (const key of ['a', 'b', 'c']) await sell(tenant, key);
  const dying = await jobs.connect();
  dying.on('error', () => undefined);
  const { rows } = await dying.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await until(
    async () => {
      await dying.query('BEGIN');
      const given = (await dying.query<{ given: number }>('SELECT invoice_number_due(1000) AS given')).rows[0]!.given;
      if (given < 3) await dying.query('ROLLBACK');
      return given;
    },
    (given) => given >= 3,
  );
  await owner.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
  await until(
    () => owner.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [rows[0]!.pid]),
    (left) => left.rowCount === 0,
  );
  dying.release(true);
  expect(await numbersOf(tenant)).toEqual([null, null, null]);
  expect(await sealed(tenant)).toEqual([1, 2, 3]);
  expect(await faults()).toEqual([]);
});

test('what is issued never changes, for nobody, and no part but the ledger makes it', async () => {
  const tenant = await company();
  await sell(tenant, 'x');
  await sealed(tenant);
  for (const sql of [
    'UPDATE invoice SET net_cents = net_cents - 1, vat_cents = vat_cents + 1',
    'UPDATE invoice SET number = number + 1000',
    'UPDATE invoice SET number = NULL, number_text = NULL, numbered_at = NULL',
    `UPDATE invoice SET number_text = 'INV-X'`,
    `UPDATE invoice SET numbered_at = numbered_at + interval '1 second'`,
    `UPDATE invoice SET seller = '{}'`,
    'DELETE FROM invoice_line',
    `UPDATE invoice_line SET description = 'x'`,
    'DELETE FROM invoice',
  ])
    await expect(owner.query(sql)).rejects.toThrow(/never changes|is given once/);
  await owner.query(`UPDATE invoice SET control_number = 'KRACU/1' WHERE tenant_id = $1`, [tenant]);
  await expect(
    owner.query(`UPDATE invoice SET control_number = 'KRACU/2' WHERE tenant_id = $1`, [tenant]),
  ).rejects.toThrow('given once');
  await expect(owner.query(`UPDATE invoice SET control_number = NULL WHERE tenant_id = $1`, [tenant])).rejects.toThrow(
    'given once',
  );
  await expect(
    owner.query(
      `INSERT INTO invoice_line (invoice_id, line_no, tenant_id, kind, description, unit_cents, tax_type, net_cents, excise_cents, vat_cents, total_cents)
       SELECT id, 2, tenant_id, 'fee', 'more', 5, 'D', 5, 0, 0, 5 FROM invoice WHERE tenant_id = $1`,
      [tenant],
    ),
  ).rejects.toThrow('do not make its totals');
  for (const sql of [
    'INSERT INTO invoice_series VALUES (1, $$invoice$$, 5)',
    'UPDATE invoice SET number = 9',
    'DELETE FROM invoice_line',
  ])
    await expect(web.query(sql)).rejects.toThrow('permission denied');
});

test('sales that are invoiced together are right each, have one invoice however often they are told, or stand none of them', async () => {
  const [mine, theirs] = [await company(), await company()];
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO subscriber (tenant_id, name, phone) VALUES ($1, 'Of another', '+254700000001') RETURNING id`,
    [theirs],
  );
  const line = (unit_cents: number) => ({ kind: 'fee', description: 'Sold', unit_cents });
  const together = (tenant: string, sales: readonly object[]) =>
    web.connect().then(async (client) => {
      try {
        await client.query('BEGIN');
        await client.query(`SELECT set_config('lango.tenant', $1, true)`, [tenant]);
        const post = (key: string, cents: number, credit: string) => ({ key, cents, credit });
        for (const { key, cents, credit } of [
          post('one', 100, 'sales'),
          post('two', 250, 'sales'),
          post('none', 7, 'bank'),
        ])
          await client.query(
            `SELECT ledger_post(jsonb_build_array(jsonb_build_object('key', $1::text, 'debit', ledger_account_for('cash', 'KES'), 'credit',
               ledger_account_for($3, 'KES'), 'amount_cents', $2::bigint, 'kind', 'sale')))`,
            [key, cents, credit],
          );
        for (let times = 0; times < 2; times += 1)
          await client.query('SELECT invoice_issue_many($1)', [JSON.stringify(sales)]);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    });
  const one = { key: 'one', lines: [line(60), line(40)] };
  const wrong: [object, string][] = [
    [{ key: 'two', lines: [line(249)] }, 'do not come to its 250'],
    [{ key: 'two', lines: [] }, 'do not come to its 250'],
    [{ key: 'two', subscriber_id: rows[0]!.id, lines: [line(250)] }, 'its own company'],
    [{ key: 'none', lines: [line(7)] }, 'no sale of this company'],
  ];
  for (const [sale, words] of wrong) await expect(together(mine, [one, sale])).rejects.toThrow(words);
  expect(await numbersOf(mine)).toEqual([]);
  await together(mine, [one, { key: 'two', lines: [line(250)] }, { key: 'nothing was posted', lines: [line(1)] }]);
  expect(await sealed(mine)).toEqual([1, 2]);
  const made = await owner.query(
    `SELECT t.key, i.total_cents::int AS cents, (SELECT array_agg(l.total_cents::int ORDER BY l.line_no) FROM invoice_line l WHERE l.invoice_id = i.id) AS lines
     FROM invoice i JOIN ledger_transfer t ON t.id = i.transfer_id WHERE i.tenant_id = $1 ORDER BY 1`,
    [mine],
  );
  expect(made.rows).toEqual([
    { key: 'one', cents: 100, lines: [60, 40] },
    { key: 'two', cents: 250, lines: [250] },
  ]);
  expect(await faults()).toEqual([]);
});

test('taxes come of the day of the sale, are parts of what was paid, and make the whole with what is left', async () => {
  const split = async (cents: number, excise: number, vat: number) =>
    Object.values((await owner.query('SELECT * FROM invoice_split($1, $2, $3)', [cents, excise, vat])).rows[0]).map(
      Number,
    );
  expect(await split(150_000, 1500, 1600)).toEqual([112_443, 16_867, 20_690]);
  expect(await split(11_600, 0, 1600)).toEqual([10_000, 0, 1600]);
  expect(await split(1, 1500, 1600)).toEqual([1, 0, 0]);
  const tenant = await company();
  await owner.query(
    `INSERT INTO invoice_tax (tenant_id, tax, starts_on, rate_bp) VALUES ($1, 'vat', '2019-01-01', NULL), ($1, 'excise', '2022-01-01', 500), ($1, 'excise', '2024-01-01', 0)`,
    [tenant],
  );
  const rate = async (tax: string, day: string) =>
    (await owner.query('SELECT invoice_rate($1, $2, $3) AS bp', [tenant, tax, day])).rows[0].bp;
  expect(
    await Promise.all(['2018-12-31', '2019-01-01', '2020-06-01', '2026-01-01'].map((day) => rate('vat', day))),
  ).toEqual([0, 1600, 1400, 1600]);
  expect(await Promise.all(['2021-12-31', '2022-01-01', '2024-01-01'].map((day) => rate('excise', day)))).toEqual([
    0, 500, 0,
  ]);
  await sell(tenant, 'taxed');
  const [row] = (await owner.query('SELECT * FROM invoice WHERE tenant_id = $1', [tenant])).rows;
  expect(row).toMatchObject({
    vat_bp: 1600,
    excise_bp: 0,
    net_cents: '11500',
    vat_cents: '1840',
    total_cents: '13340',
  });
});
