import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PageRoute } from './platform/http/page';
import { maskCsrfToken } from './platform/http/same-origin';
import { projectRoot } from './platform/project-root';
import { builtInRoles, permissions, roleHolds } from './platform/permissions';
import { sliceApiRoutes, sliceNames, slicePageRoutes } from './slices';
import { furnish } from './test-kit/furnish';
import { startTestLango, type TestCompany, type TestLango } from './test-kit/lango';

/** Every address there is: a new one is walked without being added here. */
const api = sliceApiRoutes().flatMap(({ routes }) =>
  routes.map((route) => ({ ...route, name: `${route.method} /api${route.path}` })),
);
const pages = slicePageRoutes().flatMap(({ routes }) =>
  routes.map((route) => ({ ...route, name: `${route.method} ${route.path}` })),
);
type Address = { kind: 'api' | 'page'; method: string; path: string; permission: string; name: string };
const all: Address[] = [...api, ...pages];

/** A body that passes the route's schema, where {} does not, so that the look-up behind it is reached. */
const bodies: Record<string, unknown> = {
  'POST /api/postpaid/accounts/:id/promise': { until: '2037-01-31' },
  'POST /api/postpaid/accounts/:id/write-off': { reason: 'Moved away' },
  'POST /api/wallets/:id/transfer': { to_client_id: '1', amount_cents: 1, reason: 'Same house' },
  'POST /api/clients/:id/subscriptions': { package_id: '1', username: 'x', password: 'secret' },
  'PATCH /api/packages/:id': { name: 'x' },
  'PUT /api/packages/profiles/:id': { name: 'x', down_kbps: 1, up_kbps: 1, version: 1 },
  'PUT /api/pools/:id': { name: 'x', kind: 'ipv4', ranges: '10.251.0.0/24', version: 1 },
  'PUT /api/sites/:id': { name: 'x', version: 1 },
  'PUT /api/sites/:id/identity-provider': {
    name: 'x',
    issuer: 'https://127.0.0.1:9',
    client_id: 'x',
    client_secret: 'x',
  },
  'PUT /api/discounts/:id': { name: 'x', percent: 5, version: 1 },
  'POST /api/billing/invoices/:id/credit': { reason: 'because' },
  'POST /api/billing/statements/:id/lines': { line_id: '1', use: 'named', note: 'because' },
  'POST /api/billing/refunds/:id/resolve': { outcome: 'done', reference: 'because' },
  'POST /api/billing/payments/:id/bounce': { reason: 'because' },
  'POST /api/billing/payments/:id/refunds': { way: 'cash', reason: 'because' },
  'POST /api/subscriptions/:id/coupon': { code: 'OFFER' },
  'PUT /api/resellers/:id': { name: 'x', phone: '0712345678', version: 1 },
  'POST /api/resellers/:id/top-up': { amount_cents: 100, method: 'cash', reference: 'walk' },
  'POST /api/resellers/:id/customers': { client_id: '1' },
  'POST /api/resellers/payouts/each/:id/mark': { outcome: 'paid', from: 'cash', reference: 'walk' },
  'POST /api/resellers/:id/stock': { batch_id: '1', wholesale_cents: 1, charged: 'sale' },
  'PATCH /api/clients/:id': { name: 'x' },
  'PATCH /api/routers/:id': { name: 'x' },
  'PATCH /api/subscriptions/:id': { username: 'x' },
  'POST /api/subscriptions/:id/extend': { count: 1, unit: 'day' },
  'POST /api/subscriptions/:id/suspend': { reason: 'x' },
  'POST /api/subscriptions/:id/top-up': { bytes: 1 },
  'POST /api/sessions/:id/rate': { down_kbps: 1, up_kbps: 1 },
  'PATCH /api/staff/:id': { name: 'x' },
  'POST /api/webhooks/:id/replay': { since: '2026-01-01T00:00:00Z' },
  'POST /webhooks': { url: 'https://example.com/x' },
  'POST /webhooks/:id/edit': { url: 'https://example.com/x' },
  'POST /webhooks/:id/state': { state: 'paused' },
  'POST /webhooks/:id/replay': { days: '1', which: 'failed' },
  'POST /subscribers/:id/edit': { name: 'x', phone: '0712345678' },
  'POST /subscribers/:id/notes': { body: 'x' },
  'POST /subscribers/:id/notes/:note_id': { change: 'pin' },
};
/** Whether an address names a row of a company's. Other parameters (a provider, a kind of words) are the same for all companies. */
const namesThing = ({ path }: { path: string }): boolean => /:(id|\w+_id)\b/.test(path);
/** A query that an address refuses to go without, where its look-up comes after. */
const queries: Record<string, string> = {
  'GET /api/billing/payments/:id/refunds/preview': '?way=cash',
  'GET /api/resellers/:id/statement': '?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z',
};
/** Signs the walker out, or shows the signed-in person their own: asked in other tests. */
const apart = new Set(['POST /api/auth/logout', 'POST /logout', 'POST /staff/me/end-others']);

