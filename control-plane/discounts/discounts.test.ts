import fc from 'fast-check';
import { verifyLedger } from '../ledger';
import { consoleClient } from '../test-kit/console-client';
import { startTestLango, type TestCompany, type TestLango } from '../test-kit/lango';
import { make, makePackage, makeSubscription, shiftClock, unique, type Json } from '../test-kit/story';

jest.setTimeout(120_000);

let lango: TestLango;
let company: TestCompany;
beforeAll(async () => {
  lango = await startTestLango();
});
// Promotions hold for everybody: each test has a company of its own.
beforeEach(async () => {
  company = await lango.addCompany();
});
afterEach(async () => {
  await shiftClock(lango.db, '0');
  const query = async <T extends object>(sql: string, values?: unknown[]) => ({
    rows: await lango.asOwner<T & Record<string, unknown>>(sql, values),
  });
  expect(await verifyLedger({ query })).toMatchObject({ ok: true });
});
afterAll(() => lango.stop());

const pay = async (subscriptionId: string, amount_cents: number) =>
  (
    await company.api.post<Json>('/billing/transactions', {
      subscription_id: subscriptionId,
      amount_cents,
      method: 'cash',
      reference: unique('R'),
    })
  ).body;
const discount = (fields: Json) => make(company.api, '/discounts', { name: unique('Offer'), ...fields });
const claim = (subscriptionId: string, code: string) =>
  company.api.post<Json>(`/subscriptions/${subscriptionId}/coupon`, { code });
const price = async (id: string) => (await company.api.get<Json>(`/subscriptions/${id}`)).body['price_cents'] as number;

describe('a promotion', () => {
  it('makes the purchase cheaper for everybody, and the rest of what was paid stays in the wallet', async () => {
    await discount({ percent: 25 });
    const sub = await makeSubscription(company.api);
    expect(await price(sub['id'])).toBe(7500);
    const paid = await pay(sub['id'], 10_000);
    expect(paid).toMatchObject({ outcome: 'activated', applied_cents: 7500, wallet_cents: 2500 });
    expect(paid['timeline'].map((step: Json) => step['step'])).toContain('discounted');
    const { items } = (await company.api.get<{ items: Json[] }>('/billing/ledger/accounts?q=sales')).body;
    expect(items[0]).toMatchObject({ balance_cents: 7500 });
    const [row] = await lango.asOwner<{ paid_cents: string }>('SELECT paid_cents FROM subscription WHERE id = $1', [
      sub['id'],
    ]);
    expect(row?.paid_cents).toBe('7500');
  });

  it('holds in its window only, for its plans only, and for the first purchase only when it says so', async () => {
    const plan = await makePackage(company.api);
    const hour = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString();
    await discount({ amount_cents: 1000, package_ids: [plan['id']], starts_at: hour(1), ends_at: hour(3) });
    await discount({ amount_cents: 400, first_purchase_only: true });
    const [ours, other] = [
      await makeSubscription(company.api, {}, { package_id: plan['id'] }),
      await makeSubscription(company.api),
    ];
    expect([await price(ours['id']), await price(other['id'])]).toEqual([9600, 9600]);
    await shiftClock(lango.db, '2 hours');
    expect([await price(ours['id']), await price(other['id'])]).toEqual([9000, 9600]);
    await pay(other['id'], 9600);
    expect(await price(other['id'])).toBe(10_000);
    await shiftClock(lango.db, '4 hours');
    expect(await price(ours['id'])).toBe(9600);
  });

  it('for the first purchase is given to one of many services of a customer that begin at once', async () => {
    await discount({ amount_cents: 4000, first_purchase_only: true });
    const first = await makeSubscription(company.api);
    const subs = [first];
    for (let n = 0; n < 5; n += 1)
      subs.push(
        await makeSubscription(company.api, {}, { client_id: first['client_id'], package_id: first['package_id'] }),
      );
    const paid = await Promise.all(subs.map((sub) => pay(sub['id'], 10_000)));
    expect(paid.map((one) => one['applied_cents']).sort((a, b) => a - b)).toEqual([
      6000,
      ...Array<number>(5).fill(10_000),
    ]);
  });

  it('of the whole price lets a service begin with any payment, and books no sale', async () => {
    await discount({ percent: 100 });
    const sub = await makeSubscription(company.api);
    expect(await pay(sub['id'], 1)).toMatchObject({ outcome: 'activated', applied_cents: 0, wallet_cents: 1 });
  });
});

