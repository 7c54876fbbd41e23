import type { Browser, BrowserContext, Page } from 'playwright-core';
import { faultsOf, openBrowser } from '../admin/testing/browser';
import { startDaraja, scenarios, type Push, type SimulatedDaraja } from '../test-kit/daraja';
import type { SimulatedMikrotik } from '../test-kit/mikrotik';
import { phoneAt } from '../test-kit/phone';
import { stopwatch } from '../test-kit/stopwatch';
import { make, makePackage, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { startWhole, type Whole } from '../test-kit/whole';

/** A guest buys on a phone: the whole product as it is started, M-Pesa and a router with its API in this process, Chromium in between. */
let daraja: SimulatedDaraja;
let lango: Whole;
let router: SimulatedMikrotik;
let site: Json;
let browser: Browser;
let addresses = 1;

beforeAll(async () => {
  daraja = await startDaraja({});
  lango = await startWhole({ LANGO_DARAJA_URL: daraja.baseUrl, LANGO_PUBLIC_URL: 'http://isp.example' });
  daraja.reach = lango.baseUrl;
  const saved = await lango.api.put('/settings/payments/mpesa', {
    environment: 'sandbox',
    consumer_key: daraja.options.consumerKey,
    consumer_secret: daraja.options.consumerSecret,
    shortcode: daraja.options.shortcode,
    passkey: daraja.options.passkey,
    type: 'paybill',
    per_second: 100,
  });
  expect(saved.status).toBe(200);
  const user = { name: 'lango', password: 'api-word' };
  const known = await lango.addRouter({ api: { users: [user] } });
  router = known.device;
  const told = { api_username: user.name, api_password: user.password, api_port: router.api.port };
  expect((await lango.api.patch(`/routers/${known.id}`, told)).status).toBe(200);
  const plan = { type: 'hotspot', currency: 'KES', down_kbps: 5_000, up_kbps: 5_000 };
  const hour = await makePackage(lango.api, {
    ...plan,
    name: 'Hour 20',
    price_cents: 2_000,
    validity: { count: 1, unit: 'hour' },
  });
  const day = await makePackage(lango.api, { ...plan, name: 'Day 50', price_cents: 5_000, quota_bytes: 3_000_000_000 });
  site = await make(lango.api, '/sites', {
    name: 'Soko Mjinga Wi-Fi',
    package_ids: [hour['id'], day['id']],
    router_ids: [known.id],
    phone: '0709 200 300',
    terms: 'Be kind.',
    trial_minutes: 10,
  });
  browser = await openBrowser();
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
  await daraja?.stop();
}, 60_000);
jest.setTimeout(180_000);

/** A device joins the hotspot: the router knows it, and its login page leads here. */
function join(mac: string): string {
  const address = `10.65.1.${(addresses += 1)}`;
  router.appear({ mac, address });
  return `${lango.baseUrl}/hotspot/${site['slug']}?mac=${encodeURIComponent(mac)}&ip=${address}`;
}
const isIn = (mac: string): boolean => router.sessions.some(({ identity, live }) => live && identity.mac === mac);
const pushTo = (number: string): Promise<Push> =>
  until(
    () => daraja.pushes.find((one) => one.msisdn === `254${number.slice(1)}`),
    (push) => push !== undefined,
    60_000,
  ).then((push) => push!);

/** A cheap phone on a slow uplink. */
async function phone(
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ context: BrowserContext; page: Page; bytes: () => number; requests: () => number }> {
  const context = await browser.newContext({
    viewport: { width: 360, height: 740 },
    isMobile: true,
    hasTouch: true,
    locale: 'en-GB',
    ...options,
  });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const line = await context.newCDPSession(page);
  await line.send('Network.enable');
  await line.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 300,
    downloadThroughput: 50_000,
    uploadThroughput: 20_000,
  });
  let bytes = 0;
  let requests = 0;
  line.on('Network.requestWillBeSent', ({ request }) => (requests += request.url.startsWith('data:') ? 0 : 1));
  line.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  return { context, page, bytes: () => bytes, requests: () => requests };
}

