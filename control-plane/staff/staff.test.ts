import { startTestLango, type TestLango } from '../test-kit/lango';
import { createAdmin, createFirstCompany, hasCompany } from '../tenants';
import { createTestDatabase } from '../test-kit/database';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

let people = 0;
const colleague = (role: string) => ({
  email: `Person${(people += 1)}@Example.net`,
  name: 'Pendo',
  password: 'long enough',
  role,
});
interface Staff {
  id: string;
  email: string;
  state: string;
  role: string;
}

test('a colleague is taken in, signs in with their own role, and is listed', async () => {
  const input = colleague('support');
  const made = await lango.api.post<Staff>('/staff', input);
  expect(made).toMatchObject({
    status: 201,
    body: { email: input.email.toLowerCase(), role: 'support', state: 'active' },
  });
  expect(JSON.stringify(made.body)).not.toMatch(/password|argon/);
  const api = await lango.signIn(input.email, input.password);
  expect((await api.get('/clients')).status).toBe(200);
  expect((await api.get('/staff')).status).toBe(403);
  const listed = await lango.api.get<{ items: Staff[] }>('/staff?q=PERSON1');
  expect(listed.body.items.map((one) => one.id)).toEqual([made.body.id]);
});

test('an e-mail signs in once over all companies; bad input is named', async () => {
  const other = await lango.addCompany();
  expect(await lango.api.post('/staff', { ...colleague('support'), email: other.email })).toMatchObject({
    status: 409,
    body: { error: { fields: { email: 'is taken' } } },
  });
  expect(await lango.api.post('/staff', { email: 'nobody', name: '', password: 'short' })).toMatchObject({
    status: 422,
    body: {
      error: {
        fields: {
          email: expect.any(String),
          name: 'is required',
          password: expect.stringContaining('8'),
          role: 'is required',
        },
      },
    },
  });
});

test('nobody is lifted above the one who lifts, and super admin is not a role to give', async () => {
  expect(await lango.api.post('/staff', colleague('super_admin'))).toMatchObject({
    status: 422,
    body: { error: { fields: { role: expect.stringContaining('isp_admin') } } },
  });
  // A role that may manage staff and little else.
  await lango.asOwner(
    `WITH r AS (INSERT INTO staff_role (tenant_id, key, name) VALUES ($1, 'people', 'People') RETURNING id)
     INSERT INTO staff_role_permission SELECT r.id, p FROM r, unnest(ARRAY['staff.read', 'staff.write', 'plans.read']) p`,
    [lango.company.tenantId.toString()],
  );
  await lango.asOwner(
    `WITH r AS (INSERT INTO staff_role (tenant_id, key, name) VALUES ($1, 'looker', 'Looker') RETURNING id)
     INSERT INTO staff_role_permission SELECT r.id, 'plans.read' FROM r`,
    [lango.company.tenantId.toString()],
  );
  const input = colleague('people');
  await lango.api.post('/staff', input);
  const manager = await lango.signIn(input.email, input.password);
  expect((await manager.post('/staff', colleague('isp_admin'))).status).toBe(422);
  expect((await manager.post('/staff', colleague('looker'))).status).toBe(201);
});

test('a new password, another role or disabling ends every sign-in of theirs, and takes effect at once', async () => {
  const input = colleague('sales');
  const { body } = await lango.api.post<Staff>('/staff', input);
  for (const change of [{ password: 'another one' }, { role: 'technician' }, { disabled: true }]) {
    const before = await lango.signIn(input.email, 'password' in change ? input.password : 'another one');
    expect((await lango.api.patch(`/staff/${body.id}`, change)).status).toBe(200);
    expect((await before.get('/clients')).status).toBe(401);
  }
  await expect(lango.signIn(input.email, 'another one')).rejects.toThrow(/401/);
  expect(await lango.api.patch(`/staff/${body.id}`, { disabled: false })).toMatchObject({
    body: { state: 'active', role: 'technician' },
  });
  await lango.signIn(input.email, 'another one');
});

test("nobody takes away their own access or a super admin's", async () => {
  const me = lango.company.staffId.toString();
  expect((await lango.api.patch(`/staff/${me}`, { disabled: true })).status).toBe(409);
  expect((await lango.api.patch(`/staff/${me}`, { role: 'support' })).status).toBe(409);
  const root = (await lango.api.post<Staff>('/staff', colleague('isp_admin'))).body;
  await lango.asOwner('UPDATE staff SET is_super_admin = true WHERE id = $1', [root.id]);
  expect((await lango.api.patch(`/staff/${root.id}`, { password: 'hijacked!' })).status).toBe(409);
  expect((await lango.api.patch(`/staff/${root.id}`, { disabled: true })).status).toBe(409);
});

