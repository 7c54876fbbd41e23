/** What becomes of the things that routers do: the edge cases measured on stock FreeRADIUS, which gets most of them wrong. */
import { createAccountingWorld, type AccountingWorld, type Attributes } from './accounting-world';
import type { Nas } from '../../radius/accounting/nas';

let world: AccountingWorld;
let router: Nas;
let sessions = 0;

beforeAll(async () => {
  world = await createAccountingWorld();
  router = await world.router({ address: '10.1.0.1' });
});
afterAll(() => world.end());

/** A new session id and a subscription, with its packets: session(t) reports t seconds of it, 1,000 octets up and 5,000 down a second. */
async function newSession(o: { timed?: boolean; length_s?: number } = {}) {
  const id = `test-${(sessions += 1)}`;
  const username = `sub-${id}`;
  const subscription = await world.subscription({ username });
  const length_s = o.length_s ?? 600;
  const packet = (status: string, at_s: number, more: Attributes = {}): [Nas, number, Attributes] => [
    router,
    length_s - at_s,
    {
      'Acct-Status-Type': status,
      'Acct-Session-Id': id,
      'User-Name': username,
      ...(status === 'Start' ? {} : { 'Acct-Session-Time': at_s, ...octets(at_s * 1000, at_s * 5000) }),
      ...(o.timed === false ? { 'Event-Timestamp': undefined } : {}),
      ...more,
    },
  ];
  return { id, subscription, packet };
}

function octets(input: number, output: number): Attributes {
  return {
    'Acct-Input-Octets': input % 2 ** 32,
    'Acct-Input-Gigawords': Math.floor(input / 2 ** 32),
    'Acct-Output-Octets': output % 2 ** 32,
    'Acct-Output-Gigawords': Math.floor(output / 2 ** 32),
  };
}

async function only(id: string) {
  const rows = await world.sessions(id);
  expect(rows).toHaveLength(1);
  return rows[0]!;
}

async function expectUsage(subscription: string, input: number, output: number, seconds: number) {
  const want = { input: BigInt(input), output: BigInt(output), seconds: BigInt(seconds) };
  expect(await world.usage(subscription)).toEqual({ hours: want, cycles: want, sessions: want });
}

/** Event-Timestamp has whole seconds. */
function expectAgo(date: Date | null, seconds: number) {
  const ago = (Date.now() - (date?.getTime() ?? 0)) / 1000;
  expect(Math.abs(ago - seconds)).toBeLessThan(3);
}

