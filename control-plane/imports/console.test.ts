import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, makePackage } from '../test-kit/story';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let lango: TestLango;
let browser: Browser;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  await makePackage(lango.api, { name: 'Home 10' });
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

/** Faults that axe finds, and pixels that stand out sideways. With LANGO_LOOK a picture is left there. */
async function faults(page: Page, name: string): Promise<unknown> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async (tags) => {
    type Axe = { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run({ runOnly: tags });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  }, WCAG);
  const look = process.env['LANGO_LOOK'];
  if (look) await page.screenshot({ path: `${look}/${name}.png`, fullPage: true });
  return { found, wide: await page.evaluate('document.documentElement.scrollWidth - innerWidth') };
}
const good = { found: [], wide: 0 };

test.each([
  ['light', 360],
  ['dark', 1280],
] as const)(
  'from a file to customers, and back, in %s at %i px',
  async (colorScheme, width) => {
    const { page, context } = await signedIn(browser, lango, lango.company, {
      colorScheme,
      viewport: { width, height: 800 },
    });
    await page.goto(`${lango.baseUrl}/imports/new`);
    await page.click('main form .is-action');
    expect(await page.textContent('.errors')).toContain('Choose a file');
    expect(await faults(page, `import-new-${width}`)).toEqual(good);
    const csv = `Jina;Simu;Login;Password;Router\nAchieng ${width};0712 000 001;a-${width};secret;x\nBaraka;12;b-${width};secret;y\n`;
    await page.setInputFiles('[name=file]', { name: 'wateja.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
    await page.click('main form .is-action');
    await page.waitForURL(/\/imports\/\d+$/);
    expect(await page.inputValue('[name=c1]')).toBe('phone');
    expect(await page.textContent('main')).not.toContain('secret');
    expect(await faults(page, `import-columns-${width}`)).toEqual(good);
    await page.click('main form .is-action');
    expect(await page.textContent('.errors')).toContain('one plan for all');
    await page.selectOption('[name=plan]', { label: 'Home 10' });
    await page.click('main form .is-action');
    await page.waitForURL(/\/bulk\/\d+$/);
    expect(await page.textContent('h1')).toBe('Import of wateja.csv');
    expect(await page.textContent('main')).toContain('12 is no phone number.');
    expect(await faults(page, `import-plan-${width}`)).toEqual(good);
    await page.click('form[action$="/start"] button');
    await page.waitForSelector('form[action$="/undo"]', { timeout: 90_000 });
    await page.click(`a:has-text("a-${width}")`);
    expect(await page.textContent('h1')).toContain(`Achieng ${width}`);
    await context.close();
  },
  60_000,
);

test('a person is shown what is held on them, and is erased only by their name', async () => {
  const made = await makeActive(lango.api);
  const { page, context } = await signedIn(browser, lango, lango.company, { viewport: { width: 360, height: 800 } });
  await page.goto(`${lango.baseUrl}/subscribers/${String(made['client_id'])}/edit`);
  await page.click('a[href$="/data"]');
  expect(await faults(page, 'data-360')).toEqual(good);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[href$="data.json"]')]);
  expect(readFileSync(await download.path(), 'utf8')).toContain(String(made['username']));
  await page.click('form[action$="/erase"] button');
  expect(await page.textContent('.errors')).toContain('Type the name');
  await page.fill('[name=confirm]', 'wanjiru kamau');
  await page.click('form[action$="/erase"] button');
  expect(await page.textContent('main')).toContain('has been erased');
  expect(await page.textContent('h1')).toContain(`Erased ${String(made['client_id'])}`);
  expect(await faults(page, 'data-erased-360')).toEqual(good);
  await context.close();
}, 60_000);
