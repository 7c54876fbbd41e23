import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeActive, makeRouter, makeSubscription, openSession, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
});
afterAll(() => lango.stop());

const show = async (id: string) => (await lango.api.get<Json>(`/bulk/${id}`)).body;
const sub = async (id: string) => (await lango.api.get<Json>(`/subscriptions/${id}`)).body;
const rows = async (id: string, view: string) =>
  (await lango.api.get<{ items: Json[] }>(`/bulk/${id}/rows?view=${view}&limit=200`)).body.items;
const post = (id: string, what: string) => lango.api.post<Json>(`/bulk/${id}/${what}`);
const settled = (id: string, state: string) =>
  until(
    () => show(id),
    (run) => run['state'] === state,
    60_000,
  );
const day = 86_400_000;
const later = (iso: string, days: number) => new Date(new Date(iso).getTime() + days * day).toISOString();

/** So many running services of one plan, made at once. */
async function crowd(plan: Json, count: number, prefix: string): Promise<void> {
  await lango.asOwner(
    `WITH c AS (INSERT INTO subscriber (tenant_id, name, phone) SELECT $1, $3 || n, '+2547' || lpad(n::text, 8, '0') FROM generate_series(1, $2::int) n RETURNING id, name)
     INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no)
     SELECT $1, c.id, p.current_version_id, c.name, 'active', lango_now(), lango_now() + interval '1 day', 1 FROM c, plan p WHERE p.id = $4`,
    [lango.company.tenantId.toString(), count, prefix, plan['package_id']],
  );
}

test('500 services after an outage: planned first, extended in the background, each with its outcome, and taken back', async () => {
  const first = await makeActive(lango.api);
  await crowd(first, 500, 'outage-');
  const paused = await makeActive(lango.api);
  const filter = { package_id: first['package_id'] };
  const planned = await make(lango.api, '/bulk', { action: 'extend', days: 2, filter });
  expect(planned).toMatchObject({ state: 'draft', total: 501, planned: 501, done: 0, action: 'extend' });
  expect((await sub(first['id']))['expires_at']).toBe(first['expires_at']);
  expect((await sub(paused['id']))['expires_at']).toBe(paused['expires_at']);

  expect((await post(planned['id'], 'start')).status).toBe(202);
  expect(await settled(planned['id'], 'done')).toMatchObject({ done: 501, refused: 0 });
  expect((await sub(first['id']))['expires_at']).toBe(later(first['expires_at'], 2));
  const [moved] = await lango.asOwner<{ many: string }>(
    `SELECT count(*) AS many FROM subscription WHERE username LIKE 'outage-%' AND expires_at > lango_now() + interval '2 days 12 hours'`,
  );
  expect(Number(moved?.many)).toBe(500);
  // Twice is once: a run that is done cannot be started again.
  expect(await post(planned['id'], 'start')).toMatchObject({ status: 409, body: { error: { code: 'is_done' } } });
  const [audits] = await lango.asOwner<{ many: string; who: string }>(
    `SELECT count(*) AS many, min(actor_name) AS who FROM audit_event WHERE action = 'subscriptions.extend'`,
  );
  expect(audits).toEqual({ many: '501', who: 'Amina Admin' });

  // One of them is extended once more by hand: its own day stays with it.
  await lango.api.post(`/subscriptions/${first['id']}/extend`, { count: 1, unit: 'day' });
  await post(planned['id'], 'undo');
  expect(await settled(planned['id'], 'undone')).toMatchObject({ done: 0, undone: 501, kept: 0 });
  expect((await sub(first['id']))['expires_at']).toBe(later(first['expires_at'], 1));
}, 120_000);

