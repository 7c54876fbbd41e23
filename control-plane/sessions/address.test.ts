import type { Browser } from 'playwright-core';
import { Client } from 'pg';
import { openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango } from '../test-kit/lango';
import type { TestCompany, TestLango } from '../test-kit/lango';
import { makeActive, makeRouter } from '../test-kit/story';
import type { Json } from '../test-kit/story';

let lango: TestLango;
let theirs: TestCompany;
let service: Json;
let router: Json;

interface Held {
  table: 'session_live' | 'session_closed';
  sid: string;
  from: string;
  to: string | null;
  ip?: string;
  delegated?: string;
  framed?: string;
}

/** A session as accounting and the archive would have left it. */
async function held(company: TestCompany, subscription: string, nas: string, one: Held): Promise<void> {
  await lango.asOwner(
    `INSERT INTO ${one.table} (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, service, mac, framed_ip, delegated_ipv6_prefix, framed_ipv6_prefix, started_at, updated_at,
       received_at, stopped_at, first_seen_on)
     VALUES ($1, $2, $3, $4, 'njeri', '10.9.9.9', 'ppp', '48:A9:8A:1C:77:E0', $5, $6, $7, $8, coalesce($9::timestamptz, lango_now()), now(), $9, ($8::timestamptz AT TIME ZONE 'UTC')::date)`,
    [
      String(company.tenantId),
      nas,
      one.sid,
      subscription,
      one.ip ?? null,
      one.delegated ?? null,
      one.framed ?? null,
      one.from,
      one.to,
    ],
  );
}

beforeAll(async () => {
  lango = await startTestLango();
  theirs = await lango.addCompany();
  service = await makeActive(lango.api);
  router = await makeRouter(lango.api);
  const stranger = await makeActive(theirs.api);
  const far = await makeRouter(theirs.api);
  const mine = (one: Held) => held(lango.company, service['id'], router['id'], one);
  await mine({
    table: 'session_closed',
    sid: 'short',
    ip: '100.64.3.7',
    from: '2025-03-10T08:00:00Z',
    to: '2025-03-10T08:30:00Z',
  });
  await mine({
    table: 'session_closed',
    sid: 'next',
    ip: '100.64.3.7',
    from: '2025-03-10T08:30:01Z',
    to: '2025-03-10T09:00:00Z',
  });
  await mine({
    table: 'session_closed',
    sid: 'weeks',
    ip: '100.64.3.8',
    from: '2025-02-01T00:00:00Z',
    to: '2025-03-20T00:00:00Z',
  });
  await mine({ table: 'session_live', sid: 'open', ip: '100.64.3.7', from: '2026-01-01T00:00:00Z', to: null });
  await mine({
    table: 'session_closed',
    sid: 'six',
    delegated: '2001:db8:40::/56',
    from: '2025-03-10T08:00:00Z',
    to: '2025-03-10T09:00:00Z',
  });
  await mine({
    table: 'session_live',
    sid: 'six-live',
    framed: '2001:db8:77:1::/64',
    from: '2026-01-01T00:00:00Z',
    to: null,
  });
  await held(theirs, stranger['id'], far['id'], {
    table: 'session_closed',
    sid: 'stranger',
    ip: '100.64.3.7',
    from: '2025-03-10T08:00:00Z',
    to: '2025-03-10T09:00:00Z',
  });
}, 180_000);

afterAll(() => lango?.stop());

const ask = async (address: string, at: string, more: object = {}) =>
  (await lango.api.post<Json>('/sessions/address', { address, at, reason: 'Order 77 of the court', ...more })).body;
const sids = (answer: Json): string[] => answer['holders'].map((one: Json) => one['acct_session_id']);

test.each([
  ['the first second of a session', '100.64.3.7', '2025-03-10T08:00:00Z', ['short']],
  ['its last second', '100.64.3.7', '2025-03-10T08:30:00Z', ['short']],
  ['the second after, when the next one began', '100.64.3.7', '2025-03-10T11:30:01+03:00', ['next']],
  ['a moment between two', '100.64.3.7', '2025-03-10T09:00:01Z', []],
  ['weeks after a long one began', '100.64.3.8', '2025-03-19T00:00:00Z', ['weeks']],
  ['an open one', '100.64.3.7', '2026-05-05T05:05:05Z', ['open']],
  ['an IPv6 address in a delegated prefix', '2001:db8:40:12::9', '2025-03-10T08:10:00Z', ['six']],
  ['one beside the prefix', '2001:db8:41::9', '2025-03-10T08:10:00Z', []],
  ['an IPv6 address in a framed prefix', '2001:db8:77:1:aa::1', '2026-02-01T00:00:00Z', ['six-live']],
])('who had it at %s', async (_what, address, at, expected) => {
  expect(sids(await ask(address, at))).toEqual(expected);
});

