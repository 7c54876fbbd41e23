import type { ApiRoute } from './platform/http/route';
import { permissions } from './platform/permissions';
import { sliceApiRoutes, sliceNames, slicePageRoutes } from './slices';
import { make, makeActive, makeRouter, type Json } from './test-kit/story';
import { startTestLango, type TestCompany, type TestLango } from './test-kit/lango';

/** Every API route there is: a new one is walked without being added here. */
const routes = sliceApiRoutes().flatMap(({ slice, routes: all }) =>
  all.map((route) => ({ slice, route, name: `${route.method} /api${route.path}` })),
);
const guarded = routes.filter(({ route }) => route.permission !== 'public');
const roles = ['super_admin', 'isp_admin', 'technician', 'support', 'sales', 'finance', 'reseller'];

/** A body that passes the route's schema, where {} does not, so that the look-up behind it is reached. */
const bodies: Record<string, unknown> = {
  'POST /clients/:id/subscriptions': { package_id: '1', username: 'x', password: 'secret' },
  'PATCH /packages/:id': { name: 'x' },
  'PATCH /clients/:id': { name: 'x' },
  'PATCH /routers/:id': { name: 'x' },
  'PATCH /subscriptions/:id': { username: 'x' },
  'POST /subscriptions/:id/extend': { count: 1, unit: 'day' },
  'POST /subscriptions/:id/suspend': { reason: 'x' },
  'POST /subscriptions/:id/top-up': { bytes: 1 },
  'POST /sessions/:id/rate': { down_kbps: 1, up_kbps: 1 },
  'PATCH /staff/:id': { name: 'x' },
};

let lango: TestLango;
let theirs: TestCompany;
/** What another company owns, by the first word of the path that shows it. */
const foreign: Record<string, string> = {};
const seeded: { client: Json; subscription: Json } = {} as never;

