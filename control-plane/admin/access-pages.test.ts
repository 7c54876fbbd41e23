import type { Browser } from 'playwright-core';
import { startTestLango } from '../test-kit/lango';
import type { TestLango } from '../test-kit/lango';
import { faultsOf, openBrowser, signedIn } from './testing/browser';
import { seedProvider } from './testing/seed-provider';
import type { SeededProvider } from './testing/seed-provider';

let lango: TestLango;
let browser: Browser;
let seeded: SeededProvider;

beforeAll(async () => {
  lango = await startTestLango();
  seeded = await seedProvider(lango.db.ownerUrl, String(lango.company.tenantId));
  browser = await openBrowser();
  await lango.asOwner(
    `UPDATE session_live SET stopped_at = lango_now(), closed_by = 'stop' WHERE username = 'kevin.odhiambo'`,
  );
  await lango.asOwner(`UPDATE subscription SET mac_lock = '48:A9:8A:77:10:3C' WHERE username = 'kevin.odhiambo'`);
  await lango.asOwner(
    `INSERT INTO radcheck (tenant_id, username, attribute, op, value) SELECT tenant_id, username, 'Cleartext-Password', ':=', 'x' FROM subscription ON CONFLICT DO NOTHING`,
  );
  const router = seeded.routers['Njiru'];
  const at = Date.now() / 1000;
  const said = (username: string, reason: string, count: number, more: object = {}) =>
    Array.from({ length: count }, (_, n) => ({
      at: at - 600 + n * 3,
      tenant_id: String(lango.company.tenantId),
      nas_id: router,
      login: '00',
      reply: 'Access-Reject',
      reason,
      username,
      station: '50-D4-F7-2E-91-B8',
      method: 'MS-CHAP',
      service_type: '2',
      port_type: '15',
      ...more,
    }));
  await lango.asOwner(`SELECT access_load_answers('pages', 0, 1, $1)`, [
    JSON.stringify([
      ...said('kevin.odhiambo', 'active', 2, { reply: 'Access-Accept', at: at - 7200, station: '48-A9-8A-77-10-3C' }),
      ...said('kevin.odhiambo', 'wrong_mac', 200),
      ...['a', 'b', 'c'].flatMap((name) => said(`stranger.${name}`, 'wrong_password', 2)),
    ]),
  ]);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

test('two hundred refusals are one row, found by name, device and router, and lead to the gate that is shut; all without scripts', async () => {
  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/access`);
  const row = page.locator('.table tbody tr', { hasText: 'Kevin' });
  expect(await row.textContent()).toContain('200 times');
  expect(await row.textContent()).toContain('every 3 s');
  expect(await row.textContent()).toContain('Still out');
  expect(await page.textContent('.told.is-warn')).toContain('its secret is probably wrong');
  for (const query of ['q=kevin', 'q=50:d4:f7:2e:91:b8', `router=${seeded.routers['Njiru']}`, 'reason=wrong_mac']) {
    await page.goto(`${lango.baseUrl}/access?${query}`);
    expect(await row.count()).toBe(1);
  }
  await page.goto(`${lango.baseUrl}/access?q=nobody`);
  expect(await page.textContent('.empty')).toContain('Nothing matches');
  await page.goto(`${lango.baseUrl}/access?reason=wrong_mac`);
  await page.click('.chip-off');
  expect(new URL(page.url()).search).toBe('');
  await row.locator('a.name').click();
  expect(await page.textContent('.verdict')).toContain('Device is the locked one');
  const stop = page.locator('.gates .is-stop');
  expect(await stop.textContent()).toContain('48:A9:8A:77:10:3C');
  expect(await stop.textContent()).toContain('50:D4:F7:2E:91:B8');
  expect(await stop.textContent()).toContain('set or remove the lock');
  expect(await page.locator('.gates .is-skipped').count()).toBeGreaterThan(0);
  expect(await page.textContent('.why-side')).toContain('This account is locked to another device.');
  await context.close();
});

test('a past try is asked again beside what was answered then; each customer leads there and back', async () => {
  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/subscribers/${seeded.subscribers['kevin.odhiambo']}`);
  await page.click('a[href^="/access/explain"]:has-text("Why can")');
  // The latest try was refused: it is the one that is explained.
  expect(page.url()).toContain('try=');
  expect(await page.textContent('h1')).toContain('Kevin');
  expect(await page.locator('.timeline li').count()).toBe(8);
  await page.click('.timeline li:first-child a');
  expect(page.url()).toContain('try=');
  expect(await page.textContent('.told')).toContain('Refused.');
  expect(await page.textContent('.told')).toContain('answered the same way');
  expect(await page.textContent('.why-side')).toContain('MS-CHAP');
  await lango.asOwner(`UPDATE subscription SET mac_lock = NULL WHERE username = 'kevin.odhiambo'`);
  await page.reload();
  expect(await page.textContent('.verdict')).toContain('Would be let in');
  expect(await page.textContent('.told')).toContain('something has changed');
  await lango.asOwner(`UPDATE subscription SET mac_lock = '48:A9:8A:77:10:3C' WHERE username = 'kevin.odhiambo'`);
  await page.click('.page-head a[href^="/subscribers/"]');
  expect(await page.textContent('h1')).toContain('Kevin');
  await context.close();
});

test('a login is asked for at a time to come; a time that is gone is refused beside its field', async () => {
  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/access/explain?username=kevin.odhiambo`);
  expect(await page.textContent('.verdict')).toContain('Would be let in');
  expect(await page.locator('.told.is-warn').count()).toBe(0);
  const later = new Date(Date.now() + 300 * 86_400_000).toISOString().slice(0, 16);
  await page.fill('#f-at', later);
  await page.click('form.form button');
  expect(await page.textContent('.told.is-warn')).toContain('if nobody pays');
  expect(await page.textContent('.verdict')).toContain('pay page only');
  expect(await page.inputValue('#f-at')).toBe(later);
  await page.fill('#f-at', '2020-01-01T08:00');
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().isNavigationRequest()),
    page.click('form.form button'),
  ]);
  expect(answer?.status()).toBe(422);
  expect(await page.textContent('.errors')).toContain('between now and 366 days');
  expect(await page.locator('#f-at[aria-invalid]').count()).toBe(1);
  await context.close();
});

test('the dashboard names a router whose secret looks wrong, with the way to set it right', async () => {
  const { page, context } = await signedIn(browser, lango);
  await page.goto(`${lango.baseUrl}/dashboard`);
  const need = page.locator('.needs li', { hasText: 'Njiru: its secret is probably wrong' });
  expect(await need.textContent()).toContain('3 customers');
  expect(await need.locator('a').getAttribute('href')).toBe(`/routers/${seeded.routers['Njiru']}`);
  await lango.asOwner(
    `UPDATE nas_status SET secret_wrong_at = lango_now() + interval '1 second', last_access_at = lango_now() WHERE nas_id = $1`,
    [seeded.routers['Njiru']],
  );
  await page.reload();
  expect(await page.locator('.needs li', { hasText: 'Njiru: its secret is wrong' }).count()).toBe(1);
  await context.close();
});

test('any login can be asked for in a form; it speaks Swahili too, and is absent for whoever may not ask', async () => {
  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/access/explain`);
  await page.fill('[name=username]', 'grace.muthoni');
  await page.selectOption('[name=method]', 'none');
  await page.click('form[action="/access/explain"] button');
  expect(await page.textContent('.verdict')).toContain('Method supported');
  expect(await page.locator('.gates').textContent()).not.toContain('Tunnel made');
  await page.selectOption('[name=service]', 'dot1x');
  await page.selectOption('[name=method]', 'tls');
  await page.click('form[action="/access/explain"] button');
  expect(await page.inputValue('[name=service]')).toBe('dot1x');
  expect(await page.textContent('.gates')).toContain('Tunnel made');
  expect(await page.textContent('.gates')).not.toContain('Password right');
  expect(await page.textContent('.verdict')).toContain('Certificate known');
  expect(await page.textContent('.gates .is-stop')).toContain('Issue a new certificate');
  expect(await page.textContent('.why-side')).toContain('802.1X');
  await context.close();
  await lango.asOwner(`UPDATE staff SET locale = 'sw' WHERE id = $1`, [String(lango.company.staffId)]);
  const swahili = await signedIn(browser, lango);
  await swahili.page.goto(`${lango.baseUrl}/access/explain?username=kevin.odhiambo&mac=50D4F72E91B8`);
  expect(await swahili.page.textContent('.verdict')).toContain('Amezuiwa');
  expect(await swahili.page.textContent('.gates')).toContain('Imefungwa kwa 48:A9:8A:77:10:3C');
  await swahili.context.close();
  await lango.asOwner(`UPDATE staff SET locale = 'en' WHERE id = $1`, [String(lango.company.staffId)]);
  await lango.setRole(lango.company, 'finance');
  const finance = await signedIn(browser, lango);
  expect((await finance.page.goto(`${lango.baseUrl}/access`))?.status()).toBe(403);
  await finance.page.goto(`${lango.baseUrl}/dashboard`);
  expect(await finance.page.locator('a[href="/access"]').count()).toBe(0);
  await finance.context.close();
  await lango.setRole(lango.company, 'isp_admin');
});

test.each([
  ['light', 1280],
  ['dark', 360],
] as const)(
  'with rows in them the pages pass axe in %s at %i px and do not scroll sideways',
  async (colorScheme, width) => {
    const { page, context } = await signedIn(browser, lango, lango.company, {
      colorScheme,
      viewport: { width, height: 900 },
    });
    for (const path of ['/access', '/access/explain?username=kevin.odhiambo&mac=50-D4-F7-2E-91-B8']) {
      await page.goto(lango.baseUrl + path);
      expect(await faultsOf(page, `access-${width}-${path.length}`)).toEqual([]);
    }
    await context.close();
  },
);
