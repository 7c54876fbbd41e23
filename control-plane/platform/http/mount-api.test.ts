import express from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { signInLookup } from '../../staff';
import { apiClient, type ApiClient } from '../../test-kit/api-client';
import { startTestLango, type TestCompany, type TestLango } from '../../test-kit/lango';
import { createSecretBox } from '../crypto';
import { createDatabase, type Database } from '../db/prisma';
import { createLog } from '../log';
import { cursorId, listQuery, pageOf } from './input';
import { mountApi } from './mount-api';
import type { HttpParts } from './parts';
import { conflict } from './problem';
import { route, type ApiRoute } from './route';

const widget = z.object({
  name: z.string('is required').min(1),
  count: z.int().min(0).max(10).optional(),
  part: z.object({ size: z.int() }).optional(),
});
let runs = 0;

/** Toy routes: a tenant's own table stands in for any slice. */
const toys: ApiRoute[] = [
  route({
    method: 'POST',
    path: '/widgets',
    permission: 'plans.write',
    summary: 'Make a widget',
    body: widget,
    async run(ctx, { body }) {
      runs += 1;
      if (body.name === 'refused') {
        await ctx.tx.staff_role.create({ data: { tenant_id: ctx.tenantId, key: 'refused', name: body.name } });
        throw conflict('refused', 'No.');
      }
      const made = await ctx.tx.staff_role.create({
        data: { tenant_id: ctx.tenantId, key: body.name, name: body.name },
      });
      if (body.name === 'slow') await new Promise((done) => setTimeout(done, 400));
      return { id: made.id.toString(), name: made.name, run: runs };
    },
  }),
  route({
    method: 'GET',
    path: '/widgets',
    permission: 'plans.read',
    summary: 'List widgets',
    query: listQuery,
    async run(ctx, { query }) {
      const rows = await ctx.tx.staff_role.findMany({
        where: { tenant_id: ctx.tenantId, id: { lt: cursorId(query.cursor) ?? 2n ** 62n } },
        orderBy: { id: 'desc' },
        take: query.limit + 1,
      });
      return pageOf(
        rows,
        query.limit,
        (row) => row.id,
        (row) => ({ id: row.id.toString(), key: row.key }),
      );
    },
  }),
  route({
    method: 'GET',
    path: '/widgets/export',
    permission: 'plans.read',
    summary: 'Export',
    run: async () => ({ exported: true }),
  }),
  route({
    method: 'GET',
    path: '/widgets/:id',
    permission: 'plans.read',
    summary: 'Read',
    run: async (_ctx, { params }) => ({ id: params.id.toString() }),
  }),
  route({
    method: 'DELETE',
    path: '/widgets/:id',
    permission: 'plans.write',
    summary: 'Remove',
    run: async () => undefined,
  }),
  route({
    method: 'GET',
    path: '/broken',
    permission: 'signed_in',
    summary: 'Break',
    run: async () => Promise.reject(new Error('secret internals')),
  }),
];

let lango: TestLango;
let db: Database;
let server: Server;
let api: ApiClient;
let other: TestCompany;

beforeAll(async () => {
  lango = await startTestLango();
  other = await lango.addCompany();
  const log = createLog('test', 'silent');
  db = createDatabase(lango.db.urls.web, createSecretBox(lango.db.masterKey), log, 5);
  const parts: HttpParts = {
    db,
    lookup: signInLookup(db.outside),
    log,
    publicUrl: 'http://127.0.0.1',
    apiRatePerMinute: 1000,
    renderer: undefined,
  };
  const app = express().set('query parser', 'simple');
  app.use('/api', mountApi(toys, parts));
  server = await new Promise<Server>((ready) => {
    const listening = app.listen(0, '127.0.0.1', () => ready(listening));
  });
  api = apiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, lango.api.token);
});
afterAll(async () => {
  server.close();
  await db.close();
  await lango.stop();
});

