import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import { errorsOf, faultsOf, openBrowser, signedInAt } from '../admin/testing/browser';
import type { Session } from '../test-kit/mikrotik';
import { firstAdmin } from '../test-kit/program';
import { asOwner } from '../test-kit/story';
import { until } from '../test-kit/until';
import { startWhole, type KnownRouter, type Whole } from '../test-kit/whole';

/**
 * One day of an operator at the console, wide and on a phone, with the product as it is started and a simulated MikroTik: from a new plan to five hundred
 * customers who get a day back after an outage. Every page on the way is looked at by axe in both themes.
 */
let lango: Whole;
let browser: Browser;
let router: KnownRouter;
beforeAll(async () => {
  lango = await startWhole();
  router = await lango.addRouter();
  browser = await openBrowser();
}, 90_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
}, 30_000);

/** Rows of the import from a desk and from a phone; TEST_IMPORT_ROWS=10000 is the move of a whole company, from either. */
const MANY = Number(process.env['TEST_IMPORT_ROWS'] ?? 0);
const ROWS = MANY || 500;
/** Patience: spent only when something is broken. */
const PATIENCE_MS = 90_000 + ROWS * 60;

interface Day {
  page: Page;
  width: number;
  theme: 'light' | 'dark';
  /** Of the import: many from a desk, some from a phone. */
  rows: number;
  name: string;
  login: string;
  receipt: string;
  plans: { home: string; fast: string };
  /** The page of the import, once there is one. */
  imported: string;
}

const go = ({ page }: Day, path: string) => page.goto(lango.baseUrl + path);
/** The button at the end of the page's form. */
const send = ({ page }: Day) => page.click('main form .actions .is-action');

/** What is wrong with the page as it stands: wide in both themes, on the phone in the dark. */
async function look({ page, width, theme }: Day, what: string): Promise<void> {
  const faults: string[] = [];
  for (const colorScheme of theme === 'light' ? (['light', 'dark'] as const) : (['dark'] as const)) {
    await page.emulateMedia({ colorScheme });
    faults.push(...(await faultsOf(page, `${what}-${width}-${colorScheme}`)).map((one) => `${colorScheme}: ${one}`));
  }
  await page.emulateMedia({ colorScheme: theme });
  expect({ what, faults }).toEqual({ what, faults: [] });
}

/** Opens one of the menus of the service. */
async function menu({ page }: Day, word: string): Promise<Locator> {
  const opened = page.locator('details.menu', { has: page.locator('summary', { hasText: word }) });
  await opened.locator('summary').click();
  return opened;
}

/** The customer's running session once it is as wanted. */
const session = async ({ login }: Day, wanted: (live: Session) => boolean): Promise<Session> =>
  (await until(
    () => router.device.session(login),
    (live) => live !== undefined && wanted(live),
    PATIENCE_MS,
  )) as Session;

async function makePlan(day: Day, name: string, price: string, down: string): Promise<void> {
  const { page } = day;
  await go(day, '/plans/new');
  await page.fill('[name=name]', name);
  await page.fill('[name=price]', price);
  await page.selectOption('[name=unit]', 'month');
  await page.fill('[name=down]', down);
  await page.fill('[name=up]', '5');
  await look(day, 'plan-form');
  await send(day);
  await page.waitForURL(/\/plans\/\d+\?told=created/);
  expect(await page.textContent('h1')).toContain(name);
  await look(day, 'plan');
}

async function sell(day: Day): Promise<void> {
  const { page } = day;
  await go(day, '/subscribers');
  await page.click('a[href="/subscribers/new"]');
  await page.fill('[name=name]', day.name);
  await page.fill('[name=phone]', '0733 111 222');
  await look(day, 'customer-form');
  await send(day);
  await page.waitForURL(/\/subscriptions\/new/);
  await page.selectOption('[name=package_id]', { label: `${day.plans.home}, KES 1,000` });
  await page.fill('[name=username]', day.login);
  await page.fill('[name=password]', 'open sesame');
  await look(day, 'service-form');
  await send(day);
  await page.waitForURL(/done=create/);
  // More than the plan costs: the rest stays in the wallet.
  await page.fill('#pay [name=amount]', '5000');
  await page.fill('#pay [name=reference]', day.receipt);
  await page.click('#pay .is-pay');
  await page.waitForURL(/\/payments\?done=/);
  expect(await page.textContent('.told')).toContain('The service has begun');
  await look(day, 'payments');
}

