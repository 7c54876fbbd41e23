import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { TestCompany, TestLango } from '../../test-kit/lango';

/** The Chromium that Debian installs; sandboxing needs rights that a root shell in a container does not have. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

type Options = Parameters<Browser['newContext']>[0];
type Who = Pick<TestCompany, 'email' | 'password'>;

/** A page of a person who has signed in through the form. */
export function signedIn(
  browser: Browser,
  lango: TestLango,
  company: Who = lango.company,
  options: Options = {},
): Promise<{ page: Page; context: BrowserContext }> {
  return signedInAt(browser, lango.baseUrl, company, options);
}

/** The same, wherever the console answers: of the whole product, which runs in processes of its own. */
export async function signedInAt(
  browser: Browser,
  baseUrl: string,
  { email, password }: Who,
  options: Options = {},
): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext(options);
  // Thirty seconds, as Playwright would have it, are little where ten programs share two cores.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  await page.goto(`${baseUrl}/login`);
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', password);
  await page.click('button.is-action');
  await page.waitForURL((url) => url.pathname !== '/login');
  return { page, context };
}

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** In the page: what can be used but lies under something else that can, so that a tap there does the other thing. */
const COVERED = `(() => {
  const usable = 'a[href], button, summary, select, textarea, input:not([type=hidden])';
  const named = (one) => (one.textContent.trim() || one.outerHTML).slice(0, 60);
  return [...document.querySelectorAll(usable)].flatMap((one) => {
    const box = one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && one.getClientRects()[0];
    if (!box || box.width === 0 || box.height === 0) return [];
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.closest(usable + ', label');
    // A sheet that was opened covers what it will.
    const sheet = top?.closest('details[open], dialog, [popover]');
    const own = !top || (sheet && !sheet.contains(one)) || top.contains(one) || one.contains(top) || top.control === one;
    return own ? [] : ['"' + named(one) + '" lies under "' + named(top) + '"'];
  });
})()`;
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * What is wrong with a page as it stands, one line each: faults that axe finds, controls under others, and pixels that stand out sideways. The policy forbids foreign scripts, so axe
 * goes in through the debugger, not as a tag. With LANGO_LOOK a picture of this name is left in that folder.
 */
export async function faultsOf(page: Page, picture?: string): Promise<string[]> {
  // A captive page leads on to another by itself: until that one's stylesheet is there nothing has its size.
  await page.waitForLoadState('load');
  // Bars that stay at the edge of the window lie on whatever is scrolled under them: in a window as high as the page they hide nothing.
  const size = page.viewportSize();
  const height = Number(await page.evaluate('document.documentElement.scrollHeight'));
  if (size && height > size.height) await page.setViewportSize({ width: size.width, height });
  await page.evaluate(AXE);
  const faults = await page.evaluate(async (tags) => {
    type Found = { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] };
    const axe = (globalThis as unknown as { axe: { run(options: object): Promise<Found> } }).axe;
    const { violations } = await axe.run({ runOnly: tags });
    return violations.flatMap((one) =>
      one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)} ${node.failureSummary.split('\n')[1] ?? ''}`),
    );
  }, RULES);
  faults.push(...(await page.evaluate<string[]>(COVERED)));
  const look = process.env['LANGO_LOOK'];
  if (look && picture) await page.screenshot({ path: `${look}/${picture}.png`, fullPage: true });
  if (size) await page.setViewportSize(size);
  const wide = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
  return wide > 0 ? [...faults, `${wide} px too wide`] : faults;
}

/** What the page's console complains of from now on: broken policies, scripts that throw, addresses that do not answer. */
export function errorsOf(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${page.url()} ${message.text()}`);
  });
  page.on('pageerror', (error) => errors.push(`${page.url()} ${String(error)}`));
  return errors;
}
