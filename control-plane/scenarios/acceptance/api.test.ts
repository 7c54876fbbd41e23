import type { ApiClient } from '../../test-kit/api-client';
import { make, makeActive, makeClient, makePackage, makeSubscription, unique, type Json } from '../../test-kit/story';
import { startWhole, type Whole } from '../../test-kit/whole';

/** The API as the outside contract writes it, against the whole running product. */
jest.setTimeout(60_000);

let lango: Whole;
let api: ApiClient;
let other: ApiClient;
beforeAll(async () => {
  lango = await startWhole();
  api = lango.api;
  other = await lango.addCompany('Neighbour Net');
}, 90_000);
afterAll(() => lango?.stop(), 30_000);

type Error = { error: { code: string; message: string; fields?: Record<string, string> } };
const missing = '9223372036854775807';

test('alive, ready in every part, measured', async () => {
  expect((await fetch(`${lango.baseUrl}/healthz`)).status).toBe(200);
  const ready = await fetch(`${lango.baseUrl}/readyz`);
  expect(ready.status).toBe(200);
  const { parts } = (await ready.json()) as { parts: Record<string, string> };
  for (const part of ['web', 'jobs', 'accounting', 'enforcer', 'freeradius'])
    expect(Object.keys(parts)).toContain(part);
  expect((await fetch(`${lango.baseUrl}/metrics`)).status).toBe(200);
  const document = await fetch(`${lango.baseUrl}/api/openapi.json`);
  expect(((await document.json()) as Json)['openapi']).toMatch(/^3\.1/);
});

describe('sign-in for programs', () => {
  test('tokens live an hour, are renewed, and end at logout', async () => {
    const email = 'owner@lango.example';
    const answer = await api.as(undefined).post<Json>('/auth/login', { email, password: 'open-the-gate-9' });
    expect(answer).toMatchObject({
      status: 200,
      body: { token: expect.any(String), refreshToken: expect.any(String) },
    });
    expect(answer.body['expires_in']).toBeGreaterThanOrEqual(3600);
    const again = await api.as(undefined).post<Json>('/auth/refresh', { refreshToken: answer.body['refreshToken'] });
    expect(again).toMatchObject({ status: 200, body: { token: expect.any(String) } });
    const mine = api.as(again.body['token'] as string);
    expect((await mine.get('/packages')).status).toBe(200);
    expect((await mine.post('/auth/logout')).status).toBeLessThan(300);
    expect((await mine.get('/packages')).status).toBe(401);
  });

  test('a wrong password, a strange token and no token are 401', async () => {
    const wrong = await api.as(undefined).post<Error>('/auth/login', { email: 'owner@lango.example', password: 'no' });
    expect(wrong.status).toBe(401);
    expect(wrong.body.error.code).toEqual(expect.any(String));
    for (const token of [undefined, 'x'.repeat(40)]) expect((await api.as(token).get('/clients')).status).toBe(401);
  });
});

