import { Client } from 'pg';
import { createSecretBox } from '../platform/crypto';
import { createDatabase, type Database } from '../platform/db/prisma';
import { createLog, type Log } from '../platform/log';
import type { HookEvent, HookTools } from '../hooks';
import { make, makeSubscription, type Json } from '../test-kit/story';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { bookFaults } from '../test-kit/verify-books';
import { handleStk, handleStkTogether } from './mpesa/handle-stk';

/** Calls about many payments, settled in one transaction: each as it would have been alone. */
let lango: TestLango;
let db: Database;
let tools: HookTools;
/** What the database's way had to do over again. */
const again: string[] = [];
beforeAll(async () => {
  lango = await startTestLango({ publicUrl: 'http://isp.example' });
  const saved = await lango.api.put<Json>('/settings/payments/mpesa', {
    environment: 'sandbox',
    type: 'paybill',
    consumer_key: 'key',
    consumer_secret: 'secret',
    shortcode: '174379',
    passkey: 'passkey',
  });
  expect(saved.status).toBe(200);
  const log = createLog('test', 'silent');
  const heard = {
    ...log,
    info: (_: unknown, text: string) => void again.push(text),
    child: () => log,
  } as unknown as Log;
  db = createDatabase(lango.db.urls.web, createSecretBox(lango.db.masterKey), heard, 4, true);
  tools = { db, publicUrl: 'http://isp.example', log };
});
afterAll(async () => {
  await db.close();
  await lango.stop();
});

let made = 0;
interface Order {
  sub: Json;
  id: string;
  checkoutId: string;
  receipt: string;
}

/** An order as it stands once the phone has rung; of that service, or of a new one of KES 100. */
async function order(of?: Json): Promise<Order> {
  const sub = of ?? (await makeSubscription(lango.api));
  const checkoutId = `ws_CO_${(made += 1)}`;
  const [row] = await lango.asOwner<{ id: string }>(
    `INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, account_ref, provider_ref, provider_ref2, phone, amount_cents, currency, state, pushed_at)
     SELECT tenant_id, subscriber_id, id, 'mpesa', r.ref, r.ref, $2, $2, '+254712345678', 10000, 'KES', 'prompted', lango_now() FROM subscription, (SELECT payment_new_ref() AS ref) r
     WHERE id = $1 RETURNING id`,
    [sub['id'], checkoutId],
  );
  return { sub, id: row!.id, checkoutId, receipt: `SGL${String(made).padStart(7, '0')}` };
}

const paidBody = ({ checkoutId, receipt }: Order, amount = 100): Json => ({
  MerchantRequestID: checkoutId,
  CheckoutRequestID: checkoutId,
  ResultCode: 0,
  ResultDesc: 'The service request is processed successfully.',
  CallbackMetadata: {
    Item: [
      { Name: 'Amount', Value: amount },
      { Name: 'MpesaReceiptNumber', Value: receipt },
      { Name: 'PhoneNumber', Value: 254712345678 },
    ],
  },
});

let calls = 0n;
const callOf = (stkCallback: Json, more: Partial<HookEvent> = {}): HookEvent => ({
  id: (calls += 1n),
  tenantId: lango.company.tenantId,
  kind: 'pay',
  receivedAt: new Date(),
  ip: '127.0.0.1',
  byToken: true,
  headers: {},
  body: Buffer.from(JSON.stringify({ Body: { stkCallback } })),
  tries: 0,
  ...more,
});

/** Of each order: how often it was credited, what it bought, its steps, and in which transactions. */
const booked = (orders: readonly Order[]) =>
  lango.asOwner<Json>(
    `SELECT p.id::text, p.state, p.receipt, p.outcome, s.cycle_no AS cycles, s.status,
       (SELECT count(*)::int FROM ledger_transfer t WHERE t.payment_id = p.id AND t.kind = 'payment') AS credits,
       (SELECT count(*)::int FROM invoice i JOIN ledger_transfer t ON t.id = i.transfer_id WHERE t.payment_id = p.id) AS invoices,
       (SELECT min(t.xmin::text) FROM ledger_transfer t WHERE t.payment_id = p.id) AS done_in,
       (SELECT array_agg(x.step ORDER BY x.at, x.id) FROM payment_step x WHERE x.payment_id = p.id) AS steps,
       (SELECT array_agg(DISTINCT a.request_id) FROM audit_event a WHERE a.subject_type = 'payment' AND a.subject_id = p.id::text) AS requests
     FROM payment p JOIN subscription s ON s.id = p.subscription_id WHERE p.id = ANY ($1) ORDER BY p.id`,
    [orders.map(({ id }) => id)],
  );
