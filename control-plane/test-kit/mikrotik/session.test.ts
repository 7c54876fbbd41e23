import { get, getAll } from '../../../radius/attributes';
import type { Packet } from '../../../radius/packet';
import {
  type HotspotLogin,
  ManualClock,
  parseRateLimit,
  type PppoeLogin,
  type RouterOptions,
  type Session,
  SimulatedMikrotik,
} from '.';
import { FakeAaa } from './fake-aaa';

const secret = 'routers-secret';
const [START, STOP, INTERIM, ON] = [1, 2, 3, 7];
const MBIT = 1_000_000;
let aaa: FakeAaa;
let clock: ManualClock;
let router: SimulatedMikrotik;

beforeEach(async () => {
  aaa = await FakeAaa.listen(secret);
  clock = new ManualClock(Date.parse('2026-01-02T03:04:05Z'));
});
afterEach(async () => {
  await router.close();
  await aaa.close();
});

async function boot(over: Partial<RouterOptions> = {}): Promise<void> {
  const fixed = { identity: 'tower-1', address: '127.77.0.1', secret, servers: [aaa.row], timeout_ms: 1000 };
  router = await SimulatedMikrotik.start({ ...fixed, clock, ...over });
}

function grant(...accept: [string, string][]): void {
  aaa.authorize = () => ({ accept });
}

async function dial(over: Partial<PppoeLogin> = {}): Promise<Session> {
  const login = await router.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap', ...over });
  if (login.kind !== 'online') throw new Error(login.kind);
  return login.session;
}

async function enter(over: Partial<HotspotLogin> = {}): Promise<Session> {
  const login = await router.connectHotspot({ username: 'TEA-1', password: 'x', ...over });
  if (login.kind !== 'online') throw new Error(login.kind);
  return login.session;
}

async function advance(time_ms: number): Promise<void> {
  clock.advance(time_ms);
  await router.idle();
}

/** 64-bit counters of a record as its receiver reads them. */
function counters(record: Packet) {
  const words = (
    low: 'Acct-Input-Octets' | 'Acct-Output-Octets',
    high: 'Acct-Input-Gigawords' | 'Acct-Output-Gigawords',
  ) => BigInt(get(record, high) ?? 0) * 2n ** 32n + BigInt(get(record, low) ?? 0);
  return {
    up: words('Acct-Input-Octets', 'Acct-Input-Gigawords'),
    down: words('Acct-Output-Octets', 'Acct-Output-Gigawords'),
  };
}

test('traffic flows at what is offered, capped by the rate limit: rx is upload', async () => {
  await boot();
  grant(['Mikrotik-Rate-Limit', '2M/10M']);
  const session = await dial({ traffic: { up_bps: 5 * MBIT, down_bps: 4 * MBIT } });
  expect(session.rate).toEqual({ up_bps: 2 * MBIT, down_bps: 4 * MBIT });
  await advance(8000);
  expect(session.counters).toEqual({ up: 2_000_000n, down: 4_000_000n });
  session.addTraffic(5, 7n);
  expect(session.counters).toEqual({ up: 2_000_005n, down: 4_000_007n });
});

test.each([
  [['Mikrotik-Total-Limit', '3000000']],
  [['Mikrotik-Recv-Limit', '1000000']],
  [['Mikrotik-Xmit-Limit', '2000000']],
] as [string, string][][])('%s ends the session at its octet with NAS-Request', async (limit) => {
  await boot();
  grant(limit);
  const session = await dial({ traffic: { up_bps: MBIT, down_bps: 2 * MBIT } });
  await advance(7990);
  expect(session.live).toBe(true);
  await advance(20);
  expect(session.endedBy).toBe('NAS-Request');
  const stop = aaa.records(STOP)[0]!;
  expect(get(stop, 'Acct-Terminate-Cause')).toBe(10);
  expect(Number(counters(stop).up)).toBeGreaterThanOrEqual(1_000_000);
  expect(Number(counters(stop).up)).toBeLessThan(1_001_000);
});

test('Gigawords are the upper half of a limit', async () => {
  await boot();
  grant(['Mikrotik-Total-Limit', '1'], ['Mikrotik-Total-Limit-Gigawords', '2']);
  const session = await dial();
  session.addTraffic(2n ** 33n, 0);
  expect(session.live).toBe(true);
  session.addTraffic(1, 0);
  expect(session.endedBy).toBe('NAS-Request');
});

test('Session-Timeout ends it with cause 5, also after more days than a timer can wait; 0 is no limit', async () => {
  await boot();
  grant(['Session-Timeout', String(30 * 86400)]);
  const session = await dial();
  await advance(30 * 86400_000 - 1);
  expect(session.live).toBe(true);
  await advance(1);
  const stop = aaa.records(STOP)[0]!;
  expect([get(stop, 'Acct-Terminate-Cause'), get(stop, 'Acct-Session-Time')]).toEqual([5, 30 * 86400]);
  grant(['Session-Timeout', '0']);
  const endless = await dial();
  await advance(90 * 86400_000);
  expect(endless.live).toBe(true);
});