describe.each([{ timed: true }, { timed: false }])('with the clock of the router: $timed', ({ timed }) => {
  test('a whole session is counted once, to the octet', async () => {
    const s = await newSession({ timed });
    await world.report(...s.packet('Start', 0));
    await world.report(...s.packet('Interim-Update', 300));
    await world.report(...s.packet('Stop', 600, { 'Acct-Terminate-Cause': 'User-Request' }));
    const row = await only(s.id);
    expect(row).toMatchObject({ closed_by: 'stop', terminate_cause: 'User-Request', subscription_id: s.subscription });
    expectAgo(row.started_at, 600);
    await expectUsage(s.subscription, 600_000, 3_000_000, 600);
  });

  test('a Start repeated after an interim moves nothing', async () => {
    const s = await newSession({ timed });
    const start = world.record(...s.packet('Start', 0));
    await world.write([start]);
    await world.report(...s.packet('Interim-Update', 300));
    await world.write([start]);
    const row = await only(s.id);
    expectAgo(row.started_at, 600);
    await expectUsage(s.subscription, 300_000, 1_500_000, 300);
  });

  test('an older interim after a newer one does not take counters back', async () => {
    const s = await newSession({ timed });
    await world.report(...s.packet('Start', 0));
    const older = world.record(...s.packet('Interim-Update', 300));
    await world.report(...s.packet('Interim-Update', 600));
    await world.write([older, older]);
    await only(s.id);
    await expectUsage(s.subscription, 600_000, 3_000_000, 600);
  });

  test('an interim without octets keeps what was counted', async () => {
    const s = await newSession({ timed });
    await world.report(...s.packet('Interim-Update', 300));
    const none = {
      'Acct-Input-Octets': undefined,
      'Acct-Output-Octets': undefined,
      'Acct-Input-Gigawords': undefined,
      'Acct-Output-Gigawords': undefined,
    };
    await world.report(...s.packet('Interim-Update', 600, none));
    await expectUsage(s.subscription, 300_000, 1_500_000, 600);
  });

  test('a Start that comes after the Stop finds its session', async () => {
    const s = await newSession({ timed });
    const start = world.record(...s.packet('Start', 0));
    await world.report(...s.packet('Stop', 600));
    await world.write([start]);
    const row = await only(s.id);
    expectAgo(row.started_at, 600);
    expectAgo(row.stopped_at, 0);
  });

  test('a late interim after the Stop changes nothing', async () => {
    const s = await newSession({ timed });
    const late = world.record(...s.packet('Interim-Update', 300));
    await world.report(...s.packet('Start', 0));
    await world.report(...s.packet('Stop', 600));
    const before = await only(s.id);
    await world.write([late]);
    // Without the router's clock the beginning is the earliest that any packet tells, here a millisecond.
    expect(await only(s.id)).toEqual({ ...before, started_at: expect.any(Date) as Date });
    expectAgo((await only(s.id)).started_at, 600);
    await expectUsage(s.subscription, 600_000, 3_000_000, 600);
  });

  test('of two Stops the first stands', async () => {
    const s = await newSession({ timed });
    await world.report(...s.packet('Start', 0));
    await world.report(...s.packet('Stop', 600, { 'Acct-Terminate-Cause': 'Lost-Carrier' }));
    const before = await only(s.id);
    await world.report(...s.packet('Stop', 600, { 'Acct-Terminate-Cause': 'Lost-Carrier', 'Acct-Delay-Time': 0 }));
    expect(await only(s.id)).toMatchObject({ stopped_at: before.stopped_at, generation: 0 });
    await expectUsage(s.subscription, 600_000, 3_000_000, 600);
  });

  test('an interim whose Start was lost tells when the session began', async () => {
    const s = await newSession({ timed });
    await world.report(...s.packet('Interim-Update', 600));
    const row = await only(s.id);
    expectAgo(row.started_at, 600);
    expect(row.stopped_at).toBeNull();
    await expectUsage(s.subscription, 600_000, 3_000_000, 600);
  });

  test('a Stop alone is a session', async () => {
    const s = await newSession({ timed });
    await world.report(...s.packet('Stop', 600));
    const row = await only(s.id);
    expectAgo(row.started_at, 600);
    await expectUsage(s.subscription, 600_000, 3_000_000, 600);
  });

  test('Gigawords 3 and 5', async () => {
    const s = await newSession({ timed });
    await world.report(...s.packet('Interim-Update', 300, octets(3 * 2 ** 32 + 7, 5 * 2 ** 32 + 9)));
    await expectUsage(s.subscription, 12_884_901_895, 21_474_836_489, 300);
  });

  test('the same session id after a Stop is a new life, and both are counted', async () => {
    const s = await newSession({ timed, length_s: 700 });
    await world.report(...s.packet('Start', 0));
    await world.report(...s.packet('Stop', 300));
    await world.report(...s.packet('Start', 400));
    const second = (status: string, at_s: number) =>
      world.report(...s.packet(status, 400 + at_s, { 'Acct-Session-Time': at_s, ...octets(at_s, at_s * 2) }));
    await second('Interim-Update', 100);
    await second('Stop', 200);
    const rows = await world.sessions(s.id);
    expect(rows.map((row) => [row.generation, row.closed_by, row.input_bytes])).toEqual([
      [0, 'stop', '300000'],
      [1, 'stop', '200'],
    ]);
    await expectUsage(s.subscription, 300_200, 1_500_400, 500);
  });

  test('octets that fell by 2^32 without Gigawords went round', async () => {
    const s = await newSession({ timed });
    const low = (value: number): Attributes => ({
      'Acct-Input-Octets': value % 2 ** 32,
      'Acct-Output-Octets': value % 2 ** 32,
      'Acct-Input-Gigawords': undefined,
      'Acct-Output-Gigawords': undefined,
    });
    await world.report(...s.packet('Start', 0));
    const first = world.record(...s.packet('Interim-Update', 100, low(4_294_000_000)));
    await world.write([first]);
    await world.report(...s.packet('Interim-Update', 200, low(4_294_967_296 + 5_000_000)));
    await world.write([first]);
    await world.report(...s.packet('Interim-Update', 300, low(4_294_967_296 + 3_000_000_000)));
    await world.report(...s.packet('Stop', 400, low(2 * 4_294_967_296 + 77)));
    await expectUsage(s.subscription, 8_589_934_669, 8_589_934_669, 400);
  });
});