test('what cannot be done is told beforehand, and what changed meanwhile is told afterwards', async () => {
  const running = await makeActive(lango.api);
  const pending = await makeSubscription(lango.api);
  const router = await makeRouter(lango.api);
  await openSession(lango.db, running['id'], { nas_id: router['id'] });
  const other = await makeActive(lango.api);
  const subscription_ids = [running['id'], pending['id'], other['id']];
  const run = await make(lango.api, '/bulk', { action: 'extend', days: 1, subscription_ids });
  expect(run).toMatchObject({ total: 3, planned: 2, online: 1, notes: { is_pending: 1 } });
  await lango.api.delete(`/clients/${other['client_id']}`);
  await post(run['id'], 'start');
  expect(await settled(run['id'], 'done')).toMatchObject({ done: 1, refused: 1 });
  expect(await rows(run['id'], 'refused')).toEqual([expect.objectContaining({ note: 'is_ended' })]);
  // By the router that failed.
  const met = await make(lango.api, '/bulk', { action: 'extend', days: 1, filter: { router_id: router['id'] } });
  expect((await rows(met['id'], 'will')).map((row) => row['subscription_id'])).toEqual([running['id']]);
  // By the words of the customer list: who is online, and whose service ends within three days.
  const online = await make(lango.api, '/bulk', { action: 'extend', days: 1, filter: { online: true } });
  expect((await rows(online['id'], 'will')).map((row) => row['subscription_id'])).toEqual([running['id']]);
  const soon = { q: String(running['username']), expires: 'three_days' };
  expect(await make(lango.api, '/bulk', { action: 'extend', days: 1, filter: soon })).toMatchObject({ planned: 1 });
  expect((await lango.api.delete(`/bulk/${met['id']}`)).status).toBe(204);
  expect((await lango.api.get(`/bulk/${met['id']}`)).status).toBe(404);
});

test('suspends and takes it back, except what somebody decided otherwise', async () => {
  const [one, two] = [await makeActive(lango.api), await makeActive(lango.api)];
  const run = await make(lango.api, '/bulk', {
    action: 'suspend',
    reason: 'mast down',
    client_ids: [one['client_id'], two['client_id']],
  });
  await post(run['id'], 'start');
  await settled(run['id'], 'done');
  expect((await sub(one['id']))['state']).toBe('suspended');
  await lango.api.post(`/subscriptions/${two['id']}/resume`);
  await lango.api.post(`/subscriptions/${two['id']}/suspend`, { reason: 'unpaid' });
  await post(run['id'], 'undo');
  expect(await settled(run['id'], 'undone')).toMatchObject({ undone: 1, kept: 1, notes: { changed_meanwhile: 1 } });
  expect((await sub(one['id']))['state']).toBe('active');
  expect((await sub(two['id']))['state']).toBe('suspended');
});

test('a run whose process was killed is taken up where it stood', async () => {
  const first = await makeActive(lango.api);
  await crowd(first, 60, 'killed-');
  const run = await make(lango.api, '/bulk', {
    action: 'extend',
    days: 1,
    filter: { package_id: first['package_id'] },
  });
  // As a killed process leaves it: at work, a first part done, and nobody at it.
  await lango.asOwner(`UPDATE bulk_row SET outcome = 'done' WHERE run_id = $1 AND seq <= 10`, [run['id']]);
  await lango.asOwner(
    `UPDATE bulk_run SET state = 'running', done = 10, beat_at = clock_timestamp() - interval '1 minute' WHERE id = $1`,
    [run['id']],
  );
  expect(await settled(run['id'], 'done')).toMatchObject({ done: 61, planned: 61 });
  const [moved] = await lango.asOwner<{ many: string }>(
    `SELECT count(*) AS many FROM subscription WHERE username LIKE 'killed-%' AND expires_at > lango_now() + interval '1 day 12 hours'`,
  );
  expect(Number(moved?.many)).toBe(51);
}, 90_000);

