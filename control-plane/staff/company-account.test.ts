import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { startTestIssuer, type Mischief, type TestIssuer } from '../test-kit/identity/issuer';
import { startTestLango, type TestLango } from '../test-kit/lango';

const DOMAIN = 'savannah.example';
let lango: TestLango;
let issuer: TestIssuer;
let admin: ConsoleClient;

beforeAll(async () => {
  lango = await startTestLango();
  issuer = await startTestIssuer({ sub: 'u-1', email: `njeri@${DOMAIN}`, email_verified: true });
  admin = await consoleClient(lango);
});
afterAll(async () => {
  await issuer.stop();
  await lango.stop();
});

const settings = () => ({
  issuer: issuer.issuer,
  client_id: issuer.clientId,
  client_secret: issuer.clientSecret,
  domain: DOMAIN,
});
const invite = (email: string) =>
  lango.api.post<{ id: string }>('/staff', { email, name: 'Njeri', password: 'kiboko-mtoni-42', role: 'support' });

interface Went {
  status: number;
  location: string;
  cookie: string;
  text: string;
}

/** The whole way: e-mail, the provider's page, and back with what it gave. `change` tampers with the address that the browser brings back. */
async function signInThere(email: string, change: (url: URL) => void = () => {}): Promise<Went> {
  const begun = await fetch(`${lango.baseUrl}/login/company`, {
    method: 'POST',
    body: new URLSearchParams({ email }),
    redirect: 'manual',
  });
  const page = await begun.text();
  const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const leave = /href=["'](http:\/\/127\.0\.0\.1:\d+\/authorize[^"']+)["']/.exec(page)?.[1]?.replaceAll('&amp;', '&');
  if (leave === undefined) return { status: begun.status, location: '', cookie, text: page };
  const there = await fetch(leave.replaceAll('&#x3D;', '='), { redirect: 'manual' });
  const back = new URL(there.headers.get('location') ?? '');
  change(back);
  const answer = await fetch(back, { headers: { cookie }, redirect: 'manual' });
  const given = answer.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  return {
    status: answer.status,
    location: answer.headers.get('location') ?? '',
    cookie: given.filter((one) => /lgs_/.test(one)).join('; '),
    text: await answer.text(),
  };
}

test('a provider is taken once it answers under its name; the secret is kept and never shown', async () => {
  expect((await admin.post('/tenants/identity', { ...settings(), issuer: `${issuer.issuer}/elsewhere` })).status).toBe(
    422,
  );
  expect((await admin.post('/tenants/identity', { ...settings(), issuer: 'http://10.0.0.1' })).status).toBe(422);
  expect((await admin.post('/tenants/identity', settings())).location).toContain('provider_saved');
  const page = (await admin.get('/tenants/settings')).text;
  expect(page).toContain(DOMAIN);
  expect(page).not.toContain(issuer.clientSecret);
  const other = await consoleClient(lango, await lango.addCompany());
  expect((await other.post('/tenants/identity', settings())).status).toBe(422);
});

test('the secret that is kept is told to no other issuer or client; what is left out stays for the same alone', async () => {
  const kept = { ...settings(), client_secret: '' };
  const other = await admin.post('/tenants/identity', { ...kept, client_id: 'another-client' });
  expect([other.status, other.text.includes('client secret')]).toEqual([422, true]);
  expect((await admin.post('/tenants/identity', { ...kept, issuer: `${issuer.issuer}/elsewhere` })).status).toBe(422);
  expect((await admin.post('/tenants/identity', kept)).location).toContain('provider_saved');
});