test('whoever may change staff cannot take over a colleague who may do more', async () => {
  const company = await lango.addCompany();
  const [role] = await lango.asOwner<{ id: string }>(
    `WITH r AS (INSERT INTO staff_role (tenant_id, key, name) VALUES ($1, 'clerk', 'Clerk') RETURNING id)
     INSERT INTO staff_role_permission (role_id, permission) SELECT id, p FROM r, unnest(ARRAY['staff.read', 'staff.write', 'plans.read']) p RETURNING role_id AS id`,
    [company.tenantId.toString()],
  );
  const clerk = colleague('support');
  const { body: made } = await company.api.post<Staff>('/staff', clerk);
  await lango.asOwner('UPDATE staff SET role_id = $1 WHERE id = $2', [role?.id, made.id]);
  const api = await lango.signIn(clerk.email, clerk.password);
  const boss = `/staff/${company.staffId}`;
  for (const change of [{ password: 'mine now!' }, { disabled: true }, { role: 'clerk' }])
    expect(await api.patch(boss, change)).toMatchObject({ status: 409, body: { error: { code: 'stronger' } } });
  expect((await api.patch(boss, { name: 'Boss' })).status).toBe(200);
  await lango.signIn(company.email, company.password);
  // Nor let one in again whom somebody has shut out.
  const dismissed = colleague('isp_admin');
  const { body: former } = await company.api.post<Staff>('/staff', dismissed);
  expect((await company.api.patch(`/staff/${former.id}`, { disabled: true })).status).toBe(200);
  expect(await api.patch(`/staff/${former.id}`, { disabled: false })).toMatchObject({
    status: 409,
    body: { error: { code: 'stronger' } },
  });
  expect((await company.api.patch(`/staff/${former.id}`, { disabled: false })).status).toBe(200);
  const other = colleague('support');
  const { body: equal } = await company.api.post<Staff>('/staff', other);
  await lango.asOwner('UPDATE staff SET role_id = $1 WHERE id = $2', [role?.id, equal.id]);
  expect((await api.patch(`/staff/${equal.id}`, { password: 'between us' })).status).toBe(200);
});

test('a person sees the programs signed in as them and can end one', async () => {
  const input = colleague('support');
  await lango.api.post('/staff', input);
  const laptop = await lango.signIn(input.email, input.password);
  const lost = await lango.signIn(input.email, input.password);
  const { body } = await laptop.get<{ items: { id: string; current: boolean }[] }>('/tokens');
  expect(new Set(body.items.map((item) => item.current))).toEqual(new Set([false, true]));
  const other = body.items.find((item) => !item.current)?.id ?? '';
  expect((await (await lango.addCompany()).api.delete(`/tokens/${other}`)).status).toBe(404);
  expect((await laptop.delete(`/tokens/${other}`)).status).toBe(204);
  expect((await lost.get('/clients')).status).toBe(401);
  expect((await laptop.get('/clients')).status).toBe(200);
});

describe('the first company', () => {
  test('is made once, however many starts try, and its admin is super admin', async () => {
    const db = await createTestDatabase();
    const first = { name: 'My ISP', email: 'Boss@Example.net', password: 'chosen-1', timezone: 'Africa/Nairobi' };
    expect(await hasCompany(db.ownerUrl)).toBe(false);
    const made = await Promise.all([createFirstCompany(db.ownerUrl, first), createFirstCompany(db.ownerUrl, first)]);
    expect(new Set(made.map((one) => one.created))).toEqual(new Set([false, true]));
    expect(await hasCompany(db.ownerUrl)).toBe(true);
    const started = await startTestLango({ db });
    const api = await started.signIn('boss@example.net', 'chosen-1');
    const { body } = await api.get<{ items: { super_admin: boolean; role: string }[] }>('/staff');
    expect(body.items).toMatchObject([{ super_admin: true, role: 'isp_admin' }]);
    await started.stop();
    await db.drop();
  });

  test('lango admin create lets somebody in who is locked out, and names the companies it knows', async () => {
    const before = await lango.signIn(lango.company.email, lango.company.password);
    expect(await createAdmin(lango.db.ownerUrl, { email: lango.company.email, password: 'back again' })).toEqual({
      kind: 'password_set',
      tenantName: lango.company.name,
    });
    expect((await before.get('/clients')).status).toBe(401);
    await lango.signIn(lango.company.email, 'back again');
    expect(
      await createAdmin(lango.db.ownerUrl, { email: 'new@example.net', password: 'long enough', company: 'nowhere' }),
    ).toMatchObject({ kind: 'no_company', known: expect.any(Array) });
    expect(await createAdmin(lango.db.ownerUrl, { email: 'new@example.net', password: 'long enough' })).toMatchObject({
      kind: 'created',
    });
    await lango.signIn('new@example.net', 'long enough');
  });
});
