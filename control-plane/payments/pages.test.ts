import type { Browser } from 'playwright-core';
import { errorsOf, faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startDaraja, type SimulatedDaraja } from '../test-kit/daraja';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeActive, makeSubscription, type Json } from '../test-kit/story';
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
  expect(await page.textContent('main')).toContain(`/payments/pay/${slug}`);

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

test('a customer in the walled garden has a phone rung by themselves, without scripts; who is nobody’s customer is told the same and rings none', async () => {
  const client = await make(lango.api, '/clients', { name: 'Otieno', phone: '0712000444' });
  const sub = await makeSubscription(lango.api, {}, { client_id: client['id'], username: 'otieno-home' });
  const pushed = (msisdn: string) => daraja.pushes.filter((one) => one.msisdn === msisdn);
  daraja.script((push, sim) => void sim.pay(push), '254712000444');
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, javaScriptEnabled: false });
  const page = await context.newPage();
  const ask = async (account: string, phone = ''): Promise<string> => {
    await page.goto(`${lango.baseUrl}/payments/pay/${slug}`);
    await page.fill('#f-account', account);
    await page.fill('#f-phone', phone);
    await page.click('form.panel-body button');
    return (await page.textContent('.told, .errors')) ?? '';
  };
  await page.goto(`${lango.baseUrl}/garden/${slug}`);
  await page.click('a.is-action');
  expect(page.url()).toBe(`${lango.baseUrl}/payments/pay/${slug}`);
  expect(await ask('')).toContain('Write your phone number');
  expect(await ask('otieno-home')).toContain('Write the phone that shall ring');
  const known = await ask('0712 000 444');
  await page.click('form.panel-body button');
  await until(
    () => lango.api.get<Json>(`/subscriptions/${sub['id']}`),
    ({ body }) => body['state'] === 'active',
  );
  expect(pushed('254712000444')).toMatchObject([{ amount: 100 }]);

  const strange = await ask('0712 000 445');
  expect(strange.replace('445', '444')).toBe(known);
  // Somebody else pays for a login; the same again within a minute is the same wish.
  for (let again = 0; again < 2; again += 1) expect(await ask('OTIENO-home', '0712000446')).toContain('+254712000446');
  await until(
    () => pushed('254712000446'),
    (pushes) => pushes.length > 0,
  );
  await lango.asOwner(
    `INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, account_ref, phone, amount_cents, currency, state, received_at)
     SELECT tenant_id, subscriber_id, id, 'mpesa', r.ref, r.ref, '+254712000447', 10000, 'KES', 'failed', lango_now() FROM subscription, LATERAL (SELECT payment_new_ref() || left(id::text, 0) AS ref FROM generate_series(1, 5)) r WHERE id = $1`,
    [sub['id']],
  );
  expect(await ask('otieno-home', '0712000447')).toContain('asked often');
  expect(pushed('254712000446')).toHaveLength(1);
  expect([...pushed('254712000445'), ...pushed('254712000447')]).toEqual([]);
  await context.close();
});

test.each([
  [360, 'light'],
  [1280, 'dark'],
] as const)('at %i px in %s the page to pay on passes axe, before and after it is sent', async (width, colorScheme) => {
  const context = await browser.newContext({ viewport: { width, height: 740 }, colorScheme });
  const page = await context.newPage();
  await page.goto(`${lango.baseUrl}/payments/pay/${slug}`);
  expect(await faultsOf(page, `pay-${width}-${colorScheme}`)).toEqual([]);
  await page.fill('#f-account', '0712000999');
  await page.click('form.panel-body button');
  expect(await faultsOf(page, `pay-rings-${width}-${colorScheme}`)).toEqual([]);
  await page.goto(`${lango.baseUrl}/garden/${slug}`);
  expect(await faultsOf(page, `garden-${width}-${colorScheme}`)).toEqual([]);
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
