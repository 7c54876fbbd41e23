import type { ApiRoute } from './platform/http/route';
import { sliceApiRoutes } from './slices';
import { furnish } from './test-kit/furnish';
import { startTestLango, type TestCompany, type TestLango } from './test-kit/lango';

/** Every API route there is: a new one is walked without being added here. */
const routes = sliceApiRoutes().flatMap(({ slice, routes: all }) =>
  all.map((route) => ({ slice, route, name: `${route.method} /api${route.path}` })),
);
const guarded = routes.filter(({ route }) => route.permission !== 'public');
let lango: TestLango;
let theirs: TestCompany;
/** What another company owns, by the first word of the path that shows it. */
let foreign: Record<string, string>;

beforeAll(async () => {
  lango = await startTestLango();
  theirs = await lango.addCompany();
  foreign = await furnish(lango, theirs);
});
afterAll(() => lango.stop());

/** The path with its ids filled in; a query that its schema may demand comes along. */
const pathOf = (route: ApiRoute, id: string): string => route.path.replace(/:\w+/g, id);
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

test('ids of another company stand in no list, nor can they be named in a body', async () => {
  // A list shows things of one kind: only theirs of the same kind must not be in it, for other kinds count from 1 as well.
  for (const { route, name } of guarded.filter((one) => one.route.method === 'GET' && !one.route.path.includes(':'))) {
    const id = foreign[route.path.slice(1)];
    if (id === undefined) continue;
    const answer = await lango.api.get<{ items: { id: string }[] }>(route.path);
    // What is for the operator of the installation alone is not told at all.
    const items = answer.status === 403 ? [] : answer.body.items;
    expect({ name, foreign: items.some((item) => item.id === id) }).toEqual({ name, foreign: false });
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
  const payment = { subscription_id: foreign['subscriptions'], amount_cents: 1, method: 'cash', reference: 'thief' };
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