async function seeOnline(day: Day): Promise<void> {
  const { page } = day;
  await go(day, '/sessions');
  await page.waitForSelector('[data-live-mark]:not(.is-still)');
  const dialled = await router.device.connectPppoe({
    username: day.login,
    password: 'open sesame',
    authentication: 'mschap2',
    redial_ms: 200,
  });
  expect(dialled.kind).toBe('online');
  // Nobody loads the page again.
  await page.waitForSelector(`.table tbody tr:has-text("${day.name}")`);
  expect((await session(day, () => true)).entitlement.rateLimit).toMatchObject({ down_bps: 10_000_000 });
  await look(day, 'sessions');
  await page.click(`.table a.name:has-text("${day.name}")`);
  await page.waitForSelector('.strip .is-live');
  await look(day, 'customer');
}

async function changePlan(day: Day): Promise<void> {
  const { page } = day;
  const before = await session(day, () => true);
  const opened = await menu(day, 'Change plan');
  await opened.locator('[name=package_id]').selectOption({ label: day.plans.fast });
  await opened.locator('.is-action').click();
  await page.waitForURL(/change-plan/);
  expect(await page.textContent('main')).toContain('from the wallet');
  await look(day, 'plan-change');
  await page.check('[value=money]');
  await send(day);
  await page.waitForURL(/done=change-plan/);
  const faster = await session(day, (live) => live.entitlement.rateLimit?.down_bps === 40_000_000);
  // By CoA: it is the same session, and nobody was thrown off.
  expect(faster.id).toBe(before.id);
  expect(await page.textContent('.strip')).toContain(day.plans.fast);
}

async function suspendAndResume(day: Day): Promise<void> {
  const { page } = day;
  const opened = await menu(day, 'Suspend');
  await opened.locator('[name=reason]').fill('moved house');
  await opened.locator('button').click();
  await page.waitForURL(/done=suspend/);
  expect(await page.textContent('.page-title .state')).toContain('Suspended');
  await until(
    () => router.device.session(day.login),
    (live) => live === undefined,
    PATIENCE_MS,
  );
  await page.waitForSelector('.life:has-text("Not online")');
  await look(day, 'customer-suspended');
  await page.click('form[action$="/resume"] button');
  await page.waitForURL(/done=resume/);
  // The customer's own router has been dialling all the while.
  await session(day, (live) => live.entitlement.rateLimit?.down_bps === 40_000_000);
  await page.waitForSelector('.life:not(:has-text("Not online"))');
}

async function findByReceipt(day: Day): Promise<void> {
  const { page } = day;
  await go(day, '/dashboard');
  await page.keyboard.press('/');
  await page.keyboard.type(day.receipt.toLowerCase());
  await page.waitForSelector(`[data-search-box] a:has-text("${day.name}")`);
  await look(day, 'search');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname !== '/dashboard');
  expect(await page.textContent('main')).toContain(day.name);
}

