import type { Browser, Page } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { consoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { startAfricasTalking, type FakeAfricasTalking } from '../test-kit/messaging/africastalking';
import { sendsSms, smsAccount } from '../test-kit/messaging/company-sms';
import { makePackage, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

let at: FakeAfricasTalking;
let lango: TestLango;
let browser: Browser;
let plan: Json;
let slug: string;

beforeAll(async () => {
  at = await startAfricasTalking(smsAccount);
  lango = await startTestLango({ parts: ['jobs'], urls: { africastalking: at.url } });
  await sendsSms(lango);
  plan = await makePackage(lango.api, { name: 'Nyumbani 10' });
  await makePackage(lango.api, { name: 'Secret Business' });
  const [row] = await lango.asOwner<{ slug: string }>('SELECT slug FROM tenant WHERE id = $1', [
    lango.company.tenantId.toString(),
  ]);
  slug = row!.slug;
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
  await at?.stop();
});

/** Somebody's phone: a browser without scripts, as a hotspot's little window has them. */
async function stranger(path = `/join/${slug}`): Promise<Page> {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 360, height: 740 },
    locale: 'en',
  });
  const page = await context.newPage();
  await page.goto(lango.baseUrl + path);
  return page;
}

async function ask(page: Page, name: string, phone: string): Promise<void> {
  await page.fill('#f-name', name);
  await page.fill('#f-phone', phone);
  await page.click('form.form button.is-action');
}

const texts = (to: string): string[] => at.sent.filter((one) => one.to === to).map(({ text }) => text);
/** The code that the phone shows, once so many have come. */
const codeOn = async (to: string, many = 1): Promise<string> => {
  const all = await until(
    () => texts(to).filter((text) => /^\d{6} is your code/.test(text)),
    (codes) => codes.length >= many,
  );
  return all.at(-1)!.slice(0, 6);
};
const confirm = async (page: Page, code: string): Promise<void> => {
  await page.fill('#f-code', code);
  await page.click('button.is-action');
};
const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
const text = async (page: Page): Promise<string> => (await page.textContent('main')) ?? '';
const count = async (sql: string, values: unknown[] = []): Promise<number> =>
  Number((await lango.asOwner<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`, values))[0]?.n);

async function set(choice: { open?: boolean; approval?: boolean }): Promise<void> {
  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/join/settings`);
  await page.setChecked('[name=is_open]', choice.open ?? true);
  await page.setChecked('[name=needs_approval]', choice.approval ?? false);
  await page.check(`[name=plan_${plan['id']}]`);
  await page.click('form[action="/join/settings"] button');
  expect(await page.textContent('[role=status]')).toContain('Saved');
  await context.close();
}

test('what a colleague changed while the settings were open is not overwritten unseen', async () => {
  const staff = await consoleClient(lango);
  const opened = /name="seen" value="([^"]+)"/.exec((await staff.get('/join/settings')).text)?.[1] ?? '';
  const mine = { seen: opened, needs_approval: 'yes' };
  expect(await staff.post('/join/settings', mine)).toMatchObject({ status: 303 });
  const late = await staff.post('/join/settings', { seen: opened, [`plan_${plan['id']}`]: 'yes' });
  expect(late.status).toBe(409);
  expect(late.text).toContain('Somebody changed this');
  // What was chosen is kept, and can be sent again now that it was seen.
  expect(late.text).toMatch(new RegExp(`name="plan_${plan['id']}" value="yes" checked`));
  const seen = /name="seen" value="([^"]+)"/.exec(late.text)?.[1] ?? '';
  expect((await staff.post('/join/settings', { seen })).location).toBe('/join/settings?told=saved');
});

test('a company that has not opened its page takes nobody in, and an unknown one is nobody', async () => {
  const garden = await fetch(`${lango.baseUrl}/garden/${slug}`);
  expect(await garden.text()).not.toContain('/join/');
  const closed = await stranger('/join');
  expect(await text(closed)).toContain('takes nobody in');
  await closed.context().close();
  const answer = await fetch(`${lango.baseUrl}/join/no-such-company`);
  expect([answer.status, (await answer.text()).includes('Nobody is at this address')]).toEqual([404, true]);
  const posted = await fetch(`${lango.baseUrl}/join/${slug}`, {
    method: 'POST',
    body: new URLSearchParams({ name: 'x' }),
  });
  expect(posted.status).toBe(404);
}, 120_000);

