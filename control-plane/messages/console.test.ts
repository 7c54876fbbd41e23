/** Messages as staff see them: set up, tested, worded, written, looked up and sent again; on a desk and on a phone. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { errorsOf, faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { startAfricasTalking, type FakeAfricasTalking } from '../test-kit/messaging/africastalking';
import { makeActive, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

let at: FakeAfricasTalking;
let lango: TestLango;
let browser: Browser;
beforeAll(async () => {
  at = await startAfricasTalking({ username: 'kisima', apiKey: 'atsk_right' });
  lango = await startTestLango({ parts: ['jobs'], urls: { africastalking: at.url } });
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
  await at?.stop();
});

describe.each([
  ['light', 1280],
  ['dark', 360],
] as const)('in %s at %i px', (colorScheme, width) => {
  let page: Page;
  let context: BrowserContext;
  let errors: string[];
  const look = (name: string) => faultsOf(page, `${name}-${colorScheme}-${width}`);
  const main = async () => (await page.textContent('main')) ?? '';
  const open = (path: string) => page.goto(lango.baseUrl + path);
  const shows = (text: string) =>
    until(
      async () => {
        await page.reload();
        return main();
      },
      (all) => all.includes(text),
    );
  beforeAll(async () => {
    ({ page, context } = await signedIn(browser, lango, lango.company, {
      colorScheme,
      viewport: { width, height: 800 },
    }));
    page.setDefaultTimeout(15_000);
    errors = errorsOf(page);
    await lango.asOwner('DELETE FROM message_provider');
    await lango.asOwner('DELETE FROM message');
  });
  afterAll(() => context.close());

  test('a carrier is set up, found wrong, repaired and tested', async () => {
    await open('/messages');
    expect(await main()).toContain('No message has been sent yet');
    expect(await look('messages-empty')).toEqual([]);
    await page.click('main a:has-text("Set up messages")');
    await page.click('a:has-text("Africa\'s Talking")');
    await page.fill('[name=api_key]', 'atsk_wrong');
    await page.click('button:has-text("Save the account")');
    expect(await main()).toContain('Enter the username.');
    expect(await look('messages-account-refused')).toEqual([]);
    await page.fill('[name=username]', 'kisima');
    await page.fill('[name=api_key]', 'atsk_wrong');
    await page.click('button:has-text("Save the account")');
    expect(await main()).toContain('Send a test to see that it works');
    await page.fill('[name=to]', '0712 345 678');
    await page.click('button:has-text("Send the test")');
    await page.waitForURL(/\/messages\/\d+/);
    await shows('does not accept the key');
    expect(await look('messages-one-waiting')).toEqual([]);
    await open('/messages/settings');
    expect(await main()).toContain('Does not work');
    expect(await look('messages-settings')).toEqual([]);
    await open('/messages/settings/africastalking');
    expect(await page.inputValue('[name=api_key]')).toBe('');
    expect(await main()).toMatch(/\/hooks\/africastalking\/[0-9a-f]{32}/);
    expect(await look('messages-account')).toEqual([]);
    await page.fill('[name=api_key]', 'atsk_right');
    await page.click('button:has-text("Save the account")');
    await page.fill('[name=to]', '+254712345679');
    await page.click('button:has-text("Send the test")');
    await page.waitForURL(/\/messages\/\d+/);
    await shows("Africa's Talking took it");
    expect(at.sent.at(-1)).toMatchObject({ to: '+254712345679', text: expect.stringContaining('This is a test of') });
    expect(await look('messages-one-sent')).toEqual([]);
  });

  test('words are changed, with what is wrong with them said, looked at and gone back from', async () => {
    await open('/messages/templates');
    expect(await look('messages-templates')).toEqual([]);
    await page.click('a.name:has-text("Receipt")');
    await page.fill('[name=body]', 'Asante {{nme}}');
    await page.click('button:has-text("Save the words")');
    expect(await main()).toContain('This message has no value nme');
    expect(await look('messages-template-refused')).toEqual([]);
    await page.fill('[name=body]', 'Asante {{name}} “{{amount}}” ☺');
    await page.click('button:has-text("Look at it first")');
    expect(await main()).toContain('Asante Wanjiru Kamau "KES 1,500" ☺');
    expect(await main()).toContain('1 SMS of 70 letters');
    expect(await look('messages-template-preview')).toEqual([]);
    await page.fill('[name=body]', 'Asante {{name}}, {{amount}}.');
    await page.click('button:has-text("Save the words")');
    expect(await main()).toContain('The words are saved');
    await page.click('button:has-text("Go back to the shipped words")');
    expect(await page.inputValue('[name=body]')).toContain('receipt {{reference}}');
  });

  test('a customer is written to, and it stands among what happened', async () => {
    const subscription: Json = await makeActive(lango.api);
    await lango.asOwner(
      `INSERT INTO message_setting (tenant_id, quiet_from, quiet_until) VALUES ($1, '00:00', '00:00') ON CONFLICT DO NOTHING`,
      [lango.company.tenantId.toString()],
    );
    await open(`/subscribers/${subscription['client_id']}`);
    expect(await look('messages-customer')).toEqual([]);
    await page.click('a:has-text("Write a message")');
    await page.fill('[name=text]', 'The mast rests tonight.');
    expect(await look('messages-write')).toEqual([]);
    await page.click('button:has-text("Send the message")');
    await page.waitForURL(/\/messages\/\d+/);
    await shows("Africa's Talking took it");
    await open(`/subscribers/${subscription['client_id']}`);
    expect(await main()).toContain('Notice, Sent');
    await page.click('a:has-text("What they want to hear of")');
    await page.uncheck('[name=news]');
    expect(await look('messages-preferences')).toEqual([]);
    await page.click('button:has-text("Save")');
    await page.click('a:has-text("Write a message")');
    await page.fill('[name=text]', 'Again.');
    await page.click('button:has-text("Send the message")');
    expect(await main()).toContain('does not want to hear of news');
    expect(await page.inputValue('[name=text]')).toBe('Again.');
  });

  test('the log is narrowed, what failed is sent again, and nothing complains', async () => {
    // What earlier tests began is sent: the fault is for the next message and no other.
    await until(
      () => lango.asOwner(`SELECT 1 FROM message WHERE state = 'waiting' AND tries = 0`),
      (rows) => rows.length === 0,
    );
    at.next(at.recipient(403, 'InvalidPhoneNumber'));
    await open('/messages/settings');
    await page.fill('[name=to]', '0712000111');
    await page.click('button:has-text("Send the test")');
    await page.waitForURL(/\/messages\/\d+/);
    await shows('This is no number');
    await open('/messages?state=failed');
    expect(await main()).toContain('+254712000111');
    expect(await look('messages-list')).toEqual([]);
    await page.click('button:has-text("Send all that failed")');
    expect(await main()).toContain('sent again');
    await until(
      () => at.sent.filter(({ to }) => to === '+254712000111').length,
      (count) => count === 1 || count === 2,
    );
    await open('/messages?channel=sms&q=0712000111');
    await open('/messages');
    expect(await look('messages-log')).toEqual([]);
    expect(errors.filter((one) => !one.includes('422'))).toEqual([]);
  });
});
