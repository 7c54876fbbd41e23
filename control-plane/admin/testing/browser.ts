import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { TestCompany, TestLango } from '../../test-kit/lango';

/** The Chromium that Debian installs; sandboxing needs rights that a root shell in a container does not have. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** A page of a person who has signed in through the form. */
export async function signedIn(
  browser: Browser,
  lango: TestLango,
  company: Pick<TestCompany, 'email' | 'password'> = lango.company,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`${lango.baseUrl}/login`);
  await page.fill('[name=email]', company.email);
  await page.fill('[name=password]', company.password);
  await page.click('button.is-action');
  await page.waitForURL((url) => url.pathname !== '/login');
  return { page, context };
}
