import fc from 'fast-check';
import { Client, Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { verifyLedger } from './verify-ledger';

let database: TestDatabase;
let owner: Client;
let web: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  web = new Pool({ connectionString: database.urls.web, max: 6 });
});
afterAll(async () => {
  await web.end();
  await owner.end();
  await database.drop();
});

let companies = 0;
async function company(): Promise<{ tenant: string; subscriber: string }> {
  companies += 1;
  const tenant = await owner.query<{ id: string }>(
    `INSERT INTO tenant (name, slug, status) VALUES ('Ledger', $1, 'approved') RETURNING id`,
    [`ledger-${companies}`],
  );
  const id = tenant.rows[0]!.id;
  const subscriber = await owner.query<{ id: string }>(
    `INSERT INTO subscriber (tenant_id, name, phone) VALUES ($1, 'Amina', '+254700000001') RETURNING id`,
    [id],
  );
  return { tenant: id, subscriber: subscriber.rows[0]!.id };
}

/** Runs one transaction as the web role for one company, as a request does. */
async function inTenant<T>(tenant: string | null, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await web.connect();
  try {
    await client.query('BEGIN');
    if (tenant) await client.query(`SELECT set_config('lango.tenant', $1, true)`, [tenant]);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

interface Move {
  key: string;
  debit: string;
  credit: string;
  amount_cents: number;
}
const post = (client: Client, moves: Move[]) =>
  client.query<{ posted: boolean }>('SELECT * FROM ledger_post($1)', [
    JSON.stringify(moves.map((move) => ({ kind: 'test', ...move }))),
  ]);

async function accounts(
  tenant: string,
  subscriber: string,
): Promise<Record<'cash' | 'bank' | 'wallet' | 'sales', string>> {
  return inTenant(tenant, async (client) => {
    const id = async (code: string, of: string | null) =>
      (await client.query<{ id: string }>('SELECT ledger_account_for($1, $2, $3) AS id', [code, 'KES', of])).rows[0]!
        .id;
    return {
      cash: await id('cash', null),
      bank: await id('bank', null),
      wallet: await id('wallet', subscriber),
      sales: await id('sales', null),
    };
  });
}

const balances = async (tenant: string) => {
  const { rows } = await owner.query<{ code: string; balance_cents: string }>(
    'SELECT code, balance_cents FROM ledger_account WHERE tenant_id = $1',
    [tenant],
  );
  return Object.fromEntries(rows.map((row) => [row.code.split(':')[0]!, Number(row.balance_cents)]));
};

describe('ledger accounts', () => {
  it('gives the same account to everybody who asks at once', async () => {
    const { tenant } = await company();
    const ids = await Promise.all(
      Array.from({ length: 5 }, () =>
        inTenant(tenant, async (c) => (await c.query(`SELECT ledger_account_for('cash', 'KES') AS id`)).rows[0].id),
      ),
    );
    expect(new Set(ids).size).toBe(1);
  });

  it('knows only its chart, and no subscriber of another company', async () => {
    const [a, b] = [await company(), await company()];
    await expect(inTenant(a.tenant, (c) => c.query(`SELECT ledger_account_for('slush', 'KES')`))).rejects.toThrow(
      'chart of accounts',
    );
    await expect(inTenant(a.tenant, (c) => c.query(`SELECT ledger_account_for('wallet', 'KES')`))).rejects.toThrow(
      'chart of accounts',
    );
    await expect(
      inTenant(a.tenant, (c) => c.query(`SELECT ledger_account_for('wallet', 'KES', $1)`, [b.subscriber])),
    ).rejects.toThrow('not of this company');
    await expect(inTenant(null, (c) => c.query(`SELECT ledger_account_for('cash', 'KES')`))).rejects.toThrow(
      'set lango.tenant',
    );
  });
});

describe('ledger_post', () => {
  it('posts both sides with running balances, once per key', async () => {
    const { tenant, subscriber } = await company();
    const a = await accounts(tenant, subscriber);
    const move = { key: 'p1', debit: a.cash, credit: a.wallet, amount_cents: 500 };
    const first = await inTenant(tenant, (c) => post(c, [move]));
    const again = await inTenant(tenant, (c) => post(c, [move]));
    expect([first.rows[0]!.posted, again.rows[0]!.posted]).toEqual([true, false]);
    expect(await balances(tenant)).toMatchObject({ cash: -500, wallet: 500 });
    await expect(inTenant(tenant, (c) => post(c, [{ ...move, amount_cents: 501 }]))).rejects.toThrow(
      'stands already with other content',
    );
  });

  it('takes what stands, what is new and what is named twice in one batch', async () => {
    const { tenant, subscriber } = await company();
    const a = await accounts(tenant, subscriber);
    const move = (key: string, amount_cents: number) => ({ key, debit: a.cash, credit: a.wallet, amount_cents });
    await inTenant(tenant, (c) => post(c, [move('p1', 500)]));
    const mixed = await inTenant(tenant, (c) => post(c, [move('p2', 20), move('p1', 500), move('p3', 3)]));
    expect(mixed.rows.filter(({ posted }) => posted)).toHaveLength(2);
    const twice = await inTenant(tenant, (c) => post(c, [move('p4', 1_000), move('p4', 1_000), move('p1', 500)]));
    expect(twice.rows.map(({ posted }) => posted)).toEqual([true, false, false]);
    await expect(inTenant(tenant, (c) => post(c, [move('p5', 1), move('p2', 21)]))).rejects.toThrow(
      'transfer p2 stands already with other content',
    );
    expect(await balances(tenant)).toMatchObject({ cash: -1_523, wallet: 1_523 });
  });

  it('books the side of a till when the transaction ends, and nothing of what was rolled back in it', async () => {
    const { tenant, subscriber } = await company();
    const a = await accounts(tenant, subscriber);
    const move = (key: string, amount_cents: number) => ({ key, debit: a.cash, credit: a.wallet, amount_cents });
    await inTenant(tenant, async (c) => {
      await post(c, [move('p1', 1)]);
      await c.query('SAVEPOINT s');
      await post(c, [move('p2', 10)]);
      await c.query('ROLLBACK TO s');
      await post(c, [move('p3', 100), move('p4', 1_000)]);
      // Somebody who wants them booked at once.
      await c.query('SET CONSTRAINTS ALL IMMEDIATE');
      await c.query('SET CONSTRAINTS ALL DEFERRED');
      await post(c, [{ key: 'p5', debit: a.wallet, credit: a.sales, amount_cents: 101 }]);
    });
    expect(await balances(tenant)).toMatchObject({ cash: -1_101, wallet: 1_000, sales: 101 });
    expect((await owner.query('SELECT * FROM ledger_verify($1)', [tenant])).rows).toEqual([]);
  });

  it('keeps a wallet from falling below zero, and nothing of the batch', async () => {
    const { tenant, subscriber } = await company();
    const a = await accounts(tenant, subscriber);
    const overdraw = [
      { key: 'in', debit: a.cash, credit: a.wallet, amount_cents: 100 },
      { key: 'out', debit: a.wallet, credit: a.sales, amount_cents: 101 },
    ];
    await expect(inTenant(tenant, (c) => post(c, overdraw))).rejects.toMatchObject({ code: 'LG001' });
    expect(await balances(tenant)).toMatchObject({ cash: 0, wallet: 0, sales: 0 });
  });

  it('refuses the accounts of another company, mixed currencies, no or a negative amount', async () => {
    const [x, y] = [await company(), await company()];
    const mine = await accounts(x.tenant, x.subscriber);
    const theirs = await accounts(y.tenant, y.subscriber);
    const usd = await inTenant(
      x.tenant,
      async (c) => (await c.query(`SELECT ledger_account_for('sales', 'USD') AS id`)).rows[0].id as string,
    );
    await expect(
      inTenant(x.tenant, (c) => post(c, [{ key: 'k', debit: mine.cash, credit: theirs.wallet, amount_cents: 1 }])),
    ).rejects.toThrow('does not have');
    await expect(
      inTenant(x.tenant, (c) => post(c, [{ key: 'k', debit: mine.cash, credit: usd, amount_cents: 1 }])),
    ).rejects.toThrow('currency');
    for (const amount_cents of [0, -5]) {
      await expect(
        inTenant(x.tenant, (c) => post(c, [{ key: 'k', debit: mine.cash, credit: mine.wallet, amount_cents }])),
      ).rejects.toThrow();
    }
  });

  it('is the only way in: the web role can neither write, change nor delete ledger rows', async () => {
    const { tenant, subscriber } = await company();
    const a = await accounts(tenant, subscriber);
    await inTenant(tenant, (c) => post(c, [{ key: 'k', debit: a.cash, credit: a.wallet, amount_cents: 5 }]));
    for (const sql of [
      'UPDATE ledger_account SET balance_cents = 9',
      'DELETE FROM ledger_entry',
      'UPDATE ledger_transfer SET amount_cents = 1',
    ]) {
      await expect(inTenant(tenant, (c) => c.query(sql))).rejects.toThrow('permission denied');
    }
    await expect(inTenant(tenant, (c) => c.query(`SELECT ledger_write(1, '[]')`))).rejects.toThrow('permission denied');
    await expect(owner.query('UPDATE ledger_entry SET amount_cents = 1')).rejects.toThrow('never change');
  });
});

describe('the books against an independent count', () => {
  const names = ['cash', 'bank', 'wallet', 'sales'] as const;
  const step = fc.record({
    from: fc.integer({ min: 0, max: 3 }),
    to: fc.integer({ min: 1, max: 3 }),
    amount_cents: fc.integer({ min: 1, max: 500 }),
    key: fc.integer({ min: 0, max: 30 }),
  });

  it('agree after any sequence of transfers, repeats and refusals', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const { tenant, subscriber } = await company();
        const ids = await accounts(tenant, subscriber);
        const expected = { cash: 0, bank: 0, wallet: 0, sales: 0 };
        const done = new Map<number, string>();
        for (const s of steps) {
          const [from, to] = [names[s.from]!, names[(s.from + s.to) % 4]!];
          const content = `${from} ${to} ${s.amount_cents}`;
          const allowed = done.has(s.key)
            ? done.get(s.key) === content
            : from !== 'wallet' || expected.wallet >= s.amount_cents;
          const attempt = inTenant(tenant, (c) =>
            post(c, [{ key: `k${s.key}`, debit: ids[from], credit: ids[to], amount_cents: s.amount_cents }]),
          );
          if (!allowed) {
            await expect(attempt).rejects.toThrow();
            continue;
          }
          await attempt;
          if (done.has(s.key)) continue;
          done.set(s.key, content);
          expected[from] -= s.amount_cents;
          expected[to] += s.amount_cents;
        }
        expect(await balances(tenant)).toEqual(expected);
      }),
      { numRuns: 15 },
    );
    expect(await verifyLedger(owner)).toMatchObject({ ok: true, problems: [] });
  });

  it('agree when many post at once in both directions, without a deadlock', async () => {
    const { tenant, subscriber } = await company();
    const a = await accounts(tenant, subscriber);
    await inTenant(tenant, (c) => post(c, [{ key: 'seed', debit: a.cash, credit: a.wallet, amount_cents: 1000 }]));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 120 }, (_, n) =>
        inTenant(tenant, (c) =>
          post(c, [
            n % 2 === 0
              ? { key: `buy${n}`, debit: a.wallet, credit: a.sales, amount_cents: 30 }
              : { key: `back${n}`, debit: a.sales, credit: a.wallet, amount_cents: 7 },
          ]),
        ),
      ),
    );
    const failures = outcomes
      .filter((o): o is PromiseRejectedResult => o.status === 'rejected')
      .map((o) => (o.reason as { code: string }).code);
    expect(failures.every((code) => code === 'LG001')).toBe(true);
    const bought = outcomes.filter((o, n) => o.status === 'fulfilled' && n % 2 === 0).length;
    expect((await balances(tenant))['wallet']).toBe(1000 - bought * 30 + 60 * 7);
    expect((await balances(tenant))['wallet']).toBeGreaterThanOrEqual(0);
    expect((await verifyLedger(owner)).ok).toBe(true);
  });
});

describe('ledger_verify', () => {
  it('finds a balance, an entry and a transfer that somebody changed behind our back', async () => {
    const { tenant, subscriber } = await company();
    const a = await accounts(tenant, subscriber);
    await inTenant(tenant, (c) => post(c, [{ key: 'k', debit: a.cash, credit: a.wallet, amount_cents: 50 }]));
    await owner.query('BEGIN');
    await owner.query('UPDATE ledger_account SET balance_cents = balance_cents + 1 WHERE id = $1', [a.wallet]);
    await owner.query('ALTER TABLE ledger_transfer DISABLE TRIGGER ledger_transfer_immutable');
    await owner.query(`UPDATE ledger_transfer SET amount_cents = 51 WHERE tenant_id = $1`, [tenant]);
    const { problems, ok } = await verifyLedger(owner);
    await owner.query('ROLLBACK');
    expect(ok).toBe(false);
    expect(problems.map((p) => p.problem)).toEqual(
      expect.arrayContaining([
        'balance differs from the sum of its entries',
        'transfer is not booked on both sides once',
        'debits and credits of a currency do not balance',
      ]),
    );
    expect((await verifyLedger(owner)).ok).toBe(true);
  });
});
