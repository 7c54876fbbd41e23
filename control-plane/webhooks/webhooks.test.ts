import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { asOwner, make, makeActive, makeClient, shiftClock, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { eventNames } from './catalogue';
import { jobs } from './jobs';
import { createPool } from '../platform/db/pool';
import { createLog } from '../platform/log';

interface Seen {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let lango: TestLango;
let receiver: Server;
let base: string;
const seen: Seen[] = [];
/** What the receiver answers, by path; 204 where nothing is said. */
const answers = new Map<string, { status: number; headers?: Record<string, string>; body?: string }>();
const at = (path: string): Seen[] => seen.filter((one) => one.path === path);
const endpoint = (path: string, more: Json = {}): Promise<Json> =>
  make(lango.api, '/webhooks', { url: base + path, ...more });
const deliveriesOf = async (id: string, query = ''): Promise<Json[]> =>
  (await lango.api.get<Json>(`/webhooks/${id}/deliveries${query}`)).body['items'];
const wake = async (): Promise<void> => {
  const pool = createPool(lango.db.urls.jobs, 'jobs', 1);
  await jobs[0]?.run(pool, { log: createLog('test', 'silent'), dataDir: '/nonexistent', scheduledFor: new Date() });
  await pool.end();
};

beforeAll(async () => {
  receiver = createServer((req, res) => {
    let body = '';
    req.on('data', (part) => (body += String(part)));
    req.on('end', () => {
      const path = String(req.url);
      seen.push({ path, headers: req.headers, body });
      const answer = answers.get(path) ?? { status: 204 };
      res.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((ready) => receiver.listen(0, '127.0.0.1', ready));
  base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  lango = await startTestLango({ parts: ['jobs'], insecureWebhookNetworks: ['127.0.0.1/32'] });
});
afterAll(async () => {
  await lango.stop();
  receiver.closeAllConnections();
  receiver.close();
});

test('a change is told with the thing as the API shows it, signed so that the receivers’ own library believes it', async () => {
  const made = await endpoint('/all');
  expect(made).toMatchObject({ state: 'active', events: ['*'], secret: expect.stringMatching(/^whsec_[\w+/]{43}=$/) });
  const subscription = await makeActive(lango.api, { quota_bytes: 5_000_000 });
  await lango.api.post(`/subscriptions/${subscription.id}/suspend`, { reason: 'asked for' });
  const find = (type: string) => at('/all').find((one) => one.body.includes(`"${type}"`));
  const message = await until(async () => find('subscription.suspended'), Boolean);
  if (!message) throw new Error('unreachable');
  const told = new Webhook(made['secret']).verify(message.body, message.headers as Record<string, string>) as Json;
  expect(told).toMatchObject({
    type: 'subscription.suspended',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    data: { by: { kind: 'staff', name: 'Amina Admin' }, detail: { reason: 'asked for' } },
  });
  // Field by field what GET answers, so that a program reads both with the same code.
  const shown = (await lango.api.get<Json>(`/subscriptions/${subscription.id}`)).body;
  const { client_phone, client_email, ...object } = told['data'].object;
  expect({ client_phone, client_email }).toEqual({
    client_phone: expect.stringContaining('712345678'),
    client_email: null,
  });
  for (const [name, value] of Object.entries(object)) expect({ [name]: value }).toEqual({ [name]: shown[name] });
  expect(Object.keys(object).length).toBeGreaterThan(15);

  expect(() =>
    new Webhook(made['secret']).verify(`${message.body} `, message.headers as Record<string, string>),
  ).toThrow();
  const types = await until(
    async () => at('/all').map((one) => (JSON.parse(one.body) as Json)['type']),
    (all) => all.length >= 5,
  );
  expect(new Set(types)).toEqual(
    new Set([
      'subscriber.created',
      'plan.created',
      'subscription.created',
      'subscription.activated',
      'subscription.suspended',
    ]),
  );
  expect(
    at('/all')
      .map((one) => one.body)
      .join(),
  ).not.toContain('open-sesame');
});

test('clients and payments are told in the API’s words too', async () => {
  const { id } = await endpoint('/words', { events: ['subscriber.updated', 'payment.received'] });
  const subscription = await makeActive(lango.api);
  await lango.api.patch(`/clients/${subscription['client_id']}`, { name: 'Njeri W.' });
  const paid = await make(lango.api, '/billing/transactions', {
    subscription_id: subscription.id,
    amount_cents: 10_000,
    method: 'cash',
    reference: unique('R'),
  });
  const told = await until(
    async () => at('/words').map((one) => (JSON.parse(one.body) as Json)['data'].object as Json),
    (all) => all.length === 2,
  );
  const client = (await lango.api.get<Json>(`/clients/${subscription['client_id']}`)).body;
  expect(told.find((one) => one['name'])).toEqual(client);
  const { client_phone: _, ...payment } = told.find((one) => one['amount_cents']) ?? {};
  const shown = (await lango.api.get<Json>(`/billing/payments/${paid.id}`)).body;
  for (const [name, value] of Object.entries(payment)) expect({ [name]: value }).toEqual({ [name]: shown[name] });
  await lango.api.delete(`/webhooks/${id}`);
});

test('what was not asked for, was rolled back, or is another company’s is not told', async () => {
  const { id } = await endpoint('/quiet', { events: ['subscription.paused'] });
  const theirs = await lango.addCompany();
  const foreign = await makeActive(theirs.api);
  await theirs.api.post(`/subscriptions/${foreign.id}/pause`);
  const mine = await makeActive(lango.api);
  expect((await lango.api.post(`/subscriptions/${mine.id}/resume`)).status).toBe(409);
  await lango.api.post(`/subscriptions/${mine.id}/pause`);
  await until(
    async () => at('/quiet').length,
    (n) => n > 0,
  );
  expect((await deliveriesOf(id)).map((one) => one['type'])).toEqual(['subscription.paused']);
  expect((JSON.parse(at('/quiet')[0]?.body ?? '{}') as Json)['data'].object.id).toBe(mine.id);
  expect(
    await asOwner(lango.db, 'SELECT 1 FROM webhook_event WHERE tenant_id = $1', [String(theirs.tenantId)]),
  ).toEqual([]);
  expect((await theirs.api.get(`/webhooks/${id}/deliveries`)).status).toBe(404);
});

test('a receiver that fails is tried again under the same id, and every try can be read', async () => {
  const { id } = await endpoint('/down', { events: ['subscriber.created'] });
  answers.set('/down', { status: 500, headers: { 'x-why': 'tired', 'set-cookie': 'a=b' }, body: 'not now' });
  await makeClient(lango.api);
  const [failed] = await until(
    () => deliveriesOf(id),
    ([one]) => one?.['tries'] === 1,
  );
  expect(failed).toMatchObject({ state: 'waiting', last_status: 500 });
  const wait = Date.parse(failed?.['next_try_at']) - Date.parse(failed?.['at']);
  expect(wait).toBeGreaterThan(3_900);
  answers.delete('/down');
  await until(
    () => deliveriesOf(id),
    ([one]) => one?.['state'] === 'delivered',
  );
  expect(new Set(at('/down').map((one) => one.headers['webhook-id'])).size).toBe(1);
  const whole = (await lango.api.get<Json>(`/webhooks/deliveries/${failed?.['id']}`)).body;
  expect(whole['attempts']).toMatchObject([
    {
      status: 500,
      response_body: 'not now',
      response_head: { 'x-why': 'tired' },
      request_head: { 'webhook-id': whole['message_id'] },
    },
    { status: 204, fault: null },
  ]);
  expect(JSON.stringify(whole)).not.toMatch(/v1,|set-cookie/);
});

test('redirects are not followed, private addresses not reached, and both are said', async () => {
  const moved = await endpoint('/moved', { events: ['subscriber.created'] });
  answers.set('/moved', { status: 302, headers: { location: `${base}/stolen` } });
  const inside = await make(lango.api, '/webhooks', { url: 'http://127.0.0.2:1/x', events: ['subscriber.created'] });
  const meta = await make(lango.api, '/webhooks', {
    url: 'https://169.254.169.254/latest',
    events: ['subscriber.created'],
  });
  await makeClient(lango.api);
  const faultOf = (id: string) =>
    until(
      () => deliveriesOf(id),
      ([one]) => one?.['tries'] > 0,
    ).then(([one]) => one?.['last_fault'] as string);
  expect(await faultOf(moved.id)).toBe('redirect');
  expect(await faultOf(inside.id)).toBe('refused_address');
  expect(await faultOf(meta.id)).toBe('refused_address');
  expect(at('/stolen')).toEqual([]);
  for (const one of [moved, inside, meta]) await lango.api.delete(`/webhooks/${one.id}`);
});

test('while a secret is changed over, both sign; afterwards the new one alone', async () => {
  const made = await endpoint('/rotate', { events: ['subscriber.created'] });
  const turned = await lango.api.post<Json>(`/webhooks/${made.id}/rotate-secret`, { overlap_hours: 1 });
  expect(turned.body['secret']).not.toBe(made['secret']);
  const arrives = async (n: number): Promise<Seen> => {
    await makeClient(lango.api);
    const all = await until(
      async () => at('/rotate'),
      (list) => list.length === n,
    );
    return all[n - 1] as Seen;
  };
  const both = await arrives(1);
  for (const secret of [made['secret'], turned.body['secret']])
    expect(() => new Webhook(secret).verify(both.body, both.headers as Record<string, string>)).not.toThrow();
  await asOwner(lango.db, `UPDATE webhook_endpoint SET former_until = lango_now() - interval '1 s' WHERE id = $1`, [
    made.id,
  ]);
  const one = await arrives(2);
  expect(() =>
    new Webhook(turned.body['secret']).verify(one.body, one.headers as Record<string, string>),
  ).not.toThrow();
  expect(() => new Webhook(made['secret']).verify(one.body, one.headers as Record<string, string>)).toThrow();
  const [row] = await asOwner(lango.db, 'SELECT secret_enc::text AS sealed FROM webhook_endpoint WHERE id = $1', [
    made.id,
  ]);
  expect(row?.['sealed']).not.toContain(Buffer.from(turned.body['secret'] as string).toString('hex'));
});

test('one delivery and a span of time can be sent again, under the same message ids', async () => {
  const { id } = await endpoint('/again', { events: ['subscriber.created'] });
  await makeClient(lango.api);
  await makeClient(lango.api);
  const sent = await until(
    () => deliveriesOf(id, '?state=delivered'),
    (list) => list.length === 2,
  );
  expect((await lango.api.post(`/webhooks/deliveries/${sent[0]?.['id']}/replay`)).status).toBe(202);
  await until(
    async () => at('/again').length,
    (n) => n === 3,
  );
  await until(
    () => deliveriesOf(id, '?state=delivered'),
    (list) => list.length === 2,
  );
  const span = { since: new Date(Date.now() - 3_600_000).toISOString() };
  expect((await lango.api.post<Json>(`/webhooks/${id}/replay`, span)).body).toEqual({ count: 0 });
  expect((await lango.api.post<Json>(`/webhooks/${id}/replay`, { ...span, which: 'all' })).body).toEqual({ count: 2 });
  await until(
    async () => at('/again').length,
    (n) => n === 5,
  );
  expect(new Set(at('/again').map((one) => one.headers['webhook-id'])).size).toBe(2);
});

test('a test message arrives; a paused endpoint is told nothing; 410 disables it, and the audit says so', async () => {
  const { id } = await endpoint('/test');
  expect(await lango.api.post(`/webhooks/${id}/test`)).toMatchObject({ status: 202, body: { type: 'webhook.test' } });
  await until(
    async () => at('/test').length,
    (n) => n === 1,
  );
  await lango.api.patch(`/webhooks/${id}`, { state: 'paused' });
  await makeClient(lango.api);
  expect(await deliveriesOf(id)).toHaveLength(1);
  await lango.api.patch(`/webhooks/${id}`, { state: 'active' });
  answers.set('/test', { status: 410 });
  await makeClient(lango.api);
  const stateOf = async () => (await lango.api.get<Json>(`/webhooks/${id}`)).body['state'] as string;
  await until(stateOf, (state) => state === 'disabled');
  const audit = (await lango.api.get<Json>(`/audit?action=webhooks.disable&subject_id=${id}`)).body['items'];
  expect(audit).toMatchObject([{ detail: { why: 'gone' } }]);
});

test('after five days without a delivery an endpoint is disabled; made active again, what waited is sent', async () => {
  const { id } = await endpoint('/days', { events: ['subscriber.created'] });
  answers.set('/days', { status: 503 });
  await makeClient(lango.api);
  await until(
    () => deliveriesOf(id),
    ([one]) => one?.['tries'] === 1,
  );
  try {
    await shiftClock(lango.db, '6 days');
    await wake();
    await until(
      async () => (await lango.api.get<Json>(`/webhooks/${id}`)).body['state'],
      (state) => state === 'disabled',
    );
    answers.delete('/days');
    await lango.api.patch(`/webhooks/${id}`, { state: 'active' });
    await shiftClock(lango.db, '7 days');
    await wake();
    await until(
      () => deliveriesOf(id),
      ([one]) => one?.['state'] === 'delivered',
    );
  } finally {
    await shiftClock(lango.db, '0');
  }
});

test('a proven cut and an end without payment are told', async () => {
  await endpoint('/network', { events: ['session.cut', 'subscription.expired'] });
  const subscription = await makeActive(lango.api);
  await asOwner(
    lango.db,
    `WITH l AS (INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at)
       SELECT tenant_id, 1, 'w1', id, username, '127.0.0.1', now(), now(), now() FROM subscription WHERE id = $1 RETURNING *)
     INSERT INTO enforcement (tenant_id, session_id, nas_id, subscription_id, kind, reason) SELECT tenant_id, radacctid, 1, subscription_id, 'cut', 'suspended' FROM l`,
    [subscription.id],
  );
  await asOwner(
    lango.db,
    `UPDATE enforcement SET state = 'proven', proven_by = 'stop', proven_at = now(), closed_at = now() WHERE subscription_id = $1`,
    [subscription.id],
  );
  await asOwner(lango.db, `UPDATE subscription SET expires_at = lango_now() - interval '1 second' WHERE id = $1`, [
    subscription.id,
  ]);
  await asOwner(lango.db, `SELECT enforce_expired(10)`);
  const told = await until(
    async () => at('/network').map((one) => JSON.parse(one.body) as Json),
    (list) => list.length === 2,
  );
  expect(told.find((one) => one['type'] === 'session.cut')).toMatchObject({
    data: {
      object: { acct_session_id: 'w1', subscription_id: subscription.id },
      detail: { reason: 'suspended', proven_by: 'stop' },
    },
  });
  expect(told.find((one) => one['type'] === 'subscription.expired')).toMatchObject({
    data: { object: { id: subscription.id, state: 'expired' } },
  });
});

test('the catalogue and what the database tells are the same', async () => {
  const rows = await asOwner<{ event: string }>(
    lango.db,
    `SELECT DISTINCT event FROM webhook_actions() UNION SELECT unnest(ARRAY['payment.refunded', 'payment.refund_failed', 'subscription.expired', 'session.cut', 'session.rate_changed', 'enforcement.gave_up'])`,
  );
  expect(rows.map((row) => row.event).sort()).toEqual([...eventNames].sort());
  const told = await lango.api.get<Json>('/webhooks/events');
  expect(told.body['items']).toHaveLength(eventNames.length);
});

test.each([
  [{ url: 'http://example.com/x' }, 'url'],
  [{ url: 'ftp://example.com/x' }, 'url'],
  [{ url: 'https://user:pass@example.com/' }, 'url'],
  [{ url: 'not a url' }, 'url'],
  [{ url: 'https://example.com', events: ['nothing.happened'] }, 'events.0'],
  [{ url: 'https://example.com', events: [] }, 'events'],
])('bad input is named (%#)', async (body, field) => {
  expect(await lango.api.post<Json>('/webhooks', body)).toMatchObject({
    status: 422,
    body: { error: { fields: { [field]: expect.any(String) } } },
  });
});

test('the secret is told once: a repeat with the same key is told so', async () => {
  const ask = () => lango.api.post<Json>('/webhooks', { url: 'https://example.com' }, { 'idempotency-key': 'w' });
  expect((await ask()).status).toBe(201);
  expect(await ask()).toMatchObject({ status: 409, body: { error: { code: 'told_once' } } });
});
