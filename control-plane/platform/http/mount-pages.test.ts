import express from 'express';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { openConsoleSession, SESSION_TTL_S, signIn, signInLookup } from '../../staff';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { createSecretBox } from '../crypto';
import { createDatabase, type Database } from '../db/prisma';
import { createLog } from '../log';
import { LIMITS, RequestLimits } from './limits';
import { mountPages } from './mount-pages';
import { pageRoute, publicPage, seeOther, view, type PageRoute } from './page';
import type { HttpParts } from './parts';
import { securityHeaders } from './security-headers';
import { sessionCookie } from './session-cookie';

const form = z.object({ name: z.string().trim().min(1, 'is required') });
let done = 0;
const pages: PageRoute[] = [
  publicPage({
    method: 'POST',
    path: '/enter',
    form: z.object({ email: z.string(), password: z.string() }),
    async run(call, input, web) {
      if (!input.form.ok) return view('door', {}, { status: 422 });
      const { secret } = await signIn(call, input.form.value, (ctx, id) => openConsoleSession(ctx, id, call.userAgent));
      return seeOther('/things', [sessionCookie(web.publicUrl, secret, SESSION_TTL_S)]);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/things',
    permission: 'plans.read',
    run: async (_ctx, _input, web) => view('things', { csrf: web.csrfToken }),
  }),
  pageRoute({
    method: 'POST',
    path: '/things',
    permission: 'plans.write',
    form,
    run: async (_ctx, input) => {
      if (!input.form.ok)
        return view('things', { fields: input.form.fields, values: input.form.values }, { status: 422 });
      done += 1;
      return seeOther('/things');
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/fault',
    permission: 'signed_in',
    run: async () => Promise.reject(new Error('secret internals')),
  }),
];

let lango: TestLango;
let db: Database;
const servers: Server[] = [];

async function serve(publicUrl: string, limits?: RequestLimits): Promise<string> {
  const log = createLog('test', 'silent');
  const renderer = {
    page: (name: string, model: Record<string, unknown>) => JSON.stringify({ name, ...model }),
    problem: (problem: { status: number; message: string }) => `<p>${problem.status} ${problem.message}</p>`,
  };
  const lookup = signInLookup(db.outside);
  const parts: HttpParts = { db, lookup, log, publicUrl, apiRatePerMinute: 1000, renderer, limits };
  const app = express().set('query parser', 'simple');
  app.use(...securityHeaders(publicUrl), mountPages(pages, parts));
  const server = createServer(app);
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let base: string;
beforeAll(async () => {
  lango = await startTestLango();
  db = createDatabase(lango.db.urls.web, createSecretBox(lango.db.masterKey), createLog('test', 'silent'), 4);
  base = await serve('http://127.0.0.1');
});
afterAll(async () => {
  for (const server of servers) server.close();
  await db.close();
  await lango.stop();
});

const post = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  });
const enter = (at = base, headers: Record<string, string> = {}) =>
  post(`${at}/enter`, { email: lango.company.email, password: lango.company.password }, headers);
const cookieOf = (answer: Response) => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
const csrfOf = async (cookie: string) =>
  ((await (await fetch(`${base}/things`, { headers: { cookie } })).json()) as { csrf: string }).csrf;

test('signing in sets a cookie that scripts and other sites cannot use, and the page opens', async () => {
  const answer = await enter();
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/things']);
  expect(answer.headers.get('set-cookie')).toMatch(
    /^lango=lgs_[^;]+; Max-Age=1209600; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
  );
  expect((await fetch(`${base}/things`, { headers: { cookie: cookieOf(answer) } })).status).toBe(200);
});

test('under https the cookie is pinned to the host and Secure, and HSTS is sent', async () => {
  const secure = await serve('https://isp.example');
  const answer = await enter(secure, { origin: 'https://isp.example' });
  expect(answer.headers.get('set-cookie')).toMatch(/^__Host-lango=.*Secure/);
  expect(answer.headers.get('strict-transport-security')).toContain('max-age=31536000');
});

test('a stranger is sent to sign in and back; htmx is told to leave the page', async () => {
  const plain = await fetch(`${base}/things?q=a%20b`, { redirect: 'manual' });
  expect([plain.status, plain.headers.get('location')]).toEqual([303, '/login?next=%2Fthings%3Fq%3Da%2520b']);
  const part = await fetch(`${base}/things`, { redirect: 'manual', headers: { 'hx-request': 'true' } });
  expect([part.status, part.headers.get('hx-redirect')]).toEqual([401, '/login?next=%2Fthings']);
  const made = await fetch(`${base}/things`, {
    redirect: 'manual',
    headers: { cookie: `lango=lgs_${'a'.repeat(43)}` },
  });
  expect(made.status).toBe(303);
});

test("a form is done only with the session's token, by field or by header", async () => {
  const cookie = cookieOf(await enter());
  const csrf = await csrfOf(cookie);
  done = 0;
  expect((await post(`${base}/things`, { name: 'x' }, { cookie })).status).toBe(403);
  expect((await post(`${base}/things`, { name: 'x', _csrf: `${csrf}x` }, { cookie })).status).toBe(403);
  const stranger = await csrfOf(cookieOf(await enter()));
  expect((await post(`${base}/things`, { name: 'x', _csrf: stranger }, { cookie })).status).toBe(403);
  expect(done).toBe(0);
  expect((await post(`${base}/things`, { name: 'x', _csrf: csrf }, { cookie })).status).toBe(303);
  // Each answer carries the token under another mask; all of them are good.
  const again = await csrfOf(cookie);
  expect(again).not.toBe(csrf);
  expect((await post(`${base}/things`, { name: 'x', _csrf: again }, { cookie })).status).toBe(303);
  expect((await post(`${base}/things`, { name: 'x' }, { cookie, 'x-csrf-token': csrf })).status).toBe(303);
  expect(done).toBe(3);
});

test('nothing that another site starts is done, signing in included', async () => {
  const cookie = cookieOf(await enter());
  const csrf = await csrfOf(cookie);
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ]) {
    expect((await post(`${base}/things`, { name: 'x', _csrf: csrf }, { cookie, ...headers })).status).toBe(403);
    expect((await enter(base, headers as Record<string, string>)).status).toBe(403);
  }
  expect(
    (
      await post(
        `${base}/things`,
        { name: 'x', _csrf: csrf },
        { cookie, 'sec-fetch-site': 'same-origin', origin: base },
      )
    ).status,
  ).toBe(303);
});

