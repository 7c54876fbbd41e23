/** Every page in both themes and widths, the door, the shell, and the way from nothing to a paid customer. */
import type { Browser } from 'playwright-core';
import { Client } from 'pg';
import { visit } from '../cli/bench/pages/visit';
import { startTestLango } from '../test-kit/lango';
import type { TestLango } from '../test-kit/lango';
import { errorsOf, faultsOf, openBrowser, signedIn } from './testing/browser';
import { seedProvider } from './testing/seed-provider';
import type { SeededProvider } from './testing/seed-provider';

let lango: TestLango;
let browser: Browser;
let seeded: SeededProvider;
let owner: Client;

beforeAll(async () => {
  lango = await startTestLango();
  seeded = await seedProvider(lango.db.ownerUrl, String(lango.company.tenantId));
  browser = await openBrowser();
  owner = new Client({ connectionString: lango.db.ownerUrl });
  await owner.connect();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await owner?.end();
  await lango?.stop();
});

function pages(): string[] {
  const person = seeded.subscribers['kevin.odhiambo'];
  const router = seeded.routers['Njiru'];
  return [
    '/dashboard',
    '/sessions',
    '/sessions?state=throttled&q=kevin',
    '/sessions?q=nobody-at-all',
    '/subscribers',
    '/subscribers?state=grace&joined=month',
    `/subscribers/${person}/events`,
    '/search?q=an',
    '/sessions/history',
    '/sessions/address?ip=10.20.4.5',
    `/subscribers/${person}`,
    '/subscribers/new',
    `/subscriptions/new?client=${person}`,
    '/payments',
    '/plans',
    '/plans/new',
    '/plans/profiles',
    '/vouchers',
    '/vouchers/new',
    '/discounts',
    '/discounts/new',
    '/pools',
    '/pools/new',
    '/sites',
    '/sites/new',
    '/routers',
    '/routers/new',
    `/routers/${router}`,
    '/certificates',
    '/access',
    '/access?q=nobody-at-all&days=7',
    '/access/explain',
    '/access/explain?username=kevin.odhiambo&mac=50-d4-f7-2e-91-b8',
    '/access/explain?username=nobody-at-all',
    '/enforcements',
    '/enforcements?show=open',
    '/enforcements?show=gave_up',
    ...(seeded.enforcement ? [`/enforcements/${seeded.enforcement}`] : []),
    '/nowhere',
  ];
}

describe.each([
  ['light', 1280],
  ['dark', 360],
] as const)('every page in %s at %i px', (colorScheme, width) => {
  test('passes axe, does not scroll sideways, and breaks no security policy', async () => {
    const { page, context } = await signedIn(browser, lango, lango.company, {
      colorScheme,
      viewport: { width, height: 800 },
    });
    const found: Record<string, unknown> = {};
    const errors = errorsOf(page);
    for (const path of pages()) {
      await page.goto(lango.baseUrl + path);
      const wrong = await faultsOf(page);
      if (wrong.length > 0) found[path] = wrong;
    }
    await context.close();
    expect(found).toEqual({});
    // One of the pages is one that does not exist.
    expect(errors.filter((text) => !text.includes('404'))).toEqual([]);
  }, 120_000);
});

test.each([
  ['light', 1280],
  ['dark', 360],
] as const)('the sign-in page passes axe in %s at %i px', async (colorScheme, width) => {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
  const page = await context.newPage();
  for (const path of ['/login', '/login?next=%2Fsessions']) {
    await page.goto(lango.baseUrl + path);
    expect(await faultsOf(page)).toEqual([]);
  }
  await page.fill('[name=email]', lango.company.email);
  await page.fill('[name=password]', 'not this one');
  await page.click('button.is-action');
  await page.waitForSelector('.errors');
  expect(await faultsOf(page)).toEqual([]);
  await context.close();
});

test('a page that does not exist says so in the frame of whoever is signed in, and at the door to others', async () => {
  const { page, context } = await signedIn(browser, lango);
  expect((await page.goto(`${lango.baseUrl}/nowhere`))?.status()).toBe(404);
  expect(await page.locator('.rail-nav a[href="/sessions"]').count()).toBe(1);
  await context.clearCookies();
  expect((await page.goto(`${lango.baseUrl}/nowhere`))?.status()).toBe(404);
  expect(await page.locator('.rail-nav').count()).toBe(0);
  await context.close();
});

