import type { ApiClient } from '../test-kit/api-client';
import type { LoginOutcome } from '../test-kit/mikrotik';
import { make, makeClient, makePackage, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { startWhole, type KnownRouter, type Whole } from '../test-kit/whole';

/** Two companies on one installation that chose the same words for everything, and must never notice each other. */
let lango: Whole;
let other: ApiClient;
let mine: KnownRouter;
let theirs: KnownRouter;
const identity = unique('Main Tower');
beforeAll(async () => {
  lango = await startWhole();
  other = await lango.addCompany('Second Company');
  mine = await lango.addRouter({ identity });
  theirs = await lango.addRouter({ identity }, {}, other);
}, 90_000);
afterAll(() => lango.stop(), 30_000);

type List = { items: Json[] };
const username = 'wanjiru@home';
const dial = (router: KnownRouter, password: string): Promise<LoginOutcome> =>
  router.device.connectPppoe({ username, password, authentication: 'chap' });

async function sell(api: ApiClient, password: string, terms: Json): Promise<Json> {
  const client = await makeClient(api, { name: 'Wanjiru', phone: '0712345678' });
  const sold = await makePackage(api, { name: 'Home', ...terms });
  const made = await make(api, '/subscriptions', {
    client_id: client['id'],
    package_id: sold['id'],
    username,
    password,
  });
  return (await api.post<Json>(`/subscriptions/${made['id']}/activate`)).body;
}

it('one username in both: each router lets in its own, with its own password and speed, counted apart', async () => {
  const a = await sell(lango.api, 'alpha', { down_kbps: 10_000, up_kbps: 1_000 });
  const b = await sell(other, 'beta', { down_kbps: 20_000, up_kbps: 2_000 });
  const here = await dial(mine, 'alpha');
  const there = await dial(theirs, 'beta');
  if (here.kind !== 'online' || there.kind !== 'online') throw new Error('not online');
  expect([here, there].map((login) => login.session.entitlement.rateLimit?.down_bps)).toEqual([10_000_000, 20_000_000]);
  expect((await dial(mine, 'beta')).kind).toBe('rejected');
  expect((await dial(theirs, 'alpha')).kind).toBe('rejected');

  here.session.addTraffic(1, 1_000);
  there.session.addTraffic(2, 2_000);
  await Promise.all([here.session.interim(), there.session.interim()]);
  for (const [api, sub, bytes, own] of [
    [lango.api, a, 1_001, mine],
    [other, b, 2_002, theirs],
  ] as const) {
    const shown = await until(
      async () => (await api.get<Json>(`/subscriptions/${sub['id']}`)).body,
      (s) => s['used_bytes'] > 0,
    );
    expect(shown).toMatchObject({ used_bytes: bytes, online_sessions: 1 });
    const sessions = (await api.get<List>('/sessions?state=all&limit=200')).body.items;
    expect(sessions).toMatchObject([{ username, router_id: own.id, subscription_id: sub['id'] }]);
  }
}, 40_000);

it('suspending one leaves the other online, and neither can touch what is the other’s', async () => {
  const [a] = (await lango.api.get<List>(`/subscriptions?username=${encodeURIComponent(username)}`)).body.items;
  const [b] = (await other.get<List>(`/subscriptions?username=${encodeURIComponent(username)}`)).body.items;
  const [session] = (await other.get<List>('/sessions')).body.items;
  for (const answer of [
    await lango.api.post(`/sessions/${session!['id']}/disconnect`),
    await lango.api.post(`/subscriptions/${b!['id']}/suspend`, { reason: 'not mine' }),
    await lango.api.get(`/routers/${theirs.id}`),
    await lango.api.get(`/clients/${b!['client_id']}`),
  ]) {
    expect(answer.status).toBe(404);
  }
  await lango.api.post(`/subscriptions/${a!['id']}/suspend`, { reason: 'unpaid' });
  await until(
    async () => mine.device.session(username),
    (live) => live === undefined,
    10_000,
  );
  expect(theirs.device.session(username)?.live).toBe(true);
  expect((await other.get<List>('/enforcements')).body.items).toEqual([]);
}, 30_000);

const twoSeconds = () => new Promise((resolve) => setTimeout(resolve, 2_000));

it('a router deleted by one is silent within two seconds; the other’s of the same name serves on', async () => {
  expect((await lango.api.delete(`/routers/${mine.id}`)).status).toBe(204);
  await twoSeconds();
  expect((await dial(mine, 'alpha')).kind).toBe('timeout');
  await theirs.device.session(username)?.logout();
  expect((await dial(theirs, 'beta')).kind).toBe('online');
}, 30_000);

it('a changed secret acts within two seconds', async () => {
  expect((await other.patch(`/routers/${theirs.id}`, { secret: 'another' })).status).toBe(200);
  await twoSeconds();
  expect((await dial(theirs, 'beta')).kind).toBe('timeout');
  expect((await other.patch(`/routers/${theirs.id}`, { secret: theirs.secret })).status).toBe(200);
  await twoSeconds();
  expect((await dial(theirs, 'wrong')).kind).toBe('rejected');
}, 30_000);
