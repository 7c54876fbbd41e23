import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeClient, makePackage, make, unique } from '../test-kit/story';
import { billDue } from './jobs';
import { runSql } from '../test-kit/sql';

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

/** The job, as the owner of the database. */
const bill = () =>
  billDue({
    query: async (text: string, values: unknown[]) => ({ rows: await runSql(lango.db.ownerUrl, text, values) }),
  } as never);

test.each([
  ['dark', 360],
  ['light', 1280],
] as const)(
  'a company bills afterwards, sees who owes, notes a promise and looks at what waits for it, in %s at %i px',
  async (colorScheme, width) => {
    const company = await lango.addCompany();
    const client = await makeClient(company.api);
    const plan = await makePackage(company.api, { price_cents: 300_000, validity: { count: 1, unit: 'month' } });
    const sub = await make(company.api, '/subscriptions', {
      client_id: client['id'],
      package_id: plan['id'],
      username: unique('post'),
      password: 'open-sesame',
    });
    const { page, context } = await signedIn(browser, lango, company, {
      colorScheme,
      viewport: { width, height: 800 },
    });
    const at = (path: string) => page.goto(`${lango.baseUrl}${path}`);
    await at('/postpaid');
    expect(await page.textContent('.empty')).toContain('Nobody owes');
    await page.click('a[href="/postpaid/settings"]');
    await page.fill('[name=billing_day]', '31');
    await page.click('main .is-action');
    expect(await page.textContent('.errors')).toContain('1 to 28');
    await page.fill('[name=billing_day]', '5');
    await page.fill('[name=most]', '2500');
    await page.click('main .is-action');
    expect(await page.textContent('.told')).toContain('Saved');
    expect(await page.inputValue('[name=most]')).toBe('2500');
    expect(await faultsOf(page, `postpaid-settings-${width}`)).toEqual([]);

    await at(`/subscribers/${client['id']}`);
    await page.click(`a[href="/postpaid/customers/${client['id']}"]`);
    await page.click('form[action$="/start"] button');
    expect(await page.textContent('.told')).toContain('billed afterwards');
    // The month before the last fifth is due, and no other: above what a bill may be, so it waits.
    await lango.asOwner(
      `UPDATE postpaid_span SET starts_at = starts_at - interval '70 days' WHERE subscription_id = $1`,
      [sub['id']],
    );
    await lango.asOwner(
      `UPDATE postpaid_account SET billed_until = (m.fifth - interval '1 month') AT TIME ZONE 'Africa/Nairobi', bill_at = m.fifth AT TIME ZONE 'Africa/Nairobi'
       FROM (SELECT date_trunc('month', (lango_now() AT TIME ZONE 'Africa/Nairobi') - interval '4 days') + interval '4 days' AS fifth) m WHERE subscriber_id = $1`,
      [client['id']],
    );
    await bill();
    await at('/postpaid/runs');
    expect(await page.textContent('tbody')).toContain('1 of 1');
    expect(await faultsOf(page, `postpaid-runs-${width}`)).toEqual([]);
    await at('/postpaid/accounts?parked=yes');
    expect(await page.textContent('tbody')).toContain('More than a bill may be');
    await page.click('tbody a');
    expect(await page.textContent('main')).toContain('KES 3,000');
    expect(await faultsOf(page, `postpaid-parked-${width}`)).toEqual([]);
    await page.click('form:has([name=anyway]) button');
    expect(await page.textContent('.told')).toContain('billed within a minute');
    await bill();
    await at('/postpaid');
    expect(await page.textContent('tbody')).toContain('3,000');
    expect(await page.getAttribute('tbody a[href^="tel:"]', 'href')).toBe('tel:+254712345678');
    expect(await faultsOf(page, `postpaid-debts-${width}`)).toEqual([]);
    await page.click('tbody a[href^="/postpaid/customers/"]');
    await page.fill('[name=until]', '2037-01-31');
    await page.fill('[name=note]', 'After pay day');
    await page.click('form[action$="/promise"] button');
    expect(await page.textContent('main')).toContain('Promised by 31 Jan 2037');
    expect(await faultsOf(page, `postpaid-customer-${width}`)).toEqual([]);
    await at(`/postpaid/customers/${client['id']}/statement`);
    expect(await page.textContent('tbody')).toContain('Invoice');
    expect(await faultsOf(page, `postpaid-statement-${width}`)).toEqual([]);
    await page.goBack();
    await page.fill('[name=reason]', 'x');
    await page.click('form[action$="/write-off"] button');
    expect(await page.textContent('.errors')).toContain('three letters');
    await page.fill('[name=reason]', 'Moved away');
    await page.click('form[action$="/write-off"] button');
    expect(await page.textContent('main')).toContain('Nothing is owed');
    await page.click('form[action$="/stop"] button');
    expect(await page.textContent('main')).toContain('bought before');
    await context.close();
  },
);