describe('signing in', () => {
  test('works without scripts; a wrong password shows the summary and keeps the e-mail', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${lango.baseUrl}/sessions?state=grace`);
    expect(new URL(page.url()).pathname).toBe('/login');
    await page.fill('[name=email]', lango.company.email);
    await page.fill('[name=password]', 'not this one');
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.click('button.is-action'),
    ]);
    expect(answer.status()).toBe(422);
    expect(await page.textContent('.errors')).toContain('The e-mail or the password is wrong');
    expect(await page.title()).toMatch(/^Error: /);
    expect(await page.inputValue('[name=email]')).toBe(lango.company.email);
    expect(await page.inputValue('[name=password]')).toBe('');
    await page.fill('[name=password]', lango.company.password);
    await page.click('button.is-action');
    // The page that was asked for in the first place, with its filter.
    expect(page.url()).toBe(`${lango.baseUrl}/sessions?state=grace`);
    await page.click('.rail-out');
    expect(new URL(page.url()).pathname).toBe('/login');
    await page.goto(`${lango.baseUrl}/dashboard`);
    expect(new URL(page.url()).pathname).toBe('/login');
    await context.close();
  });

  test('never sends anybody to another site', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    for (const next of ['//evil.example/x', 'https://evil.example', '/\\evil.example']) {
      await context.clearCookies();
      await page.goto(`${lango.baseUrl}/login?next=${encodeURIComponent(next)}`);
      await page.fill('[name=email]', lango.company.email);
      await page.fill('[name=password]', lango.company.password);
      await page.click('button.is-action');
      expect(new URL(page.url()).host).toBe(new URL(lango.baseUrl).host);
    }
    await context.close();
  });
});

describe('the shell', () => {
  test('"/" finds the search, and the search finds a customer by phone, name and MAC', async () => {
    const { page, context } = await signedIn(browser, lango);
    await page.goto(`${lango.baseUrl}/dashboard`);
    for (const words of ['0722 418 306', '+254722418306', 'wanjiku', '48-a9-8a-1c-77-e0', '10.20.4.4']) {
      await page.keyboard.press('/');
      await page.keyboard.type(words);
      await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
      // The only one meant is opened at once.
      expect({ words, opened: await page.textContent('h1') }).toEqual({ words, opened: 'Grace Wanjiku Muthoni' });
    }
    await context.close();
  });

  test('language and theme are kept with the person, and stand in the first byte of the page', async () => {
    const someone = await lango.addCompany('Soko Wi-Fi');
    const { page, context } = await signedIn(browser, lango, someone);
    await page.click('.rail-theme');
    await page.click('.rail-set [value=sw]');
    expect(await page.getAttribute('html', 'lang')).toBe('sw');
    expect(await page.textContent('[aria-current] .rail-long')).toBe('Leo');
    await context.close();
    const again = await signedIn(browser, lango, someone, { javaScriptEnabled: false });
    const html = await (await again.page.goto(`${lango.baseUrl}/dashboard`))!.text();
    expect(html.slice(0, 60)).toContain('lang="sw" data-theme="light"');
    await again.context.close();
  });

  test('pages are small enough for a bad link: 30 KB each, and 120 KB with all that a first visit loads', async () => {
    const { context } = await signedIn(browser, lango);
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    await context.close();
    const loaded = new Map<string, number>();
    const weightOf = async (asset: string) => {
      const known = loaded.get(asset) ?? (await visit(lango.baseUrl, asset)).bytes;
      loaded.set(asset, known);
      return known;
    };
    const heavy: Record<string, unknown> = {};
    for (const path of pages()) {
      const { bytes, body } = await visit(lango.baseUrl, path, { cookie });
      const assets = [...new Set(body.match(/\/assets\/[\w.-]+/g))];
      expect(assets.length).toBeGreaterThan(3);
      let first = bytes;
      for (const asset of assets) first += await weightOf(asset);
      if (bytes > 30_000 || first > 120_000) heavy[path] = { bytes, first };
    }
    expect(heavy).toEqual({});
    // The least that compressing must do, whatever a page holds.
    const whole = await visit(lango.baseUrl, '/sessions', { cookie });
    expect(whole.bytes).toBeLessThan(whole.body.length / 3);
  });

  test("another company's customer, router and session do not exist", async () => {
    const stranger = await lango.addCompany('Stranger Net');
    const { page, context } = await signedIn(browser, lango, stranger);
    const theirs = [
      `/subscribers/${seeded.subscribers['stmary']}`,
      `/routers/${seeded.routers['Mwiki']}`,
      `/sessions/${seeded.sessions['stmary']}/row`,
    ];
    for (const path of theirs) expect((await page.goto(lango.baseUrl + path))!.status()).toBe(404);
    await page.goto(`${lango.baseUrl}/sessions`);
    expect(await page.locator('.table tbody tr').count()).toBe(0);
    expect(await page.textContent('.empty')).toContain('Nobody is online');
    await context.close();
  });

  test('a role sees what it may do and nothing greyed: a technician has no money', async () => {
    const someone = await lango.addCompany('Tech Net');
    await owner.query(
      `UPDATE staff SET role_id = (SELECT id FROM staff_role WHERE key = 'technician' AND tenant_id IS NULL), is_super_admin = false WHERE email = $1`,
      [someone.email],
    );
    const { page, context } = await signedIn(browser, lango, someone);
    await page.goto(`${lango.baseUrl}/dashboard`);
    expect(await page.locator('.rail a[href="/payments"]').count()).toBe(0);
    expect(await page.textContent('main')).not.toContain('Money today');
    expect((await page.goto(`${lango.baseUrl}/payments`))!.status()).toBe(403);
    expect((await page.goto(`${lango.baseUrl}/dashboard/money`))!.status()).toBe(403);
    await context.close();
  });
});

describe('from nothing to a paid customer, by hand and by keyboard', () => {
  test('plan, router, customer, service and payment through the forms', async () => {
    const someone = await lango.addCompany('New Net');
    const { page, context } = await signedIn(browser, lango, someone, { javaScriptEnabled: false });
    await page.goto(`${lango.baseUrl}/plans/new`);
    await page.fill('[name=name]', 'Home 5');
    await page.fill('[name=price]', 'cheap');
    await page.fill('[name=down]', '5');
    await page.fill('[name=up]', '2.5');
    await page.fill('[name=quota]', '100');
    await page.fill('[name=slow]', '1');
    await page.click('main .is-action');
    expect(await page.textContent('.errors')).toContain('Give the price as a number');
    expect(await page.inputValue('[name=name]')).toBe('Home 5');
    await page.fill('[name=price]', '1,500');
    await page.click('main .is-action');
    expect(await page.textContent('.table')).toContain('KES 1,500');
    expect(await page.textContent('.table')).toContain('then 1 Mbps');

    await page.goto(`${lango.baseUrl}/routers/new`);
    await page.fill('[name=name]', 'Gate 1');
    await page.fill('[name=address]', '10.77.0.1');
    await page.click('main .is-action');
    // That address belongs to the other company, whose name is not told.
    expect(await page.textContent('.errors')).toContain('in use already');
    await page.fill('[name=address]', '10.99.0.1');
    await page.click('main .is-action');
    expect(await page.textContent('pre')).toContain('/radius incoming set accept=yes port=3799');

    await page.goto(`${lango.baseUrl}/subscribers/new`);
    await page.fill('[name=name]', 'Otieno <b>Ouma</b>');
    await page.fill('[name=phone]', '0733 111 222');
    await page.click('main .is-action');
    await page.fill('[name=username]', 'otieno');
    await page.fill('[name=password]', 'pass word');
    await page.click('main .is-action');
    expect(await page.textContent('h1')).toBe('Otieno <b>Ouma</b>');
    expect(await page.textContent('.page-title .state')).toContain('Pending');
    await page.fill('[name=amount]', '1500');
    await page.fill('[name=reference]', 'CR-1');
    await page.click('main form .is-pay');
    expect(await page.textContent('.told')).toContain('The service has begun');
    await page.click('.table .name');
    expect(await page.textContent('.page-title .state')).toContain('Active');
    expect(await page.textContent('.timeline')).toContain('aid KES 1,500');
    await page.fill('[name=amount]', '1500');
    await page.fill('[name=reference]', 'cr-1');
    await page.click('main form .is-pay');
    expect(await page.textContent('.errors')).toContain('credited already');
    await context.close();
  }, 60_000);
});