test('what somebody else has saved meanwhile is not saved over', async () => {
  const seen = /action="\/tenants\/identity"[^>]*>.*?name="seen" value="([^"]+)"/s.exec(
    (await admin.get('/tenants/settings')).text,
  )?.[1];
  expect(seen).toMatch(/^[\w-]{16}$/);
  const moved = `moved.${DOMAIN}`;
  expect(
    (await admin.post('/tenants/identity', { ...settings(), domain: moved, seen: seen ?? '' })).location,
  ).toContain('saved');
  const late = await admin.post('/tenants/identity', { ...settings(), seen: seen ?? '' });
  expect(late.status).toBe(409);
  expect(late.text).toContain(moved);
  expect((await admin.post('/tenants/identity', settings())).location).toContain('provider_saved');
});

test('an issuer that lets us wait holds no transaction', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const asked = once(silent, 'connection');
  const { port } = silent.address() as AddressInfo;
  const answer = admin.post('/tenants/identity', { ...settings(), issuer: `http://127.0.0.1:${port}` });
  const [socket] = (await asked) as [Socket];
  expect(
    await lango.asOwner(
      `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
    ),
  ).toEqual([]);
  socket.destroy();
  expect((await answer).status).toBe(422);
  silent.close();
});

test('nobody is taken in by it: somebody invited signs in, a stranger of the same company does not', async () => {
  expect((await signInThere(`njeri@${DOMAIN}`)).status).toBe(422);
  expect((await invite(`njeri@${DOMAIN}`)).status).toBe(201);
  const went = await signInThere(`njeri@${DOMAIN}`);
  expect(went).toMatchObject({ status: 303, location: '/' });
  const own = await fetch(`${lango.baseUrl}/staff/me`, { headers: { cookie: went.cookie } });
  expect(own.status).toBe(200);
  expect(await own.text()).toContain('by company account');
});

test('from then on the person is known by the provider’s own name for them, and an e-mail given to another inherits nothing', async () => {
  issuer.user = { sub: 'u-1', email: `renamed@${DOMAIN}`, email_verified: true };
  expect((await signInThere(`njeri@${DOMAIN}`)).status).toBe(303);
  issuer.user = { sub: 'u-2', email: `njeri@${DOMAIN}`, email_verified: true };
  expect((await signInThere(`njeri@${DOMAIN}`)).status).toBe(422);
});

test('an e-mail that the provider does not vouch for, or of another domain, is nobody', async () => {
  await invite(`otieno@${DOMAIN}`);
  issuer.user = { sub: 'u-3', email: `otieno@${DOMAIN}`, email_verified: false };
  expect((await signInThere(`otieno@${DOMAIN}`)).status).toBe(422);
  issuer.user = { sub: 'u-4', email: lango.company.email, email_verified: true };
  expect((await signInThere(`otieno@${DOMAIN}`)).status).toBe(422);
  expect((await signInThere('who@nowhere.example')).text).toContain('No company signs people in');
});

test.each<Exclude<Mischief, undefined>>(['nonce', 'signature', 'audience', 'issuer', 'late'])(
  'a wrong %s is noticed',
  async (mischief) => {
    issuer.user = { sub: 'u-1', email: `njeri@${DOMAIN}`, email_verified: true };
    issuer.mischief = mischief;
    const went = await signInThere(`njeri@${DOMAIN}`);
    issuer.mischief = undefined;
    expect(went).toMatchObject({ status: 422, cookie: '' });
  },
);

test('what the browser brings back must be what was sent for, once, and in the browser that left', async () => {
  expect((await signInThere(`njeri@${DOMAIN}`, (url) => url.searchParams.set('state', 'x'))).status).toBe(422);
  expect((await signInThere(`njeri@${DOMAIN}`, (url) => url.searchParams.set('code', 'x'))).status).toBe(422);
  const stranger = await fetch(`${lango.baseUrl}/login/company/return?code=x&state=y`, { redirect: 'manual' });
  expect(stranger.headers.get('location')).toBe('/login/lost');
  await lango.asOwner(`UPDATE staff SET disabled_at = now() WHERE email = $1`, [`njeri@${DOMAIN}`]);
  expect((await signInThere(`njeri@${DOMAIN}`)).status).toBe(422);
});
