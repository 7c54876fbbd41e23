import { ManualClock, type Session, type SimulatedMikrotik } from '../../test-kit/mikrotik';
import { asOwner, makeActive, shiftClock, unique, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import { startWhole, type KnownRouter, type Whole } from '../../test-kit/whole';

/** Usage in the API is what the router last reported, to the byte, whatever happened on the way. */
jest.setTimeout(60_000);

let lango: Whole;
beforeAll(async () => {
  lango = await startWhole();
}, 90_000);
afterAll(() => lango?.stop(), 30_000);

async function online(router: KnownRouter, sub: Json): Promise<Session> {
  const login = await router.device.connectPppoe({ username: sub['username'] as string, password: 'open-sesame' });
  if (login.kind !== 'online') throw new Error(`${sub['username']}: ${JSON.stringify(login)}`);
  return login.session;
}

async function sessionsOf(sub: Json): Promise<Json[]> {
  return (
    await lango.api.get<Json>(`/sessions?state=all&limit=200&username=${encodeURIComponent(sub['username'] as string)}`)
  ).body['items'] as Json[];
}

const sum = (items: Json[], name: string): number => items.reduce((total, item) => total + (item[name] as number), 0);

/** Session rows and all three views of usage must say exactly this. */
async function counted(sub: Json, up: bigint, down: bigint): Promise<void> {
  await until(
    async () => sum(await sessionsOf(sub), 'output_bytes'),
    (bytes) => bytes === Number(down),
  ).catch(() => undefined);
  const sessions = await sessionsOf(sub);
  const expected = { up: Number(up), down: Number(down) };
  const shown: Json = { sessions: { up: sum(sessions, 'input_bytes'), down: sum(sessions, 'output_bytes') } };
  for (const by of ['hour', 'day', 'cycle']) {
    const { items } = (await lango.api.get<{ items: Json[] }>(`/subscriptions/${sub['id']}/usage?by=${by}`)).body;
    shown[by] = { up: sum(items, 'input_bytes'), down: sum(items, 'output_bytes') };
  }
  shown['used'] = (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body['used_bytes'];
  expect(shown).toEqual({
    sessions: expected,
    hour: expected,
    day: expected,
    cycle: expected,
    used: expected.up + expected.down,
  });
}

/** A seeded sequence, so that a failure can be repeated. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % below;
  };
}

test('duplicates, reordering and lost replies change nothing', async () => {
  // It asks until it is answered: what a router gives up after a second, on a machine that stood still for two, is nobody's to count.
  const router = await lango.addRouter({ timeout_ms: 250, tries: 60, seed: 42 });
  const subs = await Promise.all(Array.from({ length: 10 }, () => makeActive(lango.api)));
  const sessions = await Promise.all(subs.map((sub) => online(router, sub)));
  Object.assign(router.device.faults, { duplicate: 0.3, reorder: 0.3, replyLoss: 0.3, delay_ms: [0, 40] });
  const roll = dice(7);
  for (let round = 0; round < 6; round++) {
    for (const session of sessions) {
      session.addTraffic(roll(5_000_000), roll(900_000_000));
      void session.interim();
      if (roll(3) === 0) {
        session.addTraffic(roll(1_000), roll(1_000));
        void session.interim();
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await router.device.idle();
  // A session asks for one answer at a time: on a slow machine some of these are the same report, asked again.
  const reports = sessions.flatMap((session) => session.reports).length;
  expect(reports).toBeGreaterThan(40);
  router.device.faults.replyLoss = 0;
  await Promise.all(sessions.map((session, i) => (i % 2 ? session.logout() : session.interim())));
  await router.device.idle();
  // Nobody was cut: else the counts below would be those of a session that ended early.
  expect(await asOwner(lango.db, 'SELECT subscription_id, kind, reason, state, created_at FROM enforcement')).toEqual([]);
  expect(sessions.map(({ endedBy, reports: all }) => [endedBy, all.at(-1)?.status, all.at(-1)?.acknowledged])).toEqual(
    sessions.map((_, i) => (i % 2 ? ['User-Request', 'Stop', true] : [undefined, 'Interim-Update', true])),
  );
  for (const [i, sub] of subs.entries()) {
    const { up, down } = sessions[i]!.counters;
    await counted(sub, up, down);
    expect(await sessionsOf(sub)).toHaveLength(1);
  }
});

test('counters of 32 bits that wrap, several times, on a router without Gigawords', async () => {
  const clock = new ManualClock(Date.now() - 4 * 3_600_000);
  const router = await lango.addRouter({ clock, pppoe: { interim_s: 0 } });
  router.device.faults.counters32 = true;
  const sub = await makeActive(lango.api);
  const session = await online(router, sub);
  session.presetCounters({ up: 0n, down: 0n });
  for (const [up, down] of [
    [1_000, 4_294_967_000],
    [4_000, 3_000_000_000],
    [2_500_000_000, 296],
    [2_500_000_000, 2_000_000_000],
    [1, 2_999_999_999],
  ] as const) {
    clock.advance(300_000);
    // As much as a fast line moves in five minutes: below 3 GiB each time.
    session.addTraffic(up, down > 3_000_000_000 ? 3_000_000_000 : down);
    await session.interim();
  }
  clock.advance(10_000);
  await session.logout();
  const { up, down } = session.counters;
  expect(down).toBeGreaterThan(2n ** 33n);
  expect(up).toBeGreaterThan(2n ** 32n);
  await counted(sub, up, down);
});

test('a lost Start: the first interim opens the session, nothing is missing', async () => {
  const router = await lango.addRouter({ timeout_ms: 100 });
  const sub = await makeActive(lango.api);
  router.device.faults.intercept = (packet) => (packet.first(0, 40)?.at(3) === 1 ? 'drop' : undefined);
  const session = await online(router, sub);
  expect(await sessionsOf(sub)).toEqual([]);
  session.addTraffic(1_111, 2_222_222);
  await session.interim();
  session.addTraffic(5, 7);
  await session.logout();
  await counted(sub, 1_116n, 2_222_229n);
  expect(await sessionsOf(sub)).toMatchObject([
    { subscription_id: sub['id'], terminate_cause: 'User-Request', stopped_at: expect.any(String) },
  ]);
});

test('a lost Stop: the session ends with the next login of the device, and both are counted', async () => {
  const router = await lango.addRouter();
  const sub = await makeActive(lango.api);
  const first = await online(router, sub);
  first.addTraffic(100, 200);
  await first.interim();
  router.device.vanish(first);
  const login = await router.device.connectPppoe({
    username: sub['username'] as string,
    password: 'open-sesame',
    mac: first.identity.mac,
  });
  if (login.kind !== 'online') throw new Error(JSON.stringify(login));
  login.session.addTraffic(10, 20);
  await login.session.interim();
  await counted(sub, 110n, 220n);
});

test('a reboot in the middle: Accounting-On ends the sessions, the new ones count on', async () => {
  const router = await lango.addRouter();
  const subs = await Promise.all(Array.from({ length: 4 }, () => makeActive(lango.api)));
  const before = await Promise.all(subs.map((sub) => online(router, sub)));
  for (const session of before) session.addTraffic(1_000_000, 5_000_000_000n);
  await Promise.all(before.map((session) => session.interim()));
  await router.device.reboot({ accountingOn: true });
  for (const sub of subs) {
    expect(
      await until(
        () => sessionsOf(sub),
        ([one]) => one?.['stopped_at'] !== null,
      ),
    ).toMatchObject([{ terminate_cause: expect.stringMatching(/NAS-Reboot|Lost-Carrier|Admin-Reboot/) }]);
  }
  const after = await Promise.all(subs.map((sub) => online(router, sub)));
  for (const [i, session] of after.entries()) {
    expect(session.id.slice(2)).not.toBe(before[i]?.id.slice(2));
    session.addTraffic(3, 4);
    await session.interim();
  }
  for (const sub of subs) {
    await counted(sub, 1_000_003n, 5_000_000_004n);
    expect((await sessionsOf(sub)).filter((session) => session['stopped_at'] === null)).toHaveLength(1);
  }
});

test('the same session id again after a reboot without Accounting-On is another session', async () => {
  const router = await lango.addRouter();
  const sub = await makeActive(lango.api, { simultaneous_use: 20 });
  let expected = 0n;
  for (let boot = 0; boot < 17; boot++) {
    const session = await online(router, sub);
    session.addTraffic(1_000 + boot, 500_000);
    await session.interim();
    expected += BigInt(1_000 + boot);
    if (boot % 2) await session.logout();
    if (boot < 16) await router.device.reboot({ accountingOn: false });
  }
  await counted(sub, expected, 17n * 500_000n);
});

test('a router whose clock says 1970, or is a year ahead, is counted now', async () => {
  for (const frozenTimestamp of [new Date(0), new Date(Date.now() + 366 * 86_400_000)]) {
    const router = await lango.addRouter();
    router.device.faults.frozenTimestamp = frozenTimestamp;
    const sub = await makeActive(lango.api);
    const session = await online(router, sub);
    for (let i = 0; i < 3; i++) {
      session.addTraffic(1_234, 56_789);
      await session.interim();
    }
    await session.logout();
    await counted(sub, 3_702n, 170_367n);
    const [row] = await sessionsOf(sub);
    for (const name of ['started_at', 'updated_at', 'stopped_at'] as const) {
      expect(Math.abs(new Date(row?.[name] as string).getTime() - Date.now())).toBeLessThan(120_000);
    }
    const { items } = (await lango.api.get<{ items: Json[] }>(`/subscriptions/${sub['id']}/usage?by=hour`)).body;
    for (const item of items)
      expect(Math.abs(new Date(item['from'] as string).getTime() - Date.now())).toBeLessThan(2 * 3_600_000);
  }
});

test('a second router of the same name and session ids is counted apart', async () => {
  const identity = unique('Same Name');
  const routers: { device: SimulatedMikrotik; sub: Json; session: Session }[] = [];
  for (let i = 0; i < 2; i++) {
    const sub = await makeActive(lango.api);
    const router = await lango.addRouter({ identity }, { name: `${identity} ${i}` });
    routers.push({ device: router.device, sub, session: await online(router, sub) });
  }
  expect(routers[0]?.session.id).toBe(routers[1]?.session.id);
  for (const [i, { session }] of routers.entries()) {
    session.addTraffic(1 + i, 10 + i);
    await session.interim();
  }
  for (const [i, { sub }] of routers.entries()) await counted(sub, BigInt(1 + i), BigInt(10 + i));
});

// The last one: it moves the clock of the whole product.
test('Gigawords across hours: each hour has its own share and the sum is exact', async () => {
  const clock = new ManualClock(Date.now());
  const router = await lango.addRouter({ clock });
  const sub = await makeActive(lango.api);
  const session = await online(router, sub);
  try {
    for (let hour = 1; hour <= 4; hour++) {
      await shiftClock(lango.db, `${hour} hours`);
      clock.advance(3_600_000);
      session.addTraffic(700_000_001, 9_000_000_007n);
      await session.interim();
    }
    await counted(sub, 4n * 700_000_001n, 4n * 9_000_000_007n);
    const { items } = (await lango.api.get<{ items: Json[] }>(`/subscriptions/${sub['id']}/usage?by=hour`)).body;
    expect(items.length).toBeGreaterThanOrEqual(4);
  } finally {
    await shiftClock(lango.db, '0');
  }
});
