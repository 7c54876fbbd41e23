import { startTestLango, type TestLango } from '../test-kit/lango';
import { asOwner, makeActive, makePackage, makeSubscription, unique, type Json } from '../test-kit/story';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

const terms = (over: Json = {}): Json => ({
  name: unique('Home'),
  type: 'pppoe',
  price_cents: 150_000,
  currency: 'KES',
  validity: { count: 1, unit: 'month' },
  down_kbps: 10_000,
  up_kbps: 5_000,
  ...over,
});

describe('packages', () => {
  it('are created with the contract’s defaults and read back the same', async () => {
    const made = await lango.api.post<Json>('/packages', terms());
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      type: 'pppoe',
      price_cents: 150_000,
      validity: { count: 1, unit: 'month', ends: 'exact' },
      burst: null,
      quota_bytes: null,
      on_quota: 'cut',
      simultaneous_use: 1,
      interim_s: 300,
      version: 1,
    });
    expect((await lango.api.get(`/packages/${made.body['id']}`)).body).toEqual(made.body);
  });

  it('write their rates for the network with the subscriber’s upload first', async () => {
    const made = await makePackage(lango.api, {
      burst: { down_kbps: 20_000, up_kbps: 8_000, threshold_down_kbps: 9_000, time_s: 12 },
    });
    const rows = await asOwner(
      lango.db,
      `SELECT g.attribute, g.value FROM radgroupreply g JOIN plan p ON g.groupname = 'plan-' || p.current_version_id WHERE p.id = $1`,
      [made['id']],
    );
    expect(rows).toEqual(
      expect.arrayContaining([
        { attribute: 'Mikrotik-Rate-Limit', value: '5000k/10000k 8000k/20000k 5000k/9000k 12/12' },
        { attribute: 'Acct-Interim-Interval', value: '300' },
      ]),
    );
  });

  it.each<[string, Json, string]>([
    ['no name', { name: ' ' }, 'name'],
    ['a negative price', { price_cents: -1 }, 'price_cents'],
    ['half a cent', { price_cents: 0.5 }, 'price_cents'],
    ['a price as text', { price_cents: '100' }, 'price_cents'],
    ['an unknown type', { type: 'fibre' }, 'type'],
    ['an unknown unit', { validity: { count: 1, unit: 'year' } }, 'validity.unit'],
    ['no validity', { validity: { count: 0, unit: 'day' } }, 'validity.count'],
    ['no speed', { down_kbps: 0 }, 'down_kbps'],
    ['bytes beyond 2^53', { quota_bytes: 2 ** 54 }, 'quota_bytes'],
    ['throttling without a rate', { quota_bytes: 1000, on_quota: 'throttle' }, 'throttle_down_kbps'],
    ['a burst below the rate', { burst: { down_kbps: 1, up_kbps: 9_000 } }, 'burst.down_kbps'],
    ['an interim of a second', { interim_s: 1 }, 'interim_s'],
    ['a pool with a blank', { pool: 'my pool' }, 'pool'],
  ])('with %s are refused, naming the field', async (_what, over, field) => {
    const refused = await lango.api.post<Json>('/packages', terms(over));
    expect(refused.status).toBe(422);
    expect(Object.keys(refused.body['error'].fields)).toContain(field);
  });

  it('change by a new version that running subscriptions do not feel', async () => {
    const running = await makeActive(lango.api);
    const changed = await lango.api.patch<Json>(`/packages/${running['package_id']}`, {
      price_cents: 20_000,
      down_kbps: 20_000,
    });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ version: 2, price_cents: 20_000, down_kbps: 20_000, up_kbps: 5_000 });
    const after = (await lango.api.get<Json>(`/subscriptions/${running['id']}`)).body;
    expect(after).toMatchObject({ package_version: 1, price_cents: 10_000 });
    const renewed = (await lango.api.post<Json>(`/subscriptions/${running['id']}/renew`)).body;
    expect(renewed).toMatchObject({ package_version: 1 });
  });

  it('reach running subscriptions at their renewal when asked to', async () => {
    const running = await makeActive(lango.api);
    await lango.api.patch(`/packages/${running['package_id']}`, { price_cents: 30_000, existing: 'renewal' });
    expect((await lango.api.get<Json>(`/subscriptions/${running['id']}`)).body).toMatchObject({
      package_version: 1,
      price_cents: 30_000,
    });
    expect((await lango.api.post<Json>(`/subscriptions/${running['id']}/renew`)).body).toMatchObject({
      package_version: 2,
    });
  });

  it('keep their version when only the name changes, and clear a value with null', async () => {
    const made = await makePackage(lango.api, { quota_bytes: 1000 });
    const renamed = (await lango.api.patch<Json>(`/packages/${made['id']}`, { name: unique('Renamed') })).body;
    expect(renamed).toMatchObject({ version: 1, quota_bytes: 1000 });
    expect((await lango.api.patch<Json>(`/packages/${made['id']}`, { quota_bytes: null })).body).toMatchObject({
      version: 2,
      quota_bytes: null,
    });
  });

  it('refuse a change that would not make sense as a whole', async () => {
    const made = await makePackage(lango.api, { quota_bytes: 1000 });
    const refused = await lango.api.patch<Json>(`/packages/${made['id']}`, { on_quota: 'throttle' });
    expect(refused.status).toBe(422);
    expect(refused.body['error'].fields).toHaveProperty('throttle_up_kbps');
  });

  it('have names that differ, whatever their case, until archived', async () => {
    const made = await makePackage(lango.api);
    const twin = await lango.api.post<Json>('/packages', terms({ name: String(made['name']).toUpperCase() }));
    expect([twin.status, twin.body['error'].code]).toEqual([409, 'name_taken']);
    expect((await lango.api.delete(`/packages/${made['id']}`)).status).toBe(204);
    expect((await lango.api.post('/packages', terms({ name: made['name'] }))).status).toBe(201);
  });

  it('are off sale once deleted, and whoever runs on one renews it still', async () => {
    const running = await makeActive(lango.api);
    expect((await lango.api.delete(`/packages/${running['package_id']}`)).status).toBe(204);
    expect((await lango.api.get(`/packages/${running['package_id']}`)).status).toBe(404);
    expect((await lango.api.delete(`/packages/${running['package_id']}`)).status).toBe(404);
    const listed = (await lango.api.get<{ items: Json[] }>('/packages?limit=200')).body.items.map((item) => item['id']);
    expect(listed).not.toContain(running['package_id']);
    const sale = await lango.api.post<Json>('/subscriptions', {
      client_id: running['client_id'],
      package_id: running['package_id'],
      username: unique('late'),
      password: 'x',
    });
    expect([sale.status, Object.keys(sale.body['error'].fields)]).toEqual([422, ['package_id']]);
    expect((await lango.api.post(`/subscriptions/${running['id']}/renew`)).status).toBe(200);
  });

  it('list by page and by name', async () => {
    const word = unique('Zuku');
    for (const n of [1, 2, 3]) await makePackage(lango.api, { name: `${word} ${n}` });
    const first = (await lango.api.get<{ items: Json[]; nextCursor: string }>(`/packages?q=${word}&limit=2`)).body;
    const second = (
      await lango.api.get<{ items: Json[]; nextCursor: null }>(`/packages?q=${word}&limit=2&cursor=${first.nextCursor}`)
    ).body;
    expect([...first.items, ...second.items].map((item) => String(item['name']).slice(-1))).toEqual(['3', '2', '1']);
    expect(second.nextCursor).toBeNull();
  });

  it('of another company do not exist', async () => {
    const other = await lango.addCompany();
    const theirs = await makePackage(other.api);
    for (const answer of [
      await lango.api.get(`/packages/${theirs['id']}`),
      await lango.api.patch(`/packages/${theirs['id']}`, { price_cents: 1 }),
      await lango.api.delete(`/packages/${theirs['id']}`),
    ]) {
      expect(answer.status).toBe(404);
    }
    const mine = await makeSubscription(lango.api);
    const sale = await lango.api.post<Json>('/subscriptions', {
      client_id: mine['client_id'],
      package_id: theirs['id'],
      username: unique('thief'),
      password: 'x',
    });
    expect(sale.status).toBe(422);
    expect((await other.api.get(`/packages/${theirs['id']}`)).body).toEqual(theirs);
  });
});