const uploads = new Set(pages.filter((page) => page.upload !== undefined).map(({ name }) => name));

/** What is about other companies by its nature. */
const companies = new Set(['tenants.manage', 'tenants.impersonate']);

/** The written table: address → permission and who may. */
function writtenTable(): Map<string, { permission: string; may: Record<string, boolean> }> {
  const text = readFileSync(join(projectRoot(), 'docs/reference/permissions.md'), 'utf8');
  const found = new Map<string, { permission: string; may: Record<string, boolean> }>();
  for (const [, address = '', permission = '', cells = ''] of text.matchAll(/^\| `([^`]+)` \| (\S+) \| (.*) \|$/gm)) {
    const marks = cells.split(' | ');
    found.set(address, {
      permission,
      may: Object.fromEntries(builtInRoles.map((role, at) => [role, marks[at] === 'yes'])),
    });
  }
  return found;
}

interface Walker {
  token: string;
  cookie: string;
  csrf: string;
}

let lango: TestLango;
let theirs: TestCompany;
let own: Record<string, string>;
let foreign: Record<string, string>;
const walkers = {} as Record<string, Walker>;
const table = writtenTable();

beforeAll(async () => {
  lango = await startTestLango();
  theirs = await lango.addCompany();
  own = await furnish(lango, lango.company);
  foreign = await furnish(lango, theirs);
  bodies['POST /api/subscriptions/:id/change-plan'] = { package_id: own['packages'], when: 'now' };
  queries['GET /subscriptions/:id/change-plan'] = `?package_id=${own['packages']}`;
  for (const role of builtInRoles) walkers[role] = await walkerOf(role);
}, 180_000);
afterAll(() => lango.stop());

/** A colleague with that role, signed in as a program and as a browser. */
async function walkerOf(role: string): Promise<Walker> {
  const email = `walker-${role.replace('_', '-')}@example.net`;
  await lango.asOwner(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash, is_super_admin)
     SELECT s.tenant_id, r.id, $2, 'Walker', s.password_hash, r.key = 'super_admin' FROM staff s, staff_role r WHERE s.id = $1 AND r.key = $3 AND (r.tenant_id IS NULL OR r.tenant_id = s.tenant_id)`,
    [lango.company.staffId.toString(), email, role],
  );
  const token = (await lango.signIn(email, lango.company.password)).token ?? '';
  const form = new URLSearchParams({ email, password: lango.company.password });
  const answer = await fetch(`${lango.baseUrl}/login`, { method: 'POST', body: form, redirect: 'manual' });
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const [session] = await lango.asOwner<{ csrf: string }>(
    'SELECT k.csrf_token AS csrf FROM staff_session k JOIN staff s ON s.id = k.staff_id WHERE s.email = $1',
    [email],
  );
  return { token, cookie, csrf: maskCsrfToken(session?.csrf ?? '') };
}