test('a run belongs to its company, and needs the right for what it does', async () => {
  const one = await makeActive(lango.api);
  const run = await make(lango.api, '/bulk', { action: 'suspend', reason: 'x', subscription_ids: [one['id']] });
  const theirs = await lango.addCompany();
  expect((await theirs.api.get(`/bulk/${run['id']}`)).status).toBe(404);
  expect((await theirs.api.post(`/bulk/${run['id']}/start`)).status).toBe(404);
  const stolen = await make(theirs.api, '/bulk', { action: 'extend', days: 1, subscription_ids: [one['id']] });
  expect(stolen).toMatchObject({ total: 0 });
  await lango.setRole(lango.company, 'sales');
  try {
    expect((await post(run['id'], 'start')).status).toBe(403);
    const asked = await lango.api.post('/bulk', { action: 'suspend', reason: 'x', subscription_ids: [one['id']] });
    expect(asked.status).toBe(403);
  } finally {
    await lango.setRole(lango.company, 'isp_admin');
  }
  for (const [body, field] of [
    [{ action: 'extend', subscription_ids: ['1'] }, 'days'],
    [{ action: 'suspend', filter: {} }, 'reason'],
    [{ action: 'extend', days: 1 }, 'filter'],
    [{ action: 'change_plan', when: 'now', filter: {} }, 'package_id'],
  ] as const) {
    const answer = await lango.api.post<Json>('/bulk', body);
    expect(answer).toMatchObject({ status: 422, body: { error: { fields: { [field]: expect.any(String) } } } });
  }
});

test('a message goes once to each person, whatever services they have, and not to those who want no news', async () => {
  const tenant = lango.company.tenantId.toString();
  const first = await makeActive(lango.api);
  await crowd(first, 3, 'told-');
  const people = await lango.asOwner<{ id: string; name: string }>(
    `SELECT id, name FROM subscriber WHERE name LIKE 'told-%' ORDER BY name`,
  );
  await lango.asOwner(
    `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username) SELECT $1, $2, current_version_id, 'told-second' FROM plan WHERE id = $3`,
    [tenant, people[0]!.id, first['package_id']],
  );
  await lango.asOwner(`INSERT INTO message_preference (tenant_id, subscriber_id, muted) VALUES ($1, $2, '{news}')`, [
    tenant,
    people[1]!.id,
  ]);
  const wanted = {
    action: 'message',
    text: 'Work on the mast tonight, {{name}}',
    client_ids: people.map(({ id }) => id),
  };
  expect((await lango.api.post<Json>('/bulk', { ...wanted, text: ' ' })).status).toBe(422);
  // Nobody carries messages for the company: each row says so, and nothing is kept of it.
  const alone = await make(lango.api, '/bulk', wanted);
  expect(alone).toMatchObject({ total: 4, planned: 3, notes: { once_per_person: 1 } });
  await post(alone['id'], 'start');
  expect(await settled(alone['id'], 'done')).toMatchObject({
    done: 0,
    refused: 3,
    notes: { no_provider: 2, muted: 1 },
  });

  await lango.asOwner(
    `INSERT INTO message_provider (tenant_id, provider, settings) VALUES ($1, 'africastalking', '{}')`,
    [tenant],
  );
  const run = await make(lango.api, '/bulk', wanted);
  await post(run['id'], 'start');
  expect(await settled(run['id'], 'done')).toMatchObject({ done: 2, refused: 1 });
  const queued = await lango.asOwner<{ kind: string; data: Json; name: string }>(
    `SELECT m.kind, m.data, c.name FROM message m JOIN subscriber c ON c.id = m.subscriber_id WHERE m.kind = 'notice' ORDER BY c.name`,
  );
  expect(queued.map(({ name }) => name)).toEqual(['told-1', 'told-3']);
  // As it was written: what looks like a template in it is text.
  expect(queued[0]?.data['text']).toBe('Work on the mast tonight, {{name}}');

  await lango.setRole(lango.company, 'technician');
  try {
    expect((await lango.api.post('/bulk', wanted)).status).toBe(403);
  } finally {
    await lango.setRole(lango.company, 'isp_admin');
  }
});