test('a session id used again after a reboot without Stop, with a Start', async () => {
  const s = await newSession({ length_s: 1000 });
  await world.report(...s.packet('Start', 0));
  await world.report(...s.packet('Interim-Update', 300));
  await world.report(...s.packet('Start', 500));
  await world.report(...s.packet('Interim-Update', 900, { 'Acct-Session-Time': 400, ...octets(500_000, 900_000) }));
  const rows = await world.sessions(s.id);
  expect(rows.map((row) => [row.generation, row.closed_by, row.input_bytes])).toEqual([
    [0, 'new_generation', '300000'],
    [1, null, '500000'],
  ]);
  await expectUsage(s.subscription, 800_000, 2_400_000, 700);
});

test('a late Stop of the life before does not close the life that runs', async () => {
  const s = await newSession({ length_s: 1000 });
  const lateStop = world.record(...s.packet('Stop', 350));
  await world.report(...s.packet('Start', 0));
  await world.report(...s.packet('Interim-Update', 300));
  await world.report(...s.packet('Start', 500));
  await world.write([lateStop]);
  const rows = await world.sessions(s.id);
  expect(rows.map((row) => [row.closed_by, row.input_bytes])).toEqual([
    ['stop', '350000'],
    [null, '0'],
  ]);
  await expectUsage(s.subscription, 350_000, 1_750_000, 350);
});

test.each([
  ['1970', 12],
  ['2106', 4_294_967_295],
  ['an hour slow', Math.floor(Date.now() / 1000) - 3600],
  ['three hours fast', Math.floor(Date.now() / 1000) + 3 * 3600],
])('a router whose clock says %s is counted at arrival', async (_name, event) => {
  const s = await newSession();
  await world.report(...s.packet('Interim-Update', 600, { 'Event-Timestamp': event }));
  const row = await only(s.id);
  expectAgo(row.updated_at, 0);
  expectAgo(row.started_at, 600);
  await expectUsage(s.subscription, 600_000, 3_000_000, 600);
});

test('absurd counters and session times are left out, the rest of the packet counts', async () => {
  const s = await newSession();
  await world.report(...s.packet('Interim-Update', 300));
  const absurd = { 'Acct-Input-Gigawords': 4_294_967_295, 'Acct-Session-Time': 4_294_967_295 };
  await world.report(...s.packet('Interim-Update', 600, absurd));
  await expectUsage(s.subscription, 300_000, 3_000_000, 300);
});

test('packets of one session in one burst keep their order over batches', async () => {
  const s = await newSession();
  await world.write([
    world.record(...s.packet('Start', 0)),
    world.record(...s.packet('Interim-Update', 200)),
    world.record(...s.packet('Interim-Update', 400)),
    world.record(...s.packet('Stop', 600)),
  ]);
  await expectUsage(s.subscription, 600_000, 3_000_000, 600);
});

