import type { Browser } from 'playwright-core';
import { errorsOf, faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startDaraja, type SimulatedDaraja } from '../test-kit/daraja';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, makeSubscription, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

let lango: TestLango;
let daraja: SimulatedDaraja;
let browser: Browser;
let slug: string;
/** Where nobody listens: no test asks a provider of this world. */
const nowhere = { familybank: 'http://127.0.0.1:1', stripe: 'http://127.0.0.1:1' };
beforeAll(async () => {
  daraja = await startDaraja({ msisdnForm: 'hashed' });
  lango = await startTestLango({
    parts: ['jobs'],
    urls: { daraja: daraja.baseUrl, ...nowhere },
    publicUrl: 'http://127.0.0.1',
  });
  daraja.reach = lango.baseUrl;
  browser = await openBrowser();
  slug = (
    await lango.asOwner<{ slug: string }>('SELECT slug FROM tenant WHERE id = $1', [lango.company.tenantId.toString()])
  )[0]!.slug;
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
  await daraja?.stop();
});
jest.setTimeout(60_000);

test('an account is set up, a customer prompted, and the payment seen step by step as it comes', async () => {
  const { page, context } = await signedIn(browser, lango, lango.company);
  const errors = errorsOf(page);
  await page.goto(`${lango.baseUrl}/payments/settings/mpesa`);
  await page.click('form[action="/payments/settings/mpesa"] button');
  expect(await page.textContent('.errors')).toContain('5 to 7 digits');
  const { consumerKey, consumerSecret, shortcode, passkey } = daraja.options;
  await page.fill('#f-shortcode', shortcode);
  await page.fill('#f-consumer_key', consumerKey);
  await page.fill('#f-consumer_secret', consumerSecret);
  await page.fill('#f-passkey', passkey);
  await page.fill('#f-nominated_phone', '254700000000');
  await page.click('form[action="/payments/settings/mpesa"] button');
  await page.waitForURL(/told=saved/);
  expect(await page.content()).not.toContain(passkey);
  expect(await page.textContent('.well')).toContain('/hooks/pay/');

  const sub = await makeSubscription(lango.api);
  await page.goto(`${lango.baseUrl}/payments/prompt?subscription_id=${sub['id']}`);
  await page.fill('#f-phone', 'my phone');
  await page.click('form[action="/payments/prompt"] button');
  expect(await page.textContent('.errors')).toContain('Kenyan mobile number');
  await page.fill('#f-phone', '0712 000 111');
  await page.click('form[action="/payments/prompt"] button');
  await page.waitForURL(/\/payments\/\d+$/);
  const [push] = await until(
    () => daraja.pushes,
    (pushes) => pushes.length > 0,
  );
  await daraja.callback(daraja.pay(push!));
  await page.waitForSelector('text=Service began', { timeout: 30_000 });
  expect(await faultsOf(page, 'payment')).toEqual([]);
  // A refused form is a 422, which a browser writes down.
  expect(errors.filter((error) => !error.includes('422'))).toEqual([]);
  await context.close();
});

test('money under an account that nobody has is found in the queue and given to its owner', async () => {
  const sub = await makeActive(lango.api);
  await until(
    () => daraja.registered,
    (registered) => registered !== undefined,
  );
  const paid = daraja.payByHand({ msisdn: '254700000005', amount: 100, account: 'MY NEIGHBOUR' });
  await daraja.confirm(paid);
  const { page, context } = await signedIn(browser, lango, lango.company);
  await until(
    async () => {
      await page.goto(`${lango.baseUrl}/payments/suspense`);
      return page.content();
    },
    (html) => html.includes(paid.receipt),
  );
  expect(await faultsOf(page, 'suspense')).toEqual([]);
  await page.click(`text=${paid.receipt}`);
  await page.fill('#f-account', 'nobody at all');
  await page.click('form.panel-body button');
  expect(await page.textContent('.errors')).toContain('Nobody is known by that');
  await page.fill('#f-account', String(sub['username']));
  await page.click('form.panel-body button');
  await page.waitForURL(/\/payments\/\d+$/);
  expect(await page.content()).toContain('Service renewed');
  const accounts = (await lango.api.get<{ items: Json[] }>('/billing/ledger/accounts')).body.items;
  expect(accounts.find((one) => one['code'] === 'suspense')).toMatchObject({ balance_cents: 0 });
  await context.close();
});

