import { readFileSync } from 'node:fs';
import { until } from '../test-kit/until';
import { createAccessWorld, type AccessWorld, type SubscriptionInput } from './access-world';

jest.setTimeout(60_000);

let world: AccessWorld;
beforeAll(async () => {
  world = await createAccessWorld();
});
afterAll(async () => {
  await world.end();
});

// First of all here, while FreeRADIUS has answered nobody yet: it has a connection for each of its threads from the start. What a pool cannot open in
// time for a burst is asked of the snapshot, which does not know who paid a second ago.
test('a burst right after the start is decided by the database, every login of it', async () => {
  const { authorizerSocket } = world.freeradius.places;
  const open = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .filter((line) => line.endsWith(authorizerSocket));
  // One of them listens.
  expect(open.length - 1).toBeGreaterThanOrEqual(32);
  await world.addSubscription({ username: 'first-of-all' });
  const answers = await Promise.all(
    Array.from({ length: 48 }, () => world.ask({ username: 'first-of-all', method: 'pap' })),
  );
  expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 'accept'));
  expect(world.freeradius.logs()).not.toMatch(/Connection failed|Cannot open|rate limit/);
});

describe('the password', () => {
  test.each(['pap', 'chap', 'mschap1', 'mschap2'] as const)(
    'is right by %s, and the Accept is signed and proves the server',
    async (method) => {
      await world.addSubscription({ username: `by-${method}` });
      const answer = await world.ask({ username: `by-${method}`, method });
      expect(answer).toMatchObject({ code: 'accept', objection: undefined });
      // First of all attributes, so that nothing forged can be put before it.
      expect(answer.names[0]).toBe('Message-Authenticator');
      if (method === 'mschap2')
        expect(answer.names).toEqual(
          expect.arrayContaining(['MS-CHAP2-Success', 'MS-MPPE-Send-Key', 'MS-MPPE-Recv-Key']),
        );
      expect(await world.ask({ username: `by-${method}`, method, password: 'wrong' })).toMatchObject({
        code: 'reject',
        reply: { 'Reply-Message': 'Wrong username or password.' },
      });
    },
  );

  test.each([
    'a"b',
    '"quoted"',
    "'quoted'",
    '`date`',
    '"%{User-Name}"',
    'back\\slash\\n',
    '%{sql:SELECT 1}',
    'ünïcødé ✓',
    ' spaces ',
    '0x414243',
    '$ENV{HOME}',
  ])('may be %s, in every method', async (password) => {
    const username = `odd-${Buffer.from(password).toString('hex')}`;
    await world.addSubscription({ username, password });
    for (const method of ['pap', 'chap', 'mschap1', 'mschap2'] as const) {
      expect(await world.ask({ username, password, method })).toMatchObject({ code: 'accept', objection: undefined });
    }
  });

  test('comes first: a wrong one on an expired account says wrong password, and changes and reveals nothing', async () => {
    await world.addSubscription({ username: 'expired-and-wrong', expiresIn_s: -10 });
    const answer = await world.ask({ username: 'expired-and-wrong', password: 'wrong', service: 'hotspot' });
    expect(answer).toEqual({
      code: 'reject',
      reply: { 'Message-Authenticator': expect.anything(), 'Reply-Message': 'Wrong username or password.' },
      names: ['Message-Authenticator', 'Reply-Message'],
      objection: undefined,
    });
    expect(await world.reasonOf('expired-and-wrong')).toBe('wrong_password');
  });

  test('of an unknown user looks the same from outside and differs for staff', async () => {
    await world.addSubscription({ username: 'known' });
    await world.addSubscription({ username: 'gone', status: 'ended' });
    const answers = [];
    for (const username of ['known', 'gone', 'nobody']) {
      const answer = await world.ask({ username, password: 'wrong', method: 'mschap2' });
      answers.push([answer.code, answer.names, answer.reply['Reply-Message']]);
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(await world.reasonOf('known')).toBe('wrong_password');
    expect(await world.reasonOf('gone')).toBe('ended');
    expect(await world.reasonOf('nobody')).toBe('unknown_user');
  });

  test('that is missing altogether is a method we do not support', async () => {
    await world.addSubscription({ username: 'no-method' });
    expect(await world.ask({ username: 'no-method', method: 'none' })).toMatchObject({ code: 'reject' });
    expect(await world.reasonOf('no-method')).toBe('unsupported_method');
  });
});

describe('the state', () => {
  test('active: everything the plan gives, until it ends and not a second longer', async () => {
    const id = await world.addSubscription({
      username: 'active',
      expiresIn_s: 5000,
      plan: {
        burst_down_kbps: 20_000,
        burst_up_kbps: 8_000,
        burst_threshold_down_kbps: 7_500,
        burst_threshold_up_kbps: 4_000,
        burst_time_s: 12,
        pool: 'home',
        address_list: 'paying',
        idle_timeout_s: 900,
      },
    });
    const { code, reply } = await world.ask({ username: 'active' });
    expect(code).toBe('accept');
    expect(reply).toMatchObject({
      'Mikrotik-Rate-Limit': '5000k/10000k 8000k/20000k 4000k/7500k 12/12',
      'Framed-Pool': 'home',
      'Mikrotik-Address-List': 'paying',
      'Idle-Timeout': '900',
      'Acct-Interim-Interval': '300',
    });
    const timeout_s = Number(reply['Session-Timeout']);
    expect(timeout_s).toBeGreaterThan(4900);
    expect(timeout_s).toBeLessThanOrEqual(5000);
    expect(reply['Mikrotik-Total-Limit']).toBeUndefined();
    expect(Buffer.from(reply['Class']?.replace(/^0x/, '') ?? '', 'hex').toString()).toMatch(
      new RegExp(`^L1:${id}:[0-9a-f]{16}:f:@[0-9a-f]{16}$`),
    );
    expect(await world.reasonOf('active')).toBe('active');
  });

  test.each<[string, Partial<SubscriptionInput>, number]>([
    ['active', {}, 0],
    ['grace', { plan: { grace_s: 60 } }, 60],
    [
      'throttled',
      {
        usedBytes: 1000,
        plan: { quota_bytes: 1000, on_quota: 'throttle', throttle_down_kbps: 512, throttle_up_kbps: 256 },
      },
      0,
    ],
  ])('%s: its last fraction of a second still gives a Session-Timeout of 1, never 0', async (state, terms, grace_s) => {
    const username = `last-moment-${state}`;
    const id = await world.addSubscription({ ...terms, username });
    // A machine that has no time may ask only when the moment is over: then it has another.
    const { reply } = await until(
      async () => {
        await world.sql(
          `UPDATE subscription SET expires_at = lango_now() + make_interval(secs => 0.9 - $2::double precision) WHERE id = $1`,
          [id, grace_s],
        );
        return world.ask({ username });
      },
      (answer) => answer.code === 'accept' && answer.reply['Mikrotik-Address-List'] !== 'expired',
    );
    expect(reply['Session-Timeout']).toBe('1');
    expect(await world.reasonOf(username)).toBe(state);
  });

  test('a validity of years is no longer than RouterOS understands', async () => {
    await world.addSubscription({ username: 'years', expiresIn_s: 5 * 365 * 86_400 });
    expect((await world.ask({ username: 'years' })).reply['Session-Timeout']).toBe('21474720');
  });

  test('grace: full service up to the end of grace, and told so', async () => {
    await world.addSubscription({ username: 'in-grace', expiresIn_s: -60, plan: { grace_s: 3600 } });
    const { code, reply } = await world.ask({ username: 'in-grace' });
    expect(code).toBe('accept');
    expect(Number(reply['Session-Timeout'])).toBeLessThanOrEqual(3540);
    expect(reply['Reply-Message']).toMatch(/grace/);
  });

  test.each<[string, Partial<SubscriptionInput>]>([
    ['expired', { expiresIn_s: -1 }],
    ['unpaid', { status: 'pending' }],
    ['capped', { usedBytes: 1000, plan: { quota_bytes: 1000 } }],
  ])('%s: the walled garden on PPPoE, a refusal with the reason elsewhere', async (reason, terms) => {
    await world.addSubscription({
      ...terms,
      username: `is-${reason}`,
      plan: { pool: 'home', address_list: 'paying', ...terms.plan },
    });
    const garden = await world.ask({ username: `is-${reason}` });
    expect(garden.code).toBe('accept');
    expect(garden.reply).toMatchObject({
      'Mikrotik-Address-List': 'expired',
      'Mikrotik-Rate-Limit': '256k/256k',
      'Session-Timeout': '300',
      'Framed-Pool': 'home',
      'Reply-Message': expect.any(String),
    });
    expect(
      garden.names.filter((name) => name === 'Mikrotik-Address-List' || name === 'Mikrotik-Rate-Limit'),
    ).toHaveLength(2);
    expect(Buffer.from(garden.reply['Class']?.replace(/^0x/, '') ?? '', 'hex').toString()).toMatch(/:g$/);
    expect(await world.reasonOf(`is-${reason}`)).toBe(reason);
    const sentence = garden.reply['Reply-Message'];
    for (const elsewhere of [{ service: 'hotspot' as const }, { service: 'dhcp' as const }, { from: '127.61.0.2' }]) {
      if (elsewhere.from) await ensureOther();
      const refused = await world.ask({ username: `is-${reason}`, ...elsewhere });
      expect(refused).toMatchObject({ code: 'reject', reply: { 'Reply-Message': sentence } });
      expect(refused.names).toEqual(['Message-Authenticator', 'Reply-Message']);
    }
  });

  test.each(['suspended', 'paused'] as const)(
    '%s: refused everywhere, after the right password alone',
    async (status) => {
      await world.addSubscription({ username: `is-${status}`, status });
      const answer = await world.ask({ username: `is-${status}`, method: 'mschap2' });
      expect(answer.code).toBe('reject');
      expect(answer.reply['Reply-Message']).toMatch(new RegExp(status));
      // Nothing of what would have been given is left in a Reject.
      expect(answer.names).toEqual(['Message-Authenticator', 'Reply-Message']);
      expect(await world.reasonOf(`is-${status}`)).toBe(status);
    },
  );

  test('throttled: in, at the reduced rate, without a volume limit', async () => {
    await world.addSubscription({
      username: 'slowed',
      usedBytes: 2000,
      plan: { quota_bytes: 1000, on_quota: 'throttle', throttle_down_kbps: 512, throttle_up_kbps: 256 },
    });
    const { code, reply, names } = await world.ask({ username: 'slowed', service: 'hotspot' });
    expect(code).toBe('accept');
    expect(reply['Mikrotik-Rate-Limit']).toBe('256k/512k');
    expect(names).not.toContain('Mikrotik-Total-Limit');
    expect(Buffer.from(reply['Class']?.replace(/^0x/, '') ?? '', 'hex').toString()).toMatch(/:t:@[0-9a-f]{16}$/);
  });

  test('a company that is closed lets nobody in, and says so only to who knows the password', async () => {
    const closed = await world.addTenant('Closed');
    await world.sql(`UPDATE tenant SET status = 'suspended' WHERE id = $1`, [closed]);
    await world.addRouter({ address: '127.61.0.9', tenantId: closed });
    await world.addSubscription({ username: 'closed-one', tenantId: closed });
    await eventually(async () =>
      expect((await world.ask({ username: 'closed-one', from: '127.61.0.9' })).code).toBe('reject'),
    );
    expect(await world.reasonOf('closed-one')).toBe('company_closed');
  });
});

describe('the volume limit', () => {
  test.each([
    [500_000_000, 0, '500000000', undefined],
    [10_000_000_000, 0, String(10_000_000_000 % 2 ** 32), '2'],
    [2 ** 33 + 5, 5, String(2 ** 32 - 1), '1'],
    [2 ** 32, 0, String(2 ** 32 - 1), undefined],
    [1000, 999, '1', undefined],
  ])('of %d bytes with %d used is %s and %s gigawords', async (quota, used, low, high) => {
    const username = `quota-${quota}-${used}`;
    await world.addSubscription({ username, usedBytes: used, plan: { quota_bytes: quota } });
    const { reply } = await world.ask({ username });
    expect([reply['Mikrotik-Total-Limit'], reply['Mikrotik-Total-Limit-Gigawords']]).toEqual([low, high]);
  });

  test('counts a top-up', async () => {
    await world.addSubscription({ username: 'topped', usedBytes: 1500, topupBytes: 1000, plan: { quota_bytes: 1000 } });
    expect((await world.ask({ username: 'topped' })).reply['Mikrotik-Total-Limit']).toBe('500');
  });

  test.each([
    ['500 MB on 10/5 Mbit/s: a minute', 500_000_000, 10_000, 5_000, '60'],
    ['100 GB on 50/10 Mbit/s: 1 % of it takes 133 s', 100_000_000_000, 50_000, 10_000, '133'],
    ['1 TB on 10/5 Mbit/s: as the plan says', 1_000_000_000_000, 10_000, 5_000, '300'],
  ])('%s between interims', async (_what, quota_bytes, down_kbps, up_kbps, interim) => {
    const username = `interim-${quota_bytes}`;
    await world.addSubscription({ username, plan: { quota_bytes, down_kbps, up_kbps } });
    expect((await world.ask({ username })).reply['Acct-Interim-Interval']).toBe(interim);
  });
});

describe('what is the customer’s own', () => {
  test('a static address takes the place of the pool; rows of radreply take the place of the plan’s', async () => {
    await world.addSubscription({
      username: 'static',
      staticIp: '100.64.7.9',
      plan: { pool: 'home', idle_timeout_s: 600 },
    });
    await world.sql(
      `INSERT INTO radreply (tenant_id, username, attribute, op, value)
       VALUES ($1, 'static', 'Framed-Route', '+=', '10.9.0.0/24 100.64.7.9 1'), ($1, 'static', 'Idle-Timeout', ':=', '77')`,
      [world.tenantId],
    );
    const { reply, names } = await world.ask({ username: 'static' });
    expect(reply).toMatchObject({
      'Framed-IP-Address': '100.64.7.9',
      'Framed-Route': '10.9.0.0/24 100.64.7.9 1',
      'Idle-Timeout': '77',
    });
    expect(names).not.toContain('Framed-Pool');
    expect(names.filter((name) => name === 'Idle-Timeout')).toHaveLength(1);
  });

  test('two companies have the same username, each with their own password and plan', async () => {
    const other = await world.addTenant('Other');
    await world.addRouter({ address: '127.61.0.3', tenantId: other });
    await world.addSubscription({ username: 'same', password: 'one' });
    await world.addSubscription({ username: 'same', password: 'two', tenantId: other, plan: { down_kbps: 3_000 } });
    await eventually(async () =>
      expect((await world.ask({ username: 'same', password: 'two', from: '127.61.0.3' })).code).toBe('accept'),
    );
    expect((await world.ask({ username: 'same', password: 'one' })).reply['Mikrotik-Rate-Limit']).toBe('5000k/10000k');
    expect(
      (await world.ask({ username: 'same', password: 'two', from: '127.61.0.3' })).reply['Mikrotik-Rate-Limit'],
    ).toBe('5000k/3000k');
    expect((await world.ask({ username: 'same', password: 'two' })).code).toBe('reject');
    expect((await world.ask({ username: 'same', password: 'one', from: '127.61.0.3' })).code).toBe('reject');
  });
});

describe('the device', () => {
  test.each([
    '48:A9:8A:77:10:3C',
    '48-a9-8a-77-10-3c',
    '48a98a77103c',
    '48A9:8A77:103C',
    '48A98A-77103C',
    '48a9.8a77.103c',
    '1:48:a9:8a:77:10:3c',
  ])('that the account is locked to is let in, written %s', async (station) => {
    await world.addSubscription({ username: `lock-${station}`, macLock: '48:A9:8A:77:10:3C' });
    expect((await world.ask({ username: `lock-${station}`, station })).code).toBe('accept');
  });

  test('another one, or one without a hardware address, is refused with the reason, also when expired', async () => {
    await world.addSubscription({ username: 'locked', macLock: '48:A9:8A:77:10:3C', expiresIn_s: -5 });
    for (const station of ['50:D4:F7:2E:91:B8', '100.100.100.100', '']) {
      expect(await world.ask({ username: 'locked', station })).toMatchObject({
        code: 'reject',
        reply: { 'Reply-Message': expect.stringMatching(/locked/) },
      });
    }
    expect(await world.reasonOf('locked')).toBe('wrong_mac');
  });

  test('a second one is one too many; the same one takes over its ghost; a silent session stands in nobody’s way', async () => {
    const id = await world.addSubscription({ username: 'single' });
    await world.addSession(id, { mac: 'AA:AA:AA:00:00:01' });
    expect(await world.ask({ username: 'single', station: 'AA:AA:AA:00:00:02' })).toMatchObject({
      code: 'reject',
      reply: { 'Reply-Message': expect.stringMatching(/another device/) },
    });
    expect(await world.reasonOf('single')).toBe('too_many_sessions');
    expect((await world.ask({ username: 'single', station: 'AA-AA-AA-00-00-01' })).code).toBe('accept');

    const stale = await world.addSubscription({ username: 'stale' });
    await world.addSession(stale, { mac: 'AA:AA:AA:00:00:01', heardAgo_s: 3 * 300 + 60 });
    expect((await world.ask({ username: 'stale', station: 'AA:AA:AA:00:00:02' })).code).toBe('accept');

    const pair = await world.addSubscription({ username: 'pair', plan: { simultaneous_use: 2 } });
    await world.addSession(pair, { mac: 'AA:AA:AA:00:00:01' });
    expect((await world.ask({ username: 'pair', station: 'AA:AA:AA:00:00:02' })).code).toBe('accept');
    await world.addSession(pair, { mac: 'AA:AA:AA:00:00:02' });
    expect((await world.ask({ username: 'pair', station: 'AA:AA:AA:00:00:03' })).code).toBe('reject');

    // It is devices that count: one is online through two services of its router.
    const family = await world.addSubscription({ username: 'family', plan: { simultaneous_use: 2 } });
    for (let service = 0; service < 2; service++) await world.addSession(family, { mac: 'AA:AA:AA:00:00:01' });
    expect((await world.ask({ username: 'family', station: 'AA:AA:AA:00:00:02' })).code).toBe('accept');
    await world.addSession(family, { mac: 'AA:AA:AA:00:00:02' });
    expect((await world.ask({ username: 'family', station: 'AA:AA:AA:00:00:03' })).code).toBe('reject');
  });
});

let otherRouter: Promise<string> | undefined;
/** A NAS that is no MikroTik, at 127.61.0.2. */
async function ensureOther(): Promise<void> {
  otherRouter ??= world.addRouter({ address: '127.61.0.2', type: 'other' });
  await otherRouter;
  await eventually(async () =>
    expect((await world.ask({ username: 'nobody', from: '127.61.0.2' })).code).toBe('reject'),
  );
}

async function eventually(check: () => Promise<void>): Promise<void> {
  const end_ms = Date.now() + 15_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end_ms) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
