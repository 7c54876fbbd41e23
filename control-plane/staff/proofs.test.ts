import { join } from 'node:path';
import { Client } from 'pg';
import { createSecretBox } from '../platform/crypto';
import { loadTranslator, LOCALES } from '../platform/i18n';
import { permissions } from '../platform/permissions';
import { projectRoot } from '../platform/project-root';
import { earlyInAStep } from '../test-kit/code-app';
import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { apiClient } from '../test-kit/api-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { until } from '../test-kit/until';
import { fromBase32, hotp } from './totp';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

const PASSWORD = 'kiboko-mtoni-42';
let people = 0;
interface Colleague {
  id: string;
  email: string;
  password: string;
}

async function colleague(role = 'support'): Promise<Colleague> {
  const email = `proof${(people += 1)}@example.net`;
  const made = await lango.api.post<{ id: string }>('/staff', { email, name: 'Pendo', password: PASSWORD, role });
  expect(made.status).toBe(201);
  return { id: made.body.id, email, password: PASSWORD };
}

/** The app on somebody's phone: knows the secret, and what it shows in the time step that many steps from now. */
const shows = (secret: string, steps = 0): string => hotp(fromBase32(secret), Math.floor(Date.now() / 30_000) + steps);

/** Sets up a code app at the console, as the page leads through it. The code that confirms is the step's before, so that the next ones are fresh. */
async function setUpApp(client: ConsoleClient): Promise<{ secret: string; recovery: string[] }> {
  const page = await client.get('/staff/me/codes');
  const secret = /class="id secret">([A-Z2-7 ]+)</.exec(page.text)?.[1]?.replaceAll(' ', '') ?? '';
  expect(secret).toHaveLength(32);
  await earlyInAStep();
  const done = await client.post('/staff/me/codes', { code: shows(secret, -1) });
  const recovery = [...done.text.matchAll(/<li>([a-z2-9]{5}-[a-z2-9]{5})<\/li>/g)].map((match) => match[1] ?? '');
  expect(recovery).toHaveLength(10);
  return { secret, recovery };
}

interface Door {
  status: number;
  location: string;
  text: string;
  cookie: string;
}

/** One form of the door, with the cookies that the one before gave. */
async function door(path: string, fields: Record<string, string>, cookie = ''): Promise<Door> {
  const answer = await fetch(lango.baseUrl + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie },
    body: new URLSearchParams(fields),
  });
  const given = answer.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  return {
    status: answer.status,
    location: answer.headers.get('location') ?? '',
    text: await answer.text(),
    cookie: given.filter((one) => !one.endsWith('=')).join('; '),
  };
}

describe('what a password must be', () => {
  test('the API names what is wrong, and keeps to the shortest length that the company sets', async () => {
    const input = { email: 'weak@example.net', name: 'Pendo', role: 'support' };
    const refused = await lango.api.post('/staff', { ...input, password: 'password123' });
    expect(refused).toMatchObject({
      status: 422,
      body: { error: { fields: { password: expect.stringContaining('first') } } },
    });
    await lango.asOwner('UPDATE tenant SET password_min_length = 14 WHERE id = $1', [
      lango.company.tenantId.toString(),
    ]);
    const short = await lango.api.post('/staff', { ...input, password: 'kiboko-mto-4' });
    expect(short).toMatchObject({
      status: 422,
      body: { error: { fields: { password: expect.stringContaining('14') } } },
    });
    await lango.asOwner('UPDATE tenant SET password_min_length = 8 WHERE id = $1', [lango.company.tenantId.toString()]);
  });
});

