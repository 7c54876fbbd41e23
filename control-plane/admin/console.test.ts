import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { Client } from 'pg';
import { startTestLango } from '../test-kit/lango';
import type { TestLango } from '../test-kit/lango';
import { openBrowser, signedIn } from './testing/browser';
import { seedProvider } from './testing/seed-provider';
import type { SeededProvider } from './testing/seed-provider';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** The part of the browser's page that the waiting functions below touch. */
declare const document: { querySelector(selector: string): { textContent: string | null } | null };

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
    `/subscribers/${person}`,
    '/subscribers/new',
    `/subscriptions/new?client=${person}`,
    '/payments',
    '/plans',
    '/plans/new',
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

/** Faults that axe finds, as one line each. The policy forbids foreign scripts, so axe goes in through the debugger, not as a tag. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    type Found = { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] };
    const axe = (globalThis as unknown as { axe: { run(options: object): Promise<Found> } }).axe;
    const { violations } = await axe.run({ runOnly: tags });
    return violations.flatMap((one) =>
      one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)} ${node.failureSummary.split('\n')[1] ?? ''}`),
    );
  }, WCAG);
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
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('404')) errors.push(`${page.url()} ${message.text()}`);
    });
    page.on('pageerror', (error) => errors.push(`${page.url()} ${String(error)}`));
    for (const path of pages()) {
      await page.goto(lango.baseUrl + path);
      const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      const wrong = [...(await faults(page)), ...(Number(wide) > 0 ? [`${String(wide)} px too wide`] : [])];
      if (wrong.length > 0) found[path] = wrong;
    }
    await context.close();
    expect(found).toEqual({});
    expect(errors).toEqual([]);
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
    expect(await faults(page)).toEqual([]);
    expect(Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))).toBeLessThanOrEqual(0);
  }
  await page.fill('[name=email]', lango.company.email);
  await page.fill('[name=password]', 'not this one');
  await page.click('button.is-action');
  await page.waitForSelector('.errors');
  expect(await faults(page)).toEqual([]);
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

describe('cutting a session', () => {
  test('without scripts: a plain form, 303, and the row says what was asked', async () => {
    const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
    const id = seeded.sessions['b.chepkoech'];
    await page.goto(`${lango.baseUrl}/sessions`);
    await page.click(`tr[data-row="${id}"] .menu summary`);
    await page.click(`tr[data-row="${id}"] .is-cut`);
    expect(new URL(page.url()).pathname).toBe('/sessions');
    expect(await page.textContent('.told')).toContain('asked for');
    expect(await page.textContent(`tr[data-row="${id}"] .proof`)).toContain('asked');
    const { rows } = await owner.query('SELECT kind, reason, state FROM enforcement WHERE session_id = $1', [id]);
    expect(rows).toEqual([{ kind: 'cut', reason: 'staff_disconnect', state: 'open' }]);
    await context.close();
  });

  test('with scripts: the row follows the order to its proof by itself, and says Online until then', async () => {
    const { page, context } = await signedIn(browser, lango);
    const id = seeded.sessions['halima.ali'];
    const row = page.locator(`tr[data-row="${id}"]`);
    await page.goto(`${lango.baseUrl}/sessions`);
    await page.waitForSelector('[data-live-mark]:not(.is-still)');
    await row.locator('.menu summary').click();
    await row.locator('.is-cut').click();
    await row.locator('.proof').waitFor();
    expect(await row.locator('.proof').getAttribute('class')).toContain('is-open');
    const { rows } = await owner.query<{ id: string }>('SELECT id FROM enforcement WHERE session_id = $1', [id]);
    const order = rows[0]?.id;
    await owner.query(
      `INSERT INTO enforcement_attempt (tenant_id, enforcement_id, via, outcome, ms) SELECT tenant_id, id, 'disconnect', 'ack', 41 FROM enforcement WHERE id = $1`,
      [order],
    );
    await owner.query('UPDATE enforcement SET attempts = 1, acked_at = lango_now() WHERE id = $1', [order]);
    await page.waitForFunction(
      (session) => document.querySelector(`tr[data-row="${session}"] .proof`)?.textContent?.includes('ACK 41 ms'),
      id,
    );
    expect(await row.locator('.state').textContent()).toContain('Online');
    expect(await row.locator('.proof.is-proven').count()).toBe(0);
    await owner.query(`UPDATE session_live SET stopped_at = lango_now(), closed_by = 'stop' WHERE radacctid = $1`, [
      id,
    ]);
    await owner.query(
      `UPDATE enforcement SET state = 'proven', proven_by = 'stop', proven_at = created_at + interval '600 ms', closed_at = lango_now() WHERE id = $1`,
      [order],
    );
    await page.waitForSelector(`tr[data-row="${id}"] .proof.is-proven`);
    expect(await row.textContent()).toContain('gone 0.6 s');
    expect(await row.locator('.state').textContent()).toContain('Offline');
    await context.close();
  });
});

describe('the page of a customer', () => {
  test('takes a cut, stays there, and follows it to its end', async () => {
    const { page, context } = await signedIn(browser, lango);
    const id = seeded.sessions['s.rotich'];
    await page.goto(`${lango.baseUrl}/subscribers/${seeded.subscribers['s.rotich']}`);
    await page.waitForFunction(() => document.querySelector('.strip .is-live')?.textContent?.includes('31.6'));
    await page.click('.life .is-cut');
    expect(new URL(page.url()).pathname).toBe(`/subscribers/${seeded.subscribers['s.rotich']}`);
    expect(await page.textContent('.life .proof')).toContain('asked');
    await owner.query(`UPDATE session_live SET stopped_at = lango_now(), closed_by = 'stop' WHERE radacctid = $1`, [
      id,
    ]);
    await owner.query(
      `UPDATE enforcement SET state = 'proven', proven_by = 'stop', proven_at = created_at + interval '1 second', closed_at = lango_now() WHERE session_id = $1`,
      [id],
    );
    await page.waitForSelector('.life .proof.is-proven');
    expect(await page.textContent('.life > section:first-child')).toContain('Not online');
    await context.close();
  });

  test('can be corrected, and its plan changed from the next payment', async () => {
    const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
    await page.goto(`${lango.baseUrl}/subscribers/${seeded.subscribers['faith.nduta']}`);
    await page.click('a[href$="/edit"]');
    await page.fill('[name=phone]', '12');
    await page.click('main .is-action');
    expect(await page.locator('.errors li').count()).toBe(1);
    await page.fill('[name=phone]', '0722 000 111');
    await page.click('main .is-action');
    expect(await page.textContent('.page-head')).toContain('0722 000 111');
    await page.click('summary:has-text("Change plan")');
    await page.selectOption('[name=package_id]', { label: 'Home 10' });
    await page.click('form[action$="/change-plan"] .is-action');
    // What it comes to stands there before anything happens.
    expect(await page.textContent('main')).toContain('worth KES');
    await page.click('form[action$="/change-plan"] .is-action');
    expect(await page.textContent('.told')).toContain('plan is changed');
    expect(await page.textContent('.service-card')).toContain('Home 10 from the next payment');
    await context.close();
  });

  test('says in the reader’s language why something was not done', async () => {
    const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
    await owner.query(`UPDATE staff SET locale = 'sw' WHERE id = $1`, [String(lango.company.staffId)]);
    await page.goto(`${lango.baseUrl}/subscribers/${seeded.subscribers['halima.ali']}`);
    await owner.query(`UPDATE subscription SET status = 'paused' WHERE username = 'halima.ali'`);
    await page.click('form[action$="/pause"] button');
    expect(await page.textContent('main')).toContain('Imepumzishwa: irejeshe kwanza.');
    await owner.query(`UPDATE subscription SET status = 'active' WHERE username = 'halima.ali'`);
    await owner.query(`UPDATE staff SET locale = 'en' WHERE id = $1`, [String(lango.company.staffId)]);
    await context.close();
  });

  test('suspends with a reason, which the badge then says, and offers to resume', async () => {
    const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
    await page.goto(`${lango.baseUrl}/subscribers/${seeded.subscribers['kamau.cyber']}`);
    await page.click('summary.is-cut');
    await page.fill('[name=reason]', 'cheque came back');
    await page.click('.menu-sheet .is-cut');
    expect(await page.textContent('.told')).toContain('suspended');
    expect(await page.textContent('.page-title .state')).toContain('Suspended');
    expect(await page.textContent('.page-title .why p')).toContain('cheque came back');
    expect(await page.locator('form[action$="/suspend"]').count()).toBe(0);
    await page.click('form[action$="/resume"] button');
    expect(await page.textContent('.page-title .state')).toContain('Active');
    await context.close();
  });
});

describe('the live table', () => {
  test('updates figures in place under the pointer, and lets rows come and go only when it has left', async () => {
    const { page, context } = await signedIn(browser, lango);
    await page.goto(`${lango.baseUrl}/sessions`);
    await page.waitForSelector('[data-live-mark]:not(.is-still)');
    const id = seeded.sessions['grace.muthoni'];
    await page.hover(`tr[data-row="${id}"] .name`);
    const first = await page.textContent('.table tbody tr:first-child .name');
    await owner.query(
      `UPDATE session_live SET output_bytes = prev_output_bytes + 30 * 12345678 / 8 WHERE radacctid = $1`,
      [id],
    );
    await owner.query(
      `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, username, nas_address, started_at, updated_at, received_at)
       SELECT tenant_id, nas_id, 'late-comer', 'late-comer', nas_address, lango_now(), lango_now(), lango_now() FROM session_live WHERE radacctid = $1`,
      [id],
    );
    await owner.query(
      `SELECT pg_notify('lango_live', json_build_object('tenant', $1::text, 'topic', 'sessions')::text)`,
      [String(lango.company.tenantId)],
    );
    await page.waitForFunction(
      (row) => document.querySelector(`[data-cell="${row}-speed"]`)?.textContent?.includes('12.3'),
      id,
    );
    expect(await page.textContent('.table tbody tr:first-child .name')).toBe(first);
    await page.mouse.move(5, 5);
    await page.waitForFunction(
      () => document.querySelector('.table tbody tr:first-child .name')?.textContent === 'late-comer',
    );
    await context.close();
  });
});

describe('the live dashboard', () => {
  test('shows a payment the moment it is taken, without a reload', async () => {
    const { page, context } = await signedIn(browser, lango);
    await page.goto(`${lango.baseUrl}/dashboard`);
    await page.waitForSelector('[data-live-mark]:not(.is-still)');
    await page.evaluate('window.stayed = true');
    const before = await page.textContent('.figure-main');
    const { rows } = await owner.query<{ id: string }>(`SELECT id FROM subscription WHERE username = 'grace.muthoni'`);
    const paid = await lango.api.post('/billing/transactions', {
      subscription_id: rows[0]?.id,
      amount_cents: 123_400,
      method: 'cash',
      reference: 'R-77',
    });
    expect(paid.status).toBe(201);
    await page.waitForFunction((old) => document.querySelector('.figure-main')?.textContent !== old, before);
    // Each panel asks for itself.
    await page.waitForFunction(() => document.querySelector('.feed')?.textContent?.includes('Grace Wanjiku Muthoni'));
    expect(await page.evaluate('window.stayed')).toBe(true);
    await context.close();
  });

  test('names the silent router with its remedy, and draws an unchecked zero as unknown', async () => {
    const { page, context } = await signedIn(browser, lango);
    await page.goto(`${lango.baseUrl}/dashboard`);
    const needs = page.locator('.needs li.is-bad', { hasText: 'Kahawa West is silent' });
    expect(await needs.locator('.button').getAttribute('href')).toBe(
      `/sessions?router=${seeded.routers['Kahawa West']}`,
    );
    // A part that beat once and fell silent is named as well.
    await owner.query(
      `INSERT INTO platform_heartbeat (part, instance, beat_at) VALUES ('enforcer', 'gone', clock_timestamp() - interval '3 minutes')`,
    );
    await page.reload();
    expect(await page.textContent('.needs')).toContain('The enforcer has stopped');
    await owner.query(`DELETE FROM platform_heartbeat WHERE instance = 'gone'`);
    // No listener runs beside this test, so nobody can say how many records wait.
    expect(await page.textContent('.zeros .is-unknown')).toContain('nobody reports');
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
      expect({ words, first: await page.textContent('.table tbody tr:first-child .name') }).toEqual({
        words,
        first: 'Grace Wanjiku Muthoni',
      });
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

  test('pages are small enough for a bad link: 30 KB compressed', async () => {
    const { page, context } = await signedIn(browser, lango);
    for (const path of pages()) {
      const body = await (await page.goto(lango.baseUrl + path))!.body();
      expect({ path, small: gzipSync(body).length < 30_000 }).toEqual({ path, small: true });
    }
    await context.close();
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
