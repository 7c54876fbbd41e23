import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { seedProvider, type SeededProvider } from '../admin/testing/seed-provider';
import { startTestLango, type TestLango } from '../test-kit/lango';

let lango: TestLango;
let browser: Browser;
let seeded: SeededProvider;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  seeded = await seedProvider(lango.db.ownerUrl, lango.company.tenantId.toString());
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
  'extends everybody whom an outage met, in %s at %i px, and takes it back',
  async (colorScheme, width) => {
    const { page, context } = await signedIn(browser, lango, lango.company, {
      colorScheme,
      viewport: { width, height: 800 },
    });
    await page.goto(`${lango.baseUrl}/bulk`);
    expect(await faultsOf(page, `bulk-list-${width}`)).toEqual([]);
    await page.click('.page-head a[href="/bulk/new"], .empty a');
    expect(await faultsOf(page, `bulk-choose-${width}`)).toEqual([]);
    await page.click('a[href*="action=extend"]');
    await page.fill('[name=days]', 'two');
    await page.click('main form .is-action');
    expect(await page.textContent('.errors')).toContain('whole number of days');
    expect(await page.inputValue('[name=days]')).toBe('two');
    expect(await faultsOf(page, `bulk-form-${width}`)).toEqual([]);
    await page.fill('[name=days]', '2');
    await page.selectOption('[name=router]', { label: 'Roysambu' });
    await page.click('main form .is-action');
    await page.waitForURL(/\/bulk\/\d+$/);
    expect(await page.textContent('h1')).toBe('Extend by 2 days');
    expect(await page.textContent('main')).toContain('online now');
    expect(await faultsOf(page, `bulk-plan-${width}`)).toEqual([]);
    await page.click('form[action$="/start"] button');
    await page.waitForSelector('form[action$="/undo"]', { timeout: 90_000 });
    expect(await page.textContent('main')).toContain('Grace Wanjiku Muthoni');
    expect(await faultsOf(page, `bulk-done-${width}`)).toEqual([]);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[href$="rows.csv"]')]);
    expect(readFileSync(await download.path(), 'utf8')).toContain('grace.muthoni,Grace Wanjiku Muthoni,done');
    await page.click('form[action$="/undo"] button');
    await page.waitForSelector('.run .outcome:has-text("Taken back")', { timeout: 90_000 });
    await context.close();
  },
  60_000,
);

test.each([
  ['light', 360],
  ['dark', 1280],
] as const)(
  'shows what a change of plan comes to, in %s at %i px',
  async (colorScheme, width) => {
    const { page, context } = await signedIn(browser, lango, lango.company, {
      colorScheme,
      viewport: { width, height: 800 },
    });
    await page.goto(`${lango.baseUrl}/subscribers/${seeded.subscribers['grace.muthoni']}`);
    await page.click('summary:has-text("Change plan")');
    await page.selectOption('[name=package_id]', { label: 'Business 50' });
    await page.click('form[action$="/change-plan"] .is-action');
    await page.waitForURL(/change-plan/);
    expect(await page.textContent('main')).toContain('from the wallet');
    expect(await faultsOf(page, `change-plan-${width}`)).toEqual([]);
    // The wallet is empty: the same page says so, with the figures kept.
    await page.check('[value=money]');
    await page.click('main form .is-action');
    expect(await page.textContent('.errors')).toContain('wallet does not hold enough');
    expect(await faultsOf(page, `change-plan-short-${width}`)).toEqual([]);
    await context.close();
  },
  60_000,
);

test.each([
  ['light', 360],
  ['dark', 1280],
] as const)(
  'those who are ticked on the list are acted on, without scripts, in %s at %i px',
  async (colorScheme, width) => {
    const look = { colorScheme, viewport: { width, height: 800 }, javaScriptEnabled: false };
    const { page, context } = await signedIn(browser, lango, lango.company, look);
    await page.goto(`${lango.baseUrl}/subscribers`);
    expect(await page.isVisible('.pick-bar')).toBe(false);
    await page.click('label.pick-box >> nth=0');
    await page.click('label.pick-box >> nth=1');
    expect(await page.isVisible('.pick-bar')).toBe(true);
    // The count is drawn by the style: what is ticked and where it stands must be in one scope of counters.
    expect(await page.locator('.table-frame .pick-count').count()).toBe(1);
    const names = await page.locator('tr:has(:checked) a.name').allTextContents();
    expect(names).toHaveLength(2);
    for (const action of ['extend', 'message', 'suspend', 'resume', 'change_plan'])
      expect(await page.isVisible(`.pick-bar button[value=${action}]`)).toBe(true);
    await page.click('.pick-bar button[value=message]');
    expect(await page.textContent('main')).toContain('The 2 customers that you ticked.');
    await page.click('main form .is-action');
    expect(await page.textContent('.errors')).toContain('Write the message');
    expect(await page.textContent('main')).toContain('The 2 customers that you ticked.');
    await page.fill('textarea[name=text]', 'Work on the mast tonight');
    await page.click('main form .is-action');
    expect(await page.textContent('h1')).toBe('Message: Work on the mast tonight');
    const shown = await page.textContent('.table-frame');
    for (const name of names) expect(shown).toContain(name);
    // A selection of nobody is not one of everybody.
    await page.goto(`${lango.baseUrl}/bulk/new?from=ticks&action=suspend`);
    expect(new URL(page.url()).pathname).toBe('/subscribers');
    await context.close();

    // With scripts, which axe is one of.
    const full = await signedIn(browser, lango, lango.company, { colorScheme, viewport: { width, height: 800 } });
    await full.page.goto(`${lango.baseUrl}/subscribers`);
    await full.page.click('label.pick-box >> nth=0');
    expect(await faultsOf(full.page, `list-picked-${width}`)).toEqual([]);
    await full.page.click('.pick-bar button[value=message]');
    expect(await faultsOf(full.page, `bulk-message-${width}`)).toEqual([]);
    await full.context.close();
  },
  120_000,
);
