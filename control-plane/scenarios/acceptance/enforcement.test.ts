import { ManualClock } from '../../test-kit/mikrotik';
import { stopwatch } from '../../test-kit/stopwatch';
import { makeActive, makeSubscription, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import { wholeWithRouter } from './whole-with-router';

/** What must become true for a session becomes true in time, and the API tells how: caps, expiry, payments, top-ups. */
jest.setTimeout(60_000);

const whole = wholeWithRouter();
const { password, sleepUntil, show, post, pay, online, limitless, told, enforced, onWire } = whole;

describe('a cap', () => {
  test('that cuts: Disconnect on the wire within a second of the packet, and proven by the Stop', async () => {
    const sub = await makeActive(whole.lango.api, { quota_bytes: 1_000_000 });
    const session = await limitless(sub);
    session.addTraffic(300_000, 699_999);
    await session.interim();
    expect((await show(sub))['state']).toBe('active');
    session.addTraffic(0, 1);
    const sent = stopwatch();
    await onWire(session, 'Disconnect-Request', () => session.interim());
    expect(sent()).toBeLessThan(1_000);
    expect(session).toMatchObject({ live: false, endedBy: 'Admin-Reset' });
    expect(await enforced(sub, 'proven')).toMatchObject({
      kind: 'cut',
      reason: 'capped',
      proven_by: 'stop',
      proven_at: expect.any(String),
      attempts: [{ via: 'disconnect', outcome: 'ack', at: expect.any(String), ms: expect.any(Number) }],
    });
    expect(await show(sub)).toMatchObject({ state: 'capped', used_bytes: 1_000_000, online_sessions: 0 });
  });

  test.each([
    ['a MikroTik, which keeps the limit itself', false, 0.01 * 500_000_000],
    ['a router that keeps no limit, by one short interim', true, (10_000_000 / 8) * 60],
  ])('of 500 MB on a 10 Mbit/s line is overshot little on %s', async (_what, withoutLimits, allowed) => {
    const clock = new ManualClock(Date.now());
    const at = await whole.lango.addRouter({ clock, automaticInterims: true });
    const sub = await makeActive(whole.lango.api, { quota_bytes: 500_000_000, down_kbps: 10_000, up_kbps: 5_000 });
    const session = withoutLimits ? await limitless(sub, at) : await online(sub, at);
    session.setTraffic({ up_bps: 0, down_bps: 100_000_000 });
    let told_ms = 0;
    for (let second = 0; session.live && second < 600; second++) {
      clock.advance(1_000);
      await at.device.idle();
      const used = session.reports.at(-1)?.counters.down ?? 0n;
      if (used < 500_000_000n || !session.live) continue;
      // Real time passes only here: what a second of the line carries is allowed on top.
      const began = stopwatch();
      await until(
        () => session.live,
        (live) => !live,
      );
      told_ms = began();
    }
    expect(session.live).toBe(false);
    expect(told_ms).toBeLessThan(1_000);
    await at.device.idle();
    const state = await until(
      () => show(sub),
      (shown) => shown['state'] === 'capped',
    );
    expect(state['used_bytes']).toBeGreaterThanOrEqual(500_000_000);
    expect((state['used_bytes'] as number) - 500_000_000).toBeLessThanOrEqual(allowed);
    await at.device.close();
  });

  test('that throttles: CoA with the slow rate, and a top-up brings the full one back', async () => {
    const plan = { quota_bytes: 1_000_000, on_quota: 'throttle', throttle_down_kbps: 512, throttle_up_kbps: 256 };
    const sub = await makeActive(whole.lango.api, plan);
    const session = await online(sub);
    session.addTraffic(0, 1_000_001);
    const sent = stopwatch();
    await onWire(session, 'CoA-Request', () => session.interim());
    expect(sent()).toBeLessThan(1_000);
    expect(session.entitlement.rateLimit).toMatchObject({ up_bps: 256_000, down_bps: 512_000 });
    await until(
      () => told(sub),
      ([newest]) => (newest?.['attempts'] as Json[] | undefined)?.length === 1,
    );
    await session.interim();
    expect(await enforced(sub, 'proven')).toMatchObject({
      kind: 'throttle',
      attempts: [{ via: 'coa', outcome: 'ack' }],
    });
    expect((await show(sub))['state']).toBe('throttled');

    const wait_ms = await onWire(session, 'CoA-Request', () =>
      post(`/subscriptions/${sub['id']}/top-up`, { bytes: 5_000_000 }),
    );
    expect(wait_ms).toBeLessThan(1_000);
    expect(session.entitlement.rateLimit).toMatchObject({ up_bps: 5_000_000, down_bps: 10_000_000 });
    await until(
      () => told(sub),
      ([newest]) => (newest?.['attempts'] as Json[] | undefined)?.length === 1,
    );
    await session.interim();
    expect(await enforced(sub, 'proven')).toMatchObject({ kind: 'restore', reason: 'topped_up' });
    expect(await show(sub)).toMatchObject({ state: 'active', online_sessions: 1 });
    expect(session.live).toBe(true);
  });

  test('that cut is opened by a top-up: from the garden, and at the next login', async () => {
    const sub = await makeActive(whole.lango.api, { quota_bytes: 1_000_000 });
    const first = await limitless(sub);
    first.addTraffic(0, 1_000_000);
    await first.interim();
    await until(
      () => first.live,
      (live) => !live,
    );
    const garden = await online(sub);
    expect(garden.entitlement.addressLists).not.toEqual([]);
    const wait_ms = await onWire(garden, 'Disconnect-Request', () =>
      post(`/subscriptions/${sub['id']}/top-up`, { bytes: 2_000_000 }),
    );
    expect(wait_ms).toBeLessThan(1_000);
    await until(
      () => garden.live,
      (live) => !live,
    );
    const again = await online(sub);
    expect(again.entitlement).toMatchObject({ addressLists: [], totalLimit_bytes: 2_000_000n });
    expect(again.entitlement.rateLimit?.down_bps).toBe(10_000_000);
  });
});

describe('expiry', () => {
  test('cuts within two seconds of its second, also a router that ignores Session-Timeout', async () => {
    const four = { validity: { count: 4, unit: 'second' } };
    const [made, own] = await Promise.all([
      makeSubscription(whole.lango.api, four),
      makeSubscription(whole.lango.api, four),
    ]);
    const since = whole.router.device.events.position;
    const [sub] = await Promise.all([made, own].map(({ id }) => post(`/subscriptions/${id}/activate`)));
    const [session, kept] = await Promise.all([limitless(made), online(own)]);
    expect(kept.entitlement.sessionTimeout_s).toBeLessThanOrEqual(4);
    const at_ms = new Date(sub!['expires_at'] as string).getTime();
    const ended = whole.router.device.events
      .waitFor('ended', (event) => event.session === session, { since, timeout_ms: 30_000 })
      .then(() => Date.now());
    await sleepUntil(at_ms);
    const late = stopwatch();
    expect(await ended).toBeGreaterThanOrEqual(at_ms);
    expect(late()).toBeLessThan(2_000);
    expect(await enforced(made, 'proven')).toMatchObject({ kind: 'cut', reason: 'expired', proven_by: 'stop' });
    expect((await show(made))['state']).toBe('expired');
    await until(
      () => kept.live,
      (live) => !live,
    );
  });

  test('renewed a moment before: the session lives on past it without a drop', async () => {
    const eight = { validity: { count: 8, unit: 'second' } };
    const [paid, extended] = await Promise.all([
      makeActive(whole.lango.api, eight),
      makeActive(whole.lango.api, eight),
    ]);
    const sessions = await Promise.all([online(paid), online(extended)]);
    const at = new Date(extended['expires_at'] as string).getTime();
    await sleepUntil(at - 3_000);
    await Promise.all([
      onWire(sessions[0], 'CoA-Request', () => pay(paid)),
      onWire(sessions[1], 'CoA-Request', () =>
        post(`/subscriptions/${extended['id']}/extend`, { count: 1, unit: 'hour' }),
      ),
    ]).then((waits) => expect(Math.max(...waits)).toBeLessThan(1_000));
    await sleepUntil(at + 1_500);
    for (const [i, sub] of [paid, extended].entries()) {
      expect(sessions[i]?.live).toBe(true);
      expect((await show(sub))['state']).toBe('active');
      const { items } = (
        await whole.lango.api.get<{ items: Json[] }>(`/sessions?state=all&username=${sub['username']}`)
      ).body;
      expect(items).toMatchObject([{ acct_session_id: sessions[i]?.id, stopped_at: null }]);
      expect(await told(sub)).toMatchObject([{ kind: 'refresh', attempts: [{ via: 'coa', outcome: 'ack' }] }]);
    }
  });
});

describe('a payment', () => {
  test('opens the walled garden at once: Disconnect within a second, and the next login has the plan', async () => {
    const sub = await makeSubscription(whole.lango.api);
    const garden = await online(sub);
    expect(garden.entitlement).toMatchObject({ addressLists: ['expired'] });
    // Unpaid is no reason to be thrown out of it: the pay page must stay.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect([garden.live, await told(sub)]).toEqual([true, []]);
    let paid: Json = {};
    const wait_ms = await onWire(garden, 'Disconnect-Request', async () => {
      paid = await pay(sub);
    });
    expect(wait_ms).toBeLessThan(1_000);
    expect(paid).toMatchObject({ subscription: { state: 'active' } });
    await until(
      () => garden.live,
      (live) => !live,
    );
    const session = await online(sub);
    expect(session.entitlement).toMatchObject({
      addressLists: [],
      rateLimit: { up_bps: 5_000_000, down_bps: 10_000_000 },
    });
    expect(await enforced(sub, 'proven')).toMatchObject({ kind: 'restore', proven_by: 'stop' });
  });

  test('lets a hotspot device in within a second', async () => {
    const sub = await makeSubscription(whole.lango.api, { type: 'hotspot' });
    const login = () => whole.router.device.connectHotspot({ username: sub['username'] as string, password });
    expect(await login()).toMatchObject({ kind: 'rejected' });
    const began = stopwatch();
    await pay(sub);
    expect(await login()).toMatchObject({ kind: 'online' });
    expect(began()).toBeLessThan(1_000);
  });
});

describe('a renewal in the middle of a session', () => {
  test('begins a new cap: the session goes on, its limit moves along, and only new bytes count', async () => {
    const sub = await makeActive(whole.lango.api, { quota_bytes: 1_000_000 });
    const session = await online(sub);
    expect(session.entitlement.totalLimit_bytes).toBe(1_000_000n);
    // What is answered may be on the disk for a moment before it is in the books.
    const used = (bytes: number): Promise<Json> =>
      until(
        () => show(sub),
        (now) => now['used_bytes'] === bytes,
      );
    session.addTraffic(0, 900_000);
    await session.interim();
    await used(900_000);
    const since = whole.router.device.events.position;
    expect(await onWire(session, 'CoA-Request', () => pay(sub))).toBeLessThan(1_000);
    const { attributes } = await whole.router.device.events.waitFor('coa', (event) => event.session === session, {
      since,
    });
    // The session's 900,000 so far, the new cap, and the 100,000 that were left of the old one.
    expect(attributes).toContainEqual({ attribute: 'Mikrotik-Total-Limit', value: '2000000' });
    // The simulated router ignores that, as RouterOS may; this one is to have obeyed.
    session.change({ totalLimit_bytes: 2_000_000n });
    expect(await show(sub)).toMatchObject({ state: 'active', used_bytes: 0 });
    session.addTraffic(0, 600_000);
    await session.interim();
    expect(session.live).toBe(true);
    expect(await used(600_000)).toMatchObject({ state: 'active' });
    const { items } = (await whole.lango.api.get<{ items: Json[] }>(`/subscriptions/${sub['id']}/usage?by=cycle`)).body;
    expect(items.map((item) => item['output_bytes'] as number).toSorted((a, b) => a - b)).toEqual([600_000, 900_000]);
    session.addTraffic(0, 500_000);
    await whole.router.device.idle();
    expect(session).toMatchObject({ live: false, endedBy: 'NAS-Request' });
    expect((await show(sub))['state']).toBe('capped');
  });

  test('gives a throttled line its full speed back, and a new login is throttled only while it must be', async () => {
    const plan = { quota_bytes: 1_000_000, on_quota: 'throttle', throttle_down_kbps: 512, throttle_up_kbps: 256 };
    const sub = await makeActive(whole.lango.api, plan);
    const first = await online(sub);
    first.addTraffic(0, 1_000_001);
    await onWire(first, 'CoA-Request', () => first.interim());
    await first.logout();
    const slow = await online(sub);
    expect(slow.entitlement.rateLimit?.down_bps).toBe(512_000);
    expect(await onWire(slow, 'CoA-Request', () => pay(sub))).toBeLessThan(1_000);
    expect(slow.entitlement.rateLimit?.down_bps).toBe(10_000_000);
    await until(
      () => told(sub),
      ([newest]) => (newest?.['attempts'] as Json[] | undefined)?.length === 1,
    );
    await slow.interim();
    expect(await enforced(sub, 'proven')).toMatchObject({ kind: 'restore' });
    expect(await show(sub)).toMatchObject({ state: 'active', used_bytes: 0 });
  });
});

test('a NAS of another make is cut too, signed as it expects', async () => {
  const at = await whole.lango.addRouter({}, { type: 'other' });
  const sub = await makeActive(whole.lango.api);
  const session = await online(sub, at);
  const since = at.device.events.position;
  await post(`/subscriptions/${sub['id']}/suspend`, { reason: 'unpaid' });
  const { attributes } = await at.device.events.waitFor('coa', (event) => event.session === session, { since });
  expect(attributes.map(({ attribute }) => attribute)).toContain('Message-Authenticator');
  expect(await enforced(sub, 'proven')).toMatchObject({ kind: 'cut', proven_by: 'stop' });
});

test('suspension cuts and keeps out until staff resume', async () => {
  const sub = await makeActive(whole.lango.api);
  const session = await online(sub);
  const wait_ms = await onWire(session, 'Disconnect-Request', () =>
    post(`/subscriptions/${sub['id']}/suspend`, { reason: 'unpaid' }),
  );
  expect(wait_ms).toBeLessThan(1_000);
  expect(await enforced(sub, 'proven')).toMatchObject({ kind: 'cut', reason: 'suspended' });
  expect(await whole.router.device.connectPppoe({ username: sub['username'] as string, password })).toMatchObject({
    kind: 'rejected',
  });
  await post(`/subscriptions/${sub['id']}/resume`);
  await online(sub);
});

test('staff disconnect and re-rate a session by hand, and see what became of it', async () => {
  const sub = await makeActive(whole.lango.api);
  const session = await online(sub);
  const [row] = (await whole.lango.api.get<{ items: Json[] }>(`/sessions?username=${sub['username']}`)).body.items;
  const rated = await whole.lango.api.post<Json>(`/sessions/${row?.['id']}/rate`, { down_kbps: 2_000, up_kbps: 1_000 });
  expect(rated).toMatchObject({ status: 202, body: { enforcement_id: expect.any(String) } });
  await until(
    () => session.entitlement.rateLimit,
    (rate) => rate?.down_bps === 2_000_000 && rate.up_bps === 1_000_000,
  );
  const cut = await whole.lango.api.post<Json>(`/sessions/${row?.['id']}/disconnect`);
  expect(cut.status).toBe(202);
  await until(
    () => session.live,
    (live) => !live,
  );
  const seen = await until(
    async () => (await whole.lango.api.get<Json>(`/enforcements/${cut.body['enforcement_id']}`)).body,
    (enforcement) => enforcement['state'] === 'proven',
  );
  expect(seen).toMatchObject({ kind: 'cut', reason: 'staff_disconnect', proven_by: 'stop' });
  expect((await whole.lango.api.post(`/sessions/${row?.['id']}/disconnect`)).status).toBe(409);
  expect((await whole.lango.api.post(`/sessions/${row?.['id']}/rate`, { down_kbps: 0, up_kbps: 'x' })).status).toBe(
    422,
  );
});