describe('who may', () => {
  test('nobody without a token, with a made-up one, or with one in the wrong scheme', async () => {
    expect((await api.as(undefined).get('/widgets')).status).toBe(401);
    expect((await api.as(`lga_${'x'.repeat(43)}`).get('/widgets')).body).toMatchObject({
      error: { code: 'unauthorized' },
    });
    const basic = await fetch(`${api.baseUrl}/api/widgets`, { headers: { authorization: `Basic ${lango.api.token}` } });
    expect(basic.status).toBe(401);
  });

  test('a role without the permission gets 403 naming it, before its body is read', async () => {
    await lango.setRole(lango.company, 'technician');
    expect((await api.get('/widgets')).status).toBe(200);
    const refused = await api.post('/widgets', '{ not json');
    expect(refused).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden', message: expect.stringContaining('plans.write') } },
    });
    await lango.setRole(lango.company, 'isp_admin');
  });

  test('a disabled person and a suspended company are nobody at once', async () => {
    const guest = await lango.addCompany();
    await lango.asOwner(`UPDATE staff SET disabled_at = now() WHERE id = ${guest.staffId}`);
    expect((await api.as(guest.api.token).get('/widgets')).status).toBe(401);
    await lango.asOwner(`UPDATE staff SET disabled_at = NULL WHERE id = ${guest.staffId}`);
    expect((await api.as(guest.api.token).get('/widgets')).status).toBe(200);
    await lango.asOwner(`UPDATE tenant SET status = 'suspended' WHERE id = ${guest.tenantId}`);
    expect((await api.as(guest.api.token).get('/widgets')).status).toBe(401);
  });

  test('a route without a known permission, or mounted twice, stops the start', () => {
    const parts = { db } as unknown as HttpParts;
    const bad = { ...toys[0], permission: 'widgets.read' } as unknown as ApiRoute;
    const rated = { ...parts, apiRatePerMinute: 1 };
    expect(() => mountApi([bad], rated)).toThrow(/widgets.read/);
    expect(() => mountApi([...toys, ...toys], rated)).toThrow(/twice/);
  });
});

describe('what comes in', () => {
  test.each([
    ['{"name":', 400, 'malformed_json'],
    ['"text"', 400, 'malformed_json'],
    ['\u0000', 400, 'malformed_json'],
    [`{"name":"${'x'.repeat(300_000)}"}`, 413, 'too_large'],
    [`{"name":${'['.repeat(3000)}${']'.repeat(3000)}}`, 400, 'too_deep'],
    ['{"name":"a\\u0000b"}', 422, 'invalid'],
    ['[]', 422, 'invalid'],
    ['{"__proto__":{"name":"x"}}', 422, 'invalid'],
    ['{"name":"x","count":1e400}', 422, 'invalid'],
  ])('a bad body (%#)', async (body, status, code) => {
    expect(await api.post('/widgets', body)).toMatchObject({
      status,
      body: { error: { code, message: expect.any(String) } },
    });
  });

  test('each wrong field is named by its path', async () => {
    const answer = await api.post('/widgets', { count: 99, part: { size: 'big' } });
    expect(answer).toMatchObject({
      status: 422,
      body: { error: { fields: { name: 'is required', count: expect.any(String), 'part.size': expect.any(String) } } },
    });
  });

  test.each(['abc', '0', '-1', '1.5', '01', '9223372036854775808', '99999999999999999999', '%00', '1%20', 'null'])(
    'the id %s is 404',
    async (id) => {
      expect((await api.get(`/widgets/${id}`)).status).toBe(404);
    },
  );

  test('ids up to the largest bigint stay exact, and fixed paths come before parameters', async () => {
    expect((await api.get('/widgets/9223372036854775807')).body).toEqual({ id: '9223372036854775807' });
    expect((await api.get('/widgets/export')).body).toEqual({ exported: true });
    expect((await api.get('/nowhere')).status).toBe(404);
    expect((await api.get('/%zz')).status).toBe(404);
  });

  test.each(['limit=0', 'limit=201', 'limit=x', 'cursor=nonsense', 'limit=1&limit=2', `q=${'x'.repeat(201)}`])(
    'a bad query (%#)',
    async (query) => {
      expect(await api.get(`/widgets?${query}`)).toMatchObject({
        status: 422,
        body: { error: { fields: expect.any(Object) } },
      });
    },
  );
});