test('of a span of time all are named, the latest first, with the customer', async () => {
  const answer = await ask('100.64.3.7', '2025-03-10T08:10:00Z', { to: '2025-03-10T08:40:00Z' });
  expect(sids(answer)).toEqual(['next', 'short']);
  expect(answer['holders'][0]).toMatchObject({ client_id: service['client_id'], mac: '48:A9:8A:1C:77:E0' });
});

test('the question, its reason and who asked are on record, and a question without a reason is none', async () => {
  const answer = await ask('100.64.3.8', '2025-03-01T00:00:00Z');
  const [event] = await lango.asOwner(
    `SELECT actor_name, detail FROM audit_event WHERE action = 'sessions.trace' AND subject_id = $1`,
    [answer['id']],
  );
  expect(event).toMatchObject({
    actor_name: 'Amina Admin',
    detail: { address: '100.64.3.8', reason: 'Order 77 of the court', found: 1 },
  });
  const refused = await lango.api.post('/sessions/address', { address: '100.64.3.8', at: '2025-03-01T00:00:00Z' });
  expect(refused.status).toBe(422);
  const long = await lango.api.post('/sessions/address', {
    address: '100.64.3.8',
    at: '2025-03-01T00:00:00Z',
    to: '2025-06-01T00:00:00Z',
    reason: 'Everything',
  });
  expect(long.status).toBe(422);
  await lango.setRole(lango.company, 'support');
  expect(
    (await lango.api.post('/sessions/address', { address: '1.1.1.1', at: '2025-03-01T00:00:00Z', reason: 'I wonder' }))
      .status,
  ).toBe(403);
  await lango.setRole(lango.company, 'isp_admin');
});

test('no company is told of another, and nobody at all without one', async () => {
  const answer = await theirs.api.post<Json>('/sessions/address', {
    address: '100.64.3.7',
    at: '2025-03-10T08:10:00Z',
    reason: 'Order 78 of the court',
  });
  expect(sids(answer.body)).toEqual(['stranger']);
  const web = new Client({ connectionString: lango.db.urls.web });
  await web.connect();
  const { rows } = await web.query(
    `SELECT * FROM address_holders('100.64.3.7', '2025-03-10T08:10:00Z', '2025-03-10T08:10:00Z', 10)`,
  );
  await web.end();
  expect(rows).toEqual([]);
});

describe('the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  test('takes the company’s own time, keeps what was typed when it is refused, and answers on a sheet that can be printed', async () => {
    const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
    await page.goto(`${lango.baseUrl}/sessions/address?ip=100.64.3.7`);
    await page.click('main button.is-action');
    expect(await page.textContent('.errors')).toContain('Give a day and a time.');
    expect(await page.inputValue('[name=ip]')).toBe('100.64.3.7');
    await page.fill('[name=at]', '2025-03-10T11:10:00');
    await page.fill('[name=reason]', 'Order 79 of the court');
    await page.click('main button.is-action');
    expect(page.url()).toMatch(/\/sessions\/address\/\d+$/);
    const sheet = (await page.textContent('main')) ?? '';
    for (const part of [
      'Who had 100.64.3.7',
      'Wanjiru Kamau',
      '10 Mar 2025, 11:00:00',
      '10 Mar 2025, 11:30:00',
      'Africa/Nairobi',
      'Order 79 of the court',
      'Amina Admin',
    ])
      expect(sheet).toContain(part);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.rail').isVisible()).toBe(false);
    if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/trace.png`, fullPage: true });
    expect((await page.goto(`${lango.baseUrl}/sessions/address/999999`))?.status()).toBe(404);
    await context.close();
  });

  test('lists the history by login, address, router and day, and gives it as CSV', async () => {
    const { page, context } = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
    const rows = async (query: string) => {
      await page.goto(`${lango.baseUrl}/sessions/history${query}`);
      return page.locator('.table tbody tr').count();
    };
    expect(await rows('')).toBe(6);
    expect(await rows('?q=njeri')).toBe(6);
    expect(await rows('?q=njer')).toBe(0);
    expect(await rows('?q=100.64.3.7')).toBe(3);
    expect(await rows('?from=2025-03-10&to=2025-03-10')).toBe(3);
    expect(await page.textContent('.chips')).toContain('2025-03-10');
    expect(await rows(`?router=${router['id']}&from=2026-01-01`)).toBe(2);
    const csv = await (await context.request.get(`${lango.baseUrl}/sessions/history/csv?q=100.64.3.7`)).text();
    expect(csv.trim().split('\r\n')).toHaveLength(4);
    const other = await signedIn(browser, lango, theirs);
    await other.page.goto(`${lango.baseUrl}/sessions/history`);
    expect(await other.page.locator('.table tbody tr').count()).toBe(1);
    await other.context.close();
    await context.close();
  });
});
