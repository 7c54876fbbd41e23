import { startTestLango, type TestLango } from '../test-kit/lango';
import type { ApiClient } from '../test-kit/api-client';
import { makePackage, unique, type Json } from '../test-kit/story';
import { makeReseller, type TestReseller } from './testing/make-reseller';

let lango: TestLango;
let api: ApiClient;
let day: Json;

beforeAll(async () => {
  lango = await startTestLango();
  api = lango.api;
  day = await makePackage(api, { price_cents: 10_000 });
}, 60_000);
afterAll(() => lango?.stop());

const sell = (who: TestReseller, phone: string, more: Json = {}) =>
  who.api.post<Json>('/resellers/own/sales', { package_id: day['id'], phone, ...more });
const show = async (who: TestReseller): Promise<Json> => (await api.get<Json>(`/resellers/${who.id}`)).body;

test('a sale takes the price from the float, begins the service and posts the commission, in one transaction', async () => {
  await api.post('/resellers/rules', { percent_bp: 750 });
  const otieno = await makeReseller(lango, { float_cents: 25_000 });
  const first = await sell(otieno, '0722000001', { name: 'Achieng Odhiambo' });
  expect(first).toMatchObject({
    status: 201,
    body: { client_name: 'Achieng Odhiambo', price_cents: 10_000, float_cents: 15_000, commission_cents: 750 },
  });
  expect(first.body['password']).toMatch(/^\d{8}$/);
  const service = (await api.get<Json>(`/subscriptions/${first.body['subscription_id']}`)).body;
  expect(service).toMatchObject({ state: 'active', username: first.body['username'] });
  expect(await show(otieno)).toMatchObject({ float_cents: 15_000, commission_cents: 750, customers: 1 });

  const again = await otieno.api.post<Json>('/resellers/own/sales', { subscription_id: first.body['subscription_id'] });
  expect(again.body).toMatchObject({ float_cents: 5_000, password: null });
  expect(Date.parse(again.body['expires_at'])).toBeGreaterThan(Date.parse(first.body['expires_at']));
  expect(await show(otieno)).toMatchObject({ float_cents: 5_000, commission_cents: 1_500, customers: 1 });
  const invoices = (await api.get<Json>(`/billing/invoices?client_id=${first.body['client_id']}`)).body['items'];
  expect(invoices).toHaveLength(2);
});

test('a float that is too short refuses, says by how much, and leaves no customer behind', async () => {
  const poor = await makeReseller(lango, { float_cents: 9_900 });
  const refused = await sell(poor, '0722000002');
  expect(refused.status).toBe(409);
  expect(refused.body['error']).toMatchObject({ code: 'float_short' });
  expect(refused.body['error'].message).toContain('KES 100.00');
  expect(await show(poor)).toMatchObject({ float_cents: 9_900, customers: 0 });

  const changed = await api.put<Json>(`/resellers/${poor.id}`, {
    name: poor.name,
    phone: poor.phone,
    credit_limit_cents: 100,
    version: poor.version,
  });
  expect(changed.status).toBe(200);
  expect((await sell(poor, '0722000002')).body).toMatchObject({ float_cents: -100 });
  const lowered = await api.put<Json>(`/resellers/${poor.id}`, {
    name: poor.name,
    phone: poor.phone,
    credit_limit_cents: 0,
    version: changed.body['version'],
  });
  expect(lowered).toMatchObject({ status: 409, body: { error: { code: 'credit_in_use' } } });
});

test('many sales at once never take a float below its limit', async () => {
  const busy = await makeReseller(lango, { float_cents: 35_000 });
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => sell(busy, `07330000${10 + n}`)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(5);
  expect(await show(busy)).toMatchObject({ float_cents: 5_000, customers: 3 });
});

test('who is suspended sells nothing; who is a reseller by role alone sells and sees nothing', async () => {
  const off = await makeReseller(lango, { float_cents: 50_000 });
  await api.post(`/resellers/${off.id}/suspend`);
  expect(await sell(off, '0722000003')).toMatchObject({ status: 409, body: { error: { code: 'suspended' } } });
  await api.post(`/resellers/${off.id}/resume`);
  expect((await sell(off, '0722000003')).status).toBe(201);
  await lango.asOwner('UPDATE staff SET reseller_id = NULL WHERE id = $1', [off.staffId]);
  expect(await sell(off, '0722000004')).toMatchObject({ status: 409, body: { error: { code: 'no_reseller' } } });
  expect((await off.api.get<Json>('/clients')).body['items']).toEqual([]);
  expect((await off.api.get<Json>('/billing/payments')).body['items']).toEqual([]);
});

test('the rule that fits best gives the commission: reseller before all, plan before all, tier before none, rounded half up', async () => {
  const one = await makeReseller(lango, { float_cents: 1_000_000 });
  const odd = await makePackage(api, { price_cents: 3_333 });
  const rule = (body: Json) => api.post<Json>('/resellers/rules', body);
  const earned = async (pack: Json, phone: string): Promise<number> => {
    const before = (await show(one))['commission_cents'];
    expect((await one.api.post('/resellers/own/sales', { package_id: pack['id'], phone })).status).toBe(201);
    return (await show(one))['commission_cents'] - before;
  };
  await rule({ reseller_id: one.id, percent_bp: 1_000 });
  expect(await earned(day, '0722000010')).toBe(1_000);
  // 3333 × 15 % = 499.95
  await rule({ reseller_id: one.id, package_id: odd['id'], percent_bp: 1_500 });
  expect(await earned(odd, '0722000011')).toBe(500);
  expect(await earned(day, '0722000012')).toBe(1_000);
  // An amount is never more than the sale.
  await rule({ reseller_id: one.id, package_id: odd['id'], amount_cents: 5_000 });
  expect(await earned(odd, '0722000013')).toBe(3_333);
  // 26,666 sold so far this month.
  await rule({ reseller_id: one.id, percent_bp: 2_000, from_month_cents: 36_666 });
  expect(await earned(day, '0722000014')).toBe(1_000);
  expect(await earned(day, '0722000015')).toBe(2_000);
  const past = await rule({ percent_bp: 1, valid_from: '2026-01-01T00:00:00Z' });
  expect(past.status).toBe(422);
});

test('a customer who pays the company directly earns their reseller commission too; money given back takes it back', async () => {
  const near = await makeReseller(lango, { float_cents: 10_000 });
  const sold = (await sell(near, '0722000020')).body;
  const before = (await show(near))['commission_cents'];
  const paid = await api.post<Json>('/billing/transactions', {
    subscription_id: sold['subscription_id'],
    amount_cents: 10_000,
    method: 'cash',
    reference: unique('R'),
  });
  expect(paid.status).toBe(201);
  expect((await show(near))['commission_cents']).toBe(before + 750);
  const [sale] = await lango.asOwner<{ id: string }>(
    `SELECT i.id FROM invoice i WHERE i.subscriber_id = $1 AND i.kind = 'invoice' ORDER BY i.id DESC LIMIT 1`,
    [sold['client_id']],
  );
  const credit = await api.post<Json>(`/billing/invoices/${sale?.id}/credit`, {
    reason: 'bad line',
    amount_cents: 5_000,
  });
  expect(credit.status).toBe(201);
  expect((await show(near))['commission_cents']).toBe(before + 375);
});