const service = (id: string) => lango.api.get<Json>(`/subscriptions/${id}`).then(({ body }) => body);

test('plain payments are settled in one transaction, each as it would have been alone, and as its own caller’s', async () => {
  const alone = await order();
  const one = callOf(paidBody(alone));
  expect(await handleStk(one, tools)).toEqual({ kind: 'done', note: 'settled' });
  const [expected] = await booked([alone]);
  expect(expected).toMatchObject({ state: 'settled', credits: 1, cycles: 1, invoices: 1, outcome: 'activated' });

  const orders = [await order(), await order(), await order()];
  const events = orders.map((each) => callOf(paidBody(each)));
  expect(await handleStkTogether(events, tools)).toEqual(orders.map(() => ({ kind: 'done', note: 'settled' })));
  const rows = await booked(orders);
  for (const [at, row] of rows.entries())
    expect(row).toEqual({
      ...expected,
      id: orders[at]!.id,
      receipt: orders[at]!.receipt,
      done_in: rows[0]!['done_in'],
      requests: [`hook-${events[at]!.id}`],
    });
  expect(rows[0]!['done_in']).not.toBe(expected!['done_in']);
  const ends = await Promise.all([alone, ...orders].map(async ({ sub }) => service(sub['id'])));
  expect(new Set(ends.map((sub) => sub['state']))).toEqual(new Set(['active']));
  for (const sub of ends) expect(Date.parse(sub['expires_at']) - Date.parse(sub['starts_at'])).toBe(86_400_000);
});

test('what is not plain is left as it is, beside those that are settled, and settled alone it is what it was', async () => {
  const [plain, twice, short, failed, settled, doubted] = [
    await order(),
    await order(),
    await order(),
    await order(),
    await order(),
    await order(),
  ];
  const second = await order(twice.sub);
  await handleStk(callOf(paidBody(settled)), tools);
  const limited = await order();
  const [sold] = await lango.asOwner<{ plan_id: string }>(
    `SELECT v.plan_id FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id WHERE s.id = $1`,
    [limited.sub['id']],
  );
  await make(lango.api, '/discounts', {
    name: 'First come',
    percent: 10,
    package_ids: [sold!.plan_id],
    uses_max: 1,
  });
  const owing = await order();
  await lango.asOwner(
    `INSERT INTO ledger_account (tenant_id, code, name, kind, currency, subscriber_id) SELECT tenant_id, 'receivable:' || id, 'Owed', 'asset', 'KES', id FROM subscriber WHERE id = $1`,
    [owing.sub['client_id']],
  );
  await lango.asOwner(
    `INSERT INTO postpaid_account (tenant_id, subscriber_id, billing_day, terms_days, billed_until) SELECT tenant_id, id, 1, 7, lango_now() FROM subscriber WHERE id = $1`,
    [owing.sub['client_id']],
  );
  const left = [
    callOf(paidBody(second)),
    callOf(paidBody(short, 50)),
    callOf({
      MerchantRequestID: failed.checkoutId,
      CheckoutRequestID: failed.checkoutId,
      ResultCode: 1032,
      ResultDesc: 'Cancelled',
    }),
    callOf(paidBody(settled)),
    callOf(paidBody(doubted), { byToken: false }),
    callOf(paidBody(limited)),
    callOf(paidBody(owing)),
    callOf({ CheckoutRequestID: 'ws_CO_nobody', ResultCode: 0, ResultDesc: 'of nobody' }),
    callOf({}),
  ];
  const untouched = [second, short, failed, settled, doubted, limited, owing];
  const before = await booked(untouched.slice(1));
  const outcomes = await handleStkTogether([callOf(paidBody(plain)), callOf(paidBody(twice)), ...left], tools);
  expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['done', 'done', ...left.map(() => undefined)]);
  expect(await booked(untouched.slice(1))).toEqual(before);
  const alone = [];
  for (const event of left) alone.push(await handleStk(event, tools));
  expect(alone.map(({ kind, note }) => note ?? kind)).toEqual([
    'settled',
    'doubted: amount',
    'done',
    'stood',
    'doubted: open address',
    'settled',
    'settled',
    'of no order that we know',
    'not the outcome of a prompt',
  ]);
  const [first, other] = await booked([twice, second]);
  expect([first, other].map((row) => row!['credits'])).toEqual([1, 1]);
  expect(other!['cycles']).toBe(2);
  expect(await bookFaults(lango.db.ownerUrl)).toEqual([]);
});