test('who has paid and is not online connects without a person: a lost callback, and money that only its payer can name', async () => {
  const sub = await makeSubscription(lango.api);
  daraja.script((push, sim) => void sim.pay(push), '254712000222');
  await lango.api.post('/billing/payments', { subscription_id: sub['id'], phone: '0712000222', provider: 'mpesa' });
  await until(
    () => daraja.pushes,
    (pushes) => pushes.some((one) => one.msisdn === '254712000222'),
  );
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(`${lango.baseUrl}/payments/claim/${slug}`);
  expect(await faultsOf(page, 'claim')).toEqual([]);
  await page.fill('#f-phone', '0712000222');
  await page.click('form.panel-body button');
  expect(await page.textContent('.told')).toContain('your internet is on');
  // Whose number it is nobody has shown.
  expect(await page.textContent('.told')).not.toContain('until');

  const client = (await lango.api.post<Json>('/clients', { name: 'Achieng', phone: '0712000333' })).body;
  const own = (
    await lango.api.post<Json>(`/clients/${client['id']}/subscriptions`, {
      package_id: sub['package_id'],
      username: 'achieng',
      password: 'open-sesame',
    })
  ).body;
  const paid = daraja.payByHand({ msisdn: '254712000333', amount: 100, account: 'WRONG ACCOUNT' });
  await page.goto(`${lango.baseUrl}/payments/claim/${slug}`);
  await page.fill('#f-receipt', paid.receipt.toLowerCase());
  await page.fill('#f-phone', '0712000999');
  await page.click('form.panel-body button');
  expect(await page.textContent('.told')).not.toContain('Your internet runs');
  await daraja.confirm(paid);
  await until(
    () => lango.asOwner(`SELECT 1 FROM payment_notice WHERE receipt = $1`, [paid.receipt]),
    (rows) => rows.length === 1,
  );
  await page.fill('#f-phone', '0712000333');
  await page.click('form.panel-body button');
  expect(await page.textContent('.told')).toContain('Your internet runs until');
  expect((await lango.api.get<Json>(`/subscriptions/${own['id']}`)).body['state']).toBe('active');
  await context.close();
});

test('the other providers are set up from the same page, at the width of a phone, and then chosen from when a customer is asked', async () => {
  const { page, context } = await signedIn(browser, lango, lango.company, { viewport: { width: 360, height: 740 } });
  await page.goto(`${lango.baseUrl}/payments/settings/mpesa`);
  await page.click('.chips a:has-text("Family Bank")');
  await page.fill('#f-client_id', 'lango-client');
  await page.fill('#f-client_secret', 'secret-of-client');
  await page.fill('#f-sources', 'nowhere');
  await page.selectOption('#f-environment', 'production');
  await page.click('form[action="/payments/settings/familybank"] button');
  expect(await page.textContent('#e-base_url')).toContain('the bank told you');
  expect(await page.textContent('#e-sources')).toContain('IP addresses');
  await page.fill('#f-shortcode', '222111');
  await page.fill('#f-base_url', 'https://api.bank.example');
  await page.fill('#f-sources', '192.0.2.1, 192.0.2.2');
  await page.fill('#f-client_secret', 'secret-of-client');
  await page.click('form[action="/payments/settings/familybank"] button');
  await page.waitForURL(/told=saved/);
  expect(await page.inputValue('#f-sources')).toBe('192.0.2.1, 192.0.2.2');
  expect(await page.textContent('.well')).toContain('/hooks/bank/');
  expect(await faultsOf(page, 'family bank')).toEqual([]);
  await page.click('.chips a:has-text("Card")');
  await page.fill('#f-secret_key', 'sk_test_51LangoSimulated');
  await page.click('form[action="/payments/settings/stripe"] button');
  await page.waitForURL(/told=saved/);
  expect(await page.content()).not.toContain('51LangoSimulated');
  expect(await faultsOf(page, 'card')).toEqual([]);
  const sub = await makeSubscription(lango.api);
  await page.goto(`${lango.baseUrl}/payments/prompt?subscription_id=${sub['id']}`);
  expect(await page.locator('#f-provider option').allTextContents()).toEqual(
    expect.arrayContaining(['Family Bank prompt', 'Card, on a page to pay on']),
  );
  expect(await faultsOf(page, 'prompt')).toEqual([]);
  await context.close();
});