test('a stranger chooses a package, proves the phone and has a login that waits for its payment', async () => {
  await set({});
  const page = await stranger(`/garden/${slug}`);
  await page.click('a[href^="/join/"]');
  expect(await text(page)).toContain('Nyumbani 10');
  expect(await text(page)).not.toContain('Secret Business');
  await page.fill('#f-phone', '12');
  await page.click('form.form button.is-action');
  expect(await page.textContent('.errors')).toContain('Write your name.');
  await ask(page, 'Achieng Otieno', '12');
  expect(await page.textContent('.errors')).toContain('Write a phone number');
  expect(await page.inputValue('#f-name')).toBe('Achieng Otieno');
  await ask(page, 'Achieng Otieno', '0711 000 001');

  expect(await text(page)).toContain('+254711000001');
  const code = await codeOn('+254711000001');
  // Nothing that could be read tells the code.
  const [row] = await lango.asOwner<{ all: string }>('SELECT row_to_json(r)::text AS all FROM join_request r');
  expect(row!.all).not.toContain(code);
  expect(await count(`message WHERE row_to_json(message)::text LIKE '%${code}%'`)).toBe(0);
  await confirm(page, wrong(code));
  expect(await page.textContent('.errors')).toContain('4 more tries');
  expect(await count(`subscriber WHERE phone = '+254711000001'`)).toBe(0);
  // As people type it.
  await confirm(page, `${code.slice(0, 3)} ${code.slice(3)}`);
  expect(await text(page)).toContain('Your login');
  const [username, password] = await page.locator('dl dd').allTextContents();
  expect(await text(page)).toContain('Nyumbani 10 costs KES');

  const { body } = await lango.api.get<{ items: Json[] }>(`/subscriptions?username=${username}`);
  expect(body.items[0]).toMatchObject({ state: 'pending', package_id: plan['id'] });
  const [kept] = await lango.asOwner<{ value: string }>(
    `SELECT value FROM radcheck WHERE username = $1 AND attribute = 'Cleartext-Password'`,
    [username],
  );
  expect(kept?.value).toBe(password);
  const told = await until(
    () => texts('+254711000001').find((one) => one.includes(username!)),
    (one) => one !== undefined,
  );
  expect(told).toContain(password!);

  // Coming back shows no password and makes nothing anew.
  await page.goto(`${lango.baseUrl}/join/${slug}/code`);
  expect(await text(page)).toContain('You have joined');
  expect(await text(page)).not.toContain(password!);
  expect(await count(`subscriber WHERE phone = '+254711000001'`)).toBe(1);
  const seen = await lango.api.get<{ items: Json[] }>('/audit');
  expect(seen.body.items.map((one) => one['action'])).toEqual(
    expect.arrayContaining(['join.accept', 'subscribers.create', 'subscriptions.create', 'join.settings']),
  );
  await page.context().close();
}, 120_000);

test('a customer looks like everybody until the phone is theirs; then nothing of them is changed', async () => {
  const page = await stranger();
  await ask(page, 'Somebody Else', '0711 000 001');
  const asked = await text(page);
  const other = await stranger();
  await ask(other, 'Somebody Else', '0711 000 002');
  const plain = (words: string, phone: string) => words.replaceAll(phone, 'PHONE');
  expect(plain(asked, '+254711000001')).toBe(plain(await text(other), '+254711000002'));

  await confirm(page, await codeOn('+254711000001', 2));
  expect(await text(page)).toContain('You are with');
  expect(await count(`subscriber WHERE phone = '+254711000001'`)).toBe(1);
  expect(
    await count(`subscription s JOIN subscriber c ON c.id = s.subscriber_id WHERE c.phone = '+254711000001'`),
  ).toBe(1);
  await Promise.all([page.context().close(), other.context().close()]);
}, 120_000);

