import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeClient, makePackage, makeSubscription, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

let lango: TestLango;
let browser: Browser;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs', 'enforcer'] });
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

const balance = async (id: string): Promise<number> =>
  (await lango.api.get<Json>(`/wallets/${id}`)).body['balances'][0]?.balance_cents ?? 0;
/** Money that buys nothing: less than the price. */
const put = (sub: Json, amount_cents: number) =>
  make(lango.api, '/billing/transactions', {
    subscription_id: sub['id'],
    amount_cents,
    method: 'cash',
    reference: unique('R'),
  });

test('money is moved from one customer to another, never more than there is, also by many at once, and the books agree', async () => {
  const giver = await makeSubscription(lango.api, { price_cents: 1_000_000 });
  const taker = await makeClient(lango.api, { phone: '0722000111' });
  await put(giver, 100_000);
  const move = (amount_cents: number, to = taker['id']) =>
    lango.api.post<Json>(`/wallets/${giver['client_id']}/transfer`, {
      to_client_id: to,
      amount_cents,
      reason: 'Same house',
    });
  expect((await move(100_001)).status).toBe(422);
  expect((await move(10, giver['client_id'])).status).toBe(422);
  expect((await move(10, '999999')).status).toBe(422);
  const many = await Promise.all(Array.from({ length: 8 }, () => move(30_000)));
  expect(many.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 201, 201, 422, 422, 422, 422, 422]);
  expect([await balance(giver['client_id']), await balance(taker['id'])]).toEqual([10_000, 90_000]);
  const { body } = await lango.api.get<Json>(`/wallets/${taker['id']}/movements`);
  expect(body['items'].map((one: Json) => [one['kind'], one['amount_cents'], one['balance_cents']])).toEqual([
    ['wallet_transfer', 30_000, 90_000],
    ['wallet_transfer', 30_000, 60_000],
    ['wallet_transfer', 30_000, 30_000],
  ]);
  expect(await lango.asOwner('SELECT * FROM ledger_verify()')).toEqual([]);
  const other = await lango.addCompany();
  expect((await other.api.get(`/wallets/${taker['id']}`)).status).toBe(404);
  await lango.setRole(other, 'support');
  const theirs = await makeClient(lango.api);
  expect(
    (
      await other.api.post(`/wallets/${theirs['id']}/transfer`, {
        to_client_id: taker['id'],
        amount_cents: 1,
        reason: 'abc',
      })
    ).status,
  ).toBe(403);
});

test('a month that ends in February renews itself from the wallet before its last second, by the calendar, and nobody is cut', async () => {
  const now = (wall: string) =>
    lango.asOwner(
      `UPDATE platform_clock SET shift = ($1::timestamp AT TIME ZONE 'Africa/Nairobi') - clock_timestamp()`,
      [wall],
    );
  await now('2027-01-31 23:30');
  const sold = await makePackage(lango.api, { price_cents: 50_000, validity: { count: 1, unit: 'month' } });
  const client = await makeClient(lango.api);
  const sub = await make(lango.api, '/subscriptions', {
    client_id: client['id'],
    package_id: sold['id'],
    username: unique('renews'),
    password: 'open-sesame',
  });
  await put(sub, 120_000);
  expect((await lango.api.patch(`/subscriptions/${sub['id']}`, { auto_renew: true })).status).toBe(200);
  const read = async (): Promise<Json> => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
  const end: string = (await read())['expires_at'];
  expect(end.slice(0, 10)).toBe('2027-02-28');
  await now('2027-02-28 23:25');
  await lango.asOwner(`NOTIFY lango_clock`);
  // It is looked for every fifteen seconds.
  const renewed = await until(read, (one) => one['expires_at'].slice(0, 7) === '2027-03', 40_000);
  // From its end on, not from the moment at which the job came by.
  expect(renewed['expires_at']).toBe(`2027-03-28${end.slice(10)}`);
  expect(await balance(client['id'])).toBe(20_000);
  await now('2027-02-28 23:50');
  await lango.asOwner(`NOTIFY lango_clock`);
  expect((await read())['state']).toBe('active');
  // What is left is not enough for the next: it ends as any other, and its customer's part of the money stays.
  await now('2027-03-28 23:50');
  await lango.asOwner(`NOTIFY lango_clock`);
  expect((await read())['state']).toBe('expired');
  // The payment that fills it up renews at once.
  expect((await put(sub, 30_000))['outcome']).toBe('renewed');
  expect([(await read())['state'], await balance(client['id'])]).toEqual(['active', 0]);
  await lango.asOwner(`UPDATE platform_clock SET shift = '0'`);
});

test('staff move money on the customer’s page, and are told what is wrong beside the field', async () => {
  const company = await lango.addCompany();
  const client = await makeClient(company.api, { phone: '0722000222' });
  const sold = await makePackage(company.api, { price_cents: 1_000_000 });
  const sub = await make(company.api, '/subscriptions', {
    client_id: client['id'],
    package_id: sold['id'],
    username: unique('user'),
    password: 'open-sesame',
  });
  await make(company.api, '/billing/transactions', {
    subscription_id: sub['id'],
    amount_cents: 50_000,
    method: 'cash',
    reference: unique('R'),
  });
  await makeClient(company.api, { phone: '0722000333', name: 'Achieng' });
  const { page, context } = await signedIn(browser, lango, company, {
    colorScheme: 'light',
    viewport: { width: 360, height: 800 },
  });
  await page.goto(`${lango.baseUrl}/subscribers/${client['id']}`);
  await page.click(`a[href="/wallets/${client['id']}"]`);
  await page.fill('[name=phone]', '0799999999');
  await page.fill('[name=amount]', '600');
  await page.fill('[name=reason]', 'Same house');
  await page.click('form[action$="/transfer"] button');
  expect(await page.textContent('.errors')).toContain('No customer has this phone');
  await page.fill('[name=phone]', '0722000333');
  await page.click('form[action$="/transfer"] button');
  expect(await page.textContent('.errors')).toContain('KES 500');
  await page.fill('[name=amount]', '150');
  await page.click('form[action$="/transfer"] button');
  expect(await page.textContent('.told')).toContain('Moved');
  expect(await page.textContent('main')).toContain('KES 350');
  expect(await page.textContent('tbody')).toContain('Achieng');
  expect(await faultsOf(page, 'wallets-360')).toEqual([]);
  await context.close();
});
