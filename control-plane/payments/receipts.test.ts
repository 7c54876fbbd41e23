import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemActor, type Context } from '../platform/context';
import { createSecretBox } from '../platform/crypto';
import { createDatabase, type Database } from '../platform/db/prisma';
import type { TaskTools } from '../platform/jobs/task';
import { createLog } from '../platform/log';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeSubscription, type Json } from '../test-kit/story';
import { bookMoney } from './book-money';
import { waitFor, type Claim } from './company-page';
import type { Incoming } from './find-owner';
import { readC2b } from './mpesa/callback';
import { readList } from './read-list';
import { settlePayment } from './settle-payment';

/** What is told of receipts, by whom and in what form. */
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

describe('the provider’s list', () => {
  let server: Server;
  let rows: Json[] = [];
  let answers = true;
  const row = (transactionId: string, more: Json = {}): Json => ({
    transactionId,
    amount: '150.00',
    msisdn: '254712345678',
    sender: 'Wanjiru',
    billreference: 'of nobody',
    ...more,
  });
  const read = (by: Pick<Database, 'inTenant'> = db) =>
    readList({ tenant: lango.company.tenantId.toString(), provider: 'mpesa', hours: 2 }, {
      db: by,
      log: createLog('test', 'silent'),
      urls: { daraja: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    } as TaskTools);
  const account = async () => (await lango.api.get<Json>('/settings/payments/mpesa')).body;
  beforeAll(async () => {
    let pulled = false;
    server = createServer((req, res) => {
      if (req.method === 'GET') return void res.end('{"access_token":"t","expires_in":"3599"}');
      if (!answers) return void res.writeHead(503).end();
      pulled = !pulled;
      return void res.end(JSON.stringify({ Response: [pulled ? rows : []] }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const saved = await lango.api.put('/settings/payments/mpesa', {
      environment: 'sandbox',
      type: 'paybill',
      consumer_key: 'key',
      consumer_secret: 'secret',
      shortcode: '600100',
      passkey: 'passkey',
      nominated_phone: '254700000000',
    });
    expect(saved.status).toBe(200);
  });
  afterAll(() => server.close().closeAllConnections());

  test('holds up no payment behind one that cannot be booked, and says that there is one', async () => {
    rows = [
      row('X'.repeat(150)),
      row('LISTED0001'),
      row('LISTED0002', { sender: 'Nul\u0000l', billreference: 'a\u0000b' }),
    ];
    expect(await read()).toBe(3);
    expect(await notice('LISTED0001')).toMatchObject({ state: 'waiting', cents: 15_000 });
    expect(await notice('LISTED0002')).toMatchObject({ state: 'waiting', payer_name: 'Null', bill_ref: 'ab' });
    expect((await account())['fault']).toContain('1 of the listed payments could not be booked');
  });

  test('is left at the first payment for which Postgres is away, and read as a whole again', async () => {
    rows = Array.from({ length: 30 }, (_one, n) => row(`AWAY${String(n).padStart(6, '0')}`));
    const url = new URL(lango.db.urls.web);
    url.port = '1';
    const gone = createDatabase(url.href, createSecretBox(lango.db.masterKey), createLog('test', 'silent'), 1);
    let [here, away] = [0, 0];
    // The account, and two payments of thirty.
    const dying: Pick<Database, 'inTenant'> = {
      inTenant(opening, work) {
        if (here === 3) {
          away += 1;
          return gone.inTenant(opening, work);
        }
        here += 1;
        return db.inTenant(opening, work);
      },
    };
    await expect(read(dying)).rejects.toThrow();
    await gone.close();
    expect([await notice('AWAY000001'), await notice('AWAY000002'), away]).toEqual([
      expect.objectContaining({ state: 'waiting' }),
      undefined,
      1,
    ]);
    // Nothing is wrong with these payments.
    expect((await account())['fault']).toContain('1 of the listed payments');
    expect(await read()).toBe(30);
    expect(await notice('AWAY000029')).toMatchObject({ state: 'waiting' });
  });

  test('that could not be read says so until it can be read again', async () => {
    rows = [];
    answers = false;
    expect(await read()).toBeUndefined();
    expect((await account())['fault']).toContain('could not be read');
    answers = true;
    expect(await read()).toBe(0);
    expect((await account())['fault']).toBeNull();
  });
});

test('a confirmation with a NUL in it is money like any other', () => {
  const call = { TransID: 'NULNUL0001', TransAmount: '10', FirstName: 'A\u0000B', BillRefNumber: 'x\u0000y' };
  expect(readC2b(Buffer.from(JSON.stringify(call)))).toMatchObject({ payerName: 'AB', billRef: 'xy' });
});

test('pages wait for so many at a time; who comes beside them is told at once how it stands', async () => {
  const unknown: Claim = { kind: 'unknown' };
  let known = false;
  const waits = Array.from({ length: 40 }, () =>
    waitFor<Claim>(unknown, ['unknown'], () => Promise.resolve(known ? { kind: 'on' } : unknown)),
  );
  expect(await waitFor(unknown, ['unknown'], () => Promise.reject(new Error('asked again')))).toBe(unknown);
  known = true;
  await Promise.all(waits);
  expect(await waitFor<Claim>(unknown, ['unknown'], () => Promise.resolve({ kind: 'held' }))).toEqual({ kind: 'held' });
});