describe('a coupon', () => {
  it('counts for who brings it, however it is typed, and no longer than its limits allow', async () => {
    await discount({ code: 'EASTER-24', percent: 50, uses_per_client_max: 1 });
    const [sub, neighbour] = [await makeSubscription(company.api), await makeSubscription(company.api)];
    expect((await claim(sub['id'], 'nothing')).status).toBe(422);
    const claimed = await claim(sub['id'], ' easter 24');
    expect(claimed.body).toMatchObject({ list_cents: 10_000, off_cents: 5000, price_cents: 5000 });
    expect([await price(sub['id']), await price(neighbour['id'])]).toEqual([5000, 10_000]);
    expect(await pay(sub['id'], 5000)).toMatchObject({ outcome: 'activated', applied_cents: 5000 });
    expect(await price(sub['id'])).toBe(10_000);
    expect(await pay(sub['id'], 5000)).toMatchObject({ outcome: 'wallet_short', applied_cents: 0 });
    expect((await claim(sub['id'], 'EASTER24')).body['error'].code).toBe('coupon_no_use');
  });

  it('with three uses is given to three of ten who buy at once', async () => {
    await discount({ code: 'THREE', amount_cents: 4000, uses_max: 3 });
    const subs = await Promise.all(Array.from({ length: 10 }, () => makeSubscription(company.api)));
    for (const sub of subs) expect((await claim(sub['id'], 'THREE')).status).toBe(200);
    const paid = await Promise.all(subs.map((sub) => pay(sub['id'], 10_000)));
    expect(paid.map((one) => one['applied_cents']).sort((a, b) => a - b)).toEqual([
      ...Array<number>(3).fill(6000),
      ...Array<number>(7).fill(10_000),
    ]);
    const { items } = (await company.api.get<{ items: Json[] }>('/discounts')).body;
    expect(items[0]).toMatchObject({ uses: 3, off_cents: 12_000, state: 'used_up' });
  });

  it('counts for a renewal from the wallet too', async () => {
    await discount({ code: 'WALLET', percent: 50 });
    const sub = await makeSubscription(company.api);
    await pay(sub['id'], 16_000);
    await claim(sub['id'], 'WALLET');
    const renewed = await company.api.post<Json>(`/subscriptions/${sub['id']}/renew`, { pay: 'wallet' });
    const [due] = await lango.asOwner<{ uses: string }>(
      'SELECT count(*) AS uses FROM discount_use WHERE subscription_id = $1',
      [sub['id']],
    );
    expect([renewed.status, due?.uses]).toEqual([200, '1']);
  });
});

it('what customers paid, what they hold and what was left off always come to the list price', async () => {
  const offers = fc.array(
    fc.oneof(
      fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ amount_cents: fc.integer({ min: 1, max: 15_000 }) }),
    ),
    { maxLength: 3 },
  );
  const amounts = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(offers, amounts, fc.integer({ min: 1, max: 12_345 }), async (some, payments, price_cents) => {
      company = await lango.addCompany();
      for (const offer of some) await discount(offer);
      const sub = await makeSubscription(company.api, { price_cents });
      const off = Math.max(
        0,
        ...some.map((offer) =>
          Math.min(
            price_cents,
            'percent' in offer ? Math.floor((price_cents * offer.percent + 50) / 100) : offer.amount_cents,
          ),
        ),
      );
      const due = price_cents - off;
      let [wallet, bought] = [0, 0];
      for (const amount of payments) {
        const buys = wallet + amount >= due;
        wallet += amount - (buys ? due : 0);
        bought += buys ? 1 : 0;
        expect(await pay(sub['id'], amount)).toMatchObject({ wallet_balance_cents: wallet });
      }
      const [books] = await lango.asOwner<{ sales: string; off: string; uses: number }>(
        `SELECT (SELECT coalesce(sum(balance_cents), 0) FROM ledger_account WHERE tenant_id = $1 AND code = 'sales') AS sales,
                coalesce(sum(off_cents), 0) AS off, count(*)::int AS uses FROM discount_use WHERE tenant_id = $1`,
        [company.tenantId.toString()],
      );
      expect([Number(books?.sales), Number(books?.off), books?.uses]).toEqual([
        bought * due,
        bought * off,
        off > 0 ? bought : 0,
      ]);
    }),
    { numRuns: 8 },
  );
});