test('a refused form comes back as 422 with the reasons and what was typed, never the token', async () => {
  const cookie = cookieOf(await enter());
  const answer = await post(`${base}/things`, { name: ' ', other: 'kept', _csrf: await csrfOf(cookie) }, { cookie });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toEqual({
    name: 'things',
    fields: { name: 'is required' },
    values: { name: ' ', other: 'kept' },
  });
});

test('without the permission the page is refused with its name; a lost or idle session is over', async () => {
  const cookie = cookieOf(await enter());
  await lango.setRole(lango.company, 'support');
  const csrf = await csrfOf(cookie);
  const refused = await post(`${base}/things`, { name: 'x', _csrf: csrf }, { cookie });
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('plans.write')]);
  await lango.setRole(lango.company, 'isp_admin');
  await lango.asOwner(`UPDATE staff_session SET last_seen_at = now() - interval '25 hours'`);
  expect((await fetch(`${base}/things`, { redirect: 'manual', headers: { cookie } })).status).toBe(303);
});

test('pages are never cached, carry a strict policy with a fresh nonce, and faults say nothing of their inside', async () => {
  const cookie = cookieOf(await enter());
  const [one, two] = await Promise.all([1, 2].map(() => fetch(`${base}/things`, { headers: { cookie } })));
  expect(one?.headers.get('cache-control')).toBe('no-store');
  const policy = one?.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  expect(policy).not.toBe(two?.headers.get('content-security-policy'));
  expect(one?.headers.get('x-powered-by')).not.toBe('Lango');
  const fault = await fetch(`${base}/fault`, { headers: { cookie } });
  expect([fault.status, await fault.text()]).toEqual([500, expect.not.stringContaining('secret internals')]);
  expect((await fetch(`${base}/nowhere`, { headers: { cookie } })).status).toBe(404);
});

test('a redirect leaves this site never', () => {
  for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', 'things'])
    expect(() => seeOther(to)).toThrow();
});

test('a form for anybody is refused with the time to wait once one address sends too many, before it is read; who is signed in is not counted', async () => {
  const crowded = await serve('http://127.0.0.1', new RequestLimits(() => 0));
  const send = (cookie = '') =>
    fetch(`${crowded}/enter`, { method: 'POST', headers: { origin: 'http://127.0.0.1', cookie }, redirect: 'manual' });
  const statuses = new Set<number>();
  for (let n = 0; n < LIMITS.send.burst; n += 1) statuses.add((await send()).status);
  expect([...statuses]).toEqual([422]);
  const refused = await send();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect((await fetch(`${crowded}/things`, { redirect: 'manual' })).status).toBe(303);
  expect((await send(cookieOf(await enter()))).status).toBe(422);
});