test('usage goes into the hour of the event', async () => {
  const s = await newSession({ length_s: 4 * 3600 });
  const arrivedThen = (at_s: number) => world.report(...s.packet('Interim-Update', at_s));
  await arrivedThen(3600);
  await arrivedThen(2 * 3600);
  await arrivedThen(4 * 3600);
  const { rows } = await world.owner.query<{ hour: Date; input_bytes: string }>(
    'SELECT hour, sum(input_bytes)::bigint AS input_bytes FROM usage_hour_all WHERE subscription_id = $1 GROUP BY hour ORDER BY hour',
    [s.subscription],
  );
  expect(rows.map((row) => row.input_bytes)).toEqual(['3600000', '3600000', '7200000']);
  expect(rows[2]!.hour.getTime()).toBe(Math.floor(Date.now() / 3_600_000) * 3_600_000);
});

test('the hour that runs stands with its cycle; hours that are over, and what comes late for them, stand by themselves', async () => {
  const s = await newSession({ length_s: 4 * 3600 });
  const over = async () => {
    const { rows } = await world.owner.query<{ input_bytes: string }>(
      'SELECT input_bytes FROM usage_hour WHERE subscription_id = $1 ORDER BY hour',
      [s.subscription],
    );
    return rows.map((row) => Number(row.input_bytes));
  };
  const ofAnother = (id: string, at_s: number) =>
    world.report(...s.packet('Interim-Update', at_s, { 'Acct-Session-Id': `${s.id}-${id}` }));
  // A subscription that was never sold has no cycle yet: its first report makes one.
  await world.report(...s.packet('Interim-Update', 1));
  const first = await over();
  await world.report(...s.packet('Interim-Update', 3600));
  await ofAnother('second', 3600);
  expect(await over()).toEqual(first);
  await world.report(...s.packet('Interim-Update', 7200));
  expect(await over()).toEqual([...first, 7_199_000]);
  await ofAnother('third', 3600);
  expect(await over()).toEqual([...first, 10_799_000]);
  await expectUsage(s.subscription, 14_400_000, 72_000_000, 14_400);
});

test('the subscription is known by Class before the name, and only of the same company', async () => {
  const mine = await world.subscription({ username: 'by-class' });
  const other = await world.owner.query<{ id: string }>(
    `INSERT INTO tenant (name, slug, status) VALUES ('Other', 'other', 'approved') RETURNING id`,
  );
  const foreign = await world.router({ address: '10.1.9.9', tenantId: other.rows[0]!.id });
  const packet = {
    'Acct-Status-Type': 'Start',
    'Acct-Session-Id': 'class-1',
    'User-Name': 'somebody else',
    Class: `L1:${mine}:00112233445566aa:t`,
  };
  await world.report(router, 0, packet);
  await world.report(foreign, 0, { ...packet, 'Acct-Session-Id': 'class-2', 'User-Name': 'by-class' });
  expect(await only('class-1')).toMatchObject({ subscription_id: mine, mode: 'throttled' });
  expect(await only('class-2')).toMatchObject({ subscription_id: null, mode: null });
});

test('names with invalid octets, quotes, separators and NULs are kept apart and store', async () => {
  const names = [
    Buffer.from([0x61, 0xff]),
    Buffer.from([0x61, 0xfe]),
    Buffer.from('o\'brien"\\'),
    Buffer.from('a\u001fb\0c'),
    Buffer.from('mwanafunzi ñ'),
  ];
  for (const [i, name] of names.entries())
    await world.report(router, 0, { 'Acct-Status-Type': 'Start', 'Acct-Session-Id': `name-${i}`, 'User-Name': name });
  const { rows } = await world.owner.query<{ username: string }>(
    `SELECT username FROM session_live WHERE acct_session_id LIKE 'name-%' ORDER BY acct_session_id`,
  );
  expect(rows.map((row) => row.username)).toEqual(['a\\xff', 'a\\xfe', 'o\'brien"\\', 'abc', 'mwanafunzi ñ']);
});