test('each object is made with 201, changed and deleted as the contract says, and has the shape', async () => {
  const sold = await makePackage(api, { quota_bytes: 5_000_000_000, on_quota: 'cut', price_cents: 150_050 });
  expect(sold).toMatchObject({
    id: expect.any(String),
    price_cents: 150_050,
    currency: 'KES',
    quota_bytes: 5_000_000_000,
  });
  expect(sold).toMatchObject({ simultaneous_use: 1, interim_s: 300, validity: { count: 1, unit: 'day' } });
  const patched = await api.patch<Json>(`/packages/${sold['id']}`, { price_cents: 99 });
  expect(patched).toMatchObject({ status: 200, body: { id: sold['id'], price_cents: 99 } });
  const client = await makeClient(api, { email: 'wanjiru@example.com' });
  expect((await api.patch<Json>(`/clients/${client['id']}`, { name: 'New Name' })).body).toMatchObject({
    name: 'New Name',
  });
  const made = await make(api, '/subscriptions', {
    client_id: client['id'],
    package_id: sold['id'],
    username: unique('shape'),
    password: 'x',
  });
  expect(made).toMatchObject({
    id: expect.any(String),
    state: 'pending',
    quota_bytes: 5_000_000_000,
    used_bytes: 0,
    starts_at: null,
  });
  expect(JSON.stringify(made)).not.toContain('password');
  const listed = await api.get<Json>(`/clients/${client['id']}/subscriptions`);
  expect(listed).toMatchObject({ status: 200, body: { items: [{ id: made['id'] }], nextCursor: null } });
  const active = await api.post<Json>(`/subscriptions/${made['id']}/activate`);
  expect(active).toMatchObject({ status: 200, body: { state: 'active' } });
  expect(active.body['expires_at']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const router = await make(api, '/routers', { name: 'Roof', address: '10.5.5.5', secret: 'hush-hush' });
  expect(router).toMatchObject({
    type: 'mikrotik',
    coa_port: 3799,
    message_authenticator: expect.stringMatching(/^(require|auto|off)$/),
  });
  expect(JSON.stringify(router)).not.toContain('hush-hush');
  expect((await api.delete(`/routers/${router['id']}`)).status).toBe(204);
  expect((await api.get(`/routers/${router['id']}`)).status).toBe(404);
  const spare = await makePackage(api);
  expect((await api.delete(`/packages/${spare['id']}`)).status).toBe(204);
  const leaver = await makeClient(api);
  expect((await api.delete(`/clients/${leaver['id']}`)).status).toBe(204);
  expect((await api.get(`/clients/${leaver['id']}`)).status).toBe(404);
});

test('lists go page by page through everything once', async () => {
  const names = new Set<string>();
  for (let i = 0; i < 5; i++) names.add(String((await makeClient(api, { name: unique('Paged') }))['name']));
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { body: Json } = await api.get<Json>(`/clients?q=Paged&limit=2&cursor=${encodeURIComponent(cursor)}`);
    seen.push(...(page.body['items'] as Json[]).map((item) => String(item['name'])));
    cursor = page.body['nextCursor'] as string | null;
  }
  expect(seen.toSorted()).toEqual([...names].toSorted());
});

describe('an Idempotency-Key', () => {
  test('makes one client, one subscription and one payment of many posts, also at once', async () => {
    const key = { 'Idempotency-Key': unique('key') };
    const body = { name: unique('Once'), phone: '0711000111' };
    const made = await Promise.all(Array.from({ length: 6 }, () => api.post<Json>('/clients', body, key)));
    expect(new Set(made.map((answer) => answer.status))).toEqual(new Set([201]));
    expect(new Set(made.map((answer) => answer.body['id'])).size).toBe(1);
    expect((await api.get<Json>(`/clients?q=${body.name}`)).body['items']).toHaveLength(1);

    const sub = await makeSubscription(api);
    const pay = { subscription_id: sub['id'], amount_cents: 10_000, method: 'cash', reference: unique('receipt') };
    const payKey = { 'Idempotency-Key': unique('key') };
    const paid = [
      await api.post<Json>('/billing/transactions', pay, payKey),
      await api.post<Json>('/billing/transactions', pay, payKey),
    ];
    expect(paid.map((answer) => answer.status)).toEqual([201, 201]);
    expect(paid[0]?.body).toEqual(paid[1]?.body);
    const until = (await api.get<Json>(`/subscriptions/${sub['id']}`)).body['expires_at'] as string;
    expect(new Date(until).getTime() - Date.now()).toBeLessThan(86_500_000);
  });

  test('used for another body is refused', async () => {
    const key = { 'Idempotency-Key': unique('key') };
    await api.post('/clients', { name: 'One', phone: '0711000112' }, key);
    const second = await api.post<Error>('/clients', { name: 'Two', phone: '0711000112' }, key);
    expect(second.status).toBe(422);
  });
});

