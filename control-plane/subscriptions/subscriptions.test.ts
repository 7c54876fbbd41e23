import { Client } from 'pg';
import { startTestLango, type TestLango } from '../test-kit/lango';
import {
  addUsage,
  asOwner,
  make,
  makeActive,
  makeClient,
  makePackage,
  makeSubscription,
  openSession,
  shiftClock,
  unique,
  type Json,
} from '../test-kit/story';
import { until } from '../test-kit/until';
import { subscriptionActions, subscriptionStates, isAllowed, type SubscriptionState } from './states';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());
afterEach(() => shiftClock(lango.db, '0'));

type List = { items: Json[]; nextCursor: string | null };
const show = async (id: string) => (await lango.api.get<Json>(`/subscriptions/${id}`)).body;
const act = (id: string, action: string, body?: Json) => lango.api.post<Json>(`/subscriptions/${id}/${action}`, body);
const ms = (iso: string) => new Date(iso).getTime();
const day = 86_400_000;
/** Kinds and reasons of the enforcement that a subscription's sessions were given, oldest first. */
const told = async (id: string) =>
  (await lango.api.get<List>(`/enforcements?subscription_id=${id}`)).body.items
    .map((e) => `${e['kind']} ${e['reason']}`)
    .reverse();
const password = async (username: string) =>
  (
    await asOwner(lango.db, `SELECT value FROM radcheck WHERE username = $1 AND attribute = 'Cleartext-Password'`, [
      username,
    ])
  ).map((row) => row['value']);

describe('a new subscription', () => {
  it('is pending, shows its terms and never its password', async () => {
    const made = await makeSubscription(lango.api, { quota_bytes: 5_000_000 });
    expect(made).toMatchObject({
      state: 'pending',
      starts_at: null,
      expires_at: null,
      quota_bytes: 5_000_000,
      used_bytes: 0,
      static_ip: null,
    });
    expect(JSON.stringify(made)).not.toContain('open-sesame');
    expect(await password(made['username'])).toEqual(['open-sesame']);
    expect((await lango.api.get<List>(`/clients/${made['client_id']}/subscriptions`)).body.items).toEqual([made]);
  });

  it.each(["o'brien", 'anna+home', 'two words', 'müller"', 'x\\y', '%', '名前', "a'; DROP TABLE subscription; --"])(
    'takes the username %s as it is',
    async (username) => {
      const made = await makeSubscription(lango.api, {}, { username });
      expect(made['username']).toBe(username);
      expect(await password(username)).toEqual(['open-sesame']);
      expect(
        (await lango.api.get<List>(`/subscriptions?username=${encodeURIComponent(username)}`)).body.items,
      ).toHaveLength(1);
    },
  );

  it.each<[string, Json, string]>([
    ['an empty username', { username: '' }, 'username'],
    ['a control character', { username: 'a\nb' }, 'username'],
    ['a NUL', { username: 'a\u0000b' }, 'username'],
    ['half a character', { username: 'a\ud800' }, 'username'],
    ['a blank at the end', { username: 'anna ' }, 'username'],
    ['a username too long for RADIUS', { username: 'ü'.repeat(128) }, 'username'],
    ['no password', { password: '' }, 'password'],
    ['a password of 129 bytes', { password: 'p'.repeat(129) }, 'password'],
    ['an address of the multicast range', { static_ip: '224.0.0.1' }, 'static_ip'],
    ['a network as an address', { static_ip: '10.0.0.0/8' }, 'static_ip'],
    ['half a MAC', { mac_lock: 'AA:BB:CC' }, 'mac_lock'],
    ['a MAC in other words', { mac_lock: 'my AA:BB:CC:DD:EE:FF' }, 'mac_lock'],
    ['an unknown client', { client_id: '999999999' }, 'client_id'],
    ['an unknown package', { package_id: 'abc' }, 'package_id'],
  ])('is refused with %s', async (_what, wrong, field) => {
    const client = await makeClient(lango.api);
    const sold = await makePackage(lango.api);
    const refused = await lango.api.post<Json>('/subscriptions', {
      client_id: client['id'],
      package_id: sold['id'],
      username: unique('u'),
      password: 'p',
      ...wrong,
    });
    expect(refused.status).toBe(422);
    expect(Object.keys(refused.body['error'].fields)).toEqual([field]);
  });

  it('needs a username and an address of its own, within the company', async () => {
    const made = await makeSubscription(lango.api, {}, { static_ip: '10.20.30.40', mac_lock: 'aa-bb-cc-dd-ee-ff' });
    expect(made).toMatchObject({ static_ip: '10.20.30.40', mac_lock: 'AA:BB:CC:DD:EE:FF' });
    const sale = { client_id: made['client_id'], package_id: made['package_id'], password: 'p' };
    const twin = await lango.api.post<Json>('/subscriptions', { ...sale, username: made['username'] });
    expect([twin.status, twin.body['error'].code, Object.keys(twin.body['error'].fields)]).toEqual([
      409,
      'username_taken',
      ['username'],
    ]);
    const neighbour = await lango.api.post<Json>('/subscriptions', {
      ...sale,
      username: unique('n'),
      static_ip: '10.20.30.40',
    });
    expect([neighbour.status, neighbour.body['error'].code]).toEqual([409, 'static_ip_taken']);
    const other = await lango.addCompany();
    await makeSubscription(other.api, {}, { username: made['username'], static_ip: '10.20.30.40' });
  });

  it('asked for five times at once is made once', async () => {
    const client = await makeClient(lango.api);
    const sold = await makePackage(lango.api);
    const body = { client_id: client['id'], package_id: sold['id'], username: unique('race'), password: 'p' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => lango.api.post<Json>('/subscriptions', body)));
    expect(answers.map((a) => a.status).sort((a, b) => a - b)).toEqual([201, 409, 409, 409, 409]);
    const keyed = { ...body, username: unique('keyed') };
    const twice = await Promise.all(
      [1, 2].map(() => lango.api.post<Json>('/subscriptions', keyed, { 'Idempotency-Key': unique('key') })),
    );
    expect(twice.map((a) => a.status).sort((a, b) => a - b)).toEqual([201, 409]);
    const key = unique('same');
    const same = await Promise.all(
      [1, 2].map(() => lango.api.post<Json>('/subscriptions', { ...body, username: key }, { 'Idempotency-Key': key })),
    );
    expect(same.map((a) => a.status)).toEqual([201, 201]);
    expect(same[0]!.body).toEqual(same[1]!.body);
  });
});

