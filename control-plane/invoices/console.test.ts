import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeActive, unique, type Json } from '../test-kit/story';

let lango: TestLango;
let browser: Browser;
beforeAll(async () => {
  lango = await startTestLango();
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

/** A customer's service that was paid once; the job that numbers is the test itself. */
async function sold(company: TestLango['company']): Promise<Json> {
  const sub = await makeActive(company.api, { price_cents: 150_000, name: unique('Home 10') });
  await make(company.api, '/billing/transactions', {
    subscription_id: sub['id'],
    amount_cents: 150_000,
    method: 'cash',
    reference: unique('R'),
  });
  return sub;
}

test.each([
  ['dark', 360],
  ['light', 1280],
] as const)(
  'a company says its taxes, reads an invoice, prints it, and takes a part of it back, in %s at %i px',
  async (colorScheme, width) => {
    const company = await lango.addCompany();
    const { page, context } = await signedIn(browser, lango, company, {
      colorScheme,
      viewport: { width, height: 800 },
    });
    await page.goto(`${lango.baseUrl}/invoices`);
    expect(await page.textContent('.empty')).toContain('No invoices yet');
    await page.click('a[href="/invoices/settings"]');
    await page.fill('[name=legal_name]', 'Upendo Networks Limited');
    await page.fill('[name=seller_pin]', 'P05');
    await page.click('form[action="/invoices/settings"] .is-action');
    expect(await page.textContent('.errors')).toContain('nine digits');
    expect(await page.inputValue('[name=legal_name]')).toBe('Upendo Networks Limited');
    await page.fill('[name=seller_pin]', 'p051234567x');
    await page.fill('[name=address]', 'P.O. Box 12, Nakuru');
    await page.click('form[action="/invoices/settings"] .is-action');
    expect(await page.inputValue('[name=seller_pin]')).toBe('P051234567X');
    const today = new Date(Date.now() + 3 * 3_600_000).toISOString().slice(0, 10);
    await page.fill('[name=starts_on]', '2020-01-01');
    await page.click('form[action="/invoices/settings/tax"] button');
    expect(await page.textContent('.errors')).toContain('from today on');
    await page.fill('[name=starts_on]', today);
    await page.click('form[action="/invoices/settings/tax"] button');
    expect(await page.textContent('.told')).toContain('Sales from that day on');
    expect(await page.textContent('main .pairs')).toContain('as the law says, now 16 %');
    expect(await faultsOf(page, `invoices-settings-${width}`)).toEqual([]);

    const sub = await sold(company);
    await page.goto(`${lango.baseUrl}/invoices/buyers/${sub['client_id']}`);
    await page.fill('[name=buyer_name]', 'Ngũgĩ & Sons');
    await page.fill('[name=pin]', 'P000111222Z');
    expect(await faultsOf(page, `invoices-buyer-${width}`)).toEqual([]);
    await page.click('main .is-action');
    await page.waitForURL(/\/subscribers\/\d+$/);
    await make(company.api, '/billing/transactions', {
      subscription_id: sub['id'],
      amount_cents: 150_000,
      method: 'cash',
      reference: unique('R'),
    });
    await page.goto(`${lango.baseUrl}/subscribers/${sub['client_id']}`);
    expect(await page.textContent('main')).toContain('Invoice KES 1,500');
    await page.click('a[href^="/invoices?client="]');
    expect(await page.textContent('.chips')).toContain('Wanjiru Kamau');
    expect(await page.locator('tbody tr').count()).toBe(2);
    expect(await faultsOf(page, `invoices-list-${width}`)).toEqual([]);
    await page.click('tbody tr:first-child a.name');
    expect(await page.textContent('.paper')).toContain('Ngũgĩ & Sons');
    expect(await page.textContent('.paper')).toContain('206.90');
    expect(await faultsOf(page, `invoices-one-${width}`)).toEqual([]);

    const [download] = await Promise.all([page.waitForEvent('download'), page.click('.page-head a[href$="/pdf"]')]);
    expect(
      readFileSync(await download.path())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
    await page.fill('[name=amount]', '1,600');
    await page.fill('[name=reason]', 'Two days without service');
    await page.click('form[action$="/credit"] button');
    expect(await page.textContent('.errors')).toContain('KES 1,500');
    expect(await page.inputValue('[name=reason]')).toBe('Two days without service');
    await page.fill('[name=amount]', '100');
    await page.click('form[action$="/credit"] button');
    expect(await page.textContent('.told')).toContain('KES 100');
    expect(await faultsOf(page, `invoices-credited-${width}`)).toEqual([]);
    await page.click('.paper-notes a');
    expect(await page.textContent('.paper')).toContain('Two days without service');
    expect(await page.locator('form[action$="/credit"]').count()).toBe(0);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.crumbs').isVisible()).toBe(false);
    expect(await page.locator('.paper').isVisible()).toBe(true);
    await context.close();
  },
  90_000,
);