/** Every POST of the contract that this version has, with a body of wrong values and the fields that the answer must name. */
const posts: [string, unknown, string[]][] = [
  ['/auth/login', {}, ['email', 'password']],
  ['/packages', {}, ['name', 'type', 'price_cents', 'validity', 'down_kbps', 'up_kbps']],
  [
    '/packages',
    {
      name: 'x',
      type: 'dsl',
      price_cents: -1,
      currency: 'KES',
      validity: { count: 0, unit: 'year' },
      down_kbps: 0,
      up_kbps: 1.5,
    },
    ['type', 'price_cents', 'validity.count', 'validity.unit', 'down_kbps', 'up_kbps'],
  ],
  ['/clients', {}, ['name', 'phone']],
  ['/clients', { name: ' ', phone: 'call me', email: 'nobody' }, ['name', 'email']],
  ['/clients', { name: 'A', phone: 'call me' }, ['phone']],
  ['/subscriptions', {}, ['client_id', 'package_id', 'username', 'password']],
  ['/subscriptions', { client_id: missing, package_id: missing, username: 'x', password: 'x' }, ['client_id']],
  ['/subscriptions', { client_id: '1', package_id: '1', username: 'x', password: 'pa🚪ss' }, ['password']],
  ['/subscriptions/:sub/extend', { count: 0, unit: 'year' }, ['count', 'unit']],
  ['/subscriptions/:sub/suspend', {}, ['reason']],
  ['/subscriptions/:sub/change-plan', { when: 'later' }, ['package_id', 'when']],
  ['/subscriptions/:sub/change-plan', { package_id: missing, when: 'now' }, ['package_id']],
  ['/subscriptions/:sub/top-up', { bytes: -5 }, ['bytes']],
  ['/routers', {}, ['name', 'address', 'secret']],
  [
    '/routers',
    { name: 'a', address: 'tower', secret: '', type: 'cisco', coa_port: 70_000, message_authenticator: 'maybe' },
    ['address', 'secret', 'type', 'coa_port', 'message_authenticator'],
  ],
  ['/billing/transactions', {}, ['subscription_id', 'amount_cents', 'method', 'reference']],
  [
    '/billing/transactions',
    { subscription_id: ':sub', amount_cents: 0, method: 'gold', reference: '' },
    ['amount_cents', 'method', 'reference'],
  ],
  [
    '/billing/transactions',
    { subscription_id: missing, amount_cents: 5, method: 'cash', reference: 'r' },
    ['subscription_id'],
  ],
];

test.each(posts)('POST %s with %j is 422 and names the fields', async (path, body, fields) => {
  const sub = path.includes(':sub') || JSON.stringify(body).includes(':sub') ? await makeActive(api) : { id: '1' };
  const fill = (text: string): string => text.replace(':sub', String(sub['id']));
  const answer = await api.post<Error>(fill(path), JSON.parse(fill(JSON.stringify(body))) as unknown);
  expect([answer.status, answer.body]).toMatchObject([
    422,
    { error: { code: expect.any(String), message: expect.any(String) } },
  ]);
  expect(Object.keys(answer.body.error.fields ?? {})).toEqual(expect.arrayContaining(fields));
});

test('bodies that are no JSON, no object, or too large are a clear 4xx everywhere', async () => {
  const sub = await makeActive(api);
  const paths = new Set(posts.map(([path]) => path.replace(':sub', String(sub['id']))));
  for (const path of paths) {
    for (const body of ['{"a":', 'null}', '{"name": "\ud800', `{"a":${'['.repeat(5000)}`]) {
      const answer = await api.post<Error>(path, body);
      expect([path, body.slice(0, 20), answer.status]).toEqual([path, body.slice(0, 20), 400]);
      expect(answer.body.error.message).toEqual(expect.any(String));
    }
    for (const body of ['[]', '"text"', '7', 'null']) {
      const answer = await api.post<Error>(path, body);
      expect([path, body, Math.floor(answer.status / 100)]).toEqual([path, body, 4]);
    }
    const large = await api.post<Error>(path, JSON.stringify({ name: 'x'.repeat(3_000_000) }));
    expect([path, large.status]).toEqual([path, 413]);
  }
  expect((await fetch(`${lango.baseUrl}/readyz`)).status).toBe(200);
});

