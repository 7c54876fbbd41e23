import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoginOutcome, PppoeAuthentication } from '../../test-kit/mikrotik';
import { asOwner, makeActive, makeSubscription, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import type { RadclientAnswer } from '../../test-kit/radclient';
import { startWhole, type KnownRouter, type Whole } from '../../test-kit/whole';

/** Who is let in, by every method, and what the others are told: the customer in Reply-Message, staff by access/explain. */
jest.setTimeout(60_000);

const password = 'open-sesame';
let lango: Whole;
let mikrotik: KnownRouter;
let other: KnownRouter;
beforeAll(async () => {
  lango = await startWhole();
  [mikrotik, other] = await Promise.all([lango.addRouter(), lango.addRouter({}, { type: 'other' })]);
}, 90_000);
afterAll(() => lango?.stop(), 30_000);

const name = (sub: Json): string => sub['username'] as string;
const post = async (path: string, body?: unknown): Promise<Json> => {
  const answer = await lango.api.post<Json>(path, body);
  if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const pppoe = (sub: Json, at = mikrotik, more: { password?: string; mac?: string } = {}): Promise<LoginOutcome> =>
  at.device.connectPppoe({ username: name(sub), password, ...more });
const hotspot = (sub: Json): Promise<LoginOutcome> => mikrotik.device.connectHotspot({ username: name(sub), password });
const explain = async (sub: Json, at = mikrotik, more = ''): Promise<Json> => {
  const answer = await lango.api.get<Json>(
    `/access/explain?username=${encodeURIComponent(name(sub))}&router_id=${at.id}${more}`,
  );
  expect(answer.status).toBe(200);
  return answer.body;
};

const by = (authentication: PppoeAuthentication, username: string, word: string): Promise<LoginOutcome> =>
  mikrotik.device.connectPppoe({ username, password: word, authentication });

const methods: PppoeAuthentication[] = ['pap', 'chap', 'mschap1', 'mschap2'];

describe.each(methods)('a simulated MikroTik by %s', (authentication) => {
  test('lets the right password in with the plan, and refuses a wrong one and a stranger alike', async () => {
    const sub = await makeActive(lango.api, { simultaneous_use: 2 });
    const login = await by(authentication, name(sub), password);
    if (login.kind !== 'online') throw new Error(JSON.stringify(login));
    expect(login.session.entitlement).toMatchObject({
      rateLimit: { up_bps: 5_000_000, down_bps: 10_000_000 },
      interim_s: 300,
      addressLists: [],
    });
    expect(login.session.entitlement.sessionTimeout_s).toBeGreaterThan(86_000);
    expect(login.session.entitlement.sessionTimeout_s).toBeLessThanOrEqual(86_400);
    expect(login.session.entitlement.classes[0]?.toString()).toMatch(
      new RegExp(`^L1:${sub['id']}:[0-9a-f]{16}:f:@[0-9a-f]{16}$`),
    );
    const refusals = [await by(authentication, name(sub), 'wrong'), await by(authentication, 'nobody-here', password)];
    for (const refused of refusals) expect(refused).toMatchObject({ kind: 'rejected' });
    expect(refusals[0]).toMatchObject({ messages: ['Wrong username or password.'] });
    expect(refusals[1]).toMatchObject({ messages: ['Wrong username or password.'] });
  });
});

describe.each(['User-Password', 'CHAP-Password', 'MS-CHAP-Password'])('radclient with %s', (attribute) => {
  test('is accepted with the right password and refused with a wrong one', async () => {
    const sub = await makeActive(lango.api);
    const ask = (username: string, word: string): Promise<RadclientAnswer> =>
      lango.radclient(mikrotik, {
        'User-Name': `"${username}"`,
        [attribute]: `"${word}"`,
        'Service-Type': 'Framed-User',
        'Framed-Protocol': 'PPP',
      });
    const accepted = await ask(name(sub), password);
    expect([accepted.code, accepted.output]).toEqual(['Access-Accept', expect.stringContaining('5000k/10000k')]);
    expect(await ask(name(sub), 'wrong')).toMatchObject({
      code: 'Access-Reject',
      message: 'Wrong username or password.',
    });
    expect(await ask('nobody-here', password)).toMatchObject({ code: 'Access-Reject' });
  });
});

test.each(['pap', 'chap'] as const)('a hotspot user by %s', async (authentication) => {
  const sub = await makeActive(lango.api, { type: 'hotspot' });
  const login = (word: string) =>
    mikrotik.device.connectHotspot({ username: name(sub), password: word, authentication });
  expect(await login('wrong')).toMatchObject({ kind: 'rejected', messages: ['Wrong username or password.'] });
  const online = await login(password);
  if (online.kind !== 'online') throw new Error(JSON.stringify(online));
  expect(online.session.entitlement.rateLimit).toMatchObject({ up_bps: 5_000_000, down_bps: 10_000_000 });
  online.session.addTraffic(12, 34);
  await online.session.logout();
  const shown = await until(
    async () => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body,
    (now) => now['used_bytes'] === 46,
  );
  expect(shown['online_sessions']).toBe(0);
});

test('a NAS of another make gets the same plan', async () => {
  const sub = await makeActive(lango.api);
  const login = await pppoe(sub, other);
  if (login.kind !== 'online') throw new Error(JSON.stringify(login));
  const attributes = login.reply.map(({ attribute }) => attribute);
  expect(attributes).toEqual(
    expect.arrayContaining(['Session-Timeout', 'Acct-Interim-Interval', 'Class', 'Mikrotik-Rate-Limit']),
  );
});

/** A subscriber in each state that keeps somebody out, and the reason code. */
const states: [string, 'garden' | 'reject', () => Promise<Json>][] = [
  ['unpaid', 'garden', () => makeSubscription(lango.api)],
  [
    'expired',
    'garden',
    async () => {
      const sub = await makeActive(lango.api, { validity: { count: 1, unit: 'second' } });
      await new Promise((resolve) => setTimeout(resolve, 1_050));
      return sub;
    },
  ],
  [
    'capped',
    'garden',
    async () => {
      const sub = await makeActive(lango.api, { quota_bytes: 1_000 });
      const login = await pppoe(sub);
      if (login.kind !== 'online') throw new Error(JSON.stringify(login));
      login.session.addTraffic(0, 1_001);
      await mikrotik.device.idle();
      return sub;
    },
  ],
  [
    'suspended',
    'reject',
    async () => {
      const sub = await makeActive(lango.api);
      return post(`/subscriptions/${sub['id']}/suspend`, { reason: 'unpaid invoice' });
    },
  ],
  [
    'paused',
    'reject',
    async () => {
      const sub = await makeActive(lango.api);
      return post(`/subscriptions/${sub['id']}/pause`);
    },
  ],
];

describe.each(states)('%s', (reason, onPpp, prepare) => {
  let sub: Json;
  beforeAll(async () => {
    sub = await prepare();
  });

  test('PPPoE on a MikroTik, hotspot, another NAS: each its answer, and the sentence is the one that staff see', async () => {
    const seen = await explain(sub);
    expect(seen).toMatchObject({ decision: onPpp, reason, sentence: expect.stringMatching(/^[A-Z].*\.$/) });
    const failed = (seen['checks'] as Json[]).find((check) => check['pass'] === false);
    expect(failed).toMatchObject({ detail: expect.any(String), remedy: expect.any(String) });
    const dialled = await pppoe(sub);
    if (onPpp === 'garden') {
      if (dialled.kind !== 'online') throw new Error(JSON.stringify(dialled));
      expect(dialled.session.entitlement).toMatchObject({ addressLists: ['expired'], messages: [seen['sentence']] });
      expect(dialled.session.entitlement.sessionTimeout_s).toBeLessThanOrEqual(600);
      expect(dialled.session.entitlement.rateLimit?.down_bps).toBeLessThan(10_000_000);
      await dialled.session.logout();
    } else expect(dialled).toMatchObject({ kind: 'rejected', messages: [seen['sentence']] });
    expect(await hotspot(sub)).toMatchObject({ kind: 'rejected', messages: [seen['sentence']] });
    expect(await pppoe(sub, other)).toMatchObject({ kind: 'rejected', messages: [seen['sentence']] });
    expect(await explain(sub, other)).toMatchObject({ decision: 'reject', reason, sentence: seen['sentence'] });
  });

  test('with a wrong password: that, and nothing about the state', async () => {
    for (const login of [
      await pppoe(sub, mikrotik, { password: 'wrong' }),
      await pppoe(sub, other, { password: 'wrong' }),
    ]) {
      expect(login).toMatchObject({ kind: 'rejected', messages: ['Wrong username or password.'] });
    }
  });
});

test('a second device at once is refused by name of the reason, the same device again is let in', async () => {
  const sub = await makeActive(lango.api);
  const mac = '02:00:00:AA:00:01';
  expect(await pppoe(sub, mikrotik, { mac })).toMatchObject({ kind: 'online' });
  const explained = await explain(sub, mikrotik, '&mac=02:00:00:AA:00:02');
  expect(explained).toMatchObject({ decision: 'reject', reason: 'too_many_sessions' });
  expect(await pppoe(sub, mikrotik, { mac: '02:00:00:AA:00:02' })).toMatchObject({
    kind: 'rejected',
    messages: [explained['sentence']],
  });
  expect(await pppoe(sub, mikrotik, { mac })).toMatchObject({ kind: 'online' });
  expect(await explain(sub, mikrotik, `&mac=${mac}`)).toMatchObject({ decision: 'accept', reason: 'active' });
});

test('a MAC lock lets its device in only', async () => {
  const sub = await makeActive(lango.api);
  const locked = await lango.api.patch(`/subscriptions/${sub['id']}`, { mac_lock: '02-00-00-bb-00-01' });
  expect(locked.status).toBe(200);
  const explained = await explain(sub, mikrotik, '&mac=02:00:00:BB:00:02');
  expect(explained).toMatchObject({ decision: 'reject', reason: 'wrong_mac' });
  expect(await pppoe(sub, mikrotik, { mac: '02:00:00:BB:00:02' })).toMatchObject({
    kind: 'rejected',
    messages: [explained['sentence']],
  });
  expect(await pppoe(sub, mikrotik, { mac: '02:00:00:BB:00:01' })).toMatchObject({ kind: 'online' });
});

test('a static address is given, and explain shows the whole reply', async () => {
  const sub = await makeActive(lango.api, { quota_bytes: 10_000_000_000 });
  expect((await lango.api.patch(`/subscriptions/${sub['id']}`, { static_ip: '10.9.8.7' })).status).toBe(200);
  const login = await pppoe(sub);
  if (login.kind !== 'online') throw new Error(JSON.stringify(login));
  expect(login.session.identity.address).toBe('10.9.8.7');
  expect(login.session.entitlement.totalLimit_bytes).toBe(10_000_000_000n);
  const explained = await explain(sub, mikrotik, `&mac=${login.session.identity.mac}`);
  expect(explained).toMatchObject({ decision: 'accept', reason: 'active' });
  expect(explained['reply']).toEqual(
    expect.arrayContaining([
      { attribute: 'Framed-IP-Address', value: '10.9.8.7' },
      { attribute: 'Mikrotik-Rate-Limit', value: '5000k/10000k' },
    ]),
  );
  expect(JSON.stringify(explained)).not.toContain(password);
});

test('explain tells an unknown user', async () => {
  expect(await explain({ username: 'nobody-here' })).toMatchObject({ decision: 'reject', reason: 'unknown_user' });
});

test('no password stands in a log or in radpostauth, right or wrong', async () => {
  const typed = 'a-mistyped-secret';
  const sub = await makeActive(lango.api);
  for (const authentication of methods) {
    await by(authentication, name(sub), typed);
    await by(authentication, name(sub), password);
  }
  const rows = await until(
    () => asOwner(lango.db, 'SELECT * FROM radpostauth WHERE username = $1', [name(sub)]),
    (found) => found.length >= 2 * methods.length,
  );
  const files = ['logs', 'freeradius/log'].flatMap((folder) => {
    const dir = join(lango.dataDir, folder);
    return readdirSync(dir).map((file) => readFileSync(join(dir, file), 'utf8'));
  });
  expect(files.join('').length).toBeGreaterThan(500);
  const written = [lango.output(), JSON.stringify(rows), ...files].join('\n');
  const databasePassword = new URL(lango.db.urls.radius).password;
  for (const secret of [typed, password, mikrotik.secret, databasePassword]) expect(written).not.toContain(secret);
});