describe('time', () => {
  it('begins at activation and ends at the second', async () => {
    const sub = await makeActive(lango.api);
    expect(sub['state']).toBe('active');
    expect(ms(sub['expires_at']) - ms(sub['starts_at'])).toBe(day);
    await shiftClock(lango.db, '23 hours 59 minutes');
    expect(await show(sub['id'])).toMatchObject({ state: 'active' });
    await shiftClock(lango.db, '1 day 1 second');
    expect(await show(sub['id'])).toMatchObject({ state: 'expired' });
  });

  it('in grace is still service', async () => {
    const sub = await makeActive(lango.api, { grace_s: 3600 });
    await shiftClock(lango.db, '1 day 10 minutes');
    expect(await show(sub['id'])).toMatchObject({
      state: 'grace',
      valid_until: new Date(ms(sub['expires_at']) + 3_600_000).toISOString(),
    });
    await shiftClock(lango.db, '1 day 61 minutes');
    expect(await show(sub['id'])).toMatchObject({ state: 'expired' });
  });

  it('renewed early is added to the old end, with fresh data and what was left of the old', async () => {
    const sub = await makeActive(lango.api, { quota_bytes: 1000 });
    await addUsage(lango.db, sub['id'], 300);
    await openSession(lango.db, sub['id']);
    const renewed = (await act(sub['id'], 'renew')).body;
    expect(ms(renewed['expires_at']) - ms(sub['expires_at'])).toBe(day);
    expect(renewed).toMatchObject({ state: 'active', starts_at: sub['starts_at'], quota_bytes: 1700, used_bytes: 0 });
    expect(await told(sub['id'])).toEqual(['refresh renewed']);
  });

  it('renewed late starts now', async () => {
    const sub = await makeActive(lango.api, { quota_bytes: 1000 });
    await shiftClock(lango.db, '3 days');
    const renewed = (await act(sub['id'], 'renew')).body;
    expect(renewed).toMatchObject({ state: 'active', quota_bytes: 1000, used_bytes: 0 });
    expect(ms(renewed['expires_at']) - ms(renewed['starts_at'])).toBe(day);
    expect(ms(renewed['starts_at'])).toBeGreaterThan(ms(sub['expires_at']));
  });

  it('extended runs on from its end, or from now when that has passed', async () => {
    const sub = await makeActive(lango.api);
    await openSession(lango.db, sub['id']);
    const longer = (await act(sub['id'], 'extend', { count: 6, unit: 'hour' })).body;
    expect(ms(longer['expires_at']) - ms(sub['expires_at'])).toBe(6 * 3_600_000);
    expect(await told(sub['id'])).toEqual(['refresh extended']);
    await shiftClock(lango.db, '10 days');
    const revived = (await act(sub['id'], 'extend', { count: 1, unit: 'hour' })).body;
    expect(revived['state']).toBe('active');
    expect((await act(sub['id'], 'extend', { count: 0, unit: 'hour' })).status).toBe(422);
    expect((await act(sub['id'], 'extend', { count: 1, unit: 'fortnight' })).status).toBe(422);
  });

  it('stands still in a pause, and what was left is given back', async () => {
    const sub = await makeActive(lango.api);
    await openSession(lango.db, sub['id']);
    await shiftClock(lango.db, '6 hours');
    expect((await act(sub['id'], 'pause')).body).toMatchObject({ state: 'paused' });
    expect(await told(sub['id'])).toEqual(['cut paused']);
    await shiftClock(lango.db, '30 days');
    const resumed = (await act(sub['id'], 'resume')).body;
    expect(resumed['state']).toBe('active');
    const left = ms(resumed['expires_at']) - (Date.now() + 30 * day);
    expect(Math.abs(left - 18 * 3_600_000)).toBeLessThan(10_000);
  });

  it('runs on in a suspension, which returns to what was before', async () => {
    const sub = await makeActive(lango.api);
    await openSession(lango.db, sub['id']);
    expect((await act(sub['id'], 'suspend', { reason: 'cable cut' })).body).toMatchObject({
      state: 'suspended',
      suspended_reason: 'cable cut',
    });
    expect(await told(sub['id'])).toEqual(['cut suspended']);
    expect((await act(sub['id'], 'suspend', { reason: ' ' })).status).toBe(422);
    expect((await act(sub['id'], 'resume')).body).toMatchObject({
      state: 'active',
      suspended_reason: null,
      expires_at: sub['expires_at'],
    });
    const pending = await makeSubscription(lango.api);
    await act(pending['id'], 'suspend', { reason: 'papers' });
    expect((await act(pending['id'], 'resume')).body).toMatchObject({ state: 'pending' });
    await act(sub['id'], 'pause');
    await act(sub['id'], 'suspend', { reason: 'papers' });
    expect((await act(sub['id'], 'resume')).body).toMatchObject({ state: 'paused' });
  });
});

