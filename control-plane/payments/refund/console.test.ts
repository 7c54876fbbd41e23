import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../../admin/testing/browser';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { make, makeSubscription, unique } from '../../test-kit/story';

/** The button under what was typed; the other one is under what will happen. */
const LOOK = 'main form:has(.input[name=reason]) button';

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

test.each([
  ['dark', 360],
  ['light', 1280],
] as const)(
  'staff gives a payment back, sees what will happen first, and asks a colleague for more, in %s at %i px',
  async (colorScheme, width) => {
    const company = await lango.addCompany();
    const sub = await makeSubscription(company.api, { price_cents: 150_000, name: unique('Home 10') });
    const payment = await make(company.api, '/billing/transactions', {
      subscription_id: sub['id'],
      amount_cents: 200_000,
      method: 'cash',
      reference: unique('R'),
    });
    const { page, context } = await signedIn(browser, lango, company, {
      colorScheme,
      viewport: { width, height: 800 },
    });
    await page.goto(`${lango.baseUrl}/payments/${payment['id']}`);
    await page.click('.page-head a[href$="/refund"]');
    expect(await faultsOf(page, `refund-${width}`)).toEqual([]);
    await page.click(LOOK);
    expect(await page.textContent('.errors')).toContain('three letters');
    await page.fill('[name=amount]', '2,500');
    await page.fill('[name=reason]', 'Moved to Kisumu');
    await page.click(LOOK);
    expect(await page.textContent('.errors')).toContain('KES 2,000');
    await page.fill('[name=amount]', '700');
    await page.click(LOOK);
    const told = await page.textContent('main');
    expect(told).toContain('KES 500 of it lies unused in the wallet');
    expect(told).toContain('KES 200 come back out of sales');
    expect(told).toContain('The service will end on');
    expect(await faultsOf(page, `refund-preview-${width}`)).toEqual([]);
    // Somebody was quicker: what was shown is not what would be done.
    await make(company.api, '/billing/refunds', {
      client_id: sub['client_id'],
      amount_cents: 10_000,
      way: 'cash',
      reason: 'wants it',
    });
    await page.click('main .is-cut');
    expect(await page.textContent('.errors')).toContain('Somebody changed this');
    await page.click('main .is-cut');
    await page.waitForURL(/\/payments\/\d+$/);
    expect(await page.textContent('main')).toContain('Moved to Kisumu');
    expect(await page.textContent('.timeline')).toContain('Service shortened');
    expect(await faultsOf(page, `refund-done-${width}`)).toEqual([]);

    await company.api.put('/approvals/limits', { kind: 'payments.refund', limit_cents: 100 });
    await page.click('.page-head a[href$="/refund"]');
    await page.fill('[name=amount]', '1,200');
    await page.fill('[name=reason]', 'All of it');
    await page.click(LOOK);
    expect(await page.textContent('main')).toContain('A second person has to agree');
    await page.click('main .is-cut');
    await page.waitForURL(/\/payments\/\d+$/);
    await page.click('a[href^="/approvals/"]');
    expect(await page.textContent('main')).toContain('somebody else has to decide');
    expect(await faultsOf(page, `approval-${width}`)).toEqual([]);
    await page.goto(`${lango.baseUrl}/approvals`);
    expect(await page.textContent('table')).toContain('All of it');
    expect(await faultsOf(page, `approvals-${width}`)).toEqual([]);
    await page.goto(`${lango.baseUrl}/approvals/settings`);
    expect(await faultsOf(page, `approvals-settings-${width}`)).toEqual([]);
    await page.goto(`${lango.baseUrl}/payments/match`);
    expect(await faultsOf(page, `statements-${width}`)).toEqual([]);
    await page.click('.page-head a[href="/payments/match/new"]');
    await page.setInputFiles('[name=file]', {
      name: 'statement.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(
        [
          'Short Code:,174379',
          'Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Reason Type,Other Party Info',
          'SLOOK00001,21-11-2026 10:05:06,Pay Bill from 2547,Completed,"1,500.00",,Pay Bill Online,254722000111 - JANE DOE',
          'SLOOK00002,21-11-2026 10:06:06,To bank,Completed,,"-9,000.00",Organization Settlement,',
        ].join('\r\n'),
      ),
    });
    await page.click('main .is-action');
    await page.waitForURL(/\/payments\/match\/\d+$/);
    expect(await faultsOf(page, `statement-${width}`)).toEqual([]);
    await page.click('a[href^="/payments/lines/"]');
    expect(await faultsOf(page, `statement-line-${width}`)).toEqual([]);
    await page.fill('[name=note]', 'Swept to our bank');
    await page.click('main .is-action');
    await page.waitForURL(/\/payments\/match\/\d+$/);
    expect(await page.textContent('table')).not.toContain('SLOOK00002');
    await context.close();
  },
  120_000,
);
