/** The certificates of routers as staff use them: made, taken away once, seen and revoked, on a phone as on a desk. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { createSecretBox } from '../platform/crypto';
import { ensureAuthority } from '../radsec';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { unique } from '../test-kit/story';
import { errorsOf, faultsOf, openBrowser, signedIn } from './testing/browser';

let lango: TestLango;
let browser: Browser;
beforeAll(async () => {
  lango = await startTestLango();
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

describe.each([
  ['light', 1280],
  ['dark', 360],
] as const)('in %s at %i px', (colorScheme, width) => {
  let page: Page;
  let context: BrowserContext;
  let errors: string[];
  beforeAll(async () => {
    ({ page, context } = await signedIn(browser, lango, lango.company, {
      colorScheme,
      viewport: { width, height: 800 },
    }));
    errors = errorsOf(page);
  });
  afterAll(() => context.close());

  test('without certificates and authority the pages say the next step', async () => {
    await lango.asOwner('DELETE FROM radsec_certificate');
    await lango.asOwner('DELETE FROM radsec_authority');
    await page.goto(`${lango.baseUrl}/radsec`);
    expect([await page.textContent('.empty'), ...(await faultsOf(page))]).toEqual([
      expect.stringContaining('No router has a certificate yet'),
    ]);
    await page.goto(`${lango.baseUrl}/radsec/server`);
    expect([await page.textContent('.empty'), ...(await faultsOf(page))]).toEqual([
      expect.stringContaining('lango start'),
    ]);
  }, 60_000);

  test('a router that is known by a certificate alone is added, and its certificate is taken away once', async () => {
    await ensureAuthority(
      async (sql, values) => ({ rows: await lango.asOwner(sql, values) }),
      createSecretBox(lango.db.masterKey),
      ['gate.example'],
    );
    await page.goto(`${lango.baseUrl}/routers/new`);
    const name = unique('Kilima');
    await page.fill('[name=name]', name);
    await page.selectOption('[name=connects]', 'certificate');
    await page.click('button.is-action');
    await page.waitForURL(/\/certificate$/);
    expect(await faultsOf(page)).toEqual([]);
    await page.fill('[name=csr]', 'this is no request');
    await page.click('form button.is-action');
    await page.waitForSelector('.errors');
    expect(await page.textContent('.errors')).toContain('no certificate request');
    await page.fill('[name=csr]', '');
    await page.click('form button.is-action');
    await page.waitForSelector('a[download]');
    expect(await faultsOf(page)).toEqual([]);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[download$=".pem"]')]);
    const pem = readFileSync(await download.path(), 'utf8');
    expect(pem.match(/BEGIN [A-Z ]+/g)).toEqual(['BEGIN CERTIFICATE', 'BEGIN PRIVATE KEY', 'BEGIN CERTIFICATE']);
    const certificate = new X509Certificate(pem);
    expect(certificate.subject).toContain(name);
    expect(await page.textContent('pre')).toContain(`import file-name=${download.suggestedFilename()}`);
    // Nobody sees the key again.
    await page.goto(page.url());
    expect(await page.content()).not.toContain('PRIVATE KEY');
    const row = page.locator('tbody tr', { hasText: certificate.serialNumber.slice(-8) });
    expect(await row.textContent()).toContain('Valid');
    await row.locator('button').click();
    await page.waitForURL(/revoked=yes/);
    expect(await page.textContent('.told')).toContain('revoked');
    expect(await row.textContent()).toContain('Revoked');
    expect(await faultsOf(page)).toEqual([]);
    await page.goto(`${lango.baseUrl}/radsec`);
    expect(await page.textContent('tbody')).toContain(name);
    expect(await faultsOf(page)).toEqual([]);
    await page.goto(`${lango.baseUrl}/radsec/server`);
    expect(await page.textContent('main')).toContain('gate.example');
    expect([await page.locator('[name=names]').count(), ...(await faultsOf(page))]).toEqual([0]);
    // The page that was refused is told as such by the browser, and nothing else is.
    expect(errors.filter((error) => !error.includes('422'))).toEqual([]);
  }, 60_000);
});

test('the super admin gives the port another certificate', async () => {
  const admin = await lango.addCompany();
  await lango.setRole(admin, 'super_admin');
  const { page, context } = await signedIn(browser, lango, admin);
  await page.goto(`${lango.baseUrl}/radsec/server`);
  expect(await faultsOf(page)).toEqual([]);
  await page.fill('[name=names]', 'radsec.example 192.0.2.9');
  await page.click('form[action$="/renew"] button');
  await page.waitForURL(/\/radsec\/server$/);
  expect(await page.textContent('main')).toContain('radsec.example, 192.0.2.9');
  await page.fill('[name=certificate_pem]', 'hello');
  await page.fill('[name=key_pem]', 'hello');
  await page.click('form[action$="/replace"] button');
  await page.waitForSelector('.errors');
  expect(await page.textContent('.errors')).toContain('cannot be used');
  // A new authority takes over, beside the one before until nobody needs that any more.
  await lango.asOwner(
    `INSERT INTO radsec_certificate (tenant_id, nas_id, serial, fingerprint, subject, key_is_theirs, issued_by, not_after, authority_id)
     SELECT tenant_id, id, 'AB12', lpad('7', 64, '0'), name, false, 'A', now() + interval '1 year', (SELECT id FROM radsec_authority WHERE kind = 'ca' AND retired_at IS NULL) FROM nas LIMIT 1`,
  );
  await page.goto(`${lango.baseUrl}/radsec/server`);
  await page.click('form[action$="/authority/change"] button');
  await page.waitForSelector('form[action$="/authority/end"]');
  expect(await page.textContent('main')).toContain('1 router holds a valid certificate of it');
  expect(await faultsOf(page)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await faultsOf(page)).toEqual([]);
  if (process.env['TEST_SHOTS'])
    await page.screenshot({ path: `${process.env['TEST_SHOTS']}/radsec-change.png`, fullPage: true });
  await page.check('[name=cut_off]');
  await page.click('form[action$="/authority/end"] button');
  await page.waitForSelector('form[action$="/authority/change"]');
  const [cut] = await lango.asOwner<{ revoked_reason: string }>(
    `SELECT revoked_reason FROM radsec_certificate WHERE serial = 'AB12'`,
  );
  expect(cut).toEqual({ revoked_reason: 'authority_retired' });
  await context.close();
}, 60_000);
