import type { LoginOutcome, Session, SimulatedMikrotik } from '../test-kit/mikrotik';
import { stopwatch } from '../test-kit/stopwatch';
import { makeActive, makePackage, makeSubscription, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { startWhole, type Whole } from '../test-kit/whole';

/** From the first shilling to bytes on the wire and back: the whole product as it is started, and a simulated router. */
let lango: Whole;
let router: SimulatedMikrotik;
beforeAll(async () => {
  lango = await startWhole();
  router = (await lango.addRouter()).device;
}, 90_000);
afterAll(() => lango.stop(), 30_000);
jest.setTimeout(60_000);

type List = { items: Json[] };
const show = async (id: string) => (await lango.api.get<Json>(`/subscriptions/${id}`)).body;
const sessionsOf = async (sub: Json) => (await lango.api.get<List>(`/sessions?username=${sub['username']}`)).body.items;
const pay = async (subscription_id: string, amount_cents = 10_000): Promise<Json> => {
  const paid = await lango.api.post<Json>('/billing/transactions', {
    subscription_id,
    amount_cents,
    method: 'cash',
    reference: unique('R'),
  });
  expect(paid.status).toBe(201);
  return paid.body;
};
const dial = (username: string): Promise<LoginOutcome> =>
  router.connectPppoe({ username, password: 'open-sesame', authentication: 'mschap2' });
/** The subscriber's session once it is as wanted; whoever is thrown off or refused dials again, as a CPE does. */
const reach = (username: string, wanted: (session: Session) => boolean): Promise<Session> =>
  until(
    async () => {
      const live = router.session(username);
      if (live) return live;
      const login = await dial(username);
      return login.kind === 'online' ? login.session : undefined;
    },
    (session) => session !== undefined && session.live && wanted(session),
  ).then((session) => session as Session);
const isGarden = (session: Session) => session.entitlement.addressLists.includes('expired');
const isFull = (session: Session) => !isGarden(session) && session.entitlement.rateLimit?.down_bps === 10_000_000;

function online(login: LoginOutcome): Session {
  if (login.kind !== 'online') throw new Error(`not online: ${JSON.stringify(login)}`);
  return login.session;
}

it('money opens the gate: the pay page before, service within a second after, counted to the byte', async () => {
  const sub = await makeSubscription(lango.api);
  const before = online(await dial(sub['username']));
  expect(isGarden(before)).toBe(true);
  expect(before.entitlement.messages.join()).toContain('pay');
  const sincePaid = stopwatch();
  await pay(sub['id']);
  const full = await reach(sub['username'], isFull);
  expect(sincePaid()).toBeLessThan(3_000);
  expect(full.entitlement.rateLimit).toMatchObject({ up_bps: 5_000_000, down_bps: 10_000_000 });
  await count(full, sub);
});

/** Bytes on the wire are bytes in the API, live and afterwards. */
async function count(session: Session, sub: Json): Promise<void> {
  session.addTraffic(1_234_567, 7_654_321_000);
  await session.interim();
  const live = await until(
    () => sessionsOf(sub),
    (items) => items[0]?.['output_bytes'] > 0,
  );
  expect(live).toMatchObject([
    {
      subscription_id: sub['id'],
      input_bytes: 1_234_567,
      output_bytes: 7_654_321_000,
      acct_session_id: session.id,
      stopped_at: null,
    },
  ]);
  session.addTraffic(3, 4);
  await session.logout();
  const done = await until(
    () => show(sub['id']),
    (s) => s['online_sessions'] === 0,
  );
  expect(done['used_bytes']).toBe(1_234_567 + 7_654_321_000 + 7);
  for (const by of ['hour', 'day', 'cycle']) {
    const { items } = (await lango.api.get<List>(`/subscriptions/${sub['id']}/usage?by=${by}`)).body;
    const sum = (name: string) => items.reduce((total, item) => total + item[name], 0);
    expect([by, sum('input_bytes'), sum('output_bytes')]).toEqual([by, 1_234_570, 7_654_321_004]);
  }
}

it('expiry shuts it at its second, the pay page is all that is left, and a payment gives the line back', async () => {
  const sub = await makeActive(lango.api, { validity: { count: 5, unit: 'second' } });
  const session = await reach(sub['username'], isFull);
  const expires = new Date(sub['expires_at']).getTime();
  await new Promise((resolve) => setTimeout(resolve, expires - Date.now()));
  const late = stopwatch();
  await until(
    async () => session.live,
    (live) => !live,
  );
  expect(late()).toBeLessThan(3_000);

  const garden = await reach(sub['username'], isGarden);
  await until(
    () => sessionsOf(sub),
    (items) => items[0]?.['mode'] === 'garden',
  );

  const mark = router.events.position;
  const sincePaid = stopwatch();
  await lango.api.post(`/subscriptions/${sub['id']}/change-plan`, {
    package_id: (await makePackage(lango.api))['id'],
    when: 'renewal',
  });
  await pay(sub['id']);
  const answered = await router.events.waitFor('coa', (event) => event.session === garden, { since: mark });
  expect(answered.outcome.kind).toBe('ack');
  expect(sincePaid()).toBeLessThan(2_000);
  await reach(sub['username'], isFull);
  const told = (await lango.api.get<List>(`/enforcements?subscription_id=${sub['id']}`)).body.items;
  expect(told[0]).toMatchObject({ kind: 'restore', reason: 'payment' });
});

it('a payment a moment before expiry keeps the live session alive past it', async () => {
  const sub = await makeActive(lango.api, { validity: { count: 6, unit: 'second' } });
  const session = await reach(sub['username'], isFull);
  const mark = router.events.position;
  const paid = await pay(sub['id']);
  expect(paid).toMatchObject({ outcome: 'renewed' });
  await router.events.waitFor('coa', (event) => event.session === session && event.outcome.kind === 'ack', {
    since: mark,
    timeout_ms: 20_000,
  });
  const old = new Date(sub['expires_at']).getTime();
  await new Promise((resolve) => setTimeout(resolve, old + 1_500 - Date.now()));
  expect(session.live).toBe(true);
  expect((await show(sub['id']))['state']).toBe('active');
});

it('a plan chosen for renewal begins with the payment, on the session that is online', async () => {
  const sub = await makeActive(lango.api);
  const session = await reach(sub['username'], isFull);
  const faster = await makePackage(lango.api, { down_kbps: 20_000, up_kbps: 8_000 });
  await lango.api.post(`/subscriptions/${sub['id']}/change-plan`, { package_id: faster['id'], when: 'renewal' });
  expect(session.entitlement.rateLimit?.down_bps).toBe(10_000_000);
  await pay(sub['id']);
  await until(
    async () => session.entitlement.rateLimit,
    (rate) => rate?.up_bps === 8_000_000 && rate.down_bps === 20_000_000,
  );
  expect(session.live).toBe(true);
});

it('a cap cuts, a top-up restores; suspension cuts for good until staff resume', async () => {
  const sub = await makeActive(lango.api, { quota_bytes: 1_000_000 });
  const session = await reach(sub['username'], isFull);
  session.addTraffic(100_000, 900_001);
  await session.interim();
  await until(
    async () => session.live,
    (live) => !live,
  );
  expect(
    await until(
      () => show(sub['id']),
      (s) => s['state'] === 'capped',
    ),
  ).toMatchObject({ used_bytes: 1_000_001 });
  await lango.api.post(`/subscriptions/${sub['id']}/top-up`, { bytes: 5_000_000 });
  const again = await reach(sub['username'], isFull);
  await lango.api.post(`/subscriptions/${sub['id']}/suspend`, { reason: 'stolen router' });
  await until(
    async () => again.live,
    (live) => !live,
  );
  expect(await dial(sub['username'])).toMatchObject({ kind: 'rejected' });
  await lango.api.post(`/subscriptions/${sub['id']}/resume`);
  await reach(sub['username'], isFull);
});

it('a password changed while online is asked for at the next login, not before', async () => {
  const sub = await makeActive(lango.api);
  const session = await reach(sub['username'], isFull);
  await lango.api.patch(`/subscriptions/${sub['id']}`, { password: 'new-word' });
  await session.interim();
  expect(session.live).toBe(true);
  await session.logout();
  expect(await dial(sub['username'])).toMatchObject({ kind: 'rejected' });
  const login = await router.connectPppoe({ username: sub['username'], password: 'new-word', authentication: 'chap' });
  expect(login.kind).toBe('online');
});
