import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser, signedIn } from '../admin/testing/browser';
import { seedProvider } from '../admin/testing/seed-provider';
import { slicePageRoutes } from '../slices';
import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { furnish } from '../test-kit/furnish';
import { startTestLango } from '../test-kit/lango';
import type { TestLango } from '../test-kit/lango';

let lango: TestLango;
let browser: Browser;
let plain: { page: Page; context: BrowserContext };

beforeAll(async () => {
  lango = await startTestLango();
  await seedProvider(lango.db.ownerUrl, String(lango.company.tenantId));
  await lango.asOwner(
    `INSERT INTO subscriber (tenant_id, name, phone) SELECT $1, '=HYPERLINK("http://x","y")', '+254799000' || g FROM generate_series(100, 179) g`,
    [String(lango.company.tenantId)],
  );
  browser = await openBrowser();
  plain = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

const shot = async (page: Page, name: string) => {
  if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/${name}.png`, fullPage: true });
};
const names = (page: Page) => page.locator('.table tbody th').count();

/** Every list there is: what has a CSV beside its page. */
const addresses = slicePageRoutes()
  .flatMap(({ routes }) => routes.map(({ path }) => path))
  .filter((path) => path.endsWith('/csv'))
  .map((path) => path.slice(0, -'/csv'.length));

describe('every list', () => {
  let staff: ConsoleClient;
  let own: Record<string, string>;
  beforeAll(async () => {
    const company = await lango.addCompany();
    // Who may see every list.
    await lango.setRole(company, 'super_admin');
    await lango.asOwner('UPDATE staff SET is_super_admin = true WHERE id = $1', [String(company.staffId)]);
    // Signed in first: what it is furnished with asks for a second proof.
    staff = await consoleClient(lango, company);
    own = await furnish(lango, company);
  }, 60_000);

  const rowsIn = (html: string) => (html.split('<tbody')[1]?.split('</tbody>')[0]?.match(/<tr/g) ?? []).length;

  test.each(addresses)(
    '%s takes each of its filters, shows each of its columns, and gives the same rows as CSV',
    async (pattern) => {
      const noun = Object.keys(own)
        .filter((path) => pattern.startsWith(`/${path}/`))
        .sort((a, b) => b.length - a.length)[0];
      const path = pattern.replace(/:\w+/, own[noun ?? ''] ?? 'none');
      // Taken first: that is written into the audit, which is a list too.
      const csv = await staff.get(`${path}/csv`);
      const page = await staff.get(`${path}?limit=200`);
      expect({ path, status: page.status }).toEqual({ path, status: 200 });
      expect({ path, rows: csv.text.trim().split('\r\n').length - 1 }).toEqual({ path, rows: rowsIn(page.text) });
      // Each choice that the page itself offers.
      const filters = page.text.split('class="chip-add')[1]?.split('</form>')[0] ?? '';
      for (const [, name = '', options = ''] of filters.matchAll(
        /<select class="input" id="f-\w+" name="(\w+)"[^>]*>(.*?)<\/select>/gs,
      )) {
        const value = /value="([^"]+)"/.exec(options)?.[1];
        if (!value) continue;
        const some = await staff.get(`${path}?${name}=${value}`);
        expect({ path, name, value, status: some.status, chip: some.text.includes('class="chip"') }).toEqual({
          path,
          name,
          value,
          status: 200,
          chip: true,
        });
      }
      const list = /name="list" value="([a-z-]+)"/.exec(page.text)?.[1] ?? '';
      const boxes = [...page.text.matchAll(/name="(c_[a-z_]+)"/g)].map(([, box = '']) => box);
      expect(boxes.length).toBeGreaterThan(1);
      const all = Object.fromEntries(boxes.map((box) => [box, 'on']));
      expect((await staff.post('/tables/columns', { list, back: path, ...all })).location).toBe(path);
      const whole = await staff.get(path);
      if (rowsIn(whole.text) > 0)
        expect((whole.text.match(/<th scope="col"/g) ?? []).length).toBeGreaterThan(boxes.length);
    },
    30_000,
  );
});

test('a filter lives in the address as a chip, can be kept under a name and shared, and is taken off again; without scripts', async () => {
  const { page } = plain;
  await page.goto(`${lango.baseUrl}/subscribers?state=grace`);
  const some = await names(page);
  expect(some).toBeGreaterThan(0);
  expect(await page.textContent('.chip')).toContain('Grace');
  await page.click('.list-tools summary:has-text("Save this view")');
  await page.fill('[name=name]', 'In grace <now>');
  await page.check('[name=shared]');
  await page.click('.list-tools button:has-text("Save this view")');
  expect(new URL(page.url()).search).toBe('?state=grace');
  expect(await page.textContent('.view [aria-current]')).toContain('In grace <now>');
  await page.click('.chip-off >> nth=-1');
  expect(new URL(page.url()).search).toBe('');
  expect(await names(page)).toBeGreaterThan(some);
  // A colleague is offered it and may not remove it; another company is not.
  const [colleague] = await lango.asOwner<{ id: string }>(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash) SELECT tenant_id, role_id, 'c' || email, 'Colleague', password_hash FROM staff WHERE id = $1 RETURNING id`,
    [String(lango.company.staffId)],
  );
  expect(colleague).toBeDefined();
  const other = await signedIn(browser, lango, { email: `c${lango.company.email}`, password: lango.company.password });
  await other.page.goto(`${lango.baseUrl}/subscribers`);
  expect(await other.page.textContent('.views')).toContain('In grace <now>');
  expect(await other.page.locator('.views form').count()).toBe(0);
  await other.context.close();
  const stranger = await signedIn(browser, lango, await lango.addCompany());
  await stranger.page.goto(`${lango.baseUrl}/subscribers`);
  expect(await stranger.page.locator('.views').count()).toBe(0);
  await stranger.context.close();
  await page.click('.views button');
  expect(await page.locator('.views').count()).toBe(0);
});