test('the same payments told to two at once, in contrary order, are each credited once, and nobody stands across another', async () => {
  again.length = 0;
  for (let round = 0; round < 5; round += 1) {
    const orders = [];
    for (let n = 0; n < 6; n += 1) orders.push(await order());
    const told = orders.map((each) => paidBody(each));
    const outcomes = await Promise.all([
      handleStkTogether(
        told.map((body) => callOf(body)),
        tools,
      ),
      handleStkTogether(
        told.toReversed().map((body) => callOf(body)),
        tools,
      ),
    ]);
    expect(outcomes.flat().filter((outcome) => outcome !== undefined)).toHaveLength(orders.length);
    for (const row of await booked(orders)) expect(row).toMatchObject({ credits: 1, cycles: 1, invoices: 1 });
  }
  expect(again).toEqual([]);
  expect(await bookFaults(lango.db.ownerUrl)).toEqual([]);
});

test('a receipt is looked up by its key, in whatever case it was told, however many notices there are, and by its own company alone', async () => {
  const other = await lango.addCompany();
  const client = new Client({ connectionString: lango.db.urls.web });
  await client.connect();
  const enter = (tenant: bigint) => client.query(`SELECT set_config('lango.tenant', $1, true)`, [tenant.toString()]);
  const told = async () =>
    (
      await client.query<{ id: string; receipt: string }>(
        `SELECT * FROM payment_told('mpesa', ARRAY['told0007', 'TOLD0300'])`,
      )
    ).rows;
  try {
    await client.query('BEGIN');
    await enter(lango.company.tenantId);
    await client.query(
      `INSERT INTO payment_notice (tenant_id, method, receipt, amount_cents, currency, state, source)
       SELECT lango_tenant(), 'mpesa', 'Told' || lpad(n::text, 4, '0'), 100, 'KES', 'unproven', 'callback' FROM generate_series(1, 500) n`,
    );
    const read = async (table: string) =>
      Number(
        (
          await client.query<{ n: string }>(
            `SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS n FROM pg_stat_xact_user_tables WHERE relname = $1`,
            [table],
          )
        ).rows[0]!.n,
      );
    const before = await read('payment_notice');
    expect((await told()).map(({ receipt }) => receipt).toSorted()).toEqual(['Told0007', 'Told0300']);
    expect((await read('payment_notice')) - before).toBeLessThan(10);
    const payer = await client.query<{ id: string }>(
      `INSERT INTO subscriber (tenant_id, name, phone) VALUES (lango_tenant(), 'Zawadi', '+254700000031') RETURNING id`,
    );
    await client.query(
      `INSERT INTO payment (tenant_id, subscriber_id, amount_cents, currency, method, reference, state)
       SELECT lango_tenant(), $1, 100, 'KES', 'cash', 'Said' || lpad(n::text, 4, '0'), 'created' FROM generate_series(1, 500) n`,
      [payer.rows[0]!.id],
    );
    const paymentsBefore = await read('payment');
    const referred = async () => (await client.query(`SELECT payment_referred('said0007')`)).rowCount;
    expect(await referred()).toBe(1);
    // Where "I have paid" looks: at any provider's.
    expect((await client.query(`SELECT FROM payment_told(NULL, ARRAY['told0007'])`)).rowCount).toBe(1);
    expect((await read('payment_notice')) - before).toBeLessThan(12);
    expect((await read('payment')) - paymentsBefore).toBeLessThan(3);
    await enter(other.tenantId);
    expect(await referred()).toBe(0);
    expect(await told()).toEqual([]);
  } finally {
    await client.query('ROLLBACK');
    await client.end();
  }
});