describe('the state table', () => {
  const paths: Partial<Record<string, [string, Json?]>> = {
    activate: ['activate'],
    renew: ['renew'],
    extend: ['extend', { count: 1, unit: 'hour' }],
    suspend: ['suspend', { reason: 'test' }],
    resume: ['resume'],
    pause: ['pause'],
    top_up: ['top-up', { bytes: 10_000 }],
  };

  const sold: Record<string, Json> = {};
  let buyer: Json | undefined;

  /** Brings a fresh subscription into a state by the ways people have. */
  async function bring(state: SubscriptionState): Promise<string> {
    const throttles =
      state === 'throttled' ? { on_quota: 'throttle', throttle_down_kbps: 100, throttle_up_kbps: 100 } : {};
    const terms = { quota_bytes: 1000, grace_s: state === 'grace' ? 7200 : 0, ...throttles };
    const kind = JSON.stringify(terms);
    sold[kind] ??= await makePackage(lango.api, terms);
    buyer ??= await makeClient(lango.api);
    const sale = { client_id: buyer['id'], package_id: sold[kind]['id'], username: unique('state'), password: 'p' };
    const id = String((await make(lango.api, '/subscriptions', sale))['id']);
    if (state === 'pending') return id;
    await act(id, 'activate');
    if (state === 'throttled' || state === 'capped') await addUsage(lango.db, id, 2000);
    if (state === 'suspended') await act(id, 'suspend', { reason: 'test' });
    if (state === 'paused') await act(id, 'pause');
    if (state === 'ended') await asOwner(lango.db, `UPDATE subscription SET status = 'ended' WHERE id = $1`, [id]);
    if (state === 'expired' || state === 'grace') await shiftClock(lango.db, '25 hours');
    expect((await show(id))['state']).toBe(state);
    return id;
  }

  it.each(subscriptionStates)(
    'allows and refuses for %s exactly what it says',
    async (state) => {
      for (const action of subscriptionActions) {
        const path = paths[action];
        if (!path) continue;
        await shiftClock(lango.db, '0');
        const id = await bring(state);
        const answer = await act(id, ...path);
        expect([action, answer.status]).toEqual([action, isAllowed(state, action) ? 200 : 409]);
        if (answer.status === 409) {
          expect(answer.body['error']).toMatchObject({ code: `is_${state}`, message: expect.stringContaining(':') });
          expect((await show(id))['state']).toBe(state);
        }
      }
    },
    90_000,
  );
});