describe('a second proof', () => {
  test('the password alone opens nothing then: neither the console nor the API', async () => {
    const who = await colleague();
    const { secret } = await setUpApp(await consoleClient(lango, who));
    const api = apiClient(lango.baseUrl);
    expect(await api.post('/auth/login', who)).toMatchObject({
      status: 401,
      body: { error: { code: 'second_factor_needed' } },
    });
    const first = await door('/login', { email: who.email, password: who.password, next: '/plans' });
    expect(first).toMatchObject({ status: 303, location: '/login/second' });
    expect(first.cookie).not.toMatch(/lgs_/);
    const wrong = await door('/login/second', { code: '000000' }, first.cookie);
    expect(wrong.status).toBe(422);
    await earlyInAStep();
    const shown = shows(secret);
    const right = await door('/login/second', { code: shown }, first.cookie);
    expect(right).toMatchObject({ status: 303, location: '/plans' });
    expect(right.cookie).toMatch(/lango=lgs_/);
    // The same code again, from somebody who looked on; and the step is over.
    expect(await api.post('/auth/login', { ...who, code: shown })).toMatchObject({ status: 401 });
    expect((await door('/login/second', { code: shows(secret, 1) }, first.cookie)).location).toBe('/login/lost');
    expect((await api.post('/auth/login', { ...who, code: shows(secret, 1) })).status).toBe(200);
  });

  test('a recovery code signs in once', async () => {
    const who = await colleague();
    const { recovery } = await setUpApp(await consoleClient(lango, who));
    const api = apiClient(lango.baseUrl);
    const code = recovery[3]?.toUpperCase().replace('-', ' ');
    expect((await api.post('/auth/login', { ...who, code })).status).toBe(200);
    expect((await api.post('/auth/login', { ...who, code })).status).toBe(401);
  });

  test('after five wrong codes the step is void, and guessing on from there must wait; the colleague elsewhere need not', async () => {
    const who = await colleague();
    const { secret } = await setUpApp(await consoleClient(lango, who));
    const first = await door('/login', { email: who.email, password: who.password });
    for (let n = 0; n < 4; n += 1)
      expect((await door('/login/second', { code: '000000' }, first.cookie)).status).toBe(422);
    expect((await door('/login/second', { code: '000000' }, first.cookie)).location).toBe('/login/lost');
    const again = await door('/login', { email: who.email, password: who.password });
    expect((await door('/login/second', { code: '000000' }, again.cookie)).status).toBe(422);
    const damped = await door('/login/second', { code: shows(secret) }, again.cookie);
    expect(damped.status).toBe(429);
    // Seen from elsewhere nothing is damped.
    const [wait] = await lango.asOwner<{ s: number }>(`SELECT staff_code_wait($1, $2, '198.51.100.9') AS s`, [
      who.id,
      who.email,
    ]);
    expect(wait?.s).toBe(0);
  });

  test('thirty wrong codes in a day from everywhere shut the strange sources out, and not the usual one', async () => {
    const who = await colleague();
    await consoleClient(lango, who);
    for (let n = 1; n <= 7; n += 1)
      await lango.asOwner(
        `INSERT INTO staff_login_failure (email, ip, failures) VALUES ($1, ('198.51.100.' || $2)::inet, 5)`,
        [`code ${who.email}`, n],
      );
    const wait = (ip: string) =>
      lango.asOwner<{ s: number }>('SELECT staff_code_wait($1, $2, $3::inet) AS s', [who.id, who.email, ip]);
    expect((await wait('203.0.113.1'))[0]?.s).toBe(3600);
    expect((await wait('127.0.0.1'))[0]?.s).toBe(0);
  });

  test('it is taken away with the password alone, and by an administrator for one who lost the phone', async () => {
    const who = await colleague();
    const own = await consoleClient(lango, who);
    await setUpApp(own);
    expect((await own.post('/staff/me/codes/remove', { current: 'not it' })).status).toBe(422);
    const admin = await consoleClient(lango);
    expect((await admin.post(`/staff/${who.id}/reset-second`)).location).toContain('second_reset');
    // Their sign-ins ended with it.
    expect((await own.get('/staff/me')).location).toMatch(/^\/login/);
    const back = await consoleClient(lango, who);
    await setUpApp(back);
    expect((await back.post('/staff/me/codes/remove', { current: who.password })).location).toContain('totp_off');
    await lango.signIn(who.email, who.password);
  });

  test('a company that asks everybody for one lets those without see nothing but their own page', async () => {
    const other = await lango.addCompany();
    const admin = await consoleClient(lango, other);
    const page = await admin.get('/tenants/settings');
    const seen = /name="seen" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const settings = {
      name: other.name,
      timezone: 'Africa/Nairobi',
      password_min_length: '10',
      second_factor_required: 'on',
      seen,
    };
    expect((await admin.post('/tenants/settings', settings)).status).toBe(303);
    expect((await admin.get('/plans')).location).toBe('/staff/me?needed=second');
    expect(await other.api.get('/clients')).toMatchObject({
      status: 403,
      body: { error: { code: 'second_factor_needed' } },
    });
    await setUpApp(admin);
    expect((await admin.get('/plans')).status).toBe(200);
    expect((await other.api.get('/clients')).status).toBe(200);
  });
});

