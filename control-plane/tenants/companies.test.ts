import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { makeClient, makeRouter } from '../test-kit/story';
import { startTestLango, type TestCompany, type TestLango } from '../test-kit/lango';

let lango: TestLango;
let root: ConsoleClient;
let rootApi: TestLango['api'];

beforeAll(async () => {
  lango = await startTestLango();
  await lango.asOwner('UPDATE staff SET is_super_admin = true WHERE id = $1', [lango.company.staffId.toString()]);
  root = await consoleClient(lango);
  rootApi = lango.api;
});
afterAll(() => lango.stop());

const registration = {
  company: 'Pwani Fibre',
  name: 'Hassan Ali',
  email: 'hassan@pwani.example',
  password: 'bahari-tulivu-8',
  timezone: 'Africa/Nairobi',
  currency: 'KES',
};
const register = (fields: Record<string, string>) =>
  fetch(`${lango.baseUrl}/tenants/register`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
const idOf = async (name: string): Promise<string> =>
  (await lango.asOwner<{ id: string }>('SELECT id FROM tenant WHERE name = $1', [name]))[0]?.id ?? '';
const actionsOf = async (tenantId: string): Promise<string[]> =>
  (
    await lango.asOwner<{ action: string }>('SELECT action FROM audit_event WHERE tenant_id = $1 ORDER BY id', [
      tenantId,
    ])
  ).map((row) => row.action);

test('a company registers, gets in nowhere before it is approved, and with its next try after', async () => {
  expect((await register({ ...registration, password: 'password123' })).status).toBe(422);
  expect((await register({ ...registration, timezone: 'Mars/Olympus' })).status).toBe(422);
  expect((await register(registration)).status).toBe(200);
  const who = { email: registration.email, password: registration.password };
  await expect(lango.signIn(who.email, who.password)).rejects.toThrow(/401/);
  const id = await idOf('Pwani Fibre');
  expect((await root.get('/tenants')).text).toContain('Pwani Fibre');
  expect((await root.post(`/tenants/${id}/decide`, { status: 'approved' })).status).toBe(303);
  const api = await lango.signIn(who.email, who.password);
  expect((await api.get('/clients')).status).toBe(200);
  expect((await api.get('/tenants')).status).toBe(403);
  expect(await actionsOf(id)).toEqual(expect.arrayContaining(['tenants.register', 'tenants.approve']));
  expect(await actionsOf(lango.company.tenantId.toString())).toContain('tenants.approve');
});

test('an e-mail that signs in already gets the same answer and makes nothing', async () => {
  const before = await lango.asOwner('SELECT id FROM tenant');
  const answer = await register({ ...registration, company: 'Thief', email: lango.company.email });
  expect(answer.status).toBe(200);
  expect(await lango.asOwner('SELECT id FROM tenant')).toHaveLength(before.length);
});

test('one source registers three times a day; when registration is closed nobody does', async () => {
  for (const n of [1, 2])
    expect((await register({ ...registration, company: `More ${n}`, email: `more${n}@x.example` })).status).toBe(200);
  expect((await register({ ...registration, company: 'Too many', email: 'toomany@x.example' })).status).toBe(422);
  await lango.asOwner('UPDATE tenant SET registered_ip = NULL');
  expect((await root.post('/tenants/registration', { open: 'no' })).status).toBe(303);
  expect((await register({ ...registration, company: 'Late', email: 'late@x.example' })).status).toBe(404);
  expect(await (await fetch(`${lango.baseUrl}/login`)).text()).not.toContain('/tenants/register');
  await root.post('/tenants/registration', { open: 'yes' });
});

test('suspending shuts the people out at once and leaves the company to be let in again; nobody shuts their own', async () => {
  const company = await lango.addCompany('Suspended Net');
  const id = company.tenantId.toString();
  expect(await rootApi.patch(`/tenants/${id}`, { status: 'suspended', reason: 'unpaid' })).toMatchObject({
    status: 200,
    body: { status: 'suspended', status_reason: 'unpaid' },
  });
  expect((await company.api.get('/clients')).status).toBe(401);
  expect((await rootApi.patch(`/tenants/${id}`, { status: 'approved' })).status).toBe(200);
  expect((await company.api.get('/clients')).status).toBe(200);
  expect((await rootApi.patch(`/tenants/${lango.company.tenantId}`, { status: 'suspended' })).status).toBe(409);
});

test('limits hold where things are made, in one at a time and in many; nothing that is there goes', async () => {
  const company = await lango.addCompany('Limited Net');
  const limits = { subscribers: 2, routers: 1, staff: 2 };
  expect((await rootApi.patch(`/tenants/${company.tenantId}`, { limits })).status).toBe(200);
  const { api } = company;
  await makeClient(api);
  await makeClient(api);
  const refused = { status: 409, body: { error: { code: 'limit_reached', message: expect.stringContaining('2') } } };
  expect(await api.post('/clients', { name: 'Third', phone: '+254711000333' })).toMatchObject(refused);
  await makeRouter(api);
  expect(
    (await api.post('/routers', { name: 'R2', address: '10.99.0.2', secret: 'long-secret-1', type: 'mikrotik' }))
      .status,
  ).toBe(409);
  const person = { name: 'Two', email: 'two@limited.example', password: 'bahari-tulivu-8', role: 'support' };
  expect((await api.post('/staff', person)).status).toBe(201);
  expect((await api.post('/staff', { ...person, email: 'three@limited.example' })).status).toBe(409);
  expect((await rootApi.patch(`/tenants/${company.tenantId}`, { limits: { subscribers: null } })).status).toBe(200);
  expect((await api.post('/clients', { name: 'Third', phone: '+254711000333' })).status).toBe(201);
});

test('a licence that somebody else has changed meanwhile is not saved over', async () => {
  const { tenantId } = await lango.addCompany('Two Minds Net');
  const seen = /name="seen" value="([^"]+)"/.exec((await root.get(`/tenants/${tenantId}`)).text)?.[1] ?? '';
  const licence = { until: '', subscribers: '', routers: '7', staff: '', seen };
  expect((await root.post(`/tenants/${tenantId}/license`, licence)).location).toContain('told=licensed');
  const late = await root.post(`/tenants/${tenantId}/license`, { ...licence, routers: '9' });
  expect(late.status).toBe(409);
  // What was typed stays, and beside it stands what is there now.
  expect(late.text).toContain('value="9"');
  expect(late.text).toContain('It says “7” now.');
  expect(await lango.asOwner('SELECT limit_routers FROM tenant WHERE id = $1', [tenantId.toString()])).toEqual([
    { limit_routers: 7 },
  ]);
});

