/** What staff see and do about devices and routers that could be forged: locking, forgetting, being warned, on a phone as on a desk. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, makeRouter, type Json } from '../test-kit/story';
import { faultsOf, openBrowser, signedIn } from './testing/browser';

let lango: TestLango;
let browser: Browser;
beforeAll(async () => {
  lango = await startTestLango();
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

describe.each([
  ['light', 1280],
  ['dark', 360],
] as const)('in %s at %i px', (colorScheme, width) => {
  let page: Page;
  let context: BrowserContext;
  beforeAll(async () => {
    ({ page, context } = await signedIn(browser, lango, lango.company, {
      colorScheme,
      viewport: { width, height: 800 },
    }));
  });
  afterAll(() => context.close());

  test('a service is locked to a device, made to learn another, and freed', async () => {
    const sub = await makeActive(lango.api);
    const now = async () => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
    await page.goto(`${lango.baseUrl}/subscribers/${sub['client_id']}?subscription=${sub['id']}`);
    const set = async (lock: string, mac = '') => {
      await page.click('summary:has-text("Device")');
      await page.check(`input[name="lock"][value="${lock}"]`);
      if (mac) await page.fill('input[name="mac"]', mac);
      expect(await faultsOf(page)).toEqual([]);
      await page.click('button:has-text("Set the device")');
      await page.waitForLoadState();
    };
    await set('this', '48-a9-8a-77-10-3c');
    expect(await page.textContent('main')).toContain('48:A9:8A:77:10:3C');
    expect(await now()).toMatchObject({ mac_lock: '48:A9:8A:77:10:3C', mac_learn: false });
    await set('learn');
    expect(await page.textContent('main')).toContain('the next one to come online');
    expect(await now()).toMatchObject({ mac_lock: null, mac_learn: true });
    await set('any');
    expect(await now()).toMatchObject({ mac_lock: null, mac_learn: false });
    await set('this', 'not-an-address');
    expect(await page.textContent('main')).toContain('Give the MAC address');
    const written = await lango.asOwner(
      `SELECT 1 FROM audit_event WHERE action = 'subscriptions.change' AND subject_id = $1 AND actor_kind = 'staff'`,
      [sub['id']],
    );
    expect(written).toHaveLength(3);
  }, 60_000);

  test('a router whose requests could be forged says so, and what to do', async () => {
    const made = await makeRouter(lango.api, { message_authenticator: 'off' });
    await page.goto(`${lango.baseUrl}/routers/${made['id']}`);
    expect(await page.textContent('main')).toContain('BlastRADIUS');
    expect(await faultsOf(page)).toEqual([]);
    await page.goto(`${lango.baseUrl}/routers/new`);
    expect([await page.textContent('main form'), ...(await faultsOf(page))]).toEqual([
      expect.stringContaining('Realm'),
    ]);
  }, 60_000);
});
