import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTranslator } from '../platform/i18n';
import { projectRoot } from '../platform/project-root';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, makeRouter, makeSubscription, type Json } from '../test-kit/story';
import { CHECKS } from './checks';
import type { AccessExplanation } from './schema';

jest.setTimeout(60_000);

let lango: TestLango;
let router: Json;
beforeAll(async () => {
  lango = await startTestLango();
  router = await makeRouter(lango.api);
});
afterAll(async () => {
  await lango.stop();
});

async function explain(query: Record<string, string>, api = lango.api): Promise<AccessExplanation> {
  const answer = await api.get<AccessExplanation>(`/access/explain?${new URLSearchParams(query).toString()}`);
  expect(answer.status).toBe(200);
  return answer.body;
}

/** The one check that shuts the gate. */
const failing = ({ checks }: AccessExplanation) => checks.filter(({ pass }) => !pass);

test('a subscription in order passes every check, and the reply is what the router would be given', async () => {
  await makeActive(lango.api, { quota_bytes: 1_000_000_000 }, { username: 'fine' });
  const told = await explain({ username: 'fine' });
  expect(told).toMatchObject({ decision: 'accept', reason: 'active' });
  expect(told.checks.map(({ name, pass }) => [name, pass])).toEqual(
    [
      'router',
      'signature',
      'method',
      'tries',
      'login',
      'password',
      'company',
      'status',
      'device',
      'sessions',
      'paid',
      'data',
      'time',
      'hours',
    ].map((name) => [name, true]),
  );
  const reply = Object.fromEntries(told.reply.map(({ attribute, value }) => [attribute, value]));
  expect(reply).toMatchObject({
    'Mikrotik-Rate-Limit': '5000k/10000k',
    'Mikrotik-Total-Limit': '1000000000',
    Class: expect.stringMatching(/^L1:\d+:[0-9a-f]{16}:f:@[0-9a-f]{16}$/),
  });
  expect(JSON.stringify(told)).not.toContain('secret');
});

test('an unpaid one is led into the garden, with the remedy', async () => {
  await makeSubscription(lango.api, {}, { username: 'unpaid' });
  const told = await explain({ username: 'unpaid' });
  expect(told).toMatchObject({ decision: 'garden', reason: 'unpaid', sentence: expect.stringMatching(/pay/) });
  expect(failing(told)).toEqual([
    { name: 'paid', pass: false, detail: expect.any(String), remedy: expect.stringMatching(/payment/) },
  ]);
  expect(told.reply).toContainEqual({ attribute: 'Mikrotik-Address-List', value: 'expired' });
  // On a NAS that is no MikroTik there is no garden.
  const other = await makeRouter(lango.api, { type: 'other' });
  expect(await explain({ username: 'unpaid', router_id: other.id })).toMatchObject({
    decision: 'reject',
    reason: 'unpaid',
  });
  expect(await explain({ username: 'unpaid', router_id: router.id })).toMatchObject({ decision: 'garden' });
});

test('the wrong device is shown beside the right one, and nothing after it was reached', async () => {
  const made = await makeActive(lango.api, {}, { username: 'locked' });
  expect((await lango.api.patch(`/subscriptions/${made.id}`, { mac_lock: '48:A9:8A:77:10:3C' })).status).toBe(200);
  const told = await explain({ username: 'locked', mac: '50-d4-f7-2e-91-b8' });
  expect(told).toMatchObject({ decision: 'reject', reason: 'wrong_mac' });
  expect(told.checks.at(-1)).toMatchObject({
    name: 'device',
    pass: false,
    detail: expect.stringMatching(/48:A9:8A:77:10:3C.*50:D4:F7:2E:91:B8/),
  });
  expect(await explain({ username: 'locked', mac: '48a98a77103c' })).toMatchObject({ decision: 'accept' });
  // Asked without a device, the lock is not held against anybody.
  expect(await explain({ username: 'locked' })).toMatchObject({ decision: 'accept' });
});

test('another company’s login and router are not known', async () => {
  const neighbour = await lango.addCompany();
  await makeRouter(neighbour.api);
  await makeActive(neighbour.api, {}, { username: 'next-door' });
  const told = await explain({ username: 'next-door' });
  expect(told).toMatchObject({ decision: 'reject', reason: 'unknown_user' });
  expect(failing(told)).toMatchObject([{ name: 'login' }]);
  expect((await neighbour.api.get(`/access/explain?username=next-door&router_id=${router.id}`)).status).toBe(404);
  expect(await explain({ username: 'next-door' }, neighbour.api)).toMatchObject({ decision: 'accept' });
});

