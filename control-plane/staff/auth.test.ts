import { Client } from 'pg';
import { apiClient } from '../test-kit/api-client';
import { startTestLango, type TestLango } from '../test-kit/lango';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

interface Pair {
  token: string;
  refreshToken: string;
  expires_in: number;
}
const anybody = () => apiClient(lango.baseUrl);
const login = (email: string, password: string) => anybody().post<Pair>('/auth/login', { email, password });
const refresh = (refreshToken: string) => anybody().post<Pair>('/auth/refresh', { refreshToken });
const works = async (token: string) => (await apiClient(lango.baseUrl, token).get('/audit')).status;

describe('sign-in of a program', () => {
  test('gives a token of at least an hour that works until logout', async () => {
    const answer = await login(lango.company.email.toUpperCase(), lango.company.password);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]{43}$/),
      refreshToken: expect.stringMatching(/^lgr_/),
      expires_in: expect.any(Number),
    });
    expect(answer.body.expires_in).toBeGreaterThanOrEqual(3600);
    expect(await works(answer.body.token)).toBe(200);
    expect((await apiClient(lango.baseUrl, answer.body.token).post('/auth/logout')).status).toBe(204);
    expect(await works(answer.body.token)).toBe(401);
    expect((await refresh(answer.body.refreshToken)).status).toBe(401);
  });

  test('an unknown e-mail and a wrong password say the same, and missing fields are named', async () => {
    const wrong = await login(lango.company.email, 'wrong');
    const unknown = await login('nobody@example.net', 'wrong');
    expect(wrong).toMatchObject({ status: 401, body: { error: { code: 'wrong_credentials' } } });
    expect(unknown.body).toEqual(wrong.body);
    expect(await anybody().post('/auth/login', {})).toMatchObject({
      status: 422,
      body: { error: { fields: { email: 'is required', password: 'is required' } } },
    });
    expect((await anybody().post('/auth/login', '{"email":')).status).toBe(400);
  });

  test('a refresh token gives a new pair once; used again it ends the whole family', async () => {
    const first = (await login(lango.company.email, lango.company.password)).body;
    const second = await refresh(first.refreshToken);
    expect(second.status).toBe(200);
    expect(await works(second.body.token)).toBe(200);
    expect((await refresh(first.refreshToken)).status).toBe(401);
    expect(await works(first.token)).toBe(401);
    expect(await works(second.body.token)).toBe(401);
    expect((await refresh(second.body.refreshToken)).status).toBe(401);
    expect((await refresh('lgr_made-up')).status).toBe(401);
  });

  test('two refreshes at once: one gives a pair, and the theft is noticed', async () => {
    const { refreshToken } = (await login(lango.company.email, lango.company.password)).body;
    const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, 401]));
  });

  test('an access token does not refresh, a refresh token does not sign in, and an expired one is worth nothing', async () => {
    const pair = (await login(lango.company.email, lango.company.password)).body;
    expect((await refresh(pair.token)).status).toBe(401);
    expect(await works(pair.refreshToken)).toBe(401);
    await lango.asOwner('UPDATE staff_token SET expires_at = now()');
    expect(await works(pair.token)).toBe(401);
    expect((await refresh(pair.refreshToken)).status).toBe(401);
  });

  test('moving the clock for a scenario signs nobody out', async () => {
    const { token } = (await login(lango.company.email, lango.company.password)).body;
    await lango.asOwner(`UPDATE platform_clock SET shift = '60 days'`);
    expect(await works(token)).toBe(200);
    await lango.asOwner(`UPDATE platform_clock SET shift = '0'`);
  });

  test('no password or token stands readable in the database', async () => {
    const { token } = (await login(lango.company.email, lango.company.password)).body;
    const [row] = await lango.asOwner<{ text: string }>(
      `SELECT (SELECT string_agg(s::text, ' ') FROM staff s) || (SELECT string_agg(t::text, ' ') FROM staff_token t) || (SELECT string_agg(a::text, ' ') FROM audit_event a) AS text`,
    );
    expect(row?.text).toContain('$argon2id$');
    expect(row?.text).not.toContain(lango.company.password);
    expect(row?.text).not.toContain(token);
  });
});

describe('guessing', () => {
  test('slows down for the guesser, even with the right password, and for nobody else', async () => {
    const victim = await lango.addCompany();
    for (let i = 0; i < 6; i += 1) expect((await login(victim.email, `guess ${i}`)).status).toBe(401);
    const waiting = await login(victim.email, victim.password);
    expect(waiting.status).toBe(429);
    expect(Number(waiting.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await login(lango.company.email, lango.company.password)).status).toBe(200);
    // The same account from its owner's own address.
    await lango.asOwner(`UPDATE staff_login_failure SET ip = '192.0.2.66'`);
    expect((await login(victim.email, victim.password)).status).toBe(200);
  });

  test('the wait doubles with each further failure and ends', async () => {
    const wait = async (failures: number): Promise<number> => {
      await lango.asOwner(`DELETE FROM staff_login_failure`);
      await lango.asOwner(
        `INSERT INTO staff_login_failure (email, ip, failures) VALUES ('a@example.net', '192.0.2.1', $1)`,
        [failures],
      );
      const [row] = await lango.asOwner<{ s: number }>(`SELECT staff_login_wait('A@example.net', '192.0.2.1') AS s`);
      return row?.s ?? -1;
    };
    expect([await wait(5), await wait(6), await wait(8), await wait(30)]).toEqual([0, 2, 8, 900]);
    await lango.asOwner(`UPDATE staff_login_failure SET last_at = now() - interval '901 s'`);
    expect(await lango.asOwner(`SELECT staff_login_wait('a@example.net', '192.0.2.1') AS s`)).toEqual([{ s: 0 }]);
  });

  test('the next address of the same IPv6 network is no new guesser, and no company can read who guessed', async () => {
    await lango.asOwner(
      `SELECT staff_login_failed('six@example.net', ('2001:db8:1:2::' || n)::inet) FROM generate_series(1, 9) n`,
    );
    const wait = async (ip: string) =>
      (await lango.asOwner<{ s: number }>(`SELECT staff_login_wait('six@example.net', $1::inet) AS s`, [ip]))[0]?.s ??
      -1;
    expect(await wait('2001:db8:1:2:ffff::1')).toBeGreaterThan(10);
    expect(await wait('2001:db8:1:3::1')).toBe(0);
    await lango.asOwner(`SELECT staff_login_failed('four@example.net', '::ffff:192.0.2.7')`);
    expect(
      await lango.asOwner(`SELECT host(ip) AS ip FROM staff_login_failure WHERE email = 'four@example.net'`),
    ).toEqual([{ ip: '192.0.2.7' }]);
    const web = new Client({ connectionString: lango.db.urls.web });
    await web.connect();
    await expect(web.query('SELECT * FROM staff_login_failure')).rejects.toThrow('permission denied');
    await expect(web.query('DELETE FROM staff_login_failure')).rejects.toThrow('permission denied');
    await web.end();
    await lango.asOwner(`DELETE FROM staff_login_failure WHERE email IN ('six@example.net', 'four@example.net')`);
  });

  test('an address that fails at very many accounts waits for all of them', async () => {
    await lango.asOwner(
      `INSERT INTO staff_login_failure (email, ip) SELECT 'u' || n || '@example.net', '127.0.0.1' FROM generate_series(1, 50) n`,
    );
    expect((await login(lango.company.email, lango.company.password)).status).toBe(429);
    await lango.asOwner('DELETE FROM staff_login_failure');
    expect((await login(lango.company.email, lango.company.password)).status).toBe(200);
  });
});
