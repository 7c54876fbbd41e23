import { startDaraja, type SimulatedDaraja } from '../../test-kit/daraja';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { make, makeActive, shiftClock, unique, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';

/** Money that goes back to a phone by B2C: sent once, believed when Safaricom tells it, in the wallet again where it did not leave. */
let daraja: SimulatedDaraja;
let lango: TestLango;
beforeAll(async () => {
  daraja = await startDaraja();
  lango = await startTestLango({ parts: ['jobs'], urls: { daraja: daraja.baseUrl }, publicUrl: 'http://isp.example' });
  daraja.reach = lango.baseUrl;
}, 300_000);
afterAll(async () => {
  await lango?.stop();
  await daraja?.stop();
});
beforeEach(() => {
  daraja.payouts.usual = (one, desk) => desk.tell(desk.pay(one));
});

function setUp(): Promise<unknown> {
  const { consumerKey: consumer_key, consumerSecret: consumer_secret, shortcode, passkey } = daraja.options;
  return lango.api.put('/settings/payments/mpesa', {
    environment: 'sandbox',
    type: 'paybill',
    consumer_key,
    consumer_secret,
    shortcode,
    passkey,
    initiator_name: 'api',
    security_credential: 'c2VhbGVk',
    per_second: 100,
  });
}

/** Cash for a day, which Safaricom cannot reverse. */
async function paidInCash(cents = 10_000): Promise<{ sub: Json; payment: Json }> {
  const sub = await makeActive(lango.api);
  const payment = await make(lango.api, '/billing/transactions', {
    subscription_id: sub['id'],
    amount_cents: cents,
    method: 'cash',
    reference: unique('C'),
  });
  return { sub, payment };
}
const giveBack = (payment: Json, more: Json = {}) =>
  lango.api.post<Json>(`/billing/payments/${payment['id']}/refunds`, { way: 'mpesa', reason: 'moved away', ...more });
const becomes = (refund: Json, state: string): Promise<Json> =>
  until(
    async () => (await lango.api.get<Json>(`/billing/refunds/${refund['id']}`)).body,
    (now) => now['state'] === state,
    120_000,
  );
const balance = async (code: string): Promise<number> => {
  const [row] = await lango.asOwner<{ cents: number }>(
    `SELECT coalesce(sum(balance_cents), 0)::int AS cents FROM ledger_account WHERE code LIKE $1`,
    [code],
  );
  return row?.cents ?? 0;
};
const faults = () => lango.asOwner('SELECT * FROM payment_refund_verify()');

test('no way before the account has an API user', async () => {
  const { payment } = await paidInCash();
  const refused = await giveBack(payment);
  expect([refused.status, Object.keys(refused.body['error'].fields)]).toEqual([422, ['way']]);
  await setUp();
  const wrong = await giveBack(payment, { phone: '+44 20 7946 0000' });
  expect([wrong.status, Object.keys(wrong.body['error'].fields)]).toEqual([422, ['phone']]);
  expect((await giveBack(payment, { amount_cents: 1_050 })).status).toBe(422);
});

test('it arrives once, is out of M-Pesa in the books, and the payment is refunded', async () => {
  const { payment } = await paidInCash();
  const before = await balance('mpesa');
  const made = await giveBack(payment, { phone: '0722 000 111' });
  expect([made.status, made.body['state'], made.body['phone']]).toEqual([201, 'sending', '+254722000111']);
  const done = await becomes(made.body, 'done');
  expect(daraja.payouts.arrived('254722000111')).toBe(100);
  const [sent] = daraja.payouts.taken.slice(-1);
  expect(done['reference']).toBe(sent!.truth.kind === 'paid' ? sent!.truth.receipt : '');
  await Promise.all(Array.from({ length: 5 }, () => daraja.payouts.tell(sent!)));
  await until(
    () => lango.asOwner<{ n: number }>(`SELECT count(*)::int AS n FROM hook_event WHERE state = 'waiting'`),
    ([row]) => row?.n === 0,
    120_000,
  );
  expect([(await balance('mpesa')) - before, await balance('refunds')]).toEqual([10_000, 0]);
  expect((await lango.api.get<Json>(`/billing/payments/${payment['id']}`)).body['state']).toBe('refunded');
  expect(await faults()).toEqual([]);
});

test('refused for certain, it is in the wallet again and goes another way', async () => {
  daraja.payouts.usual = (one, desk) => desk.tell(desk.refuse(one, '2040'));
  const { payment } = await paidInCash();
  const failed = await becomes((await giveBack(payment, { phone: '0722000222' })).body, 'failed');
  expect(failed['failure']).toMatchObject({ code: '2040' });
  expect(await balance('refunds')).toBe(0);
  const cash = await giveBack(payment, { way: 'cash' });
  expect([cash.status, cash.body['state']]).toEqual([201, 'done']);
  expect(await faults()).toEqual([]);
});

test('an answer that got lost is asked about under our own name, and the order is never sent again', async () => {
  daraja.payouts.usual = (one, desk) => desk.pay(one);
  daraja.payouts.failNext('broken');
  const { payment } = await paidInCash();
  const refund = (await giveBack(payment, { phone: '0722000333' })).body;
  await until(
    () => daraja.payouts.taken.some((one) => one.phone === '254722000333'),
    (taken) => taken,
    120_000,
  );
  await until(
    () => lango.asOwner<{ code: string | null }>('SELECT code FROM payment_refund WHERE id = $1', [refund['id']]),
    ([row]) => row?.code === 'unknown',
    120_000,
  );
  await shiftClock(lango.db, '5 minutes');
  await lango.asOwner(`SELECT job_enqueue('payments.give-back')`);
  await becomes(refund, 'done');
  expect([daraja.payouts.arrived('254722000333'), daraja.payouts.repeats]).toEqual([100, 0]);
  expect(await faults()).toEqual([]);
});

test('what lies in a wallet goes to the customer’s own phone', async () => {
  const { sub } = await paidInCash(15_000);
  const over = { client_id: sub['client_id'], amount_cents: 5_000, way: 'mpesa', reason: 'wants it' };
  const arrived = daraja.payouts.arrived('254712345678');
  const refund = await make(lango.api, '/billing/refunds', over);
  expect(refund).toMatchObject({ state: 'sending', payment_id: null });
  await becomes(refund, 'done');
  expect(daraja.payouts.arrived('254712345678') - arrived).toBe(50);
  const again = await lango.api.post<Json>('/billing/refunds', over);
  expect([again.status, again.body['error'].code]).toEqual([409, 'spent']);
  expect(await faults()).toEqual([]);
});
