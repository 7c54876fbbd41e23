import type { Browser, Page } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makePackage, type Json } from '../test-kit/story';
import { makeReseller, type TestReseller } from './testing/make-reseller';

let lango: TestLango;
let browser: Browser;
let duka: TestReseller;
let day: Json;

beforeAll(async () => {
  lango = await startTestLango();
  browser = await openBrowser();
  day = await makePackage(lango.api, { price_cents: 10_000, name: 'Day 10 Mbit/s' });
  await makePackage(lango.api, { price_cents: 150_000, name: 'Month 10 Mbit/s' });
  await make(lango.api, '/resellers/rules', { percent_bp: 750 });
  duka = await makeReseller(lango, { float_cents: 245_000, name: 'Duka la Otieno', credit_limit_cents: 50_000 });
  const stock = await make(lango.api, '/vouchers/batches', { package_id: day['id'], count: 20 });
  await make(lango.api, `/resellers/${duka.id}/stock`, {
    batch_id: stock['id'],
    wholesale_cents: 8_500,
    charged: 'sale',
  });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

/** Looks at pages wide and light, then narrow and dark. */
async function look(page: Page, paths: Record<string, string>): Promise<string[]> {
  const faults: string[] = [];
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [360, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(lango.baseUrl + path);
      faults.push(...(await faultsOf(page, `resellers-${name}-${width}`)).map((one) => `${name} ${width}: ${one}`));
    }
  }
  return faults;
}

test('a reseller sells in three taps on a phone, sees what is left and what was earned, and sells a code', async () => {
  const { page, context } = await signedIn(browser, lango, duka, { viewport: { width: 360, height: 740 } });
  expect(new URL(page.url()).pathname).toBe('/resellers/own');
  await page.click('text=Day 10 Mbit/s >> nth=0');
  await page.fill('[name=phone]', '0722333444');
  await page.fill('[name=name]', 'Wanjiku');
  await page.click('button.is-pay');
  expect(await page.innerText('main')).toContain('Day 10 Mbit/s for Wanjiku is on.');
  expect(await faultsOf(page, 'resellers-sold-360')).toEqual([]);
  await page.click('text=Next sale');
  const home = await page.innerText('main');
  expect(home).toContain('KES 2,350');
  expect(home).toContain('1 sale');
  expect(home).toContain('KES 7.50');
  await page.click('.offers button');
  expect(await page.innerText('main')).toMatch(/[A-Z2-9]{4} [A-Z2-9]{4}/);
  await page.goto(`${lango.baseUrl}/resellers/own`);
  expect(await page.innerText('main')).toContain('KES 2,265');
  await page.goto(`${lango.baseUrl}/resellers/own/sell?package_id=${day['id']}`);
  await page.click('button.is-pay');
  expect(await page.innerText('.errors')).toContain('Give a phone number');
  expect(
    await look(page, {
      own: '/resellers/own',
      sell: `/resellers/own/sell?package_id=${day['id']}`,
      'own-statement': '/resellers/own/statement',
    }),
  ).toEqual([]);
  await context.close();
}, 120_000);

test('the company sees the reseller, tops up, adds a rule, plans a payout', async () => {
  const { page, context } = await signedIn(browser, lango);
  await page.goto(`${lango.baseUrl}/resellers/${duka.id}`);
  await page.fill('[name=amount]', '500');
  await page.fill('[name=reference]', 'RCPT 500');
  await page.click('form[action$="/top-up"] button');
  expect(await page.innerText('.told')).toContain('topped up');
  await page.goto(`${lango.baseUrl}/resellers/rules`);
  await page.fill('[name=gives]', '10');
  await page.fill('[name=tier]', '5000');
  await page.click('form[action="/resellers/rules"] button');
  expect(await page.innerText('main')).toContain('10%');
  await page.goto(`${lango.baseUrl}/resellers/payouts/new?method=hand`);
  await page.click('form[action="/resellers/payouts"] button');
  const run = new URL(page.url()).pathname;
  expect(run).toMatch(/^\/resellers\/payouts\/\d+$/);
  expect(
    await look(page, {
      list: '/resellers',
      one: `/resellers/${duka.id}`,
      edit: `/resellers/${duka.id}/edit`,
      rules: '/resellers/rules',
      statement: `/resellers/${duka.id}/statement`,
      payouts: '/resellers/payouts',
      run,
    }),
  ).toEqual([]);
  await context.close();
}, 120_000);

test('a statement as CSV and PDF holds what the ledger holds', async () => {
  const { page, context } = await signedIn(browser, lango);
  const csv = await page.request.get(`${lango.baseUrl}/resellers/${duka.id}/statement.csv`);
  expect(await csv.text()).toContain('Wanjiku');
  const pdf = await page.request.get(`${lango.baseUrl}/resellers/${duka.id}/statement.pdf`);
  expect([pdf.status(), (await pdf.body()).subarray(0, 5).toString()]).toEqual([200, '%PDF-']);
  await context.close();
}, 30_000);
