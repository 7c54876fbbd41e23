import type { Browser, Page } from 'playwright-core';
import { startTestLango } from '../test-kit/lango';
import type { TestLango } from '../test-kit/lango';
import { openBrowser, signedIn } from './testing/browser';
import { seedProvider } from './testing/seed-provider';

let lango: TestLango;
let browser: Browser;

beforeAll(async () => {
  lango = await startTestLango();
  const tenant = String(lango.company.tenantId);
  await seedProvider(lango.db.ownerUrl, tenant);
  // Some came long ago, some services end tomorrow, some ended last week, and two payments bought nothing.
  await lango.asOwner(
    `UPDATE subscriber SET created_at = lango_now() - interval '3 days' WHERE tenant_id = $1 AND id % 2 = 0`,
    [tenant],
  );
  await lango.asOwner(
    `UPDATE subscriber SET created_at = lango_now() - interval '90 days' WHERE tenant_id = $1 AND id % 5 = 0`,
    [tenant],
  );
  await lango.asOwner(
    `UPDATE subscription SET expires_at = lango_now() - interval '4 days' WHERE id IN (SELECT id FROM subscription WHERE tenant_id = $1 ORDER BY id LIMIT 3)`,
    [tenant],
  );
  await lango.asOwner(
    `UPDATE subscription SET expires_at = lango_now() + interval '1 day' WHERE id IN (SELECT id FROM subscription WHERE tenant_id = $1 ORDER BY id OFFSET 5 LIMIT 2)`,
    [tenant],
  );
  await lango.asOwner(
    `UPDATE payment SET applied_cents = 0, wallet_cents = amount_cents, outcome = 'wallet_short' WHERE id IN (SELECT id FROM payment WHERE tenant_id = $1 AND received_at > now() - interval '5 days' ORDER BY id LIMIT 2)`,
    [tenant],
  );
  browser = await openBrowser();
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

async function rowsBehind(page: Page, href: string): Promise<number> {
  await page.goto(`${lango.baseUrl}${href}`);
  let rows = 0;
  for (let pages = 0; pages < 20; pages += 1) {
    rows += await page.locator('.table tbody tr').count();
    const next = page.locator('.pager [rel=next]');
    if ((await next.count()) === 0) break;
    await next.click();
  }
  return rows;
}

test('each figure of people and money leads to a list with as many rows', async () => {
  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/dashboard`);
  if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/dashboard.png`, fullPage: true });
  const cells = await page.locator('.strip-cell').evaluateAll((found) =>
    found.map((cell) => {
      const one = cell as unknown as {
        querySelector(selector: string): { textContent: string; getAttribute(name: string): string };
      };
      return { value: one.querySelector('.figure-2').textContent, href: one.querySelector('a').getAttribute('href') };
    }),
  );
  expect(cells).toHaveLength(5);
  const counts: number[] = [];
  for (const { value, href } of cells) {
    expect({ href, rows: await rowsBehind(page, href) }).toEqual({ href, rows: Number(value) });
    counts.push(Number(value));
  }
  // None of them is empty, so that an equality of noughts proves nothing away.
  expect(counts.every((count) => count > 0)).toBe(true);
  expect(counts.at(-1)).toBe(2);
  await context.close();
});

test('money and people are absent for whoever may not read them', async () => {
  await lango.setRole(lango.company, 'technician');
  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/dashboard`);
  expect(await page.locator('.strip-cell').count()).toBe(4);
  expect(await page.locator('a[href^="/payments"]').count()).toBe(0);
  await lango.setRole(lango.company, 'isp_admin');
  await context.close();
});

test('a webhook that was switched off and a pool that is nearly full are named, each with the way to it', async () => {
  const tenant = String(lango.company.tenantId);
  const [endpoint] = await lango.asOwner<{ id: string }>(
    `INSERT INTO webhook_endpoint (tenant_id, url, events, secret_enc, state, failing_since)
     VALUES ($1, 'https://books.example/in', '{*}', '', 'disabled', lango_now() - interval '5 days') RETURNING id`,
    [tenant],
  );
  const { body: pool } = await lango.api.post<{ id: string }>('/pools', {
    name: 'towers',
    kind: 'ipv4',
    ranges: '10.251.0.0/30',
  });
  await lango.asOwner(
    `INSERT INTO pool_usage (tenant_id, pool_id, hour, used, used_max, seen_at) VALUES ($1, $2, date_trunc('hour', lango_now()), 4, 4, lango_now())`,
    [tenant, pool.id],
  );
  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/dashboard`);
  const webhook = page.locator('.needs li', { hasText: 'books.example is no longer told' });
  expect(await webhook.textContent()).toContain('It took nothing for 5 d');
  expect(await webhook.locator('a').getAttribute('href')).toBe(`/webhooks/${endpoint?.id}`);
  const full = page.locator('.needs li', { hasText: 'Pool towers is nearly full' });
  await full.locator('a').click();
  expect(new URL(page.url()).pathname).toBe(`/pools/${pool.id}`);
  await context.close();
});