test('a guest picks, types and pays; is online with the page closed, stays so, and moves to a new address in two taps', async () => {
  const first = '02:F0:00:00:00:01';
  const { context, page, bytes, requests } = await phone();
  await page.goto(join(first), { waitUntil: 'networkidle' });
  // What a phone loads before it has paid for anything.
  expect(requests()).toBeLessThanOrEqual(6);
  expect(bytes()).toBeLessThan(50_000);
  expect(await faultsOf(page, 'shop-light')).toEqual([]);

  const number = '0712900001';
  daraja.script(scenarios.nothing, `254${number.slice(1)}`);
  await page.tap('label.offer:nth-of-type(2)');
  expect(await page.textContent('button.is-pay')).toBe('Pay KES 50 with M-Pesa');
  await page.fill('#f-phone', '0712 900 001');
  await page.tap('button.is-pay');
  await page.waitForSelector('h1:has-text("Enter your PIN on your phone")');
  expect(await faultsOf(page, 'waiting-light')).toEqual([]);
  const push = await pushTo(number);
  expect(isIn(first)).toBe(false);
  // The captive sheet closes; then the PIN is entered.
  await page.close();
  await daraja.callback(daraja.pay(push));
  await until(
    () => isIn(first),
    (now) => now,
    60_000,
  );
  expect(router.sessions.at(-1)?.entitlement.rateLimit?.down_bps).toBe(5_000_000);

  // The sheet opens again: known without a tap, with what is left; and it follows the use by itself.
  const again = await context.newPage();
  await again.goto(join(first));
  await again.waitForSelector('h1:has-text("You are online")');
  expect(await again.textContent('.facts')).toMatch(/Time left.*Data left\s*3 GB/s);
  expect(await faultsOf(again, 'online-light')).toEqual([]);
  const session = router.sessions.find(({ identity }) => identity.mac === first)!;
  session.addTraffic(0, 1_000_000_000);
  await session.interim();
  await again.waitForSelector('.facts:has-text("2 GB")');

  // Another address of the same phone: it asks, it moves, and the old session ends.
  const second = '02:F0:00:00:00:02';
  await again.goto(join(second));
  await again.tap('button:has-text("Use it on this device")');
  await until(
    () => [isIn(first), isIn(second)].join(),
    (now) => now === 'false,true',
    60_000,
  );
  await again.waitForSelector('h1:has-text("You are online")');
  await context.close();
});

test('without scripts, in Swahili and in the dark it is the same way', async () => {
  const mac = '02:F0:00:00:00:03';
  const { context, page } = await phone({ javaScriptEnabled: false, locale: 'sw-KE', colorScheme: 'dark' });
  await page.goto(join(mac));
  const number = '0712900003';
  daraja.script(scenarios.success, `254${number.slice(1)}`);
  await page.fill('#f-phone', number);
  await page.tap('button.is-pay');
  // The page asks for itself again.
  await page.waitForSelector('h1:has-text("Uko mtandaoni")');
  expect(isIn(mac)).toBe(true);
  await context.close();
});

test('from the call of the provider to the router is a matter of moments, for guests in a row', async () => {
  const took: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    const mac = `02:F0:00:00:01:${n.toString(16).padStart(2, '0')}`.toUpperCase();
    const number = `07129100${String(n).padStart(2, '0')}`;
    daraja.script(scenarios.nothing, `254${number.slice(1)}`);
    const guest = phoneAt(lango.baseUrl);
    await guest.open(join(mac).slice(lango.baseUrl.length));
    await guest.send('/buy', { phone: number, way: 'mpesa' });
    const push = await pushTo(number);
    const since = stopwatch();
    await daraja.callback(daraja.pay(push));
    await until(
      () => isIn(mac),
      (now) => now,
      60_000,
    );
    took.push(since());
  }
  const sorted = took.map(Math.round).sort((a, b) => a - b);
  // How long is for docs/reference/hotspot.md; that it comes at once, and not with somebody's next look a minute later, is for here.
  if (process.env['TEST_LOG']) process.stdout.write(`callback to online, ms: ${sorted.join(' ')}\n`);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(20_000);
});