test('every view of one’s own is offered, however many others share theirs', async () => {
  const company = await lango.addCompany();
  const staff = await consoleClient(lango, company);
  await lango.asOwner(
    `WITH other AS (INSERT INTO staff (tenant_id, role_id, email, name, password_hash) SELECT tenant_id, role_id, 'o' || email, 'Other', password_hash FROM staff WHERE id = $1 RETURNING id, tenant_id)
     INSERT INTO table_view (tenant_id, staff_id, list, name, query, shared)
     SELECT tenant_id, id, 'subscribers', 'theirs ' || g, 'q=x', true FROM other, generate_series(1, 40) g
     UNION ALL SELECT tenant_id, $1, 'subscribers', 'mine ' || g, 'q=y', false FROM staff, generate_series(1, 40) g WHERE id = $1`,
    [String(company.staffId)],
  );
  const { text: html } = await staff.get('/subscribers');
  expect(html).toContain('mine 40');
  expect(html).toContain('theirs 1');
});

test('columns are chosen and stay so for this person, and go back to what they were', async () => {
  const { page } = plain;
  const heads = () => page.locator('.table thead th').allTextContents();
  await page.goto(`${lango.baseUrl}/subscribers`);
  const before = await heads();
  expect(before).not.toContain('E-mail');
  await page.click('summary:has-text("Columns")');
  await page.check('[name=c_email]');
  await page.uncheck('[name=c_plan]');
  await page.click('.list-tools button:has-text("Show these")');
  await page.goto(`${lango.baseUrl}/subscribers?q=a`);
  expect(await heads()).toEqual(expect.arrayContaining(['E-mail']));
  expect(await heads()).not.toContain('Plan');
  await page.click('summary:has-text("Columns")');
  await page.click('button:has-text("As it was")');
  expect(await heads()).toEqual(before);
});

