/** Pages that follow what happens: an order to its proof, a customer, the live table and the dashboard, with scripts and without. */
import type { Browser } from 'playwright-core';
import { Client } from 'pg';
import { until } from '../test-kit/until';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { openBrowser, signedIn } from './testing/browser';
import { seedProvider, type SeededProvider } from './testing/seed-provider';

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

describe('an answer that comes late', () => {
  test.each([
    ['all rows of a list', 'abdi.noor', () => '/sessions', 'tbody[data-rows]', (id: string) => `tr[data-row="${id}"]`],
    [
      'a part that takes its own place',
      'mercy.chebet',
      (login: string) => `/subscribers/${seeded.subscribers[login]}`,
      '.life section[data-on]',
      () => '.life',
    ],
  ] as const)(
    'with %s does not hide what was changed while it was under way',
    async (_what, login, path, part, place) => {
      const { page, context } = await signedIn(browser, lango);
      const id = seeded.sessions[login] ?? '';
      let held = 0;
      let letGo = (): void => undefined;
      const release = new Promise<void>((resolve) => (letGo = resolve));
      await page.goto(lango.baseUrl + path(login));
      const href = await page.locator(part).first().getAttribute('hx-get');
      // The first answer is written at once and arrives when we say.
      await page.route(`${lango.baseUrl}${href}`, async (route) => {
        const answer = await route.fetch();
        held += 1;
        if (held === 1) await release;
        await route.fulfill({ response: answer });
      });
      const { rows } = await owner.query<{ id: string }>(
        `INSERT INTO enforcement (tenant_id, session_id, nas_id, subscription_id, kind, reason)
       SELECT tenant_id, radacctid, nas_id, subscription_id, 'cut', 'staff_disconnect' FROM session_live WHERE radacctid = $1 RETURNING id`,
        [id],
      );
      await until(
        () => held,
        (count) => count === 1,
      );
      await owner.query(
        `WITH tried AS (INSERT INTO enforcement_attempt (tenant_id, enforcement_id, via, outcome, ms) SELECT tenant_id, id, 'disconnect', 'ack', 41 FROM enforcement WHERE id = $1)
       UPDATE enforcement SET attempts = 1, acked_at = lango_now() WHERE id = $1`,
        [rows[0]?.id],
      );
      // Time for the page to hear of it.
      await page.waitForTimeout(1_000);
      const acked = (): Promise<unknown> =>
        page.waitForFunction(
          (within) => document.querySelector(`${within} .proof`)?.textContent?.includes('ACK 41 ms'),
          place(id),
        );
      // A row asks for itself; then the older answer takes its place.
      if (part.startsWith('tbody')) await acked();
      const arrived = page.waitForResponse(`${lango.baseUrl}${href}`);
      letGo();
      await arrived;
      await page.waitForTimeout(200);
      await acked();
      // It was asked again for what it missed, and no more.
      await page.waitForTimeout(1_000);
      expect(held).toBeLessThanOrEqual(4);
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
    },
  );
});

test('a button that is held down while its part changes is the one that is let go', async () => {
  const { page, context } = await signedIn(browser, lango);
  const id = seeded.sessions['stmary'];
  await page.goto(`${lango.baseUrl}/subscribers/${seeded.subscribers['stmary']}`);
  await page.waitForFunction(() => document.querySelector('.strip .is-live')?.textContent?.includes('6.31'));
  await page.evaluate(`document.querySelector('.life .is-cut').pressed = true`);
  await page.hover('.life .is-cut');
  await page.mouse.down();
  await owner.query(
    `SELECT pg_notify('lango_live', json_build_object('tenant', $1::text, 'topic', 'sessions', 'id', $2::text)::text)`,
    [String(lango.company.tenantId), id],
  );
  await page.waitForTimeout(2_000);
  expect(await page.evaluate(`document.querySelector('.life .is-cut').pressed`)).toBe(true);
  await page.mouse.up();
  await page.waitForSelector('.life .proof');
  expect(await page.textContent('.life .proof')).toContain('asked');
  await context.close();
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

  test('has a timeline that grows by itself: money that comes, and what a colleague does', async () => {
    const { page, context } = await signedIn(browser, lango);
    const { rows } = await owner.query<{ id: string }>(`SELECT id FROM subscription WHERE username = 'abdi.noor'`);
    await page.goto(`${lango.baseUrl}/subscribers/${seeded.subscribers['abdi.noor']}`);
    await page.evaluate('window.stayed = true');
    // By another road than this browser: a program of the company.
    const paid = await lango.api.post('/billing/transactions', {
      subscription_id: rows[0]?.id,
      amount_cents: 4_321,
      method: 'cash',
      reference: 'R-TIME',
    });
    expect(paid.status).toBe(201);
    await page.waitForSelector('.timeline li:has-text("43.21")');
    const extended = await lango.api.post(`/subscriptions/${rows[0]?.id}/extend`, { count: 1, unit: 'day' });
    expect(extended.status).toBe(200);
    await page.waitForSelector('.timeline li:has-text("extend")');
    expect(await page.evaluate('window.stayed')).toBe(true);
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
