import { systemActor, type Context } from '../platform/context';
import { createSecretBox } from '../platform/crypto';
import { createDatabase, type Database } from '../platform/db/prisma';
import { createLog } from '../platform/log';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeSubscription, type Json } from '../test-kit/story';
import { bookMoney } from './book-money';
import type { Incoming } from './find-owner';
import { settlePayment } from './settle-payment';

/** One receipt that is told by several, who do not all say the same. */
let lango: TestLango;
let db: Database;
beforeAll(async () => {
  lango = await startTestLango();
  db = createDatabase(lango.db.urls.web, createSecretBox(lango.db.masterKey), createLog('test', 'silent'), 2);
});
afterAll(async () => {
  await db.close();
  await lango.stop();
});

const within = <T>(work: (ctx: Context) => Promise<T>): Promise<T> =>
  db.inTenant({ tenantId: lango.company.tenantId, actor: systemActor('payments'), requestId: 'test' }, work);

const told = (receipt: string, more: Partial<Incoming> = {}): Incoming => ({
  method: 'mpesa',
  receipt,
  amount_cents: 15_000n,
  currency: 'KES',
  payer: undefined,
  payerName: 'Somebody',
  billRef: 'of nobody',
  at: undefined,
  ...more,
});

/** A service of KES 100 and an order for it, as it stands once the customer's phone has rung. */
async function order(): Promise<{ sub: Json; id: bigint; ref: string }> {
  const sub = await makeSubscription(lango.api);
  const [row] = await lango.asOwner<{ id: string; account_ref: string }>(
    `INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, account_ref, phone, amount_cents, currency, state, received_at)
     SELECT tenant_id, subscriber_id, id, 'mpesa', r.ref, r.ref, '+254712345678', 10000, 'KES', 'prompted', lango_now() FROM subscription, (SELECT payment_new_ref() AS ref) r
     WHERE id = $1 RETURNING id, account_ref`,
    [sub['id']],
  );
  return { sub, id: BigInt(row!.id), ref: row!.account_ref };
}
const balance = async (code: string): Promise<number> => {
  const [row] = await lango.asOwner<{ cents: string }>(
    `SELECT coalesce(sum(balance_cents), 0) AS cents FROM ledger_account WHERE tenant_id = $1 AND code = $2`,
    [lango.company.tenantId.toString(), code],
  );
  return Number(row?.cents);
};
const notice = async (receipt: string) =>
  (
    await lango.asOwner<Json>(
      `SELECT n.state, n.amount_cents::int AS cents, n.source, n.payer_name, n.bill_ref, p.amount_cents::int AS paid
       FROM payment_notice n LEFT JOIN payment p ON p.id = n.payment_id WHERE n.receipt = $1`,
      [receipt],
    )
  )[0];

test('money that lies in suspense goes to its order as it lies there, whatever the call about the order says it was', async () => {
  const { sub, id } = await order();
  expect(await within((ctx) => bookMoney(ctx, told('SUSPENSE01'), 'confirmation', true))).toEqual({ kind: 'waiting' });
  expect(await balance('suspense')).toBe(15_000);
  const proof = { receipt: 'SUSPENSE01', amount_cents: 10_000n, source: 'callback' as const };
  expect(await within((ctx) => settlePayment(ctx, id, proof, []))).toEqual({ kind: 'settled' });
  expect(await balance('suspense')).toBe(0);
  expect(await balance(`wallet:${sub['client_id']}`)).toBe(5_000);
  expect(await notice('SUSPENSE01')).toMatchObject({ state: 'credited', cents: 15_000, paid: 15_000 });
});

test('what somebody unknown said of a receipt gives way to what the provider says of it', async () => {
  const { ref } = await order();
  const lie = told('UNPROVEN01', { amount_cents: 999_900n, payerName: 'A Liar', billRef: 'the liar' });
  expect(await within((ctx) => bookMoney(ctx, lie, 'confirmation', false))).toEqual({ kind: 'unproven' });
  const truth = told('UNPROVEN01', { amount_cents: 10_000n, payerName: 'Wanjiru', billRef: ref });
  expect(await within((ctx) => bookMoney(ctx, truth, 'list', true))).toMatchObject({ kind: 'credited' });
  expect(await notice('UNPROVEN01')).toEqual({
    state: 'credited',
    cents: 10_000,
    source: 'list',
    payer_name: 'Wanjiru',
    bill_ref: ref,
    paid: 10_000,
  });
  // The same where nobody knows whose it is.
  const lost = { ...lie, receipt: 'UNPROVEN02' };
  await within((ctx) => bookMoney(ctx, lost, 'confirmation', false));
  await within((ctx) => bookMoney(ctx, { ...told('UNPROVEN02'), billRef: 'a typo' }, 'list', true));
  expect(await notice('UNPROVEN02')).toMatchObject({
    state: 'waiting',
    cents: 15_000,
    source: 'list',
    payer_name: 'Somebody',
    bill_ref: 'a typo',
  });
});
