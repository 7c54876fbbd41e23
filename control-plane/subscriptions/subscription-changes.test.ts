import { startTestLango, type TestLango } from '../test-kit/lango';
import {
  addUsage,
  asOwner,
  makeActive,
  makePackage,
  openSession,
  shiftClock,
  unique,
  type Json,
} from '../test-kit/story';

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

describe('data', () => {
  it('used up is capped, or throttled where the plan says so; a top-up serves again', async () => {
    const cut = await makeActive(lango.api, { quota_bytes: 1000 });
    const slow = await makeActive(lango.api, {
      quota_bytes: 1000,
      on_quota: 'throttle',
      throttle_down_kbps: 512,
      throttle_up_kbps: 256,
    });
    for (const [sub, state, mode] of [
      [cut, 'capped', 'garden'],
      [slow, 'throttled', 'throttled'],
    ] as const) {
      await openSession(lango.db, sub['id'], { mode });
      await addUsage(lango.db, sub['id'], 1000);
      expect(await show(sub['id'])).toMatchObject({ state, used_bytes: 1000 });
      expect((await act(sub['id'], 'top-up', { bytes: 500 })).body).toMatchObject({
        state: 'active',
        quota_bytes: 1500,
        used_bytes: 1000,
      });
      expect(await told(sub['id'])).toEqual(['restore topped_up']);
    }
    expect((await act(cut['id'], 'top-up', { bytes: 0 })).status).toBe(422);
    const unlimited = await makeActive(lango.api);
    expect((await act(unlimited['id'], 'top-up', { bytes: 5 })).body['error'].code).toBe('unlimited');
  });
});

describe('a change of plan', () => {
  it('now: speed and data at once, expiry and used bytes stay', async () => {
    const sub = await makeActive(lango.api, { quota_bytes: 1000 });
    await addUsage(lango.db, sub['id'], 900);
    await openSession(lango.db, sub['id']);
    const bigger = await makePackage(lango.api, { quota_bytes: 9000, down_kbps: 50_000 });
    const changed = (await act(sub['id'], 'change-plan', { package_id: bigger['id'], when: 'now' })).body;
    expect(changed).toMatchObject({
      package_id: bigger['id'],
      quota_bytes: 9000,
      used_bytes: 900,
      expires_at: sub['expires_at'],
      next_package_id: null,
    });
    expect(await told(sub['id'])).toEqual(['refresh plan_changed']);
    const [group] = await asOwner(lango.db, 'SELECT groupname FROM radusergroup WHERE username = $1', [
      sub['username'],
    ]);
    expect(group!['groupname']).toMatch(/^plan-\d+$/);
  });

  it('at renewal: nothing now, the new plan and price with the next purchase', async () => {
    const sub = await makeActive(lango.api);
    const next = await makePackage(lango.api, { price_cents: 70_000, validity: { count: 7, unit: 'day' } });
    const chosen = (await act(sub['id'], 'change-plan', { package_id: next['id'], when: 'renewal' })).body;
    expect(chosen).toMatchObject({ package_id: sub['package_id'], next_package_id: next['id'], price_cents: 70_000 });
    const renewed = (await act(sub['id'], 'renew')).body;
    expect(renewed).toMatchObject({ package_id: next['id'], next_package_id: null });
    expect(ms(renewed['expires_at']) - ms(sub['expires_at'])).toBe(7 * day);
    expect((await act(sub['id'], 'change-plan', { package_id: '99999999', when: 'now' })).status).toBe(422);
    expect((await act(sub['id'], 'change-plan', { package_id: next['id'], when: 'soon' })).status).toBe(422);
  });
});

describe('changing credentials', () => {
  it('a new password is for the next login; the session goes on', async () => {
    const sub = await makeActive(lango.api);
    await openSession(lango.db, sub['id']);
    const changed = await lango.api.patch<Json>(`/subscriptions/${sub['id']}`, { password: 'new "secret"+' });
    expect([changed.status, JSON.stringify(changed.body).includes('secret')]).toEqual([200, false]);
    expect(await password(sub['username'])).toEqual(['new "secret"+']);
    expect(await told(sub['id'])).toEqual([]);
  });

  it('a new username takes the password along and cuts the session', async () => {
    const sub = await makeActive(lango.api);
    await openSession(lango.db, sub['id']);
    const username = unique('renamed');
    expect((await lango.api.patch<Json>(`/subscriptions/${sub['id']}`, { username })).body).toMatchObject({ username });
    expect([await password(username), await password(sub['username'])]).toEqual([['open-sesame'], []]);
    expect(await told(sub['id'])).toEqual(['cut username_changed']);
    const other = await makeActive(lango.api);
    const clash = await lango.api.patch<Json>(`/subscriptions/${other['id']}`, { username });
    expect([clash.status, Object.keys(clash.body['error'].fields)]).toEqual([409, ['username']]);
  });

  it('an address or a lock acts on the sessions it concerns; what did not change tells nobody', async () => {
    const sub = await makeActive(lango.api);
    await openSession(lango.db, sub['id'], { mac: 'AA:AA:AA:AA:AA:AA' });
    await lango.api.patch(`/subscriptions/${sub['id']}`, { mac_lock: 'aaaa.aaaa.aaaa', username: sub['username'] });
    expect(await told(sub['id'])).toEqual([]);
    await lango.api.patch(`/subscriptions/${sub['id']}`, { mac_lock: 'BB:BB:BB:BB:BB:BB' });
    expect(await told(sub['id'])).toEqual(['cut mac_lock_changed']);
    const fixed = await makeActive(lango.api);
    await openSession(lango.db, fixed['id']);
    await lango.api.patch(`/subscriptions/${fixed['id']}`, { static_ip: '10.77.0.7' });
    expect(await told(fixed['id'])).toEqual(['cut static_ip_changed']);
    expect(await asOwner(lango.db, `SELECT value FROM radreply WHERE username = $1`, [fixed['username']])).toEqual([
      { value: '10.77.0.7' },
    ]);
  });

  it('is refused when somebody else changed it meanwhile', async () => {
    const sub = await makeActive(lango.api);
    await act(sub['id'], 'renew');
    const late = await lango.api.patch<Json>(`/subscriptions/${sub['id']}`, {
      mac_lock: null,
      version: sub['version'],
    });
    expect([late.status, late.body['error'].code]).toEqual([409, 'changed_meanwhile']);
  });
});

describe('addressing', () => {
  it('refuses what no router could use, and a prefix that another customer has', async () => {
    const sold = await makeActive(lango.api, {}, { framed_ipv6_prefix: '2001:db8:77::/56' });
    const patch = (body: Json) => lango.api.patch<Json>(`/subscriptions/${sold['id']}`, body);
    for (const [field, value] of Object.entries({
      routes: ['10.0.0.0/33'],
      framed_ipv6_prefix: '2001:db8::1/48',
      delegated_ipv6_prefix: '10.0.0.0/8',
    })) {
      const refused = await patch({ [field]: value });
      expect([refused.status, Object.keys(refused.body['error'].fields)[0]]).toEqual([
        422,
        expect.stringContaining(field),
      ]);
    }
    const other = await makeActive(lango.api);
    const taken = await lango.api.patch<Json>(`/subscriptions/${other['id']}`, {
      delegated_ipv6_prefix: '2001:db8:77:40::/60',
    });
    expect([taken.status, taken.body['error'].code]).toEqual([409, 'delegated_ipv6_prefix_taken']);
  });
});