test('Idle-Timeout counts from the last octet', async () => {
  await boot();
  grant(['Idle-Timeout', '60']);
  const session = await dial();
  await advance(50_000);
  session.addTraffic(1, 1);
  await advance(59_000);
  expect(session.live).toBe(true);
  await advance(1000);
  expect(session.endedBy).toBe('Idle-Timeout');
});

test('interims leave at Acct-Interim-Interval and tell the counters of their moment', async () => {
  await boot();
  grant(['Acct-Interim-Interval', '300']);
  await dial({ traffic: { up_bps: 8000, down_bps: 80_000 } });
  for (let i = 0; i < 3; i++) await advance(300_000);
  const records = aaa.records(INTERIM);
  expect(records.map((r) => get(r, 'Acct-Session-Time'))).toEqual([300, 600, 900]);
  expect(records.map((r) => counters(r).down)).toEqual([3_000_000n, 6_000_000n, 9_000_000n]);
  expect(records.map((r) => get(r, 'Event-Timestamp')?.toISOString().slice(11, 19))).toEqual([
    '03:09:05',
    '03:14:05',
    '03:19:05',
  ]);
});

test('without Acct-Interim-Interval there is the local interval for PPP and none for the hotspot', async () => {
  await boot({ pppoe: { interim_s: 120 } });
  await dial();
  await enter();
  await advance(120_000);
  expect(aaa.records(INTERIM).map((r) => get(r, 'User-Name'))).toEqual(['asha']);
});

test('Class comes back in every record; PPP records repeat rate and address list, hotspot records do not', async () => {
  await boot();
  grant(['Class', '0x0102'], ['Class', '0x03'], ['Mikrotik-Rate-Limit', '1M/2M'], ['Mikrotik-Address-List', 'active']);
  for (const session of [await dial(), await enter()]) {
    await session.interim();
    await session.logout();
  }
  for (const record of [...aaa.records(START), ...aaa.records(INTERIM), ...aaa.records(STOP)]) {
    expect(getAll(record, 'Class').map((value) => value.toString('hex'))).toEqual(['0102', '03']);
    const ppp = get(record, 'Acct-Session-Id')!.startsWith('81');
    expect(get(record, 'Mikrotik-Rate-Limit')).toBe(ppp ? '1M/2M' : undefined);
    expect(get(record, 'Mikrotik-Address-List')).toBe(ppp ? 'active' : undefined);
  }
});

test('counters pass 4 GiB in Gigawords; a router without them wraps', async () => {
  await boot();
  const session = await dial();
  session.presetCounters({ up: 2n ** 32n - 10n, down: 7n * 2n ** 32n + 5n });
  session.addTraffic(20, 0);
  await session.interim();
  expect(counters(aaa.records(INTERIM)[0]!)).toEqual({ up: 2n ** 32n + 10n, down: 7n * 2n ** 32n + 5n });
  router.faults.counters32 = true;
  await session.interim();
  expect(counters(aaa.records(INTERIM)[1]!)).toEqual({ up: 10n, down: 5n });
  expect(get(aaa.records(INTERIM)[1]!, 'Acct-Input-Gigawords')).toBeUndefined();
});

test('each cause has its number', async () => {
  await boot();
  const causes = ['User-Request', 'Lost-Carrier', 'Idle-Timeout', 'Admin-Reset', 'NAS-Request'] as const;
  for (const cause of causes) await (await dial()).end(cause);
  expect(aaa.records(STOP).map((record) => get(record, 'Acct-Terminate-Cause'))).toEqual([1, 2, 4, 6, 10]);
});

test('a reboot loses sessions without a Stop, moves the boot digit and says Accounting-On', async () => {
  await boot({ seed: 3 });
  const before = await dial({ redial_ms: 1000 });
  await enter();
  await router.reboot();
  expect(router.sessions).toEqual([]);
  expect(before.endedBy).toBe('vanished');
  await advance(1000);
  const after = router.session('asha')!;
  expect(parseInt(after.id[2]!, 16)).toBe((parseInt(before.id[2]!, 16) + 1) % 16);
  expect(after.id.slice(3)).toBe('00000');
  expect([aaa.records(ON).length, aaa.records(STOP).length]).toEqual([2, 0]);
  expect(get(aaa.records(ON)[0]!, 'NAS-Identifier')).toBe('tower-1');
  await router.reboot({ accountingOn: false });
  expect(aaa.records(ON)).toHaveLength(2);
});

test('session ids count up by service', async () => {
  await boot();
  const ids = [(await dial()).id, (await dial({ username: 'b' })).id, (await enter()).id];
  expect(ids.map((id) => id.slice(0, 2) + id.slice(3))).toEqual(['8100000', '8100001', '8000000']);
});

