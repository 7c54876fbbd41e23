import { addUsage, makeActive, makeRouter, shiftClock, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { down, ends, MB, plansAtWork, slows } from './plans-at-work';

// What a plan can say, from the API to the wire: the real FreeRADIUS, the listener, the enforcer and a simulated MikroTik. Addressing: addressing.test.ts.
jest.setTimeout(60_000);

const at = plansAtWork({ address: '127.63.9.1', secret: 'rules-secret' });
const { dial, online, show } = at;

/** Puts Lango's clock at a time of day (Nairobi is UTC+3) on a day of the week, 1 Monday to 7 Sunday, of the coming week. */
async function setTime(weekday: number, clock: string): Promise<void> {
  await at.lango.asOwner(
    `UPDATE platform_clock SET shift = ((date_trunc('week', now() AT TIME ZONE 'Africa/Nairobi') + interval '1 week' + make_interval(days => $1 - 1) + $2::interval) AT TIME ZONE 'Africa/Nairobi') - now()`,
    [weekday, clock],
  );
  await at.lango.asOwner('NOTIFY lango_clock');
}

describe('fair use', () => {
  const terms = {
    down_kbps: 20_000,
    up_kbps: 10_000,
    fair_use: [
      { at_bytes: 50 * MB, down_kbps: 5000, up_kbps: 2500 },
      { at_bytes: 80 * MB, down_kbps: 2000, up_kbps: 1000 },
    ],
    quota_bytes: 100 * MB,
    on_quota: 'cut',
  };

  it('slows a live session at each step, cuts it at the cap, and a top-up gives all of it back', async () => {
    const sold = await makeActive(at.lango.api, terms);
    const session = await online(sold['username']);
    expect(down(session)).toBe(20);
    session.addTraffic(10 * MB, 39 * MB);
    await session.interim();
    session.addTraffic(0, 2 * MB);
    await session.interim();
    await slows(session, 5);
    expect(await show(sold['id'])).toMatchObject({
      state: 'throttled',
      reason: 'fair_use',
      service: { down_kbps: 5000, up_kbps: 2500 },
    });
    session.addTraffic(0, 30 * MB);
    await session.interim();
    await slows(session, 2);
    expect((await at.lango.api.post(`/subscriptions/${sold['id']}/top-up`, { bytes: 40 * MB })).status).toBe(200);
    await slows(session, 20);
    // 81 of 140 used: the steps have moved up to 90 and 120.
    session.addTraffic(0, 12 * MB);
    await session.interim();
    await slows(session, 5);
    session.addTraffic(0, 50 * MB);
    await session.interim();
    await ends(session);
    const again = await online(sold['username']);
    expect(again.entitlement.addressLists).toEqual(['expired']);
    expect(await show(sold['id'])).toMatchObject({ state: 'capped', service: null });
  });

  it('is told at the login, also what the customer reads', async () => {
    const sold = await makeActive(at.lango.api, terms);
    await addUsage(at.lango.db, sold['id'], 85 * MB);
    const session = await online(sold['username']);
    expect(down(session)).toBe(2);
    expect(session.entitlement.messages).toEqual(['You have used much data. You are online at reduced speed.']);
    expect(session.entitlement.classes[0]?.toString()).toMatch(/:t:1000k\/2000k@[0-9a-f]{16}$/);
  });
});

describe('a cap that comes back each day', () => {
  it('is over at midnight: a slowed session runs at full speed within seconds, and what was topped up is kept', async () => {
    const throttle = { on_quota: 'throttle', throttle_down_kbps: 1000, throttle_up_kbps: 500 };
    await setTime(3, '23:59:20');
    const sold = await makeActive(at.lango.api, {
      quota_bytes: 50 * MB,
      quota_cycle: 'day',
      validity: { count: 3, unit: 'day' },
      ...throttle,
    });
    const session = await online(sold['username']);
    await at.lango.api.post(`/subscriptions/${sold['id']}/top-up`, { bytes: 10 * MB });
    session.addTraffic(0, 62 * MB);
    await session.interim();
    await slows(session, 1);
    await at.lango.api.post(`/subscriptions/${sold['id']}/top-up`, { bytes: 5 * MB });
    await slows(session, 10);
    await setTime(4, '00:00:01');
    await until(
      () => show(sold['id']),
      (now) => now['used_bytes'] === 0 && now['quota_bytes'] === 53 * MB && now['state'] === 'active',
      10_000,
    );
    session.addTraffic(0, 60 * MB);
    await session.interim();
    await slows(session, 1);
    await setTime(5, '00:00:01');
    await slows(session, 10);
    expect(await show(sold['id'])).toMatchObject({ state: 'active', used_bytes: 0, quota_bytes: 50 * MB });
  });
});

describe('hours', () => {
  const nights = {
    quota_bytes: 50 * MB,
    time_rules: [
      {
        days: [1, 2, 3, 4, 5, 6, 7],
        from: '22:00',
        to: '06:00',
        down_kbps: 40_000,
        up_kbps: 20_000,
        counts_percent: 0,
      },
    ],
  };

  it('of a cheap night give another speed within two seconds of their beginning, and what passes in them does not count', async () => {
    await setTime(2, '21:59:57');
    const sold = await makeActive(at.lango.api, { ...nights, validity: { count: 7, unit: 'day' } });
    const session = await online(sold['username']);
    expect(down(session)).toBe(10);
    const turned = performance.now() + 3000;
    await slows(session, 40);
    expect(performance.now() - turned).toBeLessThan(2500);
    await setTime(3, '02:00:00');
    session.addTraffic(0, 300 * MB);
    await session.interim();
    await setTime(3, '06:00:01');
    await slows(session, 10);
    // Four of the hours that the record tells of were of the night; two seconds of the evening before them count.
    expect((await show(sold['id']))['used_bytes']).toBeLessThan(MB);
    expect(session.live).toBe(true);
  });

  it('that are free overlook a cap, which holds again when they end', async () => {
    await setTime(2, '23:00:00');
    const sold = await makeActive(at.lango.api, { ...nights, validity: { count: 7, unit: 'day' } });
    await addUsage(at.lango.db, sold['id'], 51 * MB);
    const session = await online(sold['username']);
    expect(down(session)).toBe(40);
    expect(session.entitlement.sessionTimeout_s).toBeGreaterThan(7 * 3600 - 60);
    expect(session.entitlement.sessionTimeout_s).toBeLessThanOrEqual(7 * 3600);
    await setTime(3, '06:00:01');
    await ends(session);
    expect((await online(sold['username'])).entitlement.addressLists).toEqual(['expired']);
  });

  it('that are barred end a session at their beginning and let nobody in', async () => {
    await setTime(5, '16:00:00');
    const sold = await makeActive(at.lango.api, {
      validity: { count: 7, unit: 'day' },
      time_rules: [{ days: [5, 6], from: '18:00', to: '20:00', blocked: true }],
    });
    const session = await online(sold['username']);
    expect(session.entitlement.sessionTimeout_s).toBeGreaterThan(7200 - 60);
    expect(session.entitlement.sessionTimeout_s).toBeLessThanOrEqual(7200);
    await setTime(5, '18:00:01');
    await ends(session);
    const refused = await dial(sold['username']);
    expect(refused).toMatchObject({ kind: 'rejected', messages: ['Your package does not work at this hour.'] });
    const explained = await at.lango.api.get<Json>(`/access/explain?username=${sold['username']}`);
    expect(explained.body).toMatchObject({ decision: 'reject', reason: 'outside_hours' });
    await setTime(5, '20:00:01');
    expect(down(await online(sold['username']))).toBe(10);
  });
});

describe('time', () => {
  it('online is summed over sessions, ends them at its second, and shows the pay page when it is used up', async () => {
    const sold = await makeActive(at.lango.api, { online_s: 3600, validity: { count: 7, unit: 'day' } });
    const first = await online(sold['username']);
    expect(first.entitlement.sessionTimeout_s).toBe(3600);
    await shiftClock(at.lango.db, '2000 s');
    // The simulated router lives in real time, so what its sessions would have reported is put in their place.
    const counted = (seconds: number) =>
      at.lango.asOwner(
        `UPDATE usage_cycle SET seconds = $2 WHERE subscription_id = $1 AND cycle_no = (SELECT cycle_no FROM subscription WHERE id = $1)`,
        [sold['id'], seconds],
      );
    await counted(2000);
    await first.logout();
    const second = await online(sold['username']);
    expect(second.entitlement.sessionTimeout_s).toBeGreaterThan(1550);
    expect(second.entitlement.sessionTimeout_s).toBeLessThanOrEqual(1600);
    // A NAS that overlooks Session-Timeout is told at the second.
    second.change({ sessionTimeout_s: 0 });
    await at.lango.asOwner(`UPDATE session_live SET interim_s = 3600 WHERE username = $1`, [sold['username']]);
    await shiftClock(at.lango.db, '3605 s');
    await ends(second);
    await counted(3600);
    const says = ['Your time is used up. Please renew to get back online.'];
    const garden = await online(sold['username']);
    expect(garden.entitlement.messages).toEqual(says);
    await garden.logout();
    await until(
      () => at.router.connectHotspot({ username: sold['username'], password: 'open-sesame' }),
      (login) => login.kind === 'rejected' && login.messages.join() === says.join(),
    );
    await at.lango.api.post(`/subscriptions/${sold['id']}/renew`);
    expect((await online(sold['username'])).entitlement.sessionTimeout_s).toBe(3600);
  });

  it('of a plan that starts on first use begins with the first accounting Start, and two bought before are both had', async () => {
    const sold = await makeActive(at.lango.api, { starts_on: 'first_use', validity: { count: 1, unit: 'hour' } });
    expect(sold).toMatchObject({ state: 'active', expires_at: null, unused_validities: 1 });
    await at.lango.api.post(`/subscriptions/${sold['id']}/renew`);
    await shiftClock(at.lango.db, '3 days');
    const before = await show(sold['id']);
    expect(before).toMatchObject({ state: 'active', expires_at: null, unused_validities: 2 });
    const session = await online(sold['username']);
    expect(session.entitlement.sessionTimeout_s).toBe(3600);
    const begun = await until(
      () => show(sold['id']),
      (now) => now['unused_validities'] === 0,
    );
    const lasts_s = (Date.parse(begun['expires_at']) - Date.parse(begun['starts_at'])) / 1000;
    expect(lasts_s).toBe(7200);
    for (const [path, body] of Object.entries({ extend: { count: 1, unit: 'hour' }, pause: {} }))
      expect((await at.lango.api.post(`/subscriptions/${sold['id']}/${path}`, body)).status).toBe(200);
    const unused = await makeActive(at.lango.api, { starts_on: 'first_use' });
    const refused = await at.lango.api.post<Json>(`/subscriptions/${unused['id']}/extend`, { count: 1, unit: 'hour' });
    expect([refused.status, refused.body['error'].code]).toEqual([409, 'not_used_yet']);
  });
});

describe('the end of a validity', () => {
  it('cuts a PPPoE session, which comes back into the garden, and refuses a hotspot with the reason', async () => {
    const sold = await makeActive(at.lango.api, { validity: { count: 1, unit: 'hour' } });
    const session = await online(sold['username'], { redial_ms: 100 });
    session.change({ sessionTimeout_s: 0 });
    await shiftClock(at.lango.db, '3601 s');
    await ends(session);
    const garden = await until(
      () => at.router.sessions.find((one) => one.username === sold['username'] && one.live),
      (one) => one !== undefined,
      10_000,
    );
    expect(garden?.entitlement).toMatchObject({ addressLists: ['expired'], sessionTimeout_s: 300 });
    expect(down(garden!)).toBe(0.256);
    const says = 'Your package has expired. Please renew to get back online.';
    await garden?.logout();
    await until(
      () => at.router.connectHotspot({ username: sold['username'], password: 'open-sesame' }),
      (login) => login.kind === 'rejected' && login.messages.join() === says,
    );
  });
});

it('other NASes are told the speed in their words', async () => {
  const other = await makeRouter(at.lango.api, { type: 'other', name: unique('Chilli') });
  const sold = await makeActive(at.lango.api, { fair_use: [{ at_bytes: MB, down_kbps: 3000, up_kbps: 1000 }] });
  const rates = async () => {
    const { reply } = (
      await at.lango.api.get<Json>(`/access/explain?username=${sold['username']}&router_id=${other['id']}`)
    ).body;
    return Object.fromEntries(
      reply
        .filter((one: Json) => one['attribute'].startsWith('WISPr-'))
        .map((one: Json) => [one['attribute'], one['value']]),
    );
  };
  expect(await rates()).toEqual({ 'WISPr-Bandwidth-Max-Up': '5000000', 'WISPr-Bandwidth-Max-Down': '10000000' });
  await addUsage(at.lango.db, sold['id'], 2 * MB);
  expect(await rates()).toEqual({ 'WISPr-Bandwidth-Max-Up': '1000000', 'WISPr-Bandwidth-Max-Down': '3000000' });
});
