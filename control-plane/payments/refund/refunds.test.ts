import { startTestLango, type TestLango } from '../../test-kit/lango';
import type { ApiClient } from '../../test-kit/api-client';
import { makeActive, makeSubscription, openSession, unique, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import { partsOf } from './weigh-refund';

/** Money given back: where it comes from, what becomes of the service, and who has to agree. */
let lango: TestLango;
let second: ApiClient;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  await lango.asOwner(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash)
     SELECT s.tenant_id, r.id, 'second@example.net', 'Second', s.password_hash FROM staff s, staff_role r WHERE s.id = $1 AND r.key = 'finance' AND r.tenant_id IS NULL`,
    [lango.company.staffId.toString()],
  );
  second = await lango.signIn('second@example.net', lango.company.password);
  // Most of these tests are about money and not about who agrees.
  await limit(100_000_000);
}, 60_000);
afterAll(() => lango?.stop());

type List = { items: Json[] };
const day = 86_400_000;
const ms = (iso: string) => new Date(iso).getTime();
const limit = (limit_cents: number) => lango.api.put('/approvals/limits', { kind: 'payments.refund', limit_cents });
const pay = async (sub: Json, amount_cents: number, method = 'cash') =>
  (
    await lango.api.post<Json>('/billing/transactions', {
      subscription_id: sub['id'],
      amount_cents,
      method,
      reference: unique('R'),
    })
  ).body;
const refund = (payment: Json, over: Json = {}) =>
  lango.api.post<Json>(`/billing/payments/${payment['id']}/refunds`, { way: 'cash', reason: 'moved away', ...over });
const preview = (payment: Json, query = '') =>
  lango.api.get<Json>(`/billing/payments/${payment['id']}/refunds/preview?way=cash${query}`);
const read = async (payment: Json) => (await lango.api.get<Json>(`/billing/payments/${payment['id']}`)).body;
const service = async (sub: Json) => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
const balance = async (code: string, client?: string) => {
  const { items } = (
    await lango.api.get<List>(`/billing/ledger/accounts?q=${code}${client ? `&client_id=${client}` : ''}`)
  ).body;
  return (items[0]?.['balance_cents'] ?? 0) as number;
};
const notes = async (sub: Json) =>
  (await lango.api.get<List>(`/billing/invoices?client_id=${sub['client_id']}&kind=credit_note`)).body.items;

test('a whole payment: money, credit note, the end of the service and the order to the network in one', async () => {
  const sub = await makeSubscription(lango.api);
  const payment = await pay(sub, 10_000);
  await openSession(lango.db, sub['id']);
  const before = { cash: await balance('cash'), sales: await balance('sales') };
  const seen = await preview(payment);
  expect(seen.body).toMatchObject({
    amount_cents: 10_000,
    credit_cents: 10_000,
    from_wallet_cents: 0,
    needs_approval: false,
    service: { ends: true },
  });
  const made = await refund(payment);
  expect([made.status, made.body]).toMatchObject([
    201,
    { state: 'done', amount_cents: 10_000, credit_cents: 10_000, owed_cents: 0, asked_by: 'Amina Admin' },
  ]);
  expect([(await balance('cash')) - before.cash, (await balance('sales')) - before.sales]).toEqual([-10_000, -10_000]);
  expect(await balance('wallet', sub['client_id'])).toBe(0);
  const after = await read(payment);
  expect(after).toMatchObject({ state: 'refunded' });
  expect(after['timeline'].map((step: Json) => step['step'])).toEqual(
    expect.arrayContaining(['service_ended', 'network_told', 'refunded']),
  );
  expect(await service(sub)).toMatchObject({ state: 'expired' });
  const orders = (await lango.api.get<List>(`/enforcements?subscription_id=${sub['id']}`)).body.items;
  expect(orders).toContainEqual(expect.objectContaining({ reason: 'refunded', state: 'open' }));
  expect(await notes(sub)).toMatchObject([{ total_cents: 10_000, reason: 'moved away' }]);
  const again = await refund(payment);
  expect([again.status, again.body['error'].code]).toEqual([409, 'not_settled']);
});

test('a part takes back its part of the time; the parts together are never more than the whole', async () => {
  const sub = await makeSubscription(lango.api);
  await pay(sub, 10_000);
  const payment = await pay(sub, 10_000);
  const start = await service(sub);
  expect((await refund(payment, { amount_cents: 2_500 })).body).toMatchObject({ state: 'done', credit_cents: 2_500 });
  expect(ms(start['expires_at']) - ms((await service(sub))['expires_at'])).toBe(day / 4);
  const much = await refund(payment, { amount_cents: 7_501 });
  expect([much.status, Object.keys(much.body['error'].fields)]).toEqual([422, ['amount_cents']]);
  expect((await read(payment))['state']).toBe('settled');
  expect((await refund(payment)).body).toMatchObject({ amount_cents: 7_500 });
  expect((await read(payment))['state']).toBe('refunded');
  expect(ms(start['expires_at']) - ms((await service(sub))['expires_at'])).toBe(day);
  expect(await service(sub)).toMatchObject({ state: 'active' });
});

test('ten who give the same payment back at once give it back once', async () => {
  const sub = await makeSubscription(lango.api);
  const payment = await pay(sub, 10_000);
  const cash = await balance('cash');
  const answers = await Promise.all(Array.from({ length: 10 }, () => refund(payment, { amount_cents: 6_000 })));
  expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
  expect(cash - (await balance('cash'))).toBe(6_000);
  await expect(
    lango.asOwner(
      `INSERT INTO payment_refund (tenant_id, subscriber_id, payment_id, amount_cents, currency, way, service, reason, state, needs_approval, created_name)
       SELECT tenant_id, subscriber_id, id, 4001, currency, 'cash', 'keep', 'by hand', 'asked', false, 'x' FROM payment WHERE id = $1`,
      [payment['id']],
    ),
  ).rejects.toThrow(/are given back/);
});

test('what lies unused is given back first, without touching the service', async () => {
  const sub = await makeSubscription(lango.api);
  const payment = await pay(sub, 25_000);
  const start = await service(sub);
  expect((await refund(payment, { amount_cents: 15_000 })).body).toMatchObject({ credit_cents: 0, state: 'done' });
  expect((await service(sub))['expires_at']).toBe(start['expires_at']);
  expect((await refund(payment)).body).toMatchObject({ amount_cents: 10_000, credit_cents: 10_000 });
  expect(await service(sub)).toMatchObject({ state: 'expired' });
});

test('the service is kept where staff says so, and no change of plan gives the money a second time', async () => {
  const sub = await makeSubscription(lango.api);
  const payment = await pay(sub, 10_000);
  const start = await service(sub);
  expect((await refund(payment, { service: 'keep' })).body).toMatchObject({ credit_cents: 10_000, state: 'done' });
  expect(await service(sub)).toMatchObject({ state: 'active', expires_at: start['expires_at'] });
  const [row] = await lango.asOwner<{ paid: string }>('SELECT paid_cents AS paid FROM subscription WHERE id = $1', [
    sub['id'],
  ]);
  expect(row!.paid).toBe('0');
});

test('what the customer has used meanwhile is not given back', async () => {
  const sub = await makeSubscription(lango.api);
  const payment = await pay(sub, 20_000);
  await lango.api.post('/billing/refunds', {
    client_id: sub['client_id'],
    amount_cents: 8_000,
    way: 'cash',
    reason: 'wants it back',
  });
  const whole = await refund(payment);
  expect([whole.status, whole.body['error'].code]).toEqual([409, 'spent']);
  expect((await refund(payment, { amount_cents: 12_001 })).status).toBe(409);
  expect((await refund(payment, { amount_cents: 12_000 })).body).toMatchObject({ state: 'done', credit_cents: 10_000 });
});

test('a credit note made before counts: the sale gives no more than is left of it', async () => {
  const sub = await makeSubscription(lango.api);
  const payment = await pay(sub, 10_000);
  const [invoice] = (await lango.api.get<List>(`/billing/invoices?client_id=${sub['client_id']}`)).body.items;
  await lango.api.post(`/billing/invoices/${invoice!['id']}/credit`, { amount_cents: 4_000, reason: 'was off' });
  expect((await refund(payment, { service: 'keep' })).body).toMatchObject({
    amount_cents: 10_000,
    credit_cents: 6_000,
  });
  expect(await balance('wallet', sub['client_id'])).toBe(0);
});

test('a cheque that comes back takes its money out of those being cleared, and what was used of it is owed', async () => {
  const sub = await makeSubscription(lango.api);
  const payment = await pay(sub, 15_000, 'cheque');
  // The rest is paid out: nothing lies in the wallet any more.
  await lango.api.post('/billing/refunds', {
    client_id: sub['client_id'],
    amount_cents: 5_000,
    way: 'cash',
    reason: 'overpaid',
  });
  const cheques = await balance('cheques');
  const bounced = await refund(payment, { way: 'cheque', reason: 'bounced, account closed' });
  expect(bounced.body).toMatchObject({ state: 'done', amount_cents: 15_000, credit_cents: 10_000, owed_cents: 5_000 });
  expect(cheques - (await balance('cheques'))).toBe(15_000);
  expect(await balance('reversals', sub['client_id'])).toBe(5_000);
  expect((await refund(await pay(sub, 10_000), { way: 'cheque' })).status).toBe(422);
});

test('a wallet is paid out, never below nothing', async () => {
  const sub = await makeActive(lango.api);
  await pay(sub, 4_000);
  const out = (amount_cents: number) =>
    lango.api.post<Json>('/billing/refunds', {
      client_id: sub['client_id'],
      amount_cents,
      way: 'bank',
      reason: 'wants it back',
    });
  const answers = await Promise.all([out(3_000), out(3_000), out(3_000)]);
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([201, 409, 409]);
  expect(await balance('wallet', sub['client_id'])).toBe(1_000);
});

describe('above the limit', () => {
  beforeAll(() => limit(5_000));
  afterAll(() => limit(100_000_000));
  const approvalOf = async (made: Json) => {
    expect(made['approval_id']).not.toBeNull();
    return `/approvals/${made['approval_id']}`;
  };
  const settled = (made: Json, state: string) =>
    until(
      async () => (await lango.api.get<Json>(`/billing/refunds/${made['id']}`)).body,
      (now) => now['state'] === state,
    );

  test('nothing moves until another person agrees; then it is done as things stand', async () => {
    const sub = await makeSubscription(lango.api);
    const payment = await pay(sub, 10_000);
    const cash = await balance('cash');
    const made = (await refund(payment)).body;
    expect(made).toMatchObject({ state: 'asked' });
    expect([await balance('cash'), (await service(sub))['state']]).toEqual([cash, 'active']);
    expect((await lango.api.post(`${await approvalOf(made)}/approve`, {})).status).toBe(409);
    expect((await second.post(`${await approvalOf(made)}/approve`, { note: 'fine' })).status).toBe(201);
    await settled(made, 'done');
    expect([cash - (await balance('cash')), (await service(sub))['state']]).toEqual([10_000, 'expired']);
    expect((await second.get<Json>(await approvalOf(made))).body['state']).toBe('done');
  });

  test('refused, nothing was moved and the payment can be asked for again', async () => {
    const payment = await pay(await makeSubscription(lango.api), 10_000);
    const made = (await refund(payment)).body;
    expect((await refund(payment)).status).toBe(422);
    await second.post(`${await approvalOf(made)}/refuse`, { note: 'not yet' });
    expect(await settled(made, 'refused')).toMatchObject({ failure: { text: 'Second: not yet' } });
    expect((await refund(payment)).body['state']).toBe('asked');
  });

  test('agreed to and spent meanwhile, it is told and not done', async () => {
    const sub = await makeActive(lango.api);
    await pay(sub, 9_000);
    const made = (
      await lango.api.post<Json>('/billing/refunds', {
        client_id: sub['client_id'],
        amount_cents: 9_000,
        way: 'cash',
        reason: 'wants it',
      })
    ).body;
    await pay(sub, 1_000);
    await second.post(`${await approvalOf(made)}/approve`, {});
    expect(await settled(made, 'refused')).toMatchObject({ failure: { code: 'spent' } });
    expect((await second.get<Json>(await approvalOf(made))).body['state']).toBe('void');
  });

  test('the limit is not got round in pieces', async () => {
    const payment = await pay(await makeSubscription(lango.api), 10_000);
    expect((await preview(payment, '&amount_cents=1000')).body['needs_approval']).toBe(true);
  });

  test('the database takes no refund as done that nobody agreed to', async () => {
    const made = (await refund(await pay(await makeSubscription(lango.api), 10_000))).body;
    await expect(lango.asOwner(`UPDATE payment_refund SET state = 'done' WHERE id = $1`, [made['id']])).rejects.toThrow(
      /not in the books/,
    );
  });
});

test('of no payment of another company, and by nobody without the permission', async () => {
  const payment = await pay(await makeSubscription(lango.api), 10_000);
  const other = await lango.addCompany();
  expect(
    (await other.api.post(`/billing/payments/${payment['id']}/refunds`, { way: 'cash', reason: 'mine' })).status,
  ).toBe(404);
  await lango.setRole(other, 'support');
  expect((await other.api.post(`/billing/payments/1/refunds`, { way: 'cash', reason: 'mine' })).status).toBe(403);
});

test.each([
  [
    { balance: 0n, unspent: 0n, creditable: 100n },
    { credit: 100n, wallet: 0n, owed: 0n },
  ],
  [
    { balance: 50n, unspent: 50n, creditable: 100n },
    { credit: 50n, wallet: 50n, owed: 0n },
  ],
  [
    { balance: 50n, unspent: 0n, creditable: 60n },
    { credit: 60n, wallet: 40n, owed: 0n },
  ],
  [
    { balance: 10n, unspent: 90n, creditable: 60n },
    { credit: 60n, wallet: 10n, owed: 30n },
  ],
])('of 100 with %o come %o', (purse, parts) => {
  expect(partsOf(100n, purse)).toEqual(parts);
});