test('five tries and no more, also when they come at once; another code ends the one before', async () => {
  const page = await stranger();
  await ask(page, 'Mary Wambui', '0711 000 003');
  const first = await codeOn('+254711000003');
  const [cookie] = await page.context().cookies();
  const form = () =>
    fetch(`${lango.baseUrl}/join/${slug}/code`, {
      method: 'POST',
      headers: { cookie: `${cookie!.name}=${cookie!.value}` },
      body: new URLSearchParams({ code: wrong(first) }),
    });
  expect((await Promise.all(Array.from({ length: 9 }, form))).map(({ status }) => status)).toEqual(Array(9).fill(422));
  expect(await count('join_request WHERE tries = 5')).toBe(1);
  await confirm(page, first);
  expect(await page.textContent('.errors')).toContain('does not work any more');

  await page.click('form[action$="/again"] button');
  expect(await page.textContent('[role=status]')).toContain('Another code');
  const second = await codeOn('+254711000003', 2);
  // Ten minutes, and not one more.
  await lango.asOwner(`UPDATE join_request SET code_expires_at = lango_now() WHERE phone = '+254711000003'`);
  await confirm(page, second);
  expect(await page.textContent('.errors')).toContain('does not work any more');
  for (let n = 0; n < 3; n += 1) await page.click('form[action$="/again"] button');
  await page.click('form[action$="/again"] button');
  expect(await page.textContent('.errors')).toContain('Several codes');
  expect(await codeOn('+254711000003', 5)).toMatch(/^\d{6}$/);
  expect(texts('+254711000003')).toHaveLength(5);
  await page.context().close();
}, 120_000);

