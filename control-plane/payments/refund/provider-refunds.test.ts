import { consoleClient } from '../../test-kit/console-client';
import { startDaraja, type SimulatedDaraja } from '../../test-kit/daraja';
import { resultOf, type Reversal } from '../../test-kit/daraja/reversals';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { makeSubscription, shiftClock, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';

/** Money that Safaricom sends back: ordered once, believed when it is told by it, and never lost from sight. */
let daraja: SimulatedDaraja;
let lango: TestLango;
beforeAll(async () => {
  daraja = await startDaraja();
  lango = await startTestLango({ parts: ['jobs'], urls: { daraja: daraja.baseUrl }, publicUrl: 'http://isp.example' });
  daraja.reach = lango.baseUrl;
  await setUp();
  await until(
    () => daraja.registered,
    (registered) => registered !== undefined,
  );
}, 60_000);
afterAll(async () => {
  await lango?.stop();
  await daraja?.stop();
});
beforeEach(() => {
  daraja.reversals.usual = (one, desk) => desk.tell(desk.reverse(one));
});

function setUp(more: Json = {}) {
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
    ...more,
  });
}

/** A payment of 100 shillings to a service, made by hand at the paybill. */
async function paid(): Promise<{ payment: Json; sub: Json; receipt: string }> {
  const sub = await makeSubscription(lango.api);
  const hand = daraja.payByHand({ msisdn: '254711111111', amount: 100, account: sub['username'] });
  await daraja.confirm(hand);
  const { items } = await until(
    async () =>
      (await lango.api.get<{ items: Json[] }>(`/billing/payments?subscription_id=${sub['id']}&state=settled`)).body,
    (page) => page.items.length === 1,
  );
  return { payment: items[0]!, sub, receipt: hand.receipt };
}
const giveBack = async (payment: Json, over: Json = {}): Promise<Json> => {
  const made = await lango.api.post<Json>(`/billing/payments/${payment['id']}/refunds`, {
    way: 'provider',
    reason: 'moved away',
    ...over,
  });
  expect([made.status, made.body['state']]).toEqual([201, 'sending']);
  return made.body;
};
const read = async (refund: Json) => (await lango.api.get<Json>(`/billing/refunds/${refund['id']}`)).body;
const becomes = (refund: Json, state: string) =>
  until(
    () => read(refund),
    (now) => now['state'] === state,
    60_000,
  );
const taken = (receipt: string) =>
  until(
    () => daraja.reversals.taken.find((one) => one.receipt === receipt),
    (one) => one !== undefined,
  ) as Promise<Reversal>;
const account = async (code: string) => {
  const [row] = await lango.asOwner<{ cents: number }>(
    `SELECT coalesce(sum(balance_cents), 0)::int AS cents FROM ledger_account WHERE code = $1`,
    [code],
  );
  return row!.cents;
};
const faults = () => lango.asOwner('SELECT * FROM payment_refund_verify()');

