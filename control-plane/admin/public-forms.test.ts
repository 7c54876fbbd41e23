import type { Browser, Page } from 'playwright-core';
import { slicePageRoutes } from '../slices';
import { bySpecificity } from '../platform/http/routes-order';
import { fromBase32, hotp } from '../staff/totp';
import { earlyInAStep } from '../test-kit/code-app';
import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { sendsSms } from '../test-kit/messaging/company-sms';
import { make, makePackage } from '../test-kit/story';
import { openBrowser } from './testing/browser';
import { answerToNonsense, formsOf, type Way } from './testing/nonsense';

/**
 * The forms that people meet before they sign in, and those of customers: bad input is answered as the console's own forms answer it (forms.test.ts). Those of
 * customers stand on pages without scripts: there the browser itself gives the summary the focus.
 */
const posts = slicePageRoutes()
  .flatMap(({ routes }) => routes)
  .filter(({ method, permission }) => method === 'POST' && permission === 'public')
  .sort(bySpecificity);
const routeOf = (action: string): string | undefined =>
  posts.find(({ path }) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`).test(action))?.path;

let lango: TestLango;
let browser: Browser;
let admin: ConsoleClient;
let slug: string;
let site: string;
let colleagues = 0;

beforeAll(async () => {
  lango = await startTestLango();
  await sendsSms(lango);
  const plan = await makePackage(lango.api);
  const pass = await makePackage(lango.api, { type: 'hotspot', price_cents: 2_000 });
  const made = await make(lango.api, '/sites', {
    name: 'Soko',
    package_ids: [pass['id']],
    trial_minutes: 10,
    trial_once_per: 'phone',
    terms: 'Be kind.',
    terms_required: true,
  });
  site = made['slug'] as string;
  const [row] = await lango.asOwner<{ slug: string }>('SELECT slug FROM tenant WHERE id = $1', [
    lango.company.tenantId.toString(),
  ]);
  slug = row?.slug ?? '';
  await lango.asOwner('UPDATE tenant_registration SET is_open = true');
  admin = await consoleClient(lango);
  const opened = await admin.post('/join/settings', { is_open: 'yes', [`plan_${plan['id']}`]: 'yes' });
  expect(opened.location).toContain('told=saved');
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

/** Opens a page as a link or an address bar does. */
const open = async (page: Page, path: string): Promise<void> => {
  const answer = await page.goto(lango.baseUrl + path);
  expect({ path, status: answer?.status() }).toEqual({ path, status: 200 });
};
const send = async (page: Page, fields: Record<string, string>, button = 'main form button'): Promise<void> => {
  for (const [name, value] of Object.entries(fields)) await page.fill(`[name=${name}]`, value);
  await page.click(button);
};

interface Colleague {
  email: string;
  /** With which they choose their password. */
  link: string;
}

async function colleague(): Promise<Colleague> {
  const email = `door-${(colleagues += 1)}@example.net`;
  const page = await admin.post('/staff', { name: 'Pendo', email, role: 'support' });
  return { email, link: /\/login\/welcome\/[\w-]+/.exec(page.text)?.[0] ?? '' };
}

/** Somebody who has given the right password and has a code app. */
async function atSecondDoor(page: Page): Promise<void> {
  const { email, link } = await colleague();
  const password = 'kiboko-mtoni-42';
  await open(page, link);
  await send(page, { fresh: password });
  const who = await consoleClient(lango, { email, password });
  const secret = /class="id secret">([A-Z2-7 ]+)</.exec((await who.get('/staff/me/codes')).text)?.[1] ?? '';
  await earlyInAStep();
  const step = Math.floor(Date.now() / 30_000) - 1;
  await who.post('/staff/me/codes', { code: hotp(fromBase32(secret.replaceAll(' ', '')), step) });
  await page.context().clearCookies();
  await open(page, '/login');
  await send(page, { email, password }, 'button.is-action');
}

/** Each form, and how somebody comes to stand before it. */
const doors: Record<string, (page: Page) => Promise<void>> = {
  '/login': (page) => open(page, '/login'),
  '/login/company': (page) => open(page, '/login/company'),
  '/login/welcome/:token': async (page) => open(page, (await colleague()).link),
  '/login/second': atSecondDoor,
  '/tenants/register': (page) => open(page, '/tenants/register'),
  '/join/:company': (page) => open(page, `/join/${slug}`),
  '/join/:company/code': async (page) => {
    await open(page, `/join/${slug}`);
    await send(page, { name: 'Achieng', phone: `07110000${10 + Math.floor(colleagues++ % 80)}` });
  },
  '/documents/:company': (page) => open(page, `/documents/${slug}`),
  '/documents/:company/code': async (page) => {
    await open(page, `/documents/${slug}`);
    await send(page, { to: '0711 000 001' });
  },
  '/payments/claim/:company': (page) => open(page, `/payments/claim/${slug}`),
  '/payments/pay/:company': (page) => open(page, `/payments/pay/${slug}`),
  '/hotspot/:site/voucher': (page) => open(page, `/hotspot/${site}/voucher?lang=sw`),
  '/hotspot/:site/mine': (page) => open(page, `/hotspot/${site}/mine?lang=sw`),
  '/hotspot/:site/trial': (page) => open(page, `/hotspot/${site}/trial?lang=sw&mac=02:E1:00:00:00:01`),
};

/** Forms in which nothing is typed, or that the walk does not send, each with why. */
const buttons: Record<string, string> = {
  '/preferences': 'language and theme, a button each',
  '/login/passkey': 'filled by the browser; what a wrong answer meets: staff/passkeys.test.ts',
  '/join/:company/again': 'one button',
  '/documents/:company/leave': 'one button',
  '/documents/:company/pay/:service': 'a button, behind a code that came: documents/',
  '/hotspot/:site/buy': 'a plan and a phone, and a provider to ask it: hotspot/shop.test.ts',
  '/hotspot/:site/renew': 'one button',
  '/hotspot/:site/here': 'one button',
  '/hotspot/:site/identity': 'one button',
  '/hotspot/:site/identity/confirm': 'one button',
  '/hotspot/:site/code/:word': 'a code that was sent: hotspot/ways-in.test.ts',
  '/hotspot/:site/pass/:word/again': 'one button',
  '/hotspot/:site/pass/:word/here': 'one button',
};

test('every form that strangers meet is walked here, or has nothing to type in', () => {
  expect([...Object.keys(doors), ...Object.keys(buttons)].sort()).toEqual(posts.map(({ path }) => path).sort());
});

test.each(Object.keys(doors))('bad input into %s comes back with what was typed and what it wants', async (route) => {
  const context = await browser.newContext({ locale: 'sw' });
  await context.addCookies([{ name: 'lango_locale', value: 'sw', url: lango.baseUrl }]);
  const faults: Partial<Record<Way, string[]>> = {};
  for (const way of ['wrong', 'long'] as const) {
    const page = await context.newPage();
    await doors[route]?.(page);
    const at = (await formsOf(page)).findIndex(({ action }) => routeOf(action) === route);
    expect({ route, stands: at >= 0, at: page.url() }).toMatchObject({ stands: true });
    const answer = await answerToNonsense(page, at, way);
    if (answer && answer.length > 0) faults[way] = answer;
    await page.close();
  }
  expect(faults).toEqual({});
  await context.close();
});
