/** What staff see and do for programs: webhooks, tokens, the API log, and the reference for who writes them; on a desk and on a phone. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeClient, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { faultsOf, openBrowser, signedIn } from './testing/browser';

let lango: TestLango;
let browser: Browser;
let receiver: Server;
let url: string;
let taken = 0;
beforeAll(async () => {
  receiver = createServer((req, res) => {
    req.resume();
    req.on('end', () => {
      taken += 1;
      res.writeHead(req.url === '/bad' ? 500 : 204).end();
    });
  });
  await new Promise<void>((ready) => receiver.listen(0, '127.0.0.1', ready));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  lango = await startTestLango({ parts: ['jobs'], insecureWebhookNetworks: ['127.0.0.1/32'] });
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
  receiver?.closeAllConnections();
  receiver?.close();
});

describe.each([
  ['light', 1280],
  ['dark', 360],
] as const)('in %s at %i px', (colorScheme, width) => {
  let page: Page;
  let context: BrowserContext;
  const errors: string[] = [];
  const look = (name: string) => faultsOf(page, `${name}-${colorScheme}-${width}`);
  const main = async () => (await page.textContent('main')) ?? '';
  const open = (path: string) => page.goto(lango.baseUrl + path);
  beforeAll(async () => {
    ({ page, context } = await signedIn(browser, lango, lango.company, {
      colorScheme,
      viewport: { width, height: 800 },
    }));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
  });
  afterAll(() => context.close());

  test('an endpoint is added, tested, watched, repaired and removed', async () => {
    await open('/webhooks');
    expect(await main()).toContain('No other program is told');
    expect(await look('webhooks-empty')).toEqual([]);
    await page.click('main a.button.is-action >> nth=0');
    await page.fill('[name=url]', 'http://example.com/x');
    await page.fill('[name=description]', 'n8n, welcome messages');
    await page.check('[name=which][value=some]');
    await page.click('button:has-text("Save the endpoint")');
    expect(await main()).toContain('begins with https://');
    expect(await page.inputValue('[name=description]')).toBe('n8n, welcome messages');
    expect(await look('webhooks-form')).toEqual([]);
    await page.fill('[name=url]', `${url}/good`);
    await page.check('[name="subscriber.created"]');
    await page.click('button:has-text("Save the endpoint")');
    expect(await page.textContent('pre')).toMatch(/^whsec_/);
    expect(await look('webhooks-secret')).toEqual([]);
    const before = taken;
    await page.click('button:has-text("Send a test")');
    await until(
      () => taken,
      (n) => n > before,
    );
    await makeClient(lango.api);
    await until(
      () => taken,
      (n) => n > before + 1,
    );
    const list = page.url().replace(/\?.*/, '');
    await until(
      async () => {
        await page.goto(list);
        return main();
      },
      (text) => text.includes('subscriber.created') && text.includes('HTTP 204'),
    );
    expect(await look('webhooks-one')).toEqual([]);
    await page.click('a:has-text("subscriber.created")');
    await page.click('main summary');
    expect(await main()).toContain('Wanjiru Kamau');
    expect(await look('webhooks-delivery')).toEqual([]);
    await page.click('button:has-text("Send it again")');
    await until(
      () => taken,
      (n) => n > before + 2,
    );
    await page.goto(list);
    await page.click('button:has-text("Pause")');
    expect(await main()).toContain('The endpoint is changed.');
    await open('/webhooks');
    expect(await look('webhooks-list')).toEqual([]);
    await page.goto(list);
    await page.click('button:has-text("Remove the endpoint")');
    await page.waitForURL(`${lango.baseUrl}/webhooks`);
    expect(await main()).toContain('No other program is told');
  }, 90_000);

  test('a token is made for a program, used, and revoked', async () => {
    await open('/tokens/new');
    await page.fill('[name=name]', 'Nightly export');
    await page.click('button:has-text("Make the token")');
    expect(await main()).toContain('Mark at least one thing');
    expect(await page.inputValue('[name=name]')).toBe('Nightly export');
    expect(await look('tokens-form')).toEqual([]);
    await page.check('[name="subscribers.read"]');
    await page.click('button:has-text("Make the token")');
    const token = ((await page.textContent('pre')) ?? '').trim();
    expect((await lango.api.as(token).get('/clients')).status).toBe(200);
    expect((await lango.api.as(token).get('/packages')).status).toBe(403);
    expect(await look('tokens-made')).toEqual([]);
    await open('/tokens');
    expect(await look('tokens-list')).toEqual([]);
    await page.click('tr:has-text("Nightly export") button:has-text("Revoke")');
    expect(await main()).toContain('The token is revoked.');
    expect((await lango.api.as(token).get('/clients')).status).toBe(401);
  }, 60_000);

  test('the API log shows what a program asked and was refused', async () => {
    const { headers } = await lango.api.post<Json>('/clients', { name: '' });
    const id = headers.get('x-request-id') ?? '';
    await until(
      async () => {
        await open(`/requests?q=${id}`);
        return main();
      },
      (text) => text.includes('POST /api/clients'),
    );
    expect(await main()).toContain('422');
    await open('/requests');
    expect(await look('requests-list')).toEqual([]);
    await page.click('summary:has-text("Filter")');
    await page.selectOption('[name=outcome]', 'refused');
    await page.click('.chips .is-action');
    await page.waitForURL(/outcome=refused/);
    expect(await main()).toContain('POST /api/clients');
    expect(await main()).not.toMatch(/\b200\b/);
  }, 60_000);

  test('the reference opens without signing in, and shows operations, examples and events', async () => {
    // On the phone as a stranger sees it.
    const signed = width > 1000;
    if (!signed) await context.clearCookies();
    await open('/reference');
    expect(await main()).toContain('subscription.suspended');
    expect(await look('reference')).toEqual([]);
    await page.click('nav a.chip:has-text("clients")');
    expect(await main()).toContain('curl');
    await page.click('summary:has-text("Example") >> nth=0');
    expect(await main()).toContain('nextCursor');
    expect(await look('reference-clients')).toEqual([]);
    await open('/reference/nothing');
    expect(await main()).toContain('does not exist');
    // The browser itself complains of pages that answer 4xx.
    expect(errors.filter((one) => !/status of 4\d\d/.test(one))).toEqual([]);
  }, 60_000);
});
