import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../../admin/testing/browser';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { make, makeSubscription, unique } from '../../test-kit/story';

/** A bank's statement, as somebody brings it at the console. */
let lango: TestLango;
let browser: Browser;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

test.each([
  ['dark', 360],
  ['light', 1280],
] as const)(
  'an account is added, its statement read, shown line by line, booked and explained, in %s at %i px',
  async (colorScheme, width) => {
    const company = await lango.addCompany();
    const sub = await makeSubscription(company.api);
    const slip = unique('FT');
    await make(company.api, '/billing/transactions', {
      subscription_id: sub['id'],
      amount_cents: 10_000,
      method: 'bank',
      reference: slip,
    });
    const { page, context } = await signedIn(browser, lango, company, {
      colorScheme,
      viewport: { width, height: 800 },
    });
    await page.goto(`${lango.baseUrl}/payments/match`);
    await page.click('.page-head a[href="/payments/banks"]');
    expect(await faultsOf(page, `banks-none-${width}`)).toEqual([]);
    await page.click('.page-head a[href="/payments/banks/new"]');
    await page.click('main form .is-action');
    expect(await page.textContent('.errors')).toContain('Give it a name');
    expect(await faultsOf(page, `bank-new-${width}`)).toEqual([]);
    await page.fill('[name=bank_name]', 'Equity 0123');
    await page.click('main form .is-action');
    await page.waitForURL(/\/payments\/banks\/\d+$/);
    await page.click('main form .is-action');
    expect(await page.textContent('.errors')).toContain('Choose the file');
    expect(await faultsOf(page, `bank-${width}`)).toEqual([]);
    const [row] = await lango.asOwner<{ day: string }>(`SELECT to_char(lango_now(), 'DD/MM/YYYY') AS day`);
    const csv = [
      'Akaunti 0123',
      'Tarehe;Maelezo;Kumbukumbu;Alichoandika;Zilizotoka;Zilizoingia',
      `${row!.day};TRF ${slip};;;;100,00`,
      `${row!.day};MPESA 0712345678 JANE WANJIRU DOE NAIROBI WEST BRANCH;;;;2.500,00`,
      `${row!.day};Ledger fee;;;55,00;`,
      `${row!.day};Supplier;;;1.000,00;`,
      `${row!.day};unreadable;;;;1.5`,
    ].join('\r\n');
    const file = { name: 'taarifa.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) };
    await page.setInputFiles('[name=file]', file);
    await page.click('main form .is-action');
    await page.waitForURL(/\/payments\/banks\/files\/\d+$/);
    expect([await page.inputValue('[name=decimal]'), await page.inputValue('[name=c5]')]).toEqual(['comma', 'in']);
    await page.selectOption('[name=c0]', '');
    await page.click('main form .is-action');
    expect(await page.textContent('.errors')).toContain('Choose the column that holds the day');
    expect(await faultsOf(page, `bank-columns-${width}`)).toEqual([]);
    await page.selectOption('[name=c0]', 'date');
    await page.selectOption('[name=c3]', 'account');
    await page.click('main form .is-action');
    await page.waitForURL(/\/bulk\/\d+$/);
    // The queue weighs the lines, and the page shows them by itself.
    await page.waitForSelector('form[action$="/start"]', { timeout: 60_000 });
    const shown = await page.textContent('main');
    expect(shown).toContain('Stands in the books under this reference');
    expect(shown).toContain('A charge of the bank');
    expect(shown).toContain('Its amount cannot be read');
    expect(await faultsOf(page, `bank-plan-${width}`)).toEqual([]);
    const run = page.url();
    expect(await page.locator('main table tbody tr').count()).toBe(4);
    expect(await page.locator('main table a:has-text("Choose what it is")').count()).toBe(2);
    // The third line is not what was proposed.
    await page
      .locator('main table tbody tr', { hasText: 'A charge of the bank' })
      .locator('a:has-text("Not this one")')
      .click();
    await page.waitForURL(/\/payments\/banks\/runs\//);
    expect(await faultsOf(page, `bank-choose-out-${width}`)).toEqual([]);
    await page.click('text=Cancel');
    await page.locator('main table tbody tr', { hasText: slip }).locator('a:has-text("Not this one")').click();
    await page.selectOption('[name=to]', 'account');
    await page.click('main form .is-action');
    expect(await page.textContent('.errors')).toContain('Nobody is known by that');
    expect(await faultsOf(page, `bank-choose-${width}`)).toEqual([]);
    await page.click('text=Cancel');
    await page.waitForURL(run);
    await page.click('form[action$="/start"] button');
    await page.waitForSelector('form[action$="/undo"]', { timeout: 60_000 });
    expect(await faultsOf(page, `bank-done-${width}`)).toEqual([]);
    await page.click('.consequence a:has-text("The statement")');
    await page.waitForURL(/\/payments\/match\/\d+/);
    await page.goto(`${lango.baseUrl}/payments/match`);
    await page.click('main table a[href^="/payments/match/"]');
    expect(await faultsOf(page, `bank-statement-${width}`)).toEqual([]);
    await page.click('a[href^="/payments/suspense/"]');
    await page.click('a[href^="/payments/lines/"]');
    expect(await page.textContent('main')).toContain('Moved to or from M-Pesa');
    expect(await faultsOf(page, `bank-line-${width}`)).toEqual([]);
    // The next file of this bank is read as this one was.
    await page.goto(`${lango.baseUrl}/payments/banks`);
    await page.click('main table a[href^="/payments/banks/"]');
    await page.setInputFiles('[name=file]', file);
    await page.click('main form .is-action');
    expect(await page.textContent('main')).toContain('as you named them last time');
    expect(await page.inputValue('[name=c3]')).toBe('account');
    await page.goto(run);
    await page.click('form[action$="/undo"] button');
    await page.waitForSelector('text=Taken back', { timeout: 60_000 });
    await page.waitForSelector('.consequence a', { state: 'detached' });
    await context.close();
  },
  120_000,
);
