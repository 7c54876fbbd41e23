import { Client } from 'pg';
import { sendCallbacks } from '../cli/bench/payments/callbacks';
import { promptAll, receiptsOf, settleTown, startProvider } from '../cli/bench/payments/town';
import { differences, noteBefore, type Ask } from '../cli/bench/payments/verify';
import { payments } from '../cli/prove/payments';
import { moneyDiffers } from '../cli/prove/soak/money';
import { startTestLango } from '../test-kit/lango';
import { until } from '../test-kit/until';

jest.setTimeout(300_000);

test('web, jobs and Postgres killed while people pay: ledger and statement are equal, every payer is online, none was credited twice', async () => {
  const result = await payments.run({ seed: 20261121, minutes: 0, size: 'small', progress: () => undefined });
  expect(result.violations).toEqual([]);
  expect(result.done['kills']).toMatch(/the web process 1×/);
  expect(result.done['kills']).toMatch(/the jobs process 1×/);
  expect(result.done['kills']).toMatch(/Postgres 1×/);
  expect(Number(result.done['paid at the provider'])).toBeGreaterThan(80);
  expect(Number(result.done['never paid'])).toBeGreaterThan(0);
});

describe('what is held against the statement', () => {
  /** What must be found, and the change that nothing else would see. */
  const faults: [what: string, finds: RegExp, sql: string][] = [
    [
      'a credit that is lost with its entries',
      /0 cents in the books by 0 transfers/,
      `WITH last AS (SELECT t.payment_id FROM ledger_transfer t ORDER BY t.id DESC LIMIT 1),
         gone AS (SELECT t.* FROM ledger_transfer t JOIN last USING (payment_id)),
         entries AS (DELETE FROM ledger_entry e USING gone WHERE e.transfer_id = gone.id RETURNING e.account_id, e.amount_cents),
         balances AS (UPDATE ledger_account a SET balance_cents = a.balance_cents - x.cents, version = a.version - x.n
                      FROM (SELECT account_id, sum(amount_cents) AS cents, count(*) AS n FROM entries GROUP BY 1) x WHERE a.id = x.account_id)
       DELETE FROM ledger_transfer t USING gone WHERE t.id = gone.id`,
    ],
    [
      'a payment that is not settled',
      /not settled/,
      `UPDATE payment SET state = 'prompted', outcome = NULL WHERE id = (SELECT max(id) FROM payment WHERE state = 'settled')`,
    ],
    [
      'a service that is extended twice',
      /not one validity more/,
      `UPDATE subscription SET expires_at = expires_at + interval '30 days' WHERE id = (SELECT max(subscription_id) FROM payment WHERE state = 'settled')`,
    ],
    [
      'a service that nobody paid for',
      /expected not settled/,
      `UPDATE subscription SET cycle_no = cycle_no + 1, expires_at = expires_at + interval '30 days' WHERE id = (SELECT max(subscription_id) FROM payment WHERE state <> 'settled')`,
    ],
    [
      'a receipt of the statement that was never heard of',
      /of the statement is nowhere/,
      `DELETE FROM payment_notice WHERE id = (SELECT max(id) FROM payment_notice)`,
    ],
    [
      'money that is in no statement',
      /the provider’s account in the ledger/,
      `INSERT INTO payment_notice (tenant_id, method, receipt, amount_cents, currency, state, source)
         SELECT tenant_id, method, 'NEVER00001', amount_cents, currency, 'waiting', source FROM payment_notice LIMIT 1;
       UPDATE ledger_account SET balance_cents = balance_cents - 100 WHERE code = 'mpesa'`,
    ],
    [
      'a callback that nobody works on',
      /call \d+ of the provider is waiting/,
      `UPDATE hook_event SET state = 'waiting', next_try_at = now() WHERE id = (SELECT max(id) FROM hook_event)`,
    ],
  ];

  test('agrees with what was done, and finds each of these', async () => {
    const daraja = await startProvider();
    const lango = await startTestLango({
      parts: ['jobs', 'accounting'],
      urls: { daraja: daraja.baseUrl },
      publicUrl: 'http://isp.example',
    });
    const db = new Client({ connectionString: lango.db.ownerUrl });
    await db.connect();
    const ask: Ask = async (sql, values) => (await db.query(sql, values)).rows;
    const town = await settleTown(lango, db, daraja, { payers: 10, routers: 1 });
    try {
      const prompted = await promptAll(db, town);
      await noteBefore(ask);
      await sendCallbacks(town, prompted.slice(2), 100);
      const expected = {
        paid: receiptsOf(daraja),
        unpaid: prompted.slice(0, 2).map(({ push }) => push.reference),
      };
      expect(expected.paid).toHaveLength(8);
      await until(
        () => differences(ask, expected),
        (found) => found.length === 0,
      );
      for (const [what, finds, sql] of faults) {
        await db.query('BEGIN; SET LOCAL session_replication_role = replica');
        await db.query(sql);
        const found = await differences(ask, expected);
        await db.query('ROLLBACK');
        expect([what, found.join('\n')]).toEqual([what, expect.stringMatching(finds)]);
      }
      // What holds also where people pay again and again.
      const again = (): Promise<string[]> => moneyDiffers(ask, expected.paid, 50_000);
      expect(await again()).toEqual([]);
      await db.query(
        `BEGIN; SET LOCAL session_replication_role = replica; UPDATE subscription SET cycle_no = cycle_no + 1 WHERE id = (SELECT min(subscription_id) FROM payment)`,
      );
      expect((await again()).join('\n')).toMatch(/was renewed 1 times for 0 sales/);
      await db.query('ROLLBACK');
    } finally {
      await town.close();
      await db.query('DROP TABLE bench_before');
      await db.end();
      await lango.stop();
      await daraja.stop();
    }
  });
});