/** Every row's fate is shown before anything is written. */
async function importRows(day: Day): Promise<void> {
  const { page, width } = day;
  const paidUntil = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
  const lines = Array.from({ length: day.rows }, (_, n) =>
    [
      `Imported ${width} ${n}`,
      `07${String(width * 10_000 + n).padStart(8, '0')}`,
      `imp.${width}.${n}`,
      `secret-${n}`,
      day.plans.home,
      paidUntil,
    ].join(),
  );
  lines.push(['Nobody', '12', `imp.${width}.bad`, 'secret', day.plans.home, paidUntil].join());
  const csv = ['name,phone,username,password,plan,expires', ...lines].join('\n');
  await go(day, '/imports/new');
  await look(day, 'import-new');
  await page.setInputFiles('[name=file]', { name: 'old.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await send(day);
  await page.waitForURL(/\/imports\/\d+$/);
  await look(day, 'import-columns');
  await send(day);
  await page.waitForURL(/\/bulk\/\d+$/);
  expect(await page.textContent('main')).toContain('12 is no phone number.');
  await look(day, 'import-fates');
  expect(await ends(day)).toHaveLength(0);
  day.imported = new URL(page.url()).pathname;
  const made = await atWork(day, 'start', 'form[action$="/undo"]');
  // A few rows may be done before anybody looks.
  if (MANY) expect(made.length).toBeGreaterThan(5);
  expect((await page.textContent('.strip'))?.replaceAll(',', '')).toContain(String(day.rows));
  await look(day, 'import-done');
}

/** Presses a button of the run's page and watches it until `over` is there, without loading it again. Gives what the page said on the way, in its order. */
async function atWork(day: Day, button: 'start' | 'undo', over: string): Promise<string[]> {
  const { page } = day;
  const began = Date.now();
  await page.click(`form[action$="/${button}"] button`);
  const said: string[] = [];
  const glance = async (): Promise<boolean> => {
    await sleep(200);
    const [now, done] = await page.evaluate((selector) => {
      type Doc = { querySelector(s: string): { textContent: string } | null };
      const { document } = globalThis as unknown as { document: Doc };
      const text = (s: string) => document.querySelector(s)?.textContent.trim() ?? '';
      return [
        `${text('.page-title .outcome')} ${text('[role=status] p')}`.trim(),
        document.querySelector(selector) !== null,
      ] as const;
    }, over);
    if (/ of /.test(now) && said.at(-1) !== now) said.push(now);
    return done;
  };
  await until(glance, (done) => done, PATIENCE_MS);
  if (MANY)
    process.stdout.write(
      `${JSON.stringify({ what: button, width: day.width, rows: day.rows, seconds: (Date.now() - began) / 1000, first: said[0], seen: said.length })}\n`,
    );
  return said;
}

/** Nobody has used what the file made, so that all of it goes. */
async function takeBack(day: Day): Promise<void> {
  const { page } = day;
  await go(day, day.imported);
  const said = await atWork(day, 'undo', '.page-title .is-cancelled');
  if (MANY) expect(said.length).toBeGreaterThan(5);
  expect(await page.textContent('.page-title .outcome')).toContain('Taken back');
  expect((await page.textContent('.strip'))?.replaceAll(',', '')).toContain(String(day.rows));
  expect(await ends(day)).toHaveLength(0);
  await look(day, 'import-undone');
}

/** When the service of each imported customer ends, ms. */
const ends = async ({ width }: Day): Promise<number[]> =>
  (
    await asOwner<{ at: Date }>(
      lango.db,
      `SELECT expires_at AS at FROM subscription WHERE username LIKE $1 AND status <> 'ended' ORDER BY id`,
      [`imp.${width}.%`],
    )
  ).map(({ at }) => at.getTime());

async function giveADayBack(day: Day): Promise<void> {
  const { page } = day;
  const before = await ends(day);
  await go(day, '/bulk/new?action=extend');
  await page.fill('[name=days]', '1');
  await page.selectOption('[name=plan]', { label: day.plans.home });
  await look(day, 'bulk-form');
  await send(day);
  await page.waitForURL(/\/bulk\/\d+$/);
  await look(day, 'bulk-fates');
  expect(await ends(day)).toEqual(before);
  await page.click('form[action$="/start"] button');
  await page.waitForSelector('form[action$="/undo"]', { timeout: 400_000 });
  await look(day, 'bulk-done');
  const after = await ends(day);
  expect(after).toHaveLength(day.rows);
  expect(after.map((end, n) => (end - (before[n] ?? 0)) / 3_600_000)).toEqual(after.map(() => 24));
}

test.each([
  [1280, 'light'],
  [360, 'dark'],
] as const)(
  'a day at %i px, in %s',
  async (width, theme) => {
    // Without motion a theme is there at once, and not on its way there while axe looks.
    const options = { colorScheme: theme, viewport: { width, height: 800 }, reducedMotion: 'reduce' as const };
    const { page, context } = await signedInAt(browser, lango.baseUrl, firstAdmin, options);
    page.setDefaultTimeout(PATIENCE_MS);
    const errors = errorsOf(page);
    const day: Day = {
      page,
      width,
      theme,
      rows: width > 1000 ? ROWS : MANY || 60,
      name: `Otieno Ouma ${width}`,
      login: `otieno.${width}`,
      receipt: `SLK7X${width}`,
      plans: { home: `Home 10 at ${width}`, fast: `Home 40 at ${width}` },
      imported: '',
    };
    await makePlan(day, day.plans.home, '1000', '10');
    await makePlan(day, day.plans.fast, '2500', '40');
    await sell(day);
    await seeOnline(day);
    await changePlan(day);
    await suspendAndResume(day);
    await findByReceipt(day);
    await importRows(day);
    // Ten thousand who get a day back one by one take minutes more and show nothing that five hundred do not.
    if (!MANY) await giveADayBack(day);
    await takeBack(day);
    // Nothing on the way broke a policy, a script or an address.
    expect(errors).toEqual([]);
    await context.close();
  },
  60_000 + 10 * PATIENCE_MS,
);