test('shutdown sends every Stop; vanish and close send none', async () => {
  await boot();
  await dial();
  await enter();
  router.vanish(router.sessions[0]!);
  await router.shutdown();
  expect(aaa.records(STOP).map((record) => get(record, 'Acct-Terminate-Cause'))).toEqual([7]);
  await boot();
  await dial();
  await router.close();
  expect(aaa.records(STOP)).toHaveLength(1);
});

describe('faults', () => {
  test('loss: an unanswered record is lost for good after three identical sends, and known as such', async () => {
    await boot({ timeout_ms: 150 });
    const session = await dial();
    aaa.acknowledge = () => false;
    await session.interim();
    aaa.acknowledge = () => true;
    await session.interim();
    expect(session.reports.map((r) => [r.status, r.acknowledged])).toEqual([
      ['Start', true],
      ['Interim-Update', false],
      ['Interim-Update', true],
    ]);
    expect(new Set(aaa.records(INTERIM).map((r) => r.bytes.toString('hex'))).size).toBe(2);
    expect(aaa.records(INTERIM)).toHaveLength(4);
  });

  test('a lost reply repeats the same octets', async () => {
    await boot({ timeout_ms: 150 });
    const session = await dial();
    router.faults.replyLoss = 1;
    await session.interim();
    expect(aaa.records(INTERIM)).toHaveLength(3);
    expect(session.reports.at(-1)!.acknowledged).toBe(false);
  });

  test('duplicate: every send arrives twice', async () => {
    await boot();
    const session = await dial();
    router.faults.duplicate = 1;
    await session.interim();
    expect(aaa.records(INTERIM)).toHaveLength(2);
  });

  test('reorder: a record is overtaken by the next', async () => {
    await boot();
    const session = await dial();
    const arrived = aaa.seen.length;
    router.faults.reorder = 1;
    const interim = session.interim();
    // It is held for 200 ms, of which none is to be wasted here.
    await new Promise((done) => setImmediate(done));
    expect(aaa.seen).toHaveLength(arrived);
    router.faults.reorder = 0;
    await Promise.all([interim, session.logout()]);
    expect(aaa.seen.slice(arrived).map(({ packet }) => get(packet, 'Acct-Status-Type'))).toEqual([STOP, INTERIM]);
  });

  test('reorder: what nothing overtakes arrives all the same', async () => {
    await boot();
    const session = await dial();
    router.faults.reorder = 1;
    await session.interim();
    expect(aaa.records(INTERIM)).toHaveLength(1);
  });

  test('delay: a record takes its time', async () => {
    await boot();
    const session = await dial();
    router.faults.delay_ms = [60, 90];
    const begun_ms = performance.now();
    await session.interim();
    expect(performance.now() - begun_ms).toBeGreaterThan(50);
    expect(session.reports.at(-1)!.acknowledged).toBe(true);
  });

  test('intercept decides about single sends', async () => {
    await boot({ timeout_ms: 150 });
    const session = await dial();
    router.faults.intercept = (packet, attempt) =>
      get(packet, 'Acct-Status-Type') === INTERIM && attempt < 3 ? 'drop' : undefined;
    await session.interim();
    expect(aaa.records(INTERIM)).toHaveLength(1);
    expect(session.reports.at(-1)!.acknowledged).toBe(true);
  });

  test('clocks: skewed, or never set', async () => {
    await boot();
    const session = await dial();
    router.faults.clockSkew_ms = -3600_000;
    await session.interim();
    router.faults.frozenTimestamp = new Date(0);
    await session.interim();
    const times = aaa.records(INTERIM).map((record) => get(record, 'Event-Timestamp')?.toISOString());
    expect(times).toEqual(['2026-01-02T02:04:05.000Z', '1970-01-01T00:00:00.000Z']);
  });
});

test.each([
  ['5M', { up_bps: 5 * MBIT, down_bps: 5 * MBIT }],
  ['512k/2M', { up_bps: 512_000, down_bps: 2 * MBIT }],
  ['0/0 0/0 0/0', { up_bps: 0, down_bps: 0, burst: { up_bps: 0, down_bps: 0 } }],
  [
    '5M/10M 8M/16M 4M/8M 16/16 8 1M/2M',
    {
      up_bps: 5 * MBIT,
      down_bps: 10 * MBIT,
      burst: { up_bps: 8 * MBIT, down_bps: 16 * MBIT },
      threshold: { up_bps: 4 * MBIT, down_bps: 8 * MBIT },
      burstTime_s: { up: 16, down: 16 },
      priority: 8,
      minimum: { up_bps: MBIT, down_bps: 2 * MBIT },
    },
  ],
])('Mikrotik-Rate-Limit %s', (text, expected) => {
  expect(parseRateLimit(text)).toMatchObject(expected);
});

test.each(['', '5m/10m', '5M/', '/5M', '5M/10M/2M', '1.5M/2M', '5M/10M 8M/16M 4M/8M 16/16 9', '5M 8M 4M 16 8 1M 2M'])(
  'Mikrotik-Rate-Limit "%s" breaks the grammar',
  (text) => {
    expect(parseRateLimit(text)).toBeUndefined();
  },
);
