import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { payAddress, routerRecipe } from './recipe';

let lango: TestLango;
let browser: Browser;
let slug: string;
beforeAll(async () => {
  lango = await startTestLango();
  const [row] = await lango.asOwner<{ slug: string }>('SELECT slug FROM tenant WHERE id = $1', [
    lango.company.tenantId.toString(),
  ]);
  slug = row!.slug;
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

const read = async (path: string, language = 'en'): Promise<{ status: number; text: string }> => {
  const answer = await fetch(lango.baseUrl + path, { headers: { 'accept-language': language } });
  return { status: answer.status, text: await answer.text() };
};

test('a customer in the walled garden reads whose it is and how to pay, without signing in and without scripts', async () => {
  const plain = await read(`/garden/${slug}`);
  expect([plain.status, plain.text.includes('<script')]).toEqual([200, false]);
  expect(plain.text).toContain('Your internet waits for a payment');

  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/routers`);
  await page.click('a[href="/garden/setup"]');
  expect(await page.textContent('pre.well >> nth=0')).toContain('src-address-list=expired');
  await page.fill('#f-words', 'Paybill 400200, account: your phone number.\n<b>Till</b> 55 at the shop.');
  await page.fill('#f-phone', 'ring us');
  await page.click('form[action="/garden/setup"] button');
  expect(await page.textContent('.errors')).toContain('Write a phone number');
  expect(await page.inputValue('#f-words')).toContain('Paybill 400200');
  await page.fill('#f-phone', '0712 345 678');
  await page.click('form[action="/garden/setup"] button');
  expect(await page.textContent('[role=status]')).toContain('Saved');
  await context.close();

  const told = await read(`/garden/${slug}`, 'sw');
  expect(told.text).toContain('Intaneti yako inasubiri malipo');
  expect(told.text).toContain('Paybill 400200');
  expect(told.text).toContain('&lt;b&gt;Till&lt;/b&gt;');
  expect(told.text).toContain('href="tel:0712345678"');
  const seen = await lango.api.get<{ items: { action: string }[] }>('/audit');
  expect(seen.body.items.map(({ action }) => action)).toContain('garden.change');
}, 60_000);

test('an address of nobody, of a company that may not serve, and of none where several serve, says what every customer may do', async () => {
  expect((await read('/garden')).text).toContain('Paybill 400200');
  const other = await lango.addCompany();
  for (const path of ['/garden', '/garden/no-such-company']) {
    const { status, text } = await read(path);
    expect([path, status]).toEqual([path, 404]);
    expect(text).toContain('Pay your internet provider');
  }
  const [row] = await lango.asOwner<{ slug: string; name: string }>('SELECT slug, name FROM tenant WHERE id = $1', [
    other.tenantId.toString(),
  ]);
  const theirs = await read(`/garden/${row!.slug}`);
  expect(theirs.status).toBe(200);
  expect(theirs.text).not.toContain('Paybill');
  await lango.asOwner(`UPDATE tenant SET status = 'suspended' WHERE id = $1`, [other.tenantId.toString()]);
  expect((await read(`/garden/${row!.slug}`)).status).toBe(404);
});

test('whoever may only look at routers sees the rules and no form', async () => {
  await lango.setRole(lango.company, 'support');
  const { page, context } = await signedIn(browser, lango, lango.company, {});
  await page.goto(`${lango.baseUrl}/garden/setup`);
  expect(await page.$('form[action="/garden/setup"]')).toBeNull();
  expect(await page.textContent('main')).toContain('lango-pay');
  await context.close();
}, 60_000);

test.each([
  [360, 'light'],
  [1280, 'dark'],
] as const)(
  'at %i px in %s both pages pass axe and do not scroll sideways',
  async (width, colorScheme) => {
    await lango.setRole(lango.company, 'isp_admin');
    const look = { colorScheme, viewport: { width, height: 800 } };
    const { page, context } = await signedIn(browser, lango, lango.company, look);
    for (const path of ['/garden/setup', `/garden/${slug}`]) {
      await page.goto(lango.baseUrl + path);
      expect(await faultsOf(page)).toEqual([]);
    }
    await context.close();
  },
  60_000,
);

test('the rules let through names and the pay page, and lead plain HTTP to the web server', () => {
  const secure = payAddress('https://isp.example.net', 'umoja');
  expect(secure).toEqual({ url: 'https://isp.example.net/garden/umoja', host: 'isp.example.net', port: 443 });
  const lines = routerRecipe(secure).split('\n');
  const rules = lines.filter((line) => line.startsWith('add chain='));
  expect(rules.every((line) => line.includes('src-address-list=expired'))).toBe(true);
  expect(rules.map((line) => /action=([a-z-]+)/.exec(line)?.[1])).toEqual([
    'dst-nat',
    'accept',
    'accept',
    'accept',
    'reject',
    'reject',
  ]);
  expect(rules[3]).toContain('dst-port=80,443 ');
  expect(rules[0]).toContain('to-addresses=[:resolve "isp.example.net"]');
  // What was pasted before goes first.
  expect(lines.filter((line) => line.startsWith('remove [find comment="lango garden"]'))).toHaveLength(3);
  expect(payAddress('http://10.0.0.1:3000', 'a')).toMatchObject({ host: '10.0.0.1', port: 3000 });
  expect(payAddress('https://[2001:db8::1]', 'a')).toMatchObject({ host: '2001:db8::1', port: 443 });
});
