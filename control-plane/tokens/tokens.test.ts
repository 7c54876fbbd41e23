import { createHmac, hkdfSync } from 'node:crypto';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeClient, type Json } from '../test-kit/story';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

const newToken = (scopes: string[], more: Json = {}): Promise<Json> =>
  make(lango.api, '/tokens', { name: 'n8n', scopes, ...more });

test('a token does what its scopes say and nothing else, is told once and kept as a hash', async () => {
  const made = await newToken(['subscribers.read']);
  expect(made).toMatchObject({
    kind: 'token',
    name: 'n8n',
    scopes: ['subscribers.read'],
    token: expect.stringMatching(/^lgk_/),
  });
  const program = lango.api.as(made['token'] as string);
  await makeClient(lango.api);
  expect(await program.get('/clients')).toMatchObject({ status: 200, body: { items: [expect.anything()] } });
  expect((await program.post('/clients', { name: 'x', phone: '0712345678' })).status).toBe(403);
  expect((await program.get('/packages')).status).toBe(403);
  const listed = await lango.api.get<Json>('/tokens');
  expect(listed.body['items'].find((one: Json) => one['id'] === made.id)).toMatchObject({
    last_used_at: expect.any(String),
    last_used_ip: '127.0.0.1',
    current: false,
  });
  expect(JSON.stringify(listed.body)).not.toContain(made['token']);
  const rows = await lango.asOwner('SELECT 1 FROM staff_token t WHERE t::text LIKE $1', [`%${String(made['token'])}%`]);
  expect(rows).toEqual([]);
});

test('a token makes no tokens, ends itself alone, and sees what is its owner’s', async () => {
  const one = await newToken(['tokens.manage']);
  const other = await newToken(['plans.read']);
  const program = lango.api.as(one['token'] as string);
  expect(await program.post('/tokens', { name: 'more', scopes: ['tokens.manage'] })).toMatchObject({
    status: 403,
    body: { error: { code: 'made_by_people' } },
  });
  expect((await program.delete(`/tokens/${other.id}`)).status).toBe(404);
  expect((await program.delete(`/tokens/${one.id}`)).status).toBe(204);
  expect((await program.get('/tokens')).status).toBe(401);
  expect((await lango.api.as(other['token'] as string).get('/packages')).status).toBe(200);
});

test('nobody gives a token more than they hold, and it loses what its maker loses', async () => {
  const made = await newToken(['plans.read', 'plans.write']);
  const program = lango.api.as(made['token'] as string);
  await lango.setRole(lango.company, 'technician');
  try {
    expect((await program.get('/packages')).status).toBe(200);
    expect((await program.post('/packages', {})).status).toBe(403);
    expect(await lango.api.post('/tokens', { name: 'x', scopes: ['plans.write'] })).toMatchObject({
      status: 422,
      body: { error: { fields: { scopes: expect.stringContaining('plans.write') } } },
    });
  } finally {
    await lango.setRole(lango.company, 'isp_admin');
  }
});

test('it ends at its end, with its maker, and when an administrator ends it', async () => {
  const made = await newToken(['plans.read'], { days: 1 });
  expect(Date.parse(made['expires_at']) - Date.now()).toBeLessThan(86_400_000 + 5_000);
  await lango.asOwner('UPDATE staff_token SET expires_at = now() WHERE id = $1', [made.id]);
  expect((await lango.api.as(made['token'] as string).get('/packages')).status).toBe(401);

  const colleague = await make(lango.api, '/staff', {
    email: 'support@example.net',
    name: 'Pendo',
    password: 'Long-enough-77',
    role: 'support',
  });
  const theirs = await lango.signIn('support@example.net', 'Long-enough-77');
  const token = await make(theirs, '/tokens', { name: 'script', scopes: ['plans.read'] });
  expect(
    (await theirs.get<Json>('/tokens?all=true')).body['items'].map((one: Json) => one['owner'].name),
  ).not.toContain('Amina Admin');
  const all = (await lango.api.get<Json>('/tokens?all=true')).body['items'] as Json[];
  expect(all.find((one) => one['id'] === token.id)).toMatchObject({ owner: { id: colleague.id, name: 'Pendo' } });
  const other = await lango.addCompany();
  expect((await other.api.delete(`/tokens/${token.id}`)).status).toBe(404);
  expect((await lango.api.delete(`/tokens/${token.id}`)).status).toBe(204);
  expect((await theirs.as(token['token'] as string).get('/packages')).status).toBe(401);

  const second = await make(theirs, '/tokens', { name: 'script', scopes: ['plans.read'] });
  await lango.api.patch(`/staff/${colleague.id}`, { disabled: true });
  expect((await theirs.as(second['token'] as string).get('/packages')).status).toBe(401);
});

test.each([
  [{ scopes: ['plans.read'] }, 'name'],
  [{ name: 'x', scopes: [] }, 'scopes'],
  [{ name: 'x', scopes: ['no.such'] }, 'scopes.0'],
  [{ name: 'x', scopes: ['plans.read'], days: 5000 }, 'days'],
])('bad input is named (%#)', async (body, field) => {
  expect(await lango.api.post('/tokens', body)).toMatchObject({
    status: 422,
    body: { error: { fields: { [field]: expect.any(String) } } },
  });
});

test('an access token is a JWT whose claims are true and whose signature holds; altered in anything it is nobody’s', async () => {
  const token = lango.api.token ?? '';
  const [head = '', body = '', signature = ''] = token.split('.');
  const read = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;
  expect(read(head)).toEqual({ alg: 'HS256', typ: 'at+jwt' });
  expect(read(body)).toMatchObject({
    iss: 'lango',
    sub: lango.company.staffId.toString(),
    tenant: lango.company.tenantId.toString(),
  });
  expect(read(body)['exp'] - Date.now() / 1000).toBeGreaterThan(3600);
  const key = Buffer.from(hkdfSync('sha256', lango.db.masterKey, '', 'lango signatures staff.access_token', 32));
  expect(createHmac('sha256', key).update(`${head}.${body}`).digest('base64url')).toBe(signature);
  const other = Buffer.from(JSON.stringify({ ...read(body), sub: '999999' })).toString('base64url');
  for (const forged of [
    `${head}.${other}.${signature}`,
    `${head}.${body}.`,
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`,
  ])
    expect((await lango.api.as(forged).get('/tokens')).status).toBe(401);
});