test('when the licence is over nothing new is added and what is there goes on', async () => {
  const company = await lango.addCompany('Lapsed Net');
  const client = await makeClient(company.api);
  await rootApi.patch(`/tenants/${company.tenantId}`, { licence_until: '2020-01-01T00:00:00Z' });
  const added = await company.api.post('/clients', { name: 'Late', phone: '+254711000444' });
  expect(added).toMatchObject({ status: 409, body: { error: { code: 'licence_over' } } });
  expect((await company.api.patch(`/clients/${client['id']}`, { name: 'Still here' })).status).toBe(200);
});

describe('working as somebody of another company', () => {
  let company: TestCompany;
  beforeAll(async () => {
    company = await lango.addCompany('Visited Net');
  });

  /** The browser of the super admin, with the cookies that it was given. */
  async function act(fields: Record<string, string>) {
    const login = await fetch(`${lango.baseUrl}/login`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ email: lango.company.email, password: lango.company.password }),
    });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const page = await (await fetch(`${lango.baseUrl}/tenants/${company.tenantId}`, { headers: { cookie } })).text();
    const _csrf = /data-csrf="([^"]+)"/.exec(page)?.[1] ?? '';
    const answer = await fetch(`${lango.baseUrl}/tenants/${company.tenantId}/act`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie },
      body: new URLSearchParams({ ...fields, _csrf }),
    });
    const given = answer.headers.getSetCookie().map((line) => line.split(';')[0]);
    return {
      status: answer.status,
      text: await answer.text(),
      location: answer.headers.get('location') ?? '',
      cookie: given.join('; '),
    };
  }

  test('is said on every page, acts with their rights, is written down under both names, and ends where it began', async () => {
    const { location, cookie } = await act({ act_as: company.staffId.toString(), act_reason: 'ticket 4711' });
    expect(location).toBe('/');
    const page = await (await fetch(`${lango.baseUrl}/subscribers/new`, { headers: { cookie } })).text();
    expect(page).toContain('class="acting"');
    expect(page).toContain('Visited Net');
    const _csrf = /data-csrf="([^"]+)"/.exec(page)?.[1] ?? '';
    const post = (path: string, fields: Record<string, string>) =>
      fetch(lango.baseUrl + path, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie },
        body: new URLSearchParams({ ...fields, _csrf }),
      });
    expect((await post('/subscribers', { name: 'Made by support', phone: '0711000555' })).status).toBe(303);
    const events = await lango.asOwner<{ action: string; actor_name: string; detail: { reason?: string } }>(
      `SELECT action, actor_name, detail FROM audit_event WHERE tenant_id = $1 ORDER BY id`,
      [company.tenantId.toString()],
    );
    expect(events.find((one) => one.action === 'tenants.impersonate')?.detail.reason).toBe('ticket 4711');
    const made = events.find((one) => one.action.startsWith('subscribers.'));
    expect(made?.actor_name).toMatch(/super admin\) as Amina Admin$/);
    // Their proofs are theirs, and the other companies are out of sight.
    expect((await post('/staff/me/password', { current: 'x', fresh: 'y' })).status).toBe(409);
    expect((await post('/tokens', { name: 'For later', 'plans.read': 'on', days: '365' })).status).toBe(409);
    expect(await lango.asOwner(`SELECT FROM staff_token WHERE kind = 'api'`)).toEqual([]);
    expect((await fetch(`${lango.baseUrl}/tenants`, { headers: { cookie }, redirect: 'manual' })).status).toBe(403);
    const end = await post('/tenants/act-end', {});
    const back = `/tenants/${company.tenantId}?told=act_ended`;
    expect(end.headers.get('location')).toBe(back);
    expect((await fetch(`${lango.baseUrl}/subscribers`, { headers: { cookie }, redirect: 'manual' })).status).toBe(303);
    const own = end.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect((await fetch(`${lango.baseUrl}/tenants`, { headers: { cookie: own }, redirect: 'manual' })).status).toBe(
      200,
    );
  });

  test('needs a reason, a person of that company, and a super admin who is still one', async () => {
    const wordless = await act({ act_as: company.staffId.toString(), act_reason: '' });
    expect(wordless).toMatchObject({ status: 422, text: expect.stringContaining('Write why') });
    const myself = await act({ act_as: lango.company.staffId.toString(), act_reason: 'myself' });
    expect(myself).toMatchObject({ status: 422, text: expect.stringContaining('value="myself"') });
    const { cookie } = await act({ act_as: company.staffId.toString(), act_reason: 'ticket 4712' });
    const look = () => fetch(`${lango.baseUrl}/plans`, { headers: { cookie }, redirect: 'manual' });
    expect((await look()).status).toBe(200);
    const mark = (on: boolean) =>
      lango.asOwner('UPDATE staff SET is_super_admin = $2 WHERE id = $1', [lango.company.staffId.toString(), on]);
    await mark(false);
    expect((await look()).status).toBe(303);
    await mark(true);
  });

  test('nobody else reaches the functions behind it, with whatever ids', async () => {
    const other = await consoleClient(lango, company);
    expect((await other.get('/tenants')).status).toBe(403);
    expect(
      (
        await other.post(`/tenants/${lango.company.tenantId}/act`, {
          act_as: lango.company.staffId.toString(),
          act_reason: 'thief',
        })
      ).status,
    ).toBe(403);
  });
});
