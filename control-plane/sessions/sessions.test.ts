import { startTestLango, type TestLango } from '../test-kit/lango';
import { asOwner, make, makeActive, openSession, unique, type Json } from '../test-kit/story';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

type List = { items: Json[]; nextCursor: string | null };
const list = async (query: string) => (await lango.api.get<List>(`/sessions?${query}`)).body.items;

describe('sessions', () => {
  it('show what accounting knows, in the words of the contract', async () => {
    const router = await make(lango.api, '/routers', { name: unique('Mast'), address: '10.66.0.1', secret: 's' });
    const sub = await makeActive(lango.api);
    const id = await openSession(lango.db, sub['id'], { nas_id: router['id'], mac: 'AA:BB:CC:00:11:22' });
    await asOwner(
      lango.db,
      `UPDATE session_live SET input_bytes = 5000000000, output_bytes = 7, framed_ip = '100.64.0.9' WHERE radacctid = $1`,
      [id],
    );
    const [shown] = await list(`username=${sub['username']}`);
    expect(shown).toMatchObject({
      id,
      username: sub['username'],
      subscription_id: sub['id'],
      client_id: sub['client_id'],
      router_id: router['id'],
      router_name: router['name'],
      nas_address: '10.9.9.9',
      framed_ip: '100.64.0.9',
      mac: 'AA:BB:CC:00:11:22',
      stopped_at: null,
      terminate_cause: null,
      input_bytes: 5_000_000_000,
      output_bytes: 7,
    });
    expect((await lango.api.get(`/sessions/${id}`)).body).toEqual(shown);
    for (const query of [
      `router_id=${router['id']}`,
      `acct_session_id=${shown!['acct_session_id']}`,
      `subscription_id=${sub['id']}`,
      'q=100.64.0.9',
      'mac=aa:bb:cc:00:11:22',
    ]) {
      expect((await list(query)).map((s) => s['id'])).toEqual([id]);
    }
    expect((await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body).toMatchObject({ online_sessions: 1 });
  });

  it('closed are in the history, and not among the live', async () => {
    const sub = await makeActive(lango.api);
    const old = await openSession(lango.db, sub['id']);
    const live = await openSession(lango.db, sub['id']);
    await asOwner(
      lango.db,
      `UPDATE session_live SET stopped_at = lango_now(), terminate_cause = 'User-Request', closed_by = 'stop' WHERE radacctid = $1`,
      [old],
    );
    await asOwner(
      lango.db,
      `WITH gone AS (DELETE FROM session_live WHERE radacctid = $1 RETURNING *) INSERT INTO session_closed SELECT * FROM gone`,
      [old],
    );
    expect((await list(`subscription_id=${sub['id']}`)).map((s) => s['id'])).toEqual([live]);
    expect((await list(`subscription_id=${sub['id']}&state=all`)).map((s) => s['id'])).toEqual([live, old]);
    expect((await lango.api.get('/sessions?state=dead')).status).toBe(422);
    const refused = await lango.api.post<Json>(`/sessions/${old}/disconnect`);
    expect([refused.status, refused.body['error'].code]).toEqual([409, 'session_closed']);
  });

  it('disconnected by hand give an enforcement to watch; twice is once', async () => {
    const sub = await makeActive(lango.api);
    const id = await openSession(lango.db, sub['id']);
    const asked = await lango.api.post<Json>(`/sessions/${id}/disconnect`);
    expect(asked.status).toBe(202);
    const order = (await lango.api.get<Json>(`/enforcements/${asked.body['enforcement_id']}`)).body;
    expect(order).toMatchObject({
      kind: 'cut',
      state: 'open',
      reason: 'staff_disconnect',
      session_id: id,
      subscription_id: sub['id'],
      attempts: [],
    });
    expect((await lango.api.post<Json>(`/sessions/${id}/disconnect`)).body).toEqual(asked.body);
  });

  it('given a rate by hand', async () => {
    const id = await openSession(lango.db, (await makeActive(lango.api))['id']);
    const asked = await lango.api.post<Json>(`/sessions/${id}/rate`, { down_kbps: 2000, up_kbps: 1000 });
    expect(asked.status).toBe(202);
    expect((await lango.api.get<Json>(`/enforcements/${asked.body['enforcement_id']}`)).body).toMatchObject({
      kind: 'throttle',
      reason: 'staff_rate',
    });
    const wrong = await lango.api.post<Json>(`/sessions/${id}/rate`, { down_kbps: 0 });
    expect([wrong.status, Object.keys(wrong.body['error'].fields).sort()]).toEqual([422, ['down_kbps', 'up_kbps']]);
  });

  it('page by page, newest first, while new ones arrive', async () => {
    const sub = await makeActive(lango.api);
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift(await openSession(lango.db, sub['id']));
    const seen: string[] = [];
    let cursor = '';
    do {
      const page: List = (await lango.api.get<List>(`/sessions?subscription_id=${sub['id']}&limit=2${cursor}`)).body;
      seen.push(...page.items.map((s) => String(s['id'])));
      cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : '';
      await openSession(lango.db, sub['id']);
    } while (cursor);
    expect(seen).toEqual(ids);
  });

  it('of another company do not exist', async () => {
    const other = await lango.addCompany();
    const id = await openSession(lango.db, (await makeActive(other.api))['id']);
    const asked = await other.api.post<Json>(`/sessions/${id}/disconnect`);
    for (const answer of [
      await lango.api.get(`/sessions/${id}`),
      await lango.api.post(`/sessions/${id}/disconnect`),
      await lango.api.post(`/sessions/${id}/rate`, { down_kbps: 1, up_kbps: 1 }),
      await lango.api.get(`/enforcements/${asked.body['enforcement_id']}`),
    ]) {
      expect(answer.status).toBe(404);
    }
    expect((await list('limit=200&state=all')).map((s) => s['id'])).not.toContain(id);
  });
});

describe('enforcements', () => {
  it('tell every try and the proof', async () => {
    const sub = await makeActive(lango.api);
    const session = await openSession(lango.db, sub['id']);
    const { enforcement_id } = (await lango.api.post<Json>(`/sessions/${session}/disconnect`)).body;
    await asOwner(
      lango.db,
      `INSERT INTO enforcement_attempt (tenant_id, enforcement_id, via, outcome, error_cause, ms)
       SELECT tenant_id, id, via, outcome, cause, ms FROM enforcement, (VALUES ('disconnect', 'nak', 503, 12), ('disconnect', 'ack', NULL, 41)) AS a (via, outcome, cause, ms) WHERE id = $1`,
      [enforcement_id],
    );
    await asOwner(
      lango.db,
      `UPDATE enforcement SET state = 'proven', proven_by = 'stop', proven_at = lango_now(), closed_at = lango_now() WHERE id = $1`,
      [enforcement_id],
    );
    const shown = (await lango.api.get<Json>(`/enforcements/${enforcement_id}`)).body;
    expect(shown).toMatchObject({
      state: 'proven',
      proven_by: 'stop',
      attempts: [
        { via: 'disconnect', outcome: 'nak', error_cause: 503, ms: 12 },
        { via: 'disconnect', outcome: 'ack', ms: 41 },
      ],
    });
    expect(shown['attempts'][1]).not.toHaveProperty('error_cause');
    const by = async (query: string) =>
      (await lango.api.get<List>(`/enforcements?${query}`)).body.items.map((e) => e['id']);
    expect(await by(`session_id=${session}`)).toEqual([enforcement_id]);
    expect(await by(`subscription_id=${sub['id']}&state=open`)).toEqual([]);
    expect((await lango.api.get('/enforcements?session_id=abc')).status).toBe(422);
    expect((await lango.api.get('/enforcements/999999999')).status).toBe(404);
  });
});