test('a reversal ends in the books when Safaricom says that it is done, once, however often it says so', async () => {
  const { payment, receipt, sub } = await paid();
  const before = await account('mpesa');
  const refund = await giveBack(payment, { amount_cents: 4_000 });
  expect(await becomes(refund, 'done')).toMatchObject({ amount_cents: 4_000, credit_cents: 4_000 });
  const one = await taken(receipt);
  await Promise.all(Array.from({ length: 20 }, () => daraja.reversals.tell(one)));
  await until(
    () => lango.asOwner<{ n: number }>(`SELECT count(*)::int AS n FROM hook_event WHERE state = 'waiting'`),
    ([row]) => row?.n === 0,
  );
  expect([(await account('mpesa')) - before, await account('refunds'), daraja.reversals.reversed(receipt)]).toEqual([
    4_000, 0, 40,
  ]);
  expect((await read(refund))['reference']).toBe(one.truth.kind === 'done' ? one.truth.receipt : '');
  expect((await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body['state']).toBe('active');
  const rest = await giveBack(payment);
  expect(rest['amount_cents']).toBe(6_000);
  await becomes(rest, 'done');
  expect((await lango.api.get<Json>(`/billing/payments/${payment['id']}`)).body['state']).toBe('refunded');
  expect(await faults()).toEqual([]);
}, 60_000);

test('refused for certain, the money is in the wallet again and can be given back another way', async () => {
  const { payment, sub } = await paid();
  daraja.reversals.usual = (one, desk) => desk.tell(desk.refuse(one, '2001', 'The initiator information is invalid.'));
  const refund = await giveBack(payment);
  expect(await becomes(refund, 'failed')).toMatchObject({ failure: { code: '2001' } });
  expect(await account(`wallet:${sub['client_id']}`)).toBe(10_000);
  const again = await lango.api.post<Json>(`/billing/payments/${payment['id']}/refunds`, {
    way: 'cash',
    reason: 'by hand then',
  });
  expect([again.status, again.body['state']]).toEqual([201, 'done']);
  expect(await faults()).toEqual([]);
}, 60_000);

test('told nothing, Lango asks, and the answer counts', async () => {
  const { payment, receipt } = await paid();
  daraja.reversals.usual = (one, desk) => desk.reverse(one);
  const refund = await giveBack(payment);
  await taken(receipt);
  await until(
    () =>
      lango.asOwner<{ n: number }>('SELECT 1 AS n FROM payment_refund WHERE id = $1 AND provider_ref IS NOT NULL', [
        refund['id'],
      ]),
    (rows) => rows.length === 1,
  );
  await shiftClock(lango.db, '2 minutes');
  await becomes(refund, 'done');
  expect(daraja.reversals.taken.filter((one) => one.receipt === receipt)).toHaveLength(1);
  await shiftClock(lango.db, '0');
}, 90_000);

test('not answered at all it is never sent again; a person who has looked says what became of it', async () => {
  const { payment, receipt } = await paid();
  daraja.reversals.usual = (one, desk) => desk.reverse(one);
  daraja.reversals.failNext('html');
  const refund = await giveBack(payment);
  const unclear = await until(
    () => read(refund),
    (now) => now['failure'] !== null,
  );
  expect(unclear).toMatchObject({ state: 'sending', failure: { code: 'unknown' } });
  await shiftClock(lango.db, '3 days');
  await lango.asOwner(`SELECT job_enqueue('payments.give-back')`);
  await until(
    () =>
      lango.asOwner<{
        n: number;
      }>(`SELECT count(*)::int AS n FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
      WHERE t.identifier = 'payments.give-back' AND j.run_at <= now()`),
    ([row]) => row?.n === 0,
  );
  expect(daraja.reversals.taken.filter((one) => one.receipt === receipt)).toEqual([]);
  await shiftClock(lango.db, '0');
  // Somebody looks it up, and says it at the form.
  const staff = await consoleClient(lango);
  const form = `/payments/refunds/${refund['id']}`;
  expect((await staff.get(form)).text).toContain(`action="${form}"`);
  const empty = await staff.post(form, { outcome: 'failed', reference: '' });
  expect([empty.status, empty.text.includes('value="failed" selected'), empty.text.includes('aria-invalid')]).toEqual([
    422,
    true,
    true,
  ]);
  expect((await staff.post(form, { outcome: 'done', reference: 'SKX1234567' })).status).toBe(303);
  expect(await read(refund)).toMatchObject({ state: 'done', reference: 'SKX1234567' });
  expect(
    (await lango.api.post(`/billing/refunds/${refund['id']}/resolve`, { outcome: 'failed', reference: 'no' })).status,
  ).toBe(422);
  const twice = await lango.api.post<Json>(`/billing/refunds/${refund['id']}/resolve`, {
    outcome: 'failed',
    reference: 'not so',
  });
  expect([twice.status, twice.body['error'].code]).toEqual([409, 'closed']);
  expect(await faults()).toEqual([]);
}, 90_000);

test('what a stranger tells of a reversal is a reason to ask and no more', async () => {
  await setUp({ sources: ['10.9.9.9'] });
  const { payment, receipt } = await (async () => {
    const sub = await makeSubscription(lango.api);
    const hand = daraja.payByHand({ msisdn: '254711111111', amount: 100, account: sub['username'] });
    await setUp({ sources: [] });
    await daraja.confirm(hand);
    const { items } = await until(
      async () =>
        (await lango.api.get<{ items: Json[] }>(`/billing/payments?subscription_id=${sub['id']}&state=settled`)).body,
      (page) => page.items.length === 1,
    );
    return { payment: items[0]!, receipt: hand.receipt };
  })();
  await setUp({ sources: ['10.9.9.9'] });
  daraja.reversals.usual = () => undefined;
  const refund = await giveBack(payment);
  const one = await taken(receipt);
  await until(
    () => lango.asOwner('SELECT 1 FROM payment_refund WHERE id = $1 AND provider_ref IS NOT NULL', [refund['id']]),
    (rows) => rows.length === 1,
  );
  await daraja.post(one.resultUrl, resultOf({ ...one, truth: { kind: 'done', receipt: 'FORGED0001' } }));
  await until(
    () => lango.asOwner<{ n: number }>(`SELECT count(*)::int AS n FROM hook_event WHERE state = 'waiting'`),
    ([row]) => row?.n === 0,
  );
  expect(await read(refund)).toMatchObject({ state: 'sending', reference: null });
  await setUp({ sources: [] });
}, 60_000);

test('without an API user for it, no way leads through Safaricom', async () => {
  await setUp({ initiator_name: '' });
  const { payment } = await paid();
  const asked = await lango.api.post<Json>(`/billing/payments/${payment['id']}/refunds`, {
    way: 'provider',
    reason: 'moved away',
  });
  expect([asked.status, Object.keys(asked.body['error'].fields)]).toEqual([422, ['way']]);
  const told = await lango.api.post<Json>(`/billing/payments/${payment['id']}/refunds`, {
    way: 'told',
    reason: 'reversed in the portal',
    reference: 'SKXTOLD001',
  });
  expect([told.status, told.body['state']]).toEqual([201, 'done']);
  const other = await paid();
  const again = await lango.api.post<Json>(`/billing/payments/${other.payment['id']}/refunds`, {
    way: 'told',
    reason: 'reversed in the portal',
    reference: 'skxtold001',
  });
  expect([again.status, again.body['error'].code]).toEqual([409, 'duplicate_reference']);
  await setUp();
}, 60_000);