describe('what goes out', () => {
  test('POST 201, DELETE 204 without a body, lists page through to the end', async () => {
    for (const name of ['p1', 'p2', 'p3']) expect((await api.post('/widgets', { name })).status).toBe(201);
    expect(await api.delete('/widgets/1')).toMatchObject({ status: 204, body: undefined });
    const first = await api.get<{ items: unknown[]; nextCursor: string | null }>('/widgets?limit=2');
    expect(first.body.items).toHaveLength(2);
    expect(first.body.nextCursor).toEqual(expect.any(String));
    const rest = await api.get<{ items: { key: string }[]; nextCursor: null }>(
      `/widgets?limit=200&cursor=${first.body.nextCursor}`,
    );
    expect(rest.body.nextCursor).toBeNull();
    expect(rest.body.items.map((item) => item.key)).toContain('p1');
  });

  test('a fault is a 500 that says nothing of its inside', async () => {
    const answer = await api.get('/broken');
    expect(answer).toMatchObject({ status: 500, body: { error: { code: 'internal' } } });
    expect(JSON.stringify(answer.body)).not.toContain('secret internals');
  });

  test('a duplicate that nobody caught is 409, and a refusal leaves nothing written', async () => {
    await api.post('/widgets', { name: 'twin' });
    expect((await api.post('/widgets', { name: 'twin' })).status).toBe(409);
    expect((await api.post('/widgets', { name: 'refused' })).body).toMatchObject({ error: { code: 'refused' } });
    const all = await api.get<{ items: { key: string }[] }>('/widgets?limit=200');
    expect(all.body.items.filter((item) => item.key === 'refused')).toEqual([]);
  });
});

describe('Idempotency-Key', () => {
  const key = (value: string): Record<string, string> => ({ 'idempotency-key': value });

  test('the same request twice is done once and answered the same', async () => {
    const first = await api.post('/widgets', { name: 'once', count: 1 }, key('k1'));
    const second = await api.post('/widgets', { count: 1, name: 'once' }, key('k1'));
    expect(second.status).toBe(201);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  test('at the same moment too', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => api.post('/widgets', { name: 'slow' }, key('k2'))));
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
  });

  test('another body under the key is refused; a failed try does not use the key up', async () => {
    await api.post('/widgets', { name: 'k3' }, key('k3'));
    expect(await api.post('/widgets', { name: 'other' }, key('k3'))).toMatchObject({
      status: 422,
      body: { error: { code: 'idempotency_key_reused' } },
    });
    expect((await api.post('/widgets', { name: 'refused' }, key('k4'))).status).toBe(409);
    expect((await api.post('/widgets', { name: 'k4' }, key('k4'))).status).toBe(201);
    expect((await api.post('/widgets', { name: 'k5' }, key('x'.repeat(201)))).status).toBe(422);
  });

  test('the key of one company means nothing in another', async () => {
    await api.post('/widgets', { name: 'shared' }, key('k6'));
    const theirs = await api.as(other.api.token).post('/widgets', { name: 'shared' }, key('k6'));
    expect(theirs.status).toBe(201);
    expect(theirs.headers.get('idempotency-replayed')).toBeNull();
  });
});

test('past its rate a token waits, and another one does not', async () => {
  const log = createLog('test', 'silent');
  const limited = express().use(
    '/api',
    mountApi(toys, {
      db,
      lookup: signInLookup(db.outside),
      log,
      publicUrl: 'http://x',
      apiRatePerMinute: 3,
      renderer: undefined,
    }),
  );
  const listening = await new Promise<Server>((ready) => {
    const made = limited.listen(0, '127.0.0.1', () => ready(made));
  });
  const client = apiClient(`http://127.0.0.1:${(listening.address() as AddressInfo).port}`, lango.api.token);
  const statuses: number[] = [];
  for (let i = 0; i < 4; i += 1) statuses.push((await client.get('/widgets')).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  const refused = await client.get('/widgets');
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(refused.body).toMatchObject({ error: { code: 'too_many_requests' } });
  expect((await client.as(other.api.token).get('/widgets')).status).toBe(200);
  const second = await lango.signIn(lango.company.email, lango.company.password);
  expect((await client.as(second.token).get('/widgets')).status).toBe(200);
  listening.close();
});
