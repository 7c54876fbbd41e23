import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';

let lango: TestLango;
let browser: Browser;
beforeAll(async () => {
  // Browsers make passkeys for a name and never for a bare address.
  lango = await startTestLango({ publicUrl: 'http://localhost' });
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

const at = (path: string): string => lango.baseUrl.replace('127.0.0.1', 'localhost') + path;

/** A page in a browser that has a platform authenticator, as a phone or a laptop has. */
async function withAuthenticator(): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return page;
}

async function byPassword(page: Page): Promise<void> {
  await page.goto(at('/login'));
  await page.fill('[name=email]', lango.company.email);
  await page.fill('[name=password]', lango.company.password);
  await page.click('form[action="/login"] button');
}

test('a passkey is made, signs in by itself and as the second proof, and is taken away', async () => {
  const page = await withAuthenticator();
  await byPassword(page);
  await page.waitForURL((url) => url.pathname !== '/login');
  // Another door is opened only by who has the password: a session that was left open is not enough.
  const opening = async (password: string) => {
    await page.goto(at('/staff/me'));
    await page.click('details:has(form[action="/staff/me/passkeys/new"]) summary');
    await page.fill('#f-proof-passkey', password);
  };
  await opening('not-it-at-all');
  await page.click('form[action="/staff/me/passkeys/new"] button:not([formaction])');
  expect(await page.textContent('[role=alert]')).toContain('password');
  await opening(lango.company.password);
  await page.click('form[action="/staff/me/passkeys/new"] button:not([formaction])');
  await page.fill('[name=name]', 'Office laptop');
  await page.click('form[data-passkey] button');
  await page.waitForURL((url) => url.searchParams.get('told') === 'passkey');
  expect(await page.textContent('main')).toContain('Office laptop');

  // Without a password.
  await page.context().clearCookies();
  await page.goto(at('/login'));
  await page.click('a[href^="/login/passkey"]');
  await page.click('form[data-passkey] button');
  await page.waitForURL((url) => !url.pathname.startsWith('/login'));

  // The password alone does not do any more; the passkey finishes it.
  await page.context().clearCookies();
  await byPassword(page);
  await page.waitForURL((url) => url.pathname === '/login/second');
  await page.click('form[data-passkey] button');
  await page.waitForURL((url) => !url.pathname.startsWith('/login'));
  const proofs = await lango.asOwner<{ method: string }>('SELECT method FROM staff_session ORDER BY id');
  expect(proofs.map((row) => row.method)).toEqual(['password', 'passkey', 'password+passkey']);

  // What another device answers, or the same answer again, opens nothing.
  const replay = await fetch(at('/login/passkey'), {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ answer: JSON.stringify({ id: 'x' }), step: 'x' }),
  });
  expect(replay.status).toBe(422);

  await opening('not-it-at-all');
  await page.click('button[formaction*="/staff/me/passkeys/"]');
  expect(await page.textContent('main')).toContain('Office laptop');
  await opening(lango.company.password);
  await page.click('button[formaction*="/staff/me/passkeys/"]');
  await page.waitForURL((url) => url.searchParams.get('told') === 'passkey_off');
  await page.context().clearCookies();
  await byPassword(page);
  await page.waitForURL((url) => !url.pathname.startsWith('/login'));
}, 120_000);

test('reached by a bare address the console offers no passkeys, for browsers would make none', async () => {
  const other = await startTestLango();
  expect(await (await fetch(`${other.baseUrl}/login`)).text()).not.toContain('/login/passkey');
  await other.stop();
}, 60_000);