test('pages go by key: each row once, and the filter stays', async () => {
  const { page } = plain;
  await page.goto(`${lango.baseUrl}/subscribers?limit=30&joined=today`);
  const seen: string[] = [];
  for (let pages = 0; pages < 20; pages += 1) {
    seen.push(...(await page.locator('.table a.name').evaluateAll((links) => links.map((link) => String(link)))));
    const next = page.locator('.pager [rel=next]');
    if ((await next.count()) === 0) break;
    await next.click();
    expect(page.url()).toContain('joined=today');
  }
  const [all] = await lango.asOwner<{ count: string }>(`SELECT count(*) FROM subscriber WHERE tenant_id = $1`, [
    String(lango.company.tenantId),
  ]);
  expect(seen).toHaveLength(Number(all?.count));
  expect(new Set(seen).size).toBe(seen.length);
});

test('the CSV holds all of the filtered rows and nothing that a spreadsheet would run, and who took it is on record', async () => {
  const { context } = plain;
  const whole = await context.request.get(`${lango.baseUrl}/subscribers/csv?q=HYPERLINK`);
  expect(whole.headers()['content-disposition']).toContain('subscribers.csv');
  const lines = (await whole.text()).trim().split('\r\n');
  expect(lines).toHaveLength(81);
  expect(lines[1]).toMatch(/^"'=HYPERLINK\(""http:\/\/x"",""y""\)",,\+254799000179,/);
  const grace = await context.request.get(`${lango.baseUrl}/subscribers/csv?state=grace`);
  expect(await grace.text()).toContain('Mercy Chebet Koech');
  expect(await grace.text()).not.toContain('HYPERLINK');
  const [taken] = await lango.asOwner<{ detail: unknown }>(
    `SELECT detail FROM audit_event WHERE action = 'subscribers.export' AND tenant_id = $1 ORDER BY id DESC LIMIT 1`,
    [String(lango.company.tenantId)],
  );
  expect(taken?.detail).toEqual({ list: 'subscribers', filter: { state: 'grace' } });
});

test('what is typed on top is looked for as it is typed, by keyboard alone; the same without scripts as a page', async () => {
  const { page, context } = await signedIn(browser, lango);
  await page.goto(`${lango.baseUrl}/plans`);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('mercy');
  await page.waitForSelector('.search-box .found-line a');
  await shot(page, 'box');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/subscribers\/\d+/);
  expect(await page.textContent('h1')).toContain('Mercy');
  await page.keyboard.press('/');
  await page.keyboard.type('kamau');
  await page.waitForSelector('.search-box .found-line a');
  await page.keyboard.press('Escape');
  expect(await page.locator('.search-box').isVisible()).toBe(false);
  await context.close();
  await plain.page.goto(`${lango.baseUrl}/plans`);
  await plain.page.fill('[data-search]', 'UKK0');
  await plain.page.press('[data-search]', 'Enter');
  expect(await plain.page.textContent('h1')).toBe('Search');
  expect(await plain.page.textContent('.page-side')).toContain('found');
  expect(await plain.page.locator('.found-line').count()).toBeGreaterThan(1);
  // One thing exactly: it is opened at once.
  await plain.page.goto(`${lango.baseUrl}/search?q=kamau.cyber`);
  expect(plain.page.url()).toMatch(/\/subscribers\/\d+\?subscription=\d+$/);
  await plain.page.goto(`${lango.baseUrl}/search?q=nobody%20at%20all`);
  expect(await plain.page.textContent('.empty')).toContain('nobody at all');
});

test.each([
  ['light', 1280],
  ['dark', 360],
] as const)('lists and search stay within the screen in %s at %i px', async (colorScheme, width) => {
  const { page, context } = await signedIn(browser, lango, lango.company, {
    colorScheme,
    viewport: { width, height: 800 },
  });
  for (const [name, path] of [
    ['people', '/subscribers?state=grace&joined=month'],
    ['search', '/search?q=an'],
  ] as const) {
    await page.goto(lango.baseUrl + path);
    await shot(page, `${name}-${width}`);
    expect(Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))).toBeLessThanOrEqual(0);
  }
  await context.close();
});