describe('invitations', () => {
  test('a colleague is invited by a link, chooses a password, and is in; the link works once', async () => {
    const admin = await consoleClient(lango);
    const form = { name: 'Juma', email: 'Juma@example.net', role: 'technician' };
    const made = await admin.post('/staff', form);
    expect(made.status).toBe(200);
    const link = /\/login\/welcome\/lgx_[\w-]{43}/.exec(made.text)?.[0] ?? '';
    expect((await door('/login', { email: 'juma@example.net', password: '!' })).status).toBe(422);
    expect((await fetch(lango.baseUrl + link)).status).toBe(200);
    expect((await door(link, { fresh: 'password123' })).status).toBe(422);
    const chosen = await door(link, { fresh: PASSWORD });
    expect(chosen).toMatchObject({ status: 303, location: '/' });
    expect(chosen.cookie).toMatch(/lgs_/);
    expect((await door(link, { fresh: 'another-one-77' })).status).toBe(404);
    await lango.signIn('juma@example.net', PASSWORD);
    expect((await admin.post('/staff', form)).text).toContain('already');
  });

  test('where the company sends e-mail the link goes to the colleague alone, sealed until it is sent', async () => {
    const tenant = lango.company.tenantId;
    await lango.asOwner(`INSERT INTO message_relay DEFAULT VALUES`);
    const admin = await consoleClient(lango);
    const made = await admin.post('/staff', { name: 'Neema', email: 'neema@example.net', role: 'support' });
    expect(made).toMatchObject({ status: 303, location: expect.stringMatching(/^\/staff\/\d+\?told=invited$/) });
    expect((await admin.get(made.location)).text).toContain('on its way to neema@example.net');
    const [message] = await lango.asOwner<{ data: object; data_enc: Buffer }>(
      `SELECT data, data_enc FROM message WHERE tenant_id = $1 AND kind = 'invitation' AND recipient = 'neema@example.net'`,
      [tenant.toString()],
    );
    expect(message?.data).toEqual({});
    const values = JSON.parse(
      createSecretBox(lango.db.masterKey).open('message.data', tenant, message?.data_enc ?? Buffer.alloc(0)),
    ) as { link: string; name: string };
    expect(values.name).toBe('Neema');
    const link = new URL(values.link).pathname;
    expect(await door(link, { fresh: PASSWORD })).toMatchObject({ status: 303, location: '/' });
    // A way back in is handed over by whoever was asked for it.
    const who = made.location.replace(/\?.*/, '');
    expect((await admin.post(`${who}/invite`)).text).toMatch(/lgx_/);
    await lango.asOwner('DELETE FROM message_relay');
  });

  test('a link for a new password ends the older link and every sign-in; nobody makes one for themselves or for a stronger person', async () => {
    const who = await colleague();
    const own = await consoleClient(lango, who);
    const admin = await consoleClient(lango);
    const linkOf = async (): Promise<string> =>
      /\/login\/welcome\/lgx_[\w-]{43}/.exec((await admin.post(`/staff/${who.id}/invite`)).text)?.[0] ?? '';
    const first = await linkOf();
    const second = await linkOf();
    expect((await fetch(lango.baseUrl + first)).status).toBe(404);
    expect((await door(second, { fresh: 'simba-mlimani-9' })).status).toBe(303);
    expect((await own.get('/staff/me')).location).toMatch(/^\/login/);
    await expect(lango.signIn(who.email, PASSWORD)).rejects.toThrow(/401/);
    expect((await admin.post(`/staff/${lango.company.staffId}/invite`)).text).not.toMatch(/lgx_/);
    await lango.asOwner('UPDATE staff SET is_super_admin = true WHERE id = $1', [who.id]);
    expect((await admin.post(`/staff/${who.id}/invite`)).text).not.toMatch(/lgx_/);
  });

  test('of two who come with one link at once, one is in and the other is told that it is used', async () => {
    const who = await colleague();
    const admin = await consoleClient(lango);
    const link = /\/login\/welcome\/lgx_[\w-]{43}/.exec((await admin.post(`/staff/${who.id}/invite`)).text)?.[0] ?? '';
    // Both are at the link before either has taken it.
    const held = new Client({ connectionString: lango.db.ownerUrl });
    await held.connect();
    await held.query('BEGIN');
    await held.query('SELECT 1 FROM staff_step FOR UPDATE');
    const both = [door(link, { fresh: 'simba-mlimani-9' }), door(link, { fresh: 'chui-mtoni-77' })];
    await until(
      () =>
        lango.asOwner(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`),
      (waiting) => waiting.length === 2,
    );
    await held.query('COMMIT');
    await held.end();
    expect((await Promise.all(both)).map(({ status }) => status).sort((a, b) => a - b)).toEqual([303, 404]);
  });

  test('a link of a disabled person opens nothing', async () => {
    const who = await colleague();
    const admin = await consoleClient(lango);
    const link = /\/login\/welcome\/lgx_[\w-]{43}/.exec((await admin.post(`/staff/${who.id}/invite`)).text)?.[0] ?? '';
    expect((await admin.post(`/staff/${who.id}/disable`)).location).toContain('told=disabled');
    expect((await fetch(lango.baseUrl + link)).status).toBe(404);
  });
});

describe('sign-ins', () => {
  test('are listed with where they come from, and end one by one or all at once', async () => {
    const who = await colleague();
    const [here, there] = [await consoleClient(lango, who), await consoleClient(lango, who)];
    const program = await lango.signIn(who.email, who.password);
    const page = await here.get('/staff/me');
    const ids = [...page.text.matchAll(/\/staff\/me\/browsers\/(\d+)\/end/g)].map((match) => match[1]);
    expect(ids).toHaveLength(1);
    expect(page.text).toContain('127.0.0.1');
    expect((await here.post(`/staff/me/browsers/${ids[0]}/end`)).status).toBe(303);
    expect((await there.get('/staff/me')).location).toMatch(/^\/login/);
    expect((await program.get('/packages')).status).toBe(200);
    expect((await here.post('/staff/me/end-others')).status).toBe(303);
    expect((await program.get('/packages')).status).toBe(401);
    expect((await here.get('/staff/me')).status).toBe(200);
    // A colleague's are not one's own.
    const [foreign] = await lango.asOwner<{ id: string }>(
      'SELECT max(id) AS id FROM staff_session WHERE staff_id = $1',
      [lango.company.staffId.toString()],
    );
    await consoleClient(lango);
    expect((await here.post(`/staff/me/browsers/${foreign?.id ?? '999999'}/end`)).status).toBe(404);
  });

  test('one changes the own password with the old one, and every other sign-in ends', async () => {
    const who = await colleague();
    const [here, there] = [await consoleClient(lango, who), await consoleClient(lango, who)];
    expect((await here.post('/staff/me/password', { current: 'wrong', fresh: 'simba-mlimani-9' })).status).toBe(422);
    expect((await here.post('/staff/me/password', { current: who.password, fresh: 'password123' })).text).toContain(
      'first that anybody',
    );
    expect((await here.post('/staff/me/password', { current: who.password, fresh: 'simba-mlimani-9' })).status).toBe(
      303,
    );
    expect((await there.get('/staff/me')).location).toMatch(/^\/login/);
    expect((await here.get('/staff/me')).status).toBe(200);
    await lango.signIn(who.email, 'simba-mlimani-9');
  });
});

describe('roles that a company makes', () => {
  test.each(LOCALES)('every permission, and every slice that has one, has words in %s', (locale) => {
    const words = loadTranslator({ root: join(projectRoot(), 'control-plane'), strict: true });
    const there = new Set(words.keys(locale));
    const wanted = permissions.flatMap((one) => [
      `staff.can_${one.replaceAll(/[.-]/g, '_')}`,
      `staff.of_${one.split('.')[0]?.replaceAll('-', '_')}`,
    ]);
    expect(wanted.filter((key) => !there.has(key))).toEqual([]);
  });

  test('hold what was ticked, act at once, and cannot be taken away while somebody holds them', async () => {
    const admin = await consoleClient(lango);
    expect(
      (await admin.post('/staff/roles', { name: 'Counter', 'p_vouchers.read': 'on', 'p_plans.read': 'on' })).status,
    ).toBe(303);
    const [role] = await lango.asOwner<{ id: string; key: string }>(
      `SELECT id, key FROM staff_role WHERE name = 'Counter'`,
    );
    const who = await colleague(role?.key);
    const api = await lango.signIn(who.email, who.password);
    expect((await api.get('/vouchers')).status).toBe(200);
    expect((await api.get('/clients')).status).toBe(403);
    const seenOf = async () =>
      /name="seen" value="([^"]+)"/.exec((await admin.get(`/staff/roles/${role?.id}`)).text)?.[1] ?? '';
    const old = await seenOf();
    const change = { name: 'Counter', 'p_subscribers.read': 'on' };
    expect((await admin.post(`/staff/roles/${role?.id}`, { ...change, seen: old })).status).toBe(303);
    expect((await api.get('/clients')).status).toBe(200);
    expect((await api.get('/vouchers')).status).toBe(403);
    // Somebody else's page is older than that change.
    expect((await admin.post(`/staff/roles/${role?.id}`, { ...change, seen: old })).status).toBe(409);
    expect((await admin.post(`/staff/roles/${role?.id}/remove`)).status).toBe(409);
    expect((await admin.post('/staff/roles', { name: 'counter' })).status).toBe(422);
  });

  test('nobody makes, changes or gives one that holds more than they do, nor changes the one they hold', async () => {
    const admin = await consoleClient(lango);
    await admin.post('/staff/roles', {
      name: 'People',
      'p_staff.read': 'on',
      'p_staff.write': 'on',
      'p_plans.read': 'on',
    });
    await admin.post('/staff/roles', { name: 'Strong', 'p_payments.write': 'on' });
    const rows = await lango.asOwner<{ id: string; key: string; name: string }>(
      `SELECT id, key, name FROM staff_role WHERE name IN ('People', 'Strong')`,
    );
    const idOf = (name: string) => rows.find((row) => row.name === name)?.id ?? '';
    const who = await colleague(rows.find((row) => row.name === 'People')?.key);
    const manager = await consoleClient(lango, who);
    // What one may not do oneself cannot be ticked into a role, whatever the form says.
    expect((await manager.post('/staff/roles', { name: 'Up', 'p_payments.write': 'on' })).status).toBe(422);
    const page = await manager.get(`/staff/roles/${idOf('People')}`);
    const seen = /name="seen" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect(page.text).not.toContain('p_payments.write');
    expect(
      (await manager.post(`/staff/roles/${idOf('People')}`, { name: 'People', 'p_staff.write': 'on', seen })).status,
    ).toBe(422);
    expect((await manager.post(`/staff/roles/${idOf('Strong')}/remove`)).status).toBe(422);
    expect((await manager.post('/staff', { name: 'X', email: 'x@example.net', role: 'strong' })).status).toBe(422);
    // Built-in roles are nobody's to change.
    const [builtIn] = await lango.asOwner<{ id: string }>(
      `SELECT id FROM staff_role WHERE key = 'support' AND tenant_id IS NULL`,
    );
    expect((await admin.post(`/staff/roles/${builtIn?.id}`, { name: 'Mine', seen: 'x' })).status).toBe(404);
  });
});