describe('what is not there, or is another company’s, is 404', () => {
  const oddIds = [missing, '0', '-1', 'abc', '1e3', '99999999999999999999', "1'--", '%00'];
  const paths = [
    '/packages/:id',
    '/clients/:id',
    '/clients/:id/subscriptions',
    '/subscriptions/:id',
    '/subscriptions/:id/usage?by=day',
    '/routers/:id',
    '/sessions/:id',
    '/enforcements/:id',
    '/billing/payments/:id',
  ];

  test.each(paths)('GET %s', async (path) => {
    for (const id of oddIds) {
      const answer = await api.get<Error>(path.replace(':id', id));
      expect([id, answer.status, answer.body?.error?.code]).toEqual([id, 404, 'not_found']);
    }
  });

  test('reading, changing and commanding', async () => {
    const sub = await makeActive(api);
    const router = await make(api, '/routers', { name: 'Mine', address: '10.6.6.6', secret: 'abc' });
    const mine: [string, string][] = [
      [`/packages/${sub['package_id']}`, '{"price_cents":1}'],
      [`/clients/${sub['client_id']}`, '{"name":"theirs"}'],
      [`/subscriptions/${sub['id']}`, '{"password":"theirs"}'],
      [`/routers/${router['id']}`, '{"secret":"theirs"}'],
    ];
    for (const [path, patch] of mine) {
      expect([path, (await other.get(path)).status]).toEqual([path, 404]);
      expect([path, (await other.patch(path, patch)).status]).toEqual([path, 404]);
      if (!path.startsWith('/subscriptions')) expect([path, (await other.delete(path)).status]).toEqual([path, 404]);
      expect([path, (await api.get(path)).status]).toEqual([path, 200]);
    }
    const commands: [string, unknown][] = [
      ['activate', {}],
      ['renew', {}],
      ['extend', { count: 1, unit: 'day' }],
      ['suspend', { reason: 'theirs' }],
      ['resume', {}],
      ['pause', {}],
      ['change-plan', { package_id: sub['package_id'], when: 'now' }],
      ['top-up', { bytes: 1 }],
    ];
    for (const [command, body] of commands) {
      for (const [who, id] of [
        [other, sub['id']],
        [api, missing],
      ] as const) {
        const answer = await who.post<Error>(`/subscriptions/${id}/${command}`, body);
        expect([command, answer.status]).toEqual([command, 404]);
      }
    }
    expect((await other.get<Json>(`/subscriptions/${sub['id']}/usage?by=day`)).status).toBe(404);
    const pay = { subscription_id: sub['id'], amount_cents: 10_000, method: 'cash', reference: unique('r') };
    expect([404, 422]).toContain((await other.post('/billing/transactions', pay)).status);
    const sale = { client_id: sub['client_id'], package_id: sub['package_id'], username: 'x', password: 'x' };
    expect([404, 422]).toContain((await other.post('/subscriptions', sale)).status);
    expect((await other.get<Json>('/subscriptions')).body['items']).toEqual([]);
    expect((await api.get<Json>(`/subscriptions/${sub['id']}`)).body).toMatchObject({
      state: 'active',
      username: sub['username'],
    });
  });

  test('an address that nobody serves is 404 in JSON', async () => {
    expect((await api.get<Error>('/no/such/thing')).body.error.code).toBe('not_found');
  });
});

test('money: too little goes to the wallet, too much renews and leaves the rest there, a reference counts once', async () => {
  const sub = await makeSubscription(api);
  const pay = (amount_cents: number, reference = unique('slip')) =>
    api.post<Json>('/billing/transactions', { subscription_id: sub['id'], amount_cents, method: 'bank', reference });
  const little = await pay(4_000);
  expect(little).toMatchObject({
    status: 201,
    body: { wallet_balance_cents: 4_000, subscription: { state: 'pending' } },
  });
  const much = await pay(25_000);
  expect(much).toMatchObject({ status: 201, body: { subscription: { state: 'active' } } });
  expect((much.body['wallet_balance_cents'] as number) % 10_000).toBe(9_000);
  const reference = unique('slip');
  expect((await pay(1_000, reference)).status).toBe(201);
  expect((await pay(1_000, reference)).status).toBe(409);
});

test('two companies with the same words: username, router name, phone', async () => {
  const same = { name: 'Twin', phone: '0733999888' };
  for (const who of [api, other]) {
    const client = await makeClient(who, same);
    const sold = await makePackage(who, { name: 'Twin plan' });
    const made = await who.post('/subscriptions', {
      client_id: client['id'],
      package_id: sold['id'],
      username: 'twin',
      password: 'a',
    });
    expect(made.status).toBe(201);
  }
  expect((await api.post('/routers', { name: 'Twin', address: '10.7.0.1', secret: 'a' })).status).toBe(201);
  expect((await other.post('/routers', { name: 'Twin', address: '10.7.0.2', secret: 'b' })).status).toBe(201);
  const clash = await other.post<Error>('/routers', { name: 'Third', address: '10.7.0.1', secret: 'b' });
  expect(clash.status).toBe(409);
  expect(clash.body.error.message.length).toBeGreaterThan(20);
});