/** The id that an address asks for, out of what a company owns; undefined where nobody furnished it. */
function idFor(address: Address, ids: Record<string, string>): string | undefined {
  const noun = Object.keys(ids)
    .filter((path) => address.path.startsWith(`/${path}/`))
    .sort((a, b) => b.length - a.length)[0];
  return noun === undefined ? undefined : ids[noun];
}

interface Answer {
  status: number;
  /** The refusal named a permission, and not a fault of the form. */
  forbidden: boolean;
}

/** A form as its page would send it: one that takes a file is sent in parts. */
function formOf(address: Address, fields: Record<string, string>): FormData | URLSearchParams {
  if (!uploads.has(address.name)) return new URLSearchParams(fields);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

async function ask(address: Address, walker: Walker | undefined, id: string): Promise<Answer> {
  const path = address.path.replace(/:\w+/g, id) + (queries[address.name] ?? '');
  const writes = address.method !== 'GET';
  const body = bodies[address.name] ?? {};
  if (address.kind === 'api') {
    const answer = await fetch(`${lango.baseUrl}/api${path}`, {
      method: address.method,
      headers: { 'content-type': 'application/json', ...(walker ? { authorization: `Bearer ${walker.token}` } : {}) },
      ...(writes && address.method !== 'DELETE' ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    return { status: answer.status, forbidden: answer.status === 403 && text.includes('"forbidden"') };
  }
  const answer = await fetch(lango.baseUrl + path, {
    method: address.method,
    redirect: 'manual',
    headers: walker ? { cookie: walker.cookie } : {},
    ...(writes ? { body: formOf(address, { _csrf: walker?.csrf ?? '', ...(body as Record<string, string>) }) } : {}),
  });
  await answer.arrayBuffer();
  return { status: answer.status, forbidden: answer.status === 403 };
}

/** Asks a few addresses at a time, and gathers what is not as it should be. */
async function walk(addresses: Address[], look: (address: Address) => Promise<string | undefined>): Promise<string[]> {
  const faults: string[] = [];
  const rest = [...addresses];
  const worker = async (): Promise<void> => {
    for (let address = rest.shift(); address; address = rest.shift()) {
      const fault = await look(address);
      if (fault) faults.push(`${address.name}: ${fault}`);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return faults.sort();
}

test('the written table holds every address and no other, with the permission that the route names', () => {
  expect([...table.keys()].sort()).toEqual(all.map(({ name }) => name).sort());
  for (const { name, permission } of all)
    expect({ name, permission: table.get(name)?.permission }).toEqual({ name, permission });
});

test('a permission is named after a slice, and the built-in roles of the database hold what the table says', async () => {
  for (const permission of permissions) expect([...sliceNames(), 'dashboard']).toContain(permission.split('.')[0]);
  const rows = await lango.asOwner<{ key: string; held: string[] }>(
    `SELECT r.key, coalesce(array_agg(p.permission) FILTER (WHERE p.permission IS NOT NULL), '{}') AS held
     FROM staff_role r LEFT JOIN staff_role_permission p ON p.role_id = r.id WHERE r.tenant_id IS NULL GROUP BY r.key`,
  );
  expect(rows.map(({ key }) => key).sort()).toEqual([...builtInRoles].sort());
  for (const role of builtInRoles) {
    const held = rows.find(({ key }) => key === role)?.held.sort();
    expect({ role, held }).toEqual({ role, held: permissions.filter((one) => roleHolds(role, one)).sort() });
  }
});

test('who has not signed in gets 401 from the API, the sign-in page from the console, and what is public', async () => {
  const faults = await walk(
    all.filter(({ name }) => !apart.has(name)),
    async (address) => {
      const { status } = await ask(address, undefined, '1');
      if (table.get(address.name)?.permission === 'public')
        return status < 500 && status !== 403 ? undefined : `public, and answers ${status}`;
      const wanted = address.kind === 'api' ? 401 : 303;
      return status === wanted ? undefined : `answers a stranger ${status}`;
    },
  );
  expect(faults).toEqual([]);
}, 180_000);

describe.each(builtInRoles)('%s', (role) => {
  const walked = all.filter(({ name, permission }) => !apart.has(name) && permission !== 'public');
  const may = (address: Address): boolean => table.get(address.name)?.may[role] ?? false;

  test('may ask for what the written table says, and for nothing else', async () => {
    const faults = await walk(walked, async (address) => {
      // What writes is asked for an id that nobody has, so that the walk changes nothing.
      const id = address.method === 'GET' ? (idFor(address, own) ?? '999999999') : '999999999';
      const { status, forbidden } = await ask(address, walkers[role], id);
      if (status >= 500 || status === 401) return `answers ${status}`;
      if (forbidden === may(address)) return `answers ${status}, where the table says ${may(address) ? 'yes' : 'no'}`;
      return undefined;
    });
    expect(faults).toEqual([]);
  }, 240_000);

  test('finds nothing of another company by its id', async () => {
    const faults = await walk(
      // Who manages the companies of the installation sees them all.
      walked.filter((address) => namesThing(address) && !(companies.has(address.permission) && may(address))),
      async (address) => {
        const id = idFor(address, foreign);
        if (id === undefined) return 'test-kit/furnish.ts does not know what this address names';
        const { status } = await ask(address, walkers[role], id);
        const wanted = may(address) ? 404 : 403;
        return status === wanted ? undefined : `answers ${status} for another company's id`;
      },
    );
    expect(faults).toEqual([]);
  }, 240_000);
});

test('an own id is found where another company has one: the 404 above comes of the company and not of the address', async () => {
  const faults = await walk(
    // The walker is no reseller, and has nothing there: resellers/stock.test.ts asks for those.
    all.filter(
      (address) =>
        address.method === 'GET' &&
        namesThing(address) &&
        address.permission !== 'public' &&
        !address.path.startsWith('/resellers/own/'),
    ),
    async (address) => {
      const { status } = await ask(address, walkers['super_admin'], idFor(address, own) ?? '');
      return status === 404 || status >= 500 ? `answers ${status} for an own id` : undefined;
    },
  );
  expect(faults).toEqual([]);
}, 180_000);

test('a form without the proof that the page gave is refused, whoever sends it', async () => {
  const posts = pages.filter((page: PageRoute) => page.method === 'POST' && page.permission !== 'public');
  const faults = await walk(posts, async (address) => {
    const { status } = await ask(address, { ...(walkers['super_admin'] as Walker), csrf: 'x' }, '999999999');
    return status === 403 ? undefined : `answers ${status}`;
  });
  expect(faults).toEqual([]);
}, 180_000);

test('the start page leads everybody to a page that they may open, whatever their role lets them', async () => {
  const roles = [...builtInRoles, 'sells-vouchers', 'may-nothing'];
  for (const [key, held] of [
    ['sells-vouchers', ['vouchers.read']],
    ['may-nothing', []],
  ] as const) {
    await lango.asOwner(
      `WITH role AS (INSERT INTO staff_role (tenant_id, key, name) SELECT tenant_id, $2, $2 FROM staff WHERE id = $1 RETURNING id)
       INSERT INTO staff_role_permission (role_id, permission) SELECT id, unnest($3::text[]) FROM role`,
      [lango.company.staffId.toString(), key, `{${held.join()}}`],
    );
    walkers[key] = await walkerOf(key);
  }
  const led: Record<string, unknown> = {};
  for (const role of roles) {
    const headers = { cookie: walkers[role]?.cookie ?? '' };
    const start = await fetch(`${lango.baseUrl}/`, { headers, redirect: 'manual' });
    const to = start.headers.get('location') ?? '';
    led[role] = { to, status: (await fetch(lango.baseUrl + to, { headers, redirect: 'manual' })).status };
  }
  for (const role of roles) expect({ role, led: led[role] }).toMatchObject({ role, led: { status: 200 } });
  expect(led).toMatchObject({ 'sells-vouchers': { to: '/vouchers' }, 'may-nothing': { to: '/staff/me' } });
}, 180_000);
