/** The console without a mouse, and on paper. */
import type { Browser, Page } from 'playwright-core';
import { furnish } from '../test-kit/furnish';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { openBrowser, signedIn } from './testing/browser';
import { seedProvider, type SeededProvider } from './testing/seed-provider';

// Patience: spent only when something is broken.
jest.setTimeout(180_000);
let lango: TestLango;
let browser: Browser;
let seeded: SeededProvider;

beforeAll(async () => {
  lango = await startTestLango();
  seeded = await seedProvider(lango.db.ownerUrl, String(lango.company.tenantId));
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

/** Where the keyboard stands: what it is, and what keeps a person from seeing that. */
const standing = (page: Page): Promise<{ what: string; faults: string[] }> =>
  page.evaluate(() => {
    type Box = { left: number; top: number; width: number; height: number };
    type Node = {
      tagName: string;
      textContent: string;
      getAttribute(name: string): string | null;
      getBoundingClientRect(): Box;
      contains(other: Node | null): boolean;
      closest(selector: string): Node | null;
    };
    const { document, getComputedStyle } = globalThis as unknown as {
      document: { activeElement: Node; elementFromPoint(x: number, y: number): Node | null };
      getComputedStyle: (this: void, node: Node) => { outlineStyle: string; outlineWidth: string };
    };
    const node = document.activeElement;
    const words = (node.getAttribute('aria-label') ?? node.getAttribute('name') ?? node.textContent)
      .trim()
      .slice(0, 40);
    const box = node.getBoundingClientRect();
    const style = getComputedStyle(node);
    const faults: string[] = [];
    if (box.width * box.height === 0) faults.push('has no size');
    if (style.outlineStyle === 'none' || style.outlineWidth === '0px') faults.push('shows no focus');
    const over = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 20));
    if (!over || !(node.contains(over) || over.contains(node) || over.closest('label')?.contains(node)))
      faults.push('is covered or out of sight');
    return { what: `${node.tagName.toLowerCase()} ${words}`, faults };
  });

/** Goes on with Tab until the keyboard stands on something that is as wanted. @throws when it never does */
async function tabTo(page: Page, wanted: RegExp, most = 120): Promise<void> {
  for (let n = 0; n < most; n += 1) {
    await page.keyboard.press('Tab');
    if (wanted.test((await standing(page)).what)) return;
  }
  throw new Error(`Tab never came to ${wanted.source}`);
}

test.each([
  ['/dashboard', 1280],
  ['/subscribers', 1280],
  ['/plans/new', 1280],
  ['/subscribers', 360],
] as const)('on %s at %i px every stop of the keyboard is seen, and none holds it', async (path, width) => {
  const { page, context } = await signedIn(browser, lango, lango.company, { viewport: { width, height: 800 } });
  await page.goto(lango.baseUrl + path);
  const faults: string[] = [];
  const stops = new Set<string>();
  await page.keyboard.press('Tab');
  expect((await standing(page)).what).toBe('a Skip to the content');
  for (let n = 0; n < 60; n += 1) {
    const { what, faults: found } = await standing(page);
    stops.add(what);
    faults.push(...found.map((fault) => `${what} ${fault}`));
    await page.keyboard.press('Tab');
    // Past the last one the browser begins again.
    if ((await page.evaluate('document.activeElement === document.body')) === true) break;
  }
  expect(faults).toEqual([]);
  expect(stops.size).toBeGreaterThan(10);
  await context.close();
});

test('the first stop leads past the menu, and the next is inside the page', async () => {
  const { page, context } = await signedIn(browser, lango);
  await page.goto(`${lango.baseUrl}/subscribers`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('!!document.activeElement.closest("main")')).toBe(true);
  await context.close();
});

test('a customer is found, opened, suspended and resumed by keys alone', async () => {
  const { page, context } = await signedIn(browser, lango);
  await page.goto(`${lango.baseUrl}/dashboard`);
  await page.keyboard.press('/');
  await page.keyboard.type('halima');
  await page.waitForSelector('[data-search-box] a:has-text("Halima")');
  // Escape closes the sheet and stays in the box.
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-search-box]', { state: 'hidden' });
  await page.keyboard.type(' yusuf');
  await page.waitForSelector('[data-search-box] a:has-text("Halima")');
  await page.keyboard.press('ArrowDown');
  await Promise.all([page.waitForURL(/\/subscribers\/\d+/), page.keyboard.press('Enter')]);
  await tabTo(page, /^summary Suspend/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect((await standing(page)).what).toBe('input reason');
  await page.keyboard.press('Escape');
  expect((await standing(page)).what).toMatch(/^summary Suspend/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.type('away for a month');
  await Promise.all([page.waitForURL(/done=suspend/), page.keyboard.press('Enter')]);
  await tabTo(page, /^button Resume/);
  await Promise.all([page.waitForURL(/done=resume/), page.keyboard.press('Enter')]);
  await context.close();
});

test('j and k walk the rows of a list, and Enter opens one', async () => {
  const { page, context } = await signedIn(browser, lango);
  await page.goto(`${lango.baseUrl}/subscribers`);
  const names = await page.locator('.table tbody a.name').allTextContents();
  for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
  expect((await standing(page)).what).toBe(`a ${names[1]}`.slice(0, 42));
  await Promise.all([page.waitForURL(/\/subscribers\/\d+/), page.keyboard.press('Enter')]);
  expect(await page.textContent('h1')).toBe(names[1]);
  await context.close();
});

test('on paper there is black on white and what is meant for it, and nothing to press', async () => {
  const ids = await furnish(lango, lango.company);
  const { page, context } = await signedIn(
    browser,
    lango,
    { ...lango.company, ...(await paperPerson()) },
    { colorScheme: 'dark' },
  );
  for (const path of [
    `/subscribers/${seeded.subscribers['grace.muthoni']}`,
    `/vouchers/codes/${ids['vouchers/codes']}`,
    `/sessions/address/${ids['sessions/address']}`,
  ]) {
    expect((await page.goto(lango.baseUrl + path))?.status()).toBe(200);
    await page.emulateMedia({ media: 'print' });
    const look = process.env['LANGO_LOOK'];
    if (look) await page.screenshot({ path: `${look}/paper-${path.split('/')[1]}.png`, fullPage: true });
    const shown = await page
      .locator(':is(.rail, .topbar, .dock, .actions, .menu, .skip, .button, button, form):visible')
      .count();
    const colours = await page.evaluate(
      '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector("h1")).color, getComputedStyle(document.documentElement).colorScheme]',
    );
    expect({ path, shown, colours }).toEqual({
      path,
      shown: 0,
      colours: [expect.stringMatching(/^rgba\(0, 0, 0, 0\)$|^rgb\(255, 255, 255\)$/), 'rgb(0, 0, 0)', 'light'],
    });
    await page.emulateMedia({ media: 'screen' });
  }
  await context.close();
});

/** Somebody without a second proof: furnish gives the administrator one. */
async function paperPerson(): Promise<{ email: string }> {
  const email = 'paper@example.net';
  await lango.asOwner(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash) SELECT tenant_id, role_id, $2, 'Paper', password_hash FROM staff WHERE id = $1`,
    [lango.company.staffId.toString(), email],
  );
  return { email };
}