test('a form sent twice is one request with one code; a program that fills in what nobody sees gets none', async () => {
  const ticket = 'a'.repeat(43);
  const wish = {
    ticket,
    plan: String(plan['id']),
    name: 'Twice Tapped',
    phone: '0711000004',
    email: '',
    channel: 'sms',
  };
  const send = (more: Record<string, string> = {}) =>
    fetch(`${lango.baseUrl}/join/${slug}`, {
      method: 'POST',
      body: new URLSearchParams({ ...wish, ...more }),
      redirect: 'manual',
    });
  const answers = [
    await send(),
    await send(),
    await send({ ticket: 'b'.repeat(43), phone: '0711000005', website: 'http://spam' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([303, 303, 303]);
  await codeOn('+254711000004');
  expect(await count(`join_request WHERE name = 'Twice Tapped'`)).toBe(1);
  expect(await count(`message WHERE recipient IN ('+254711000004', '+254711000005')`)).toBe(1);
  const other = await fetch(`${lango.baseUrl}/join/${slug}`, {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
    body: new URLSearchParams(wish),
  });
  expect(other.status).toBe(403);
  // A package that is not offered is none.
  const [secret] = await lango.asOwner<{ id: string }>(`SELECT id FROM plan WHERE name = 'Secret Business'`);
  expect((await send({ ticket: 'c'.repeat(43), plan: secret!.id })).status).toBe(422);
});

test('a form that is corrected to and fro sends no phone more than five codes, and keeps what was corrected', async () => {
  await set({});
  const send = (phone: string, email = '') =>
    fetch(`${lango.baseUrl}/join/${slug}`, {
      method: 'POST',
      body: new URLSearchParams({
        ticket: 'd'.repeat(43),
        plan: String(plan['id']),
        name: 'To And Fro',
        phone,
        email,
        channel: 'sms',
      }),
      redirect: 'manual',
    });
  const answers: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    answers.push((await send('0711000020')).status);
    await send(`071100003${n}`);
  }
  expect(await count(`message WHERE recipient = '+254711000020'`)).toBe(5);
  expect(answers.filter((status) => status === 303)).toHaveLength(5);
  // A letter of the address that was wrong: the number is the same.
  expect((await send('0711000035', 'fro@example.com')).status).toBe(303);
  expect(
    await lango.asOwner(`SELECT email, sends FROM join_request WHERE phone = '+254711000035' AND tries = 0`),
  ).toEqual([{ email: 'fro@example.com', sends: 2 }]);
}, 60_000);

test('a company that looks at each request first decides: taken in, with the login sent, or refused', async () => {
  await set({ approval: true });
  for (const [name, phone] of [
    ['Kamau Njoroge', '0711 000 006'],
    ['Not Wanted', '0711 000 007'],
  ] as const) {
    const page = await stranger();
    await ask(page, name, phone);
    await confirm(page, await codeOn(phone.replace('0', '+254').replaceAll(' ', '')));
    expect(await text(page)).toContain('has your request');
    await page.context().close();
  }
  expect(await count(`subscriber WHERE name = 'Kamau Njoroge'`)).toBe(0);
  const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await page.goto(`${lango.baseUrl}/join/requests`);
  await page.click('button[aria-label="Take in: Kamau Njoroge"]');
  expect(await page.textContent('[role=status]')).toContain('Taken in');
  await page.click('button[aria-label="Refuse: Not Wanted"]');
  expect(await page.textContent('[role=status]')).toContain('Refused');
  expect(await count(`subscriber WHERE name = 'Kamau Njoroge'`)).toBe(1);
  expect(await count(`subscriber WHERE name = 'Not Wanted'`)).toBe(0);
  await until(
    () => texts('+254711000006').some((one) => one.includes('password')),
    (sent) => sent,
  );
  // Who was known from before can get a second service, and stays one customer.
  await page.click('button:has-text("Add a service")');
  expect(
    await count(`subscription s JOIN subscriber c ON c.id = s.subscriber_id WHERE c.phone = '+254711000001'`),
  ).toBe(2);
  await context.close();
}, 120_000);

test('a full licence keeps the request for staff, and an erased customer takes theirs along', async () => {
  await set({});
  const tenant = lango.company.tenantId.toString();
  const [held] = await lango.asOwner<{ n: string }>(
    'SELECT count(*) AS n FROM subscriber WHERE tenant_id = $1 AND deleted_at IS NULL',
    [tenant],
  );
  await lango.asOwner('UPDATE tenant SET limit_subscribers = $2 WHERE id = $1', [tenant, held!.n]);
  const page = await stranger();
  await ask(page, 'Too Many', '0711 000 008');
  await confirm(page, await codeOn('+254711000008'));
  expect(await text(page)).toContain('has your request');
  expect(await lango.asOwner(`SELECT state, reason FROM join_request WHERE name = 'Too Many'`)).toEqual([
    { state: 'waiting', reason: 'limit' },
  ]);
  await lango.asOwner('UPDATE tenant SET limit_subscribers = NULL WHERE id = $1', [tenant]);
  await page.context().close();

  const [client] = await lango.asOwner<{ id: string }>(`SELECT id FROM subscriber WHERE phone = '+254711000006'`);
  expect(await count('join_request WHERE subscriber_id = $1', [client!.id])).toBe(1);
  const erased = await lango.api.post(`/clients/${client!.id}/erase`, {});
  expect(erased.status).toBeLessThan(300);
  expect(await count(`join_request WHERE phone = '+254711000006'`)).toBe(0);
}, 120_000);

test.each([
  [360, 'light'],
  [1280, 'dark'],
] as const)(
  'at %i px in %s the pages pass axe, do not scroll sideways, and the first weighs less than 50 kB',
  async (width, colorScheme) => {
    await set({});
    const look = { colorScheme, viewport: { width, height: 800 } };
    const { page, context } = await signedIn(browser, lango, lango.company, look);
    for (const path of ['/join/settings', '/join/requests', '/join/requests?all=yes']) {
      await page.goto(lango.baseUrl + path);
      expect(await faultsOf(page, `join-${width}${path.replaceAll(/\W/g, '-')}`)).toEqual([]);
    }
    await context.close();

    const theirs = await browser.newContext(look);
    const phone = await theirs.newPage();
    const sizes: Promise<number>[] = [];
    phone.on('requestfinished', (request) => {
      sizes.push(request.sizes().then((one) => one.responseBodySize + one.responseHeadersSize));
    });
    await phone.goto(`${lango.baseUrl}/join/${slug}`, { waitUntil: 'networkidle' });
    const weight = (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0);
    expect(weight).toBeGreaterThan(1_000);
    expect(weight).toBeLessThan(50_000);
    expect(await faultsOf(phone, `join-${width}-form`)).toEqual([]);
    await phone.click('form.form button.is-action');
    expect(await faultsOf(phone, `join-${width}-errors`)).toEqual([]);
    const number = `07110001${width === 360 ? '36' : '12'}`;
    await ask(phone, 'Halima Noor', number);
    expect(await faultsOf(phone, `join-${width}-code`)).toEqual([]);
    await confirm(phone, await codeOn(number.replace('0', '+254')));
    expect(await faultsOf(phone, `join-${width}-joined`)).toEqual([]);
    await theirs.close();
  },
  120_000,
);
