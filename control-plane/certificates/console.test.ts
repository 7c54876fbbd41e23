import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, type Json } from '../test-kit/story';
import { ensureServerCertificates, SERVER_NAME } from '.';

let lango: TestLango;
let browser: Browser;
beforeAll(async () => {
  lango = await startTestLango();
  await ensureServerCertificates(lango.db.ownerUrl, lango.db.masterKey);
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

test('on a phone: from the customer to a certificate that is taken once, and back to revoke it', async () => {
  const sold = await makeActive(lango.api);
  const { page, context } = await signedIn(browser, lango, lango.company, {
    colorScheme: 'dark',
    viewport: { width: 360, height: 800 },
  });
  await page.goto(`${lango.baseUrl}/subscribers/${String(sold['client_id'])}`);
  await page.click(`a[href="/certificates?subscription=${String(sold['id'])}"]`);
  expect(await page.textContent('h1')).toContain(String(sold['username']));
  expect(await page.textContent('main')).toContain(SERVER_NAME);
  expect(await faultsOf(page)).toEqual([]);

  await page.click('form[method=post][action="/certificates"] button');
  expect(await page.textContent('[role=alert]')).toContain('Give the device a name');
  await page.fill('input[name=name]', 'Neema’s laptop');
  await page.click('form[method=post][action="/certificates"] button');
  expect(await faultsOf(page)).toEqual([]);
  const file = await page.getAttribute('a[download$=".p12"]', 'href');
  expect(Buffer.from(file?.split(',')[1] ?? '', 'base64').length).toBeGreaterThan(1000);
  expect(await page.getAttribute('a[download$=".pem"]', 'download')).toBe('Neema-s-laptop.pem');

  await page.goto(`${lango.baseUrl}/certificates?subscription=${String(sold['id'])}`);
  expect(await page.content()).not.toContain('x-pkcs12');
  expect(await faultsOf(page)).toEqual([]);
  await page.click('form[action$="/revoke"] button');
  expect(await page.textContent('[role=status]')).toContain('revoked');
  expect(await page.$('form[action$="/revoke"]')).toBeNull();
  const listed = await lango.api.get<{ items: Json[] }>(`/certificates?subscription_id=${String(sold['id'])}`);
  expect(listed.body.items).toMatchObject([{ name: 'Neema’s laptop', revoked_at: expect.any(String) }]);
  await context.close();
}, 60_000);

test('whoever may only look sees the certificates and no buttons; another company’s subscription is not found', async () => {
  const sold = await makeActive(lango.api);
  await lango.api.post('/certificates', { subscription_id: sold['id'], name: 'tablet' });
  const others = await lango.addCompany();
  await lango.setRole(others, 'finance');
  const theirs = await signedIn(browser, lango, others, {});
  const answer = await theirs.page.goto(`${lango.baseUrl}/certificates?subscription=${String(sold['id'])}`);
  expect(answer?.status()).toBe(404);
  await theirs.page.goto(`${lango.baseUrl}/certificates`);
  expect(await theirs.page.textContent('main')).not.toContain('tablet');
  expect(await theirs.page.$('form[method=post][action="/certificates"]')).toBeNull();
  await theirs.context.close();
}, 60_000);