describe('the pages of discounts', () => {
  it('add one, show who used it, change it unless somebody else did, and take it away', async () => {
    const staff = await consoleClient(lango, company);
    const plan = await makePackage(company.api);
    const form = {
      name: 'Rains',
      kind: 'percent',
      percent: '10',
      starts: '2026-01-01',
      ends: '2099-06-30',
      [`plan_${plan['id']}`]: 'yes',
    };
    const wrong = await staff.post('/discounts', { ...form, percent: '101' });
    expect([wrong.status, wrong.text.includes('Give whole percent'), wrong.text.includes('value="Rains"')]).toEqual([
      422,
      true,
      true,
    ]);
    const made = await staff.post('/discounts', form);
    expect((await company.api.get<Json>(`/discounts/${made.location.split('/').at(-1)}`)).body).toMatchObject({
      percent: 10,
      starts_at: '2025-12-31T21:00:00.000Z',
      ends_at: '2099-06-30T21:00:00.000Z',
      packages: [{ id: plan['id'] }],
    });
    const sub = await makeSubscription(company.api, {}, { package_id: plan['id'] });
    await pay(sub['id'], 9000);
    expect((await staff.get(made.location)).text).toContain(sub['username']);
    const edit = await staff.get(`${made.location}/edit`);
    expect(edit.text).toContain('value="2099-06-30"');
    expect((await staff.post(`${made.location}/edit`, { ...form, percent: '20', version: '1' })).status).toBe(303);
    const late = await staff.post(`${made.location}/edit`, { ...form, percent: '30', version: '1' });
    expect([late.status, late.text.includes('Somebody changed this')]).toEqual([409, true]);
    await staff.post(`${made.location}/archive`);
    expect(await price(sub['id'])).toBe(10_000);
    expect((await staff.get('/discounts?archived=true')).text).toContain('Rains');
  });

  it('take a coupon for a service and say what it then costs, or why it changes nothing', async () => {
    const staff = await consoleClient(lango, company);
    await discount({ code: 'HELLO', percent: 10 });
    expect((await company.api.post<Json>('/discounts', { name: 'Twin', code: 'hello', percent: 5 })).status).toBe(409);
    const sub = await makeSubscription(company.api);
    const taken = await staff.post('/discounts/claim', { subscription: sub['id'], code: 'hello' });
    expect([taken.status, taken.text.includes('counts for the next purchase'), taken.text.includes('KES 90')]).toEqual([
      200,
      true,
      true,
    ]);
    const refused = await staff.post('/discounts/claim', { subscription: sub['id'], code: 'gone' });
    expect([refused.status, refused.text.includes('There is no such coupon')]).toEqual([422, true]);
  });

  it('of another company do not exist', async () => {
    const mine = await discount({ percent: 10, code: 'MINE' });
    const sub = await makeSubscription(company.api);
    const other = await lango.addCompany();
    expect((await other.api.get(`/discounts/${mine['id']}`)).status).toBe(404);
    expect((await other.api.delete(`/discounts/${mine['id']}`)).status).toBe(404);
    expect((await other.api.post(`/subscriptions/${sub['id']}/coupon`, { code: 'MINE' })).status).toBe(404);
    const plan = await makePackage(other.api);
    expect((await company.api.post('/discounts', { name: 'x', percent: 5, package_ids: [plan['id']] })).status).toBe(
      422,
    );
  });
});
