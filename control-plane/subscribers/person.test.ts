import { Client as PgClient } from 'pg';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser, signedIn } from '../admin/testing/browser';
import { seedProvider } from '../admin/testing/seed-provider';
import type { SeededProvider } from '../admin/testing/seed-provider';
import { startTestLango } from '../test-kit/lango';
import type { TestLango } from '../test-kit/lango';

let lango: TestLango;
let browser: Browser;
let seeded: SeededProvider;
let staff: { page: Page; context: BrowserContext };

const said: string[] = [];

beforeAll(async () => {
  // Connections keep the method that they find when they are made, so it is listened to from the beginning.
  const send = Object.getOwnPropertyDescriptor(PgClient.prototype, 'query')?.value as (...all: unknown[]) => unknown;
  function heard(this: PgClient, ...args: unknown[]): unknown {
    const [first] = args;
    said.push(typeof first === 'string' ? first : String((first as { text?: string } | undefined)?.text));
    return send.apply(this, args);
  }
  jest.spyOn(PgClient.prototype, 'query').mockImplementation(heard);
  lango = await startTestLango();
  seeded = await seedProvider(lango.db.ownerUrl, String(lango.company.tenantId));
  browser = await openBrowser();
  staff = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await lango?.stop();
  jest.restoreAllMocks();
});

const personPath = () => `${lango.baseUrl}/subscribers/${seeded.subscribers['lilian.owuor']}`;

/** What the web process, which is this one, says to the database while `work` runs; what opens and ends a transaction is not counted. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  said.length = 0;
  await work();
  return said.filter((text) => !/^(BEGIN|COMMIT|ROLLBACK|SET)\b|set_config/i.test(text.trim()));
}

test('one page answers who, paid until when, online now, how fast and what happened, in at most twelve statements', async () => {
  const { page } = staff;
  await page.goto(personPath());
  // An order to the network is open on this person's session: the fullest page there is.
  const sent = await statementsOf(() => page.goto(personPath()));
  expect(sent.length).toBeGreaterThan(5);
  expect(sent.map((text) => text.replace(/\s+/g, ' ').slice(0, 90)).slice(12)).toEqual([]);
  const strip = (await page.textContent('.strip')) ?? '';
  expect(strip).toContain('Home 10');
  expect(strip).toContain('Mbps');
  expect(await page.textContent('.page-title')).toContain('Lilian');
  if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/person.png`, fullPage: true });
});

test('whoever is online behind the pay page alone is not called online, and it says why', async () => {
  const { page } = staff;
  const id = seeded.subscribers['lilian.owuor'];
  const all = 'FROM subscription s WHERE s.subscriber_id = $1 AND l.subscription_id = s.id AND l.stopped_at IS NULL';
  const [before] = await lango.asOwner<{ mode: string | null }>(`SELECT l.mode FROM session_live l, ${all.slice(5)}`, [
    id,
  ]);
  await lango.asOwner(`UPDATE session_live l SET mode = 'garden' ${all}`, [id]);
  await page.goto(personPath());
  const strip = (await page.textContent('.strip')) ?? '';
  expect(strip).toContain('Online behind the pay page');
  expect(strip).toContain('the order is on its way');
  expect(strip).not.toContain('Online now');
  expect(await page.textContent('.page-title')).not.toContain('online');
  if (process.env['SHOTS'])
    await page.screenshot({ path: `${process.env['SHOTS']}/person-garden.png`, fullPage: true });
  await lango.asOwner(`UPDATE session_live l SET mode = $2 ${all}`, [id, before?.mode]);
});

test('the timeline merges payments, sessions, orders, refusals and what staff did, and goes back page by page', async () => {
  const { page } = staff;
  const id = seeded.subscribers['lilian.owuor'];
  const tenant = String(lango.company.tenantId);
  const [service] = await lango.asOwner<{ id: string }>(`SELECT id FROM subscription WHERE subscriber_id = $1`, [id]);
  await lango.asOwner(
    `INSERT INTO session_closed (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at, stopped_at, terminate_cause, first_seen_on)
     SELECT $1, $2, 'old' || g, $3, 'lilian.owuor', '10.77.0.1', at, at + interval '1 hour', now(), at + interval '1 hour', 'Lost-Carrier', at::date
     FROM (SELECT g, now() - make_interval(days => g + 3) AS at FROM generate_series(1, 60) g) d`,
    [tenant, seeded.routers['Kasarani'], service?.id],
  );
  await lango.asOwner(
    `INSERT INTO radpostauth (tenant_id, username, reply, reason, authdate) VALUES ($1, 'lilian.owuor', 'Access-Reject', 'wrong_mac', now() - interval '3 hours')`,
    [tenant],
  );
  await page.goto(`${lango.baseUrl}/subscribers/${id}/events`);
  const seen: string[] = [];
  for (let pages = 0; pages < 10; pages += 1) {
    const lines = await page.locator('.timeline li').allTextContents();
    seen.push(...lines);
    const older = page.locator('a[rel=next]');
    if ((await older.count()) === 0) break;
    expect(lines).toHaveLength(50);
    await older.click();
  }
  const all = seen.join('\n');
  for (const part of ['Came online', 'Went offline', 'paid KES', 'Login refused', 'cut, under way', 'Lost-Carrier'])
    expect(all).toContain(part);
  // Sixty old sessions began and ended, each told once.
  expect(seen.filter((line) => line.includes('Lost-Carrier'))).toHaveLength(60);
});

test('a note is added, pinned above the others, and taken off; each step is on record and nobody else sees it', async () => {
  const { page } = staff;
  const write = async (text: string) => {
    await page.fill('[name=body]', text);
    await page.click('button:has-text("Add note")');
  };
  await page.goto(personPath());
  await write('Call after five <b>only</b>');
  await write('Dog in the yard');
  expect(await page.locator('.note').allTextContents()).toEqual([
    expect.stringContaining('Dog in the yard'),
    expect.stringContaining('Call after five <b>only</b>'),
  ]);
  await page.locator('.note', { hasText: 'Call after' }).locator('button:has-text("Pin on top")').click();
  expect(await page.locator('.note').first().textContent()).toContain('Call after five');
  await page.locator('.note', { hasText: 'Dog' }).locator('button:has-text("Remove")').click();
  expect(await page.locator('.note').count()).toBe(1);
  const events = await lango.asOwner<{ action: string }>(
    `SELECT action FROM audit_event WHERE subject_type = 'subscriber' AND subject_id = $1 AND action LIKE 'subscribers.note%' ORDER BY id`,
    [seeded.subscribers['lilian.owuor']],
  );
  expect(events.map((one) => one.action)).toEqual([
    'subscribers.note_added',
    'subscribers.note_added',
    'subscribers.note_pin',
    'subscribers.note_remove',
  ]);
  const stranger = await signedIn(browser, lango, await lango.addCompany());
  expect((await stranger.page.goto(personPath()))?.status()).toBe(404);
  expect((await stranger.page.goto(`${personPath()}/events`))?.status()).toBe(404);
  await stranger.context.close();
});

test.each([
  ['light', 1280],
  ['dark', 360],
] as const)('it stays within the screen in %s at %i px', async (colorScheme, width) => {
  const { page, context } = await signedIn(browser, lango, lango.company, {
    colorScheme,
    viewport: { width, height: 800 },
  });
  for (const path of [personPath(), `${personPath()}/events`]) {
    await page.goto(path);
    if (process.env['SHOTS'])
      await page.screenshot({ path: `${process.env['SHOTS']}/person-${width}-${path.length}.png`, fullPage: true });
    expect(Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))).toBeLessThanOrEqual(0);
  }
  await context.close();
});
