import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, makeRouter } from '../test-kit/story';

let lango: TestLango;
let sessionId: string;
let enforcementId: string;

beforeAll(async () => {
  lango = await startTestLango();
  const { api } = lango.company;
  const subscription = await makeActive(api);
  const router = await makeRouter(api);
  const [session] = await lango.asOwner<{ id: string }>(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at, mode)
     SELECT tenant_id, $2, 'a1', id, username, '127.0.0.1', now(), now(), now(), 'full' FROM subscription WHERE id = $1 RETURNING radacctid AS id`,
    [subscription.id, router.id],
  );
  sessionId = session!.id;
  await api.post(`/subscriptions/${subscription.id}/suspend`, { reason: 'test' });
  const [row] = await lango.asOwner<{ id: string }>(
    `UPDATE enforcement SET created_at = created_at - interval '11 seconds' WHERE session_id = $1 RETURNING id`,
    [sessionId],
  );
  enforcementId = row!.id;
  await lango.asOwner(
    `INSERT INTO enforcement_attempt (tenant_id, enforcement_id, via, outcome, ms, detail)
     SELECT tenant_id, id, 'api', 'nak', 12, 'not enough permissions (9)' FROM enforcement WHERE id = $1`,
    [enforcementId],
  );
});
afterAll(() => lango.stop());

test('a session that goes on though its service was suspended is counted and listed as a free rider', async () => {
  const { status, body } = await lango.company.api.get('/enforcements/undone');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    free_riders: 1,
    held_back: 0,
    items: [{ what: 'free_rider', session_id: sessionId, enforcement_id: enforcementId }],
  });
});

test('an order tells each try and what the router said', async () => {
  const { body } = await lango.company.api.get(`/enforcements/${enforcementId}`);
  expect(body).toMatchObject({
    kind: 'cut',
    state: 'open',
    attempts: [{ via: 'api', outcome: 'nak', ms: 12, detail: 'not enough permissions (9)' }],
  });
});

test('another company sees none of it', async () => {
  const other = await lango.addCompany();
  expect((await other.api.get('/enforcements/undone')).body).toMatchObject({ free_riders: 0, items: [] });
  expect((await other.api.get(`/enforcements/${enforcementId}`)).status).toBe(404);
});

test('/metrics counts it over all companies', async () => {
  const text = await (await fetch(`${lango.baseUrl}/metrics`)).text();
  expect(text).toMatch(/^lango_free_riders 1$/m);
  expect(text).toMatch(/^lango_held_back 0$/m);
});