describe('the list', () => {
  it('filters by state, client, package and words', async () => {
    const active = await makeActive(lango.api);
    const pending = await makeSubscription(lango.api);
    const ids = async (query: string) =>
      (await lango.api.get<List>(`/subscriptions?limit=200&${query}`)).body.items.map((s) => s['id']);
    expect(await ids('state=pending')).toContain(pending['id']);
    expect(await ids('state=pending')).not.toContain(active['id']);
    expect(await ids(`client_id=${active['client_id']}`)).toEqual([active['id']]);
    expect(await ids(`package_id=${pending['package_id']}`)).toEqual([pending['id']]);
    expect(await ids(`q=${String(active['username']).slice(1).toUpperCase()}`)).toEqual([active['id']]);
    expect((await lango.api.get('/subscriptions?state=happy')).status).toBe(422);
  });
});

it('every change stands in the audit, without any password', async () => {
  const sub = await makeSubscription(lango.api, {}, { password: 'top-secret-word' });
  await act(sub['id'], 'activate');
  await lango.api.patch(`/subscriptions/${sub['id']}`, { password: 'other-secret-word' });
  const events = await asOwner(
    lango.db,
    `SELECT action, actor_name, detail FROM audit_event WHERE subject_type = 'subscription' AND subject_id = $1 ORDER BY id`,
    [sub['id']],
  );
  expect(events.map((e) => e['action'])).toEqual([
    'subscriptions.create',
    'subscriptions.activate',
    'subscriptions.change',
  ]);
  expect(JSON.stringify(events)).not.toContain('secret-word');
});

it('another company’s subscription does not exist', async () => {
  const other = await lango.addCompany();
  const theirs = await makeActive(other.api, { quota_bytes: 1000 });
  for (const [path, body] of [
    ['activate'],
    ['renew'],
    ['extend', { count: 1, unit: 'day' }],
    ['suspend', { reason: 'x' }],
    ['resume'],
    ['pause'],
    ['change-plan', { package_id: theirs['package_id'], when: 'now' }],
    ['top-up', { bytes: 1 }],
  ] as const) {
    expect([path, (await act(theirs['id'], path, body)).status]).toEqual([path, 404]);
  }
  expect((await lango.api.get(`/subscriptions/${theirs['id']}`)).status).toBe(404);
  expect((await lango.api.patch(`/subscriptions/${theirs['id']}`, { password: 'x' })).status).toBe(404);
  expect((await lango.api.get(`/subscriptions/${theirs['id']}/usage`)).status).toBe(404);
  expect((await other.api.get<Json>(`/subscriptions/${theirs['id']}`)).body).toEqual(theirs);
});

test('nothing is sold to a client who is being removed at this moment', async () => {
  const client = await makeClient(lango.api);
  const sold = await makePackage(lango.api);
  const remover = new Client({ connectionString: lango.db.ownerUrl });
  await remover.connect();
  try {
    await remover.query('BEGIN');
    await remover.query('UPDATE subscriber SET deleted_at = now() WHERE id = $1', [client['id']]);
    const selling = lango.api.post<Json>('/subscriptions', {
      client_id: client['id'],
      package_id: sold['id'],
      username: unique('late'),
      password: 'open-sesame',
    });
    await until(
      () =>
        asOwner(
          lango.db,
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        ),
      (waiting) => waiting.length > 0,
    );
    await remover.query('COMMIT');
    expect(await selling).toMatchObject({
      status: 422,
      body: { error: { fields: { client_id: expect.any(String) } } },
    });
  } finally {
    await remover.end();
  }
});