beforeAll(async () => {
  lango = await startTestLango();
  theirs = await lango.addCompany();
  const subscription = await makeActive(theirs.api, { quota_bytes: 1_000_000 });
  const router = await makeRouter(theirs.api);
  await theirs.api.post('/billing/transactions', {
    subscription_id: subscription.id,
    amount_cents: 150_000,
    method: 'cash',
    reference: 'R1',
  });
  const [session] = await lango.asOwner<{ id: string }>(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at)
     VALUES ($1, $2, 'a1', $3, 'u', '127.0.0.1', now(), now(), now()) RETURNING radacctid AS id`,
    [theirs.tenantId.toString(), router.id, subscription.id],
  );
  const batch = await make(theirs.api, '/vouchers/batches', { package_id: subscription['package_id'], count: 1 });
  const [enforcement] = await lango.asOwner<{ id: string }>(
    `INSERT INTO enforcement (tenant_id, session_id, nas_id, kind, reason) VALUES ($1, $2, $3, 'throttle', 'cap_throttle') RETURNING id`,
    [theirs.tenantId.toString(), session?.id, router.id],
  );
  const [row] = await lango.asOwner<{ plan: string; payment: string; transfer: string }>(
    `SELECT (SELECT max(id) FROM plan WHERE tenant_id = $1) AS plan, (SELECT max(id) FROM payment WHERE tenant_id = $1) AS payment`,
    [theirs.tenantId.toString()],
  );
  const [certificate] = await lango.asOwner<{ id: string }>(
    `INSERT INTO radsec_certificate (tenant_id, nas_id, serial, fingerprint, subject, key_is_theirs, issued_by, not_after)
     VALUES ($1, $2, '40', repeat('0', 64), 'R', false, 'A', now() + interval '1 day') RETURNING id`,
    [theirs.tenantId.toString(), router.id],
  );
  const [device] = await lango.asOwner<{ id: string }>(
    `INSERT INTO certificate (tenant_id, subscription_id, serial, name, not_after) VALUES ($1, $2, 'abcdef01', 'D', now() + interval '1 day') RETURNING id`,
    [theirs.tenantId.toString(), subscription.id],
  );
  Object.assign(seeded, { subscription });
  Object.assign(foreign, {
    packages: row?.plan,
    clients: subscription['client_id'],
    subscriptions: subscription.id,
    routers: router.id,
    sessions: session?.id,
    enforcements: enforcement?.id,
    'radsec/certificates': certificate?.id,
    certificates: device?.id,
    'vouchers/batches': batch['id'],
    'billing/payments': row?.payment,
    'billing/transactions': row?.payment,
    staff: theirs.staffId.toString(),
  });
});
afterAll(() => lango.stop());

/** The path with its ids filled in; a query that its schema may demand comes along. */
const pathOf = (route: ApiRoute, id: string): string => route.path.replace(/:\w+/g, id);
const call = (route: ApiRoute, path: string, token: string | undefined) =>
  fetch(`${lango.baseUrl}/api${path}`, {
    method: route.method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
    },
    ...(route.method === 'GET' || route.method === 'DELETE'
      ? {}
      : { body: JSON.stringify(bodies[`${route.method} ${route.path}`] ?? {}) }),
  });

test('every route of the contract that this release promises is there', () => {
  const there = new Set(routes.map(({ route }) => `${route.method} ${route.path.replace(/:\w+/g, ':id')}`));
  const crud = (path: string): string[] => [
    `GET ${path}`,
    `POST ${path}`,
    `GET ${path}/:id`,
    `PATCH ${path}/:id`,
    `DELETE ${path}/:id`,
  ];
  const promised = [
    ...['/auth/login', '/auth/refresh', '/auth/logout'].map((path) => `POST ${path}`),
    ...crud('/packages'),
    ...crud('/clients'),
    ...crud('/routers'),
    'GET /subscriptions',
    'POST /subscriptions',
    'GET /subscriptions/:id',
    'PATCH /subscriptions/:id',
    'GET /clients/:id/subscriptions',
    'GET /subscriptions/:id/usage',
    ...['activate', 'renew', 'extend', 'suspend', 'resume', 'pause', 'change-plan', 'top-up'].map(
      (verb) => `POST /subscriptions/:id/${verb}`,
    ),
    'GET /sessions',
    'POST /sessions/:id/disconnect',
    'POST /sessions/:id/rate',
    'GET /enforcements',
    'GET /enforcements/:id',
    'GET /billing/transactions',
    'POST /billing/transactions',
    'GET /billing/payments',
    'GET /billing/payments/:id',
    'GET /billing/ledger/accounts',
    'GET /access/explain',
    'GET /audit',
    'GET /staff',
    'POST /staff',
    'GET /tokens',
  ];
  expect(promised.filter((address) => !there.has(address))).toEqual([]);
});

test('a permission is named after a slice, and the roles in the database give those permissions and no others', async () => {
  for (const permission of permissions) expect([...sliceNames(), 'dashboard']).toContain(permission.split('.')[0]);
  const given = await lango.asOwner<{ permission: string }>('SELECT DISTINCT permission FROM staff_role_permission');
  expect(given.map((row) => row.permission).sort()).toEqual([...permissions].sort());
});

test.each(guarded.map((one) => [one.name, one.route] as const))(
  '%s answers nobody without a token',
  async (_name, route) => {
    const answer = await call(route, pathOf(route, '1'), undefined);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: { code: 'unauthorized', message: expect.any(String) } });
  },
);

test.each(roles)(
  '%s reaches exactly the routes that its permissions name',
  async (role) => {
    const person = await lango.addCompany(`Of ${role}`);
    await lango.setRole(person, role);
    const rows = await lango.asOwner<{ permission: string }>(
      'SELECT permission FROM staff_role_permission p JOIN staff_role r ON r.id = p.role_id WHERE r.key = $1',
      [role],
    );
    const held = new Set(rows.map((row) => row.permission));
    for (const { route, name } of guarded) {
      if (route.path === '/auth/logout') continue;
      const { status } = await call(route, pathOf(route, '999999999'), person.api.token);
      const may = route.permission === 'signed_in' || held.has(route.permission);
      expect({ name, refused: status === 403, broken: status >= 500 || status === 401 }).toEqual({
        name,
        refused: !may,
        broken: false,
      });
    }
  },
  60_000,
);

test('ids of another company are 404, whatever is asked of them', async () => {
  for (const { route, name } of guarded.filter((one) => one.route.path.includes(':'))) {
    const noun =
      Object.keys(foreign).find((path) => route.path.startsWith(`/${path}/`)) ?? route.path.split('/')[1] ?? '';
    if (noun === 'tokens') continue;
    const id = foreign[noun];
    expect({ name, known: id !== undefined }).toEqual({ name, known: true });
    if (route.path.endsWith('/change-plan'))
      bodies[`POST ${route.path}`] = { package_id: foreign['packages'], when: 'now' };
    const { status } = await call(route, pathOf(route, id ?? ''), lango.api.token);
    expect({ name, status }).toEqual({ name, status: 404 });
  }
});

test('nor do they stand in any list, or can they be named in a body', async () => {
  const ids = new Set(Object.values(foreign));
  for (const { route, name } of guarded.filter((one) => one.route.method === 'GET' && !one.route.path.includes(':'))) {
    const answer = await lango.api.get<{ items?: { id?: string }[] }>(route.path);
    // A person's own token or staff row has an id of its own sequence; those lists are told apart by their company below.
    if (['/staff', '/tokens', '/audit', '/billing/ledger/accounts'].includes(route.path)) continue;
    for (const item of answer.body.items ?? [])
      expect({ name, foreign: item.id !== undefined && ids.has(item.id) }).toEqual({ name, foreign: false });
  }
  const staff = await lango.api.get<{ items: { email: string }[] }>('/staff');
  expect(staff.body.items.map((one) => one.email)).toEqual([lango.company.email]);
  const body = {
    client_id: foreign['clients'],
    package_id: foreign['packages'],
    username: 'thief',
    password: 'secret',
  };
  expect([404, 422]).toContain((await lango.api.post('/subscriptions', body)).status);
  const payment = { subscription_id: seeded.subscription.id, amount_cents: 1, method: 'cash', reference: 'thief' };
  expect([404, 422]).toContain((await lango.api.post('/billing/transactions', payment)).status);
});

describe('malformed bodies', () => {
  const writing = guarded.filter(({ route }) => route.body !== undefined);
  const junk: unknown[] = [
    null,
    true,
    -1,
    0,
    1e308,
    2 ** 53,
    '',
    ' ',
    'x'.repeat(5000),
    '\u202e',
    "' OR 1=1 --",
    '\ud800',
    [],
    [[]],
    {},
    { a: 1 },
    '9'.repeat(40),
    '1e3',
    'NaN',
  ];
  const words = [
    'name',
    'type',
    'price_cents',
    'currency',
    'validity',
    'down_kbps',
    'up_kbps',
    'phone',
    'email',
    'client_id',
    'package_id',
    'username',
    'password',
    'address',
    'secret',
    'coa_port',
    'amount_cents',
    'method',
    'reference',
    'subscription_id',
    'count',
    'unit',
    'bytes',
    'when',
    'static_ip',
    'mac_lock',
    'burst',
    'quota_bytes',
    'reason',
  ];

  /** mulberry32: a seed makes a failure repeatable. */
  const random = (seed: number) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  test.each(writing.map((one) => [one.name, one.route] as const))(
    '%s answers each with a clear 4xx or takes it, and never breaks',
    async (name, route) => {
      const next = random(name.length * 7919);
      const pick = <T>(list: T[]): T => list[Math.floor(next() * list.length)] as T;
      for (let round = 0; round < 25; round += 1) {
        const fields = Object.fromEntries(
          Array.from({ length: 1 + Math.floor(next() * 8) }, () => [pick(words), pick(junk)]),
        );
        const whole = JSON.stringify(next() < 0.1 ? pick(junk) : fields);
        const cut = next() < 0.2 ? whole.slice(0, Math.floor(next() * whole.length)) : whole;
        const answer = await fetch(`${lango.baseUrl}/api${pathOf(route, '999999999')}`, {
          method: route.method,
          headers: { authorization: `Bearer ${lango.api.token}` },
          body: cut,
        });
        const text = await answer.text();
        if (answer.status >= 500) throw new Error(`${name} answered ${answer.status} to ${cut.slice(0, 500)}: ${text}`);
        if (answer.status >= 400)
          expect(JSON.parse(text)).toEqual({
            error: expect.objectContaining({
              code: expect.stringMatching(/^[a-z_]+$/),
              message: expect.stringMatching(/\.$/),
            }),
          });
      }
    },
  );

  test('a body that is no UTF-8, compressed falsely, or of a foreign charset is a 4xx', async () => {
    const send = (body: Buffer, headers: Record<string, string>) =>
      fetch(`${lango.baseUrl}/api/clients`, {
        method: 'POST',
        headers: { authorization: `Bearer ${lango.api.token}`, ...headers },
        body: new Uint8Array(body),
      });
    for (const [body, headers] of [
      [Buffer.of(0xff, 0xfe, 0x00), {}],
      [Buffer.from('{}'), { 'content-encoding': 'gzip' }],
      [Buffer.from('{}'), { 'content-encoding': 'zebra' }],
      [Buffer.from('{}'), { 'content-type': 'application/json; charset=klingon' }],
    ] as const) {
      const { status } = await send(body, { ...headers });
      expect({ body: body.toString('hex'), headers, ok: status >= 400 && status < 500 }).toMatchObject({ ok: true });
    }
  });
});

describe('pages', () => {
  const pages = slicePageRoutes().flatMap(({ routes: all }) => all);

  test.each(
    pages.filter((page) => page.permission !== 'public').map((page) => [`${page.method} ${page.path}`, page] as const),
  )('%s sends a stranger to sign in', async (_name, page) => {
    const answer = await fetch(lango.baseUrl + page.path.replace(/:\w+/g, '1'), {
      method: page.method,
      redirect: 'manual',
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toMatch(/^\/login/);
  });
});