test('an imagined time shows what comes if nobody pays, and no other question sees that clock', async () => {
  const hour = (n: number): string => new Date(Date.now() + n * 3_600_000).toISOString();
  await makeActive(lango.api, { validity: { count: 1, unit: 'day' } }, { username: 'tomorrow' });
  const at = hour(48);
  const asked = await Promise.all(
    [{}, { at }, {}, { at: hour(23) }, { at }, {}].map((more) => explain({ username: 'tomorrow', ...more })),
  );
  expect(asked.map(({ reason }) => reason)).toEqual(['active', 'expired', 'active', 'active', 'expired', 'active']);
  expect(asked[1]).toMatchObject({ decision: 'garden', at, sentence: expect.stringMatching(/expired/) });
  expect(failing(asked[1]!)).toMatchObject([{ name: 'paid', remedy: expect.any(String) }]);
  expect(asked[0]).not.toHaveProperty('at');
  const left = asked[3]!.reply.find(({ attribute }) => attribute === 'Session-Timeout');
  expect(Number(left?.value)).toBeLessThanOrEqual(3600);
  const [{ shift } = { shift: '' }] = await lango.asOwner<{ shift: string }>(
    `SELECT lango_clock_shift()::text AS shift`,
  );
  expect(shift).toBe('00:00:00');
  for (const wrong of [hour(-2), hour(24 * 400), 'tomorrow']) {
    const answer = await lango.api.get<Json>(`/access/explain?username=tomorrow&at=${encodeURIComponent(wrong)}`);
    expect([answer.status, Object.keys((answer.body['error'] as { fields: object }).fields)]).toEqual([422, ['at']]);
  }
});

test('a company without a router is told so', async () => {
  const fresh = await lango.addCompany();
  const told = await explain({ username: 'anybody' }, fresh.api);
  expect(told.decision).toBe('reject');
  expect(failing(told)).toMatchObject([{ name: 'router', remedy: expect.any(String) }]);
});

test.each([{}, { username: '' }, { username: 'a', router_id: 'x' }])('%j is refused clearly', async (query) => {
  const answer = await lango.api.get(
    `/access/explain?${new URLSearchParams(query as Record<string, string>).toString()}`,
  );
  expect([404, 422]).toContain(answer.status);
});

test('every reason of docs/reference/reasons.md is one of the database, and the other way round, word for word', async () => {
  const rows = await lango.asOwner<Record<string, string | null>>(
    'SELECT code, decision, sentence, staff, remedy FROM access_reasons()',
  );
  const table = readFileSync(join(projectRoot(), 'docs/reference/reasons.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  expect(table).toEqual(
    rows.map(({ code, decision, sentence, staff, remedy }) => [
      `\`${code}\``,
      decision,
      sentence ?? '',
      staff,
      remedy ?? '',
    ]),
  );
});

test('every reason that refuses belongs to one check, and its words for staff are the same as in the database', async () => {
  const rows = await lango.asOwner<{ code: string; decision: string; staff: string; remedy: string | null }>(
    'SELECT code, decision, staff, remedy FROM access_reasons()',
  );
  const refusing = rows.filter(({ decision }) => decision !== 'accept').map(({ code }) => code);
  expect(CHECKS.flatMap(({ reasons }) => reasons).sort()).toEqual(refusing.sort());
  const words = loadTranslator({ root: join(projectRoot(), 'control-plane'), strict: true });
  for (const { code, staff, remedy } of rows) {
    expect(words('en', `access.reason_${code}`)).toBe(staff);
    expect(words('sw', `access.reason_${code}`)).not.toBe('');
    if (remedy !== null) expect(words('en', `access.remedy_${code}`)).toBe(remedy);
    if (remedy !== null) expect(words('sw', `access.remedy_${code}`)).not.toBe('');
  }
});

test('the sentences that radiusd.conf says by itself are the database’s', async () => {
  const config = readFileSync(join(projectRoot(), 'freeradius-config/radiusd.conf'), 'utf8');
  const said = [...config.matchAll(/&Lango-Reason := '(\w+)'\s+&Reply-Message := '([^']+)'/g)].map(
    ([, code = '', sentence = '']) => ({ code, sentence }),
  );
  expect(said.map(({ code }) => code).sort()).toEqual(['two_devices', 'unsupported_method', 'wrong_password']);
  for (const { code, sentence } of said) {
    expect(await lango.asOwner('SELECT sentence FROM access_reasons() WHERE code = $1', [code])).toEqual([
      { sentence },
    ]);
  }
});
