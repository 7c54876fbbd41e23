/** What a FreeRADIUS host answers while Postgres is away, from its snapshot: the same as before, by the same function. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../test-kit/mikrotik/random';
import { until } from '../test-kit/until';
import type { Answered, Ask } from './access-world';
import { worldWithoutPostgres } from './without-postgres-world';

jest.setTimeout(120_000);

const other = { address: '127.61.0.2', type: 'other' as const };
const signing = { address: '127.61.0.5' };
const there = worldWithoutPostgres();
const { cable, ask, answers, serves, inSnapshot, followed } = there;
beforeAll(async () => {
  await there.world.addRouter(other);
  await there.world.addRouter(signing);
});

describe('the answers', () => {
  const dice = seededRandom(20_261_121);
  const pick = <T>(...of: T[]): T => of[Math.floor(dice() * of.length)]!;
  const passwords = new Map<string, string>();

  /** Plans whose answers hang on the hour, on what was used and on time online. */
  const week = { days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '23:59' };
  const ruled: Record<string, unknown>[] = [
    { time_rules: JSON.stringify([{ ...week, down_kbps: 2000, up_kbps: 1000 }]) },
    { time_rules: JSON.stringify([{ ...week, blocked: true }]) },
    { fair_use: JSON.stringify([{ at_bytes: 500_000, down_kbps: 200, up_kbps: 100 }]) },
    { online_s: 3600 },
  ];

  beforeAll(async () => {
    for (let n = 0; n < 60; n++) {
      const username = pick(`user${n}`, `Usér ${n} "'\\`, `o'brien${n}@isp.co.ke`, `{login}${n}`);
      const password = pick('sesame', 'sesame', `p'w"{login}%{x}\\`);
      passwords.set(username, password);
      const quota = pick(null, null, 1_000_000, 5_000_000_000);
      await there.world.addSubscription({
        username,
        password,
        status: pick('active', 'active', 'active', 'active', 'pending', 'suspended', 'paused'),
        expiresIn_s: pick(90_000, 500, 40 * 86_400, -500, -10),
        usedBytes: pick(0, 1000, 999_999, 1_000_000, 4_999_999_999, 6_000_000_000),
        topupBytes: pick(0, 0, 1_000_000),
        macLock: pick(undefined, undefined, 'AA:BB:CC:00:00:01', '0A:0B:00:0D:0E:0F'),
        staticIp: pick(undefined, `10.9.8.${n}`),
        plan: {
          quota_bytes: quota,
          on_quota: pick('cut', 'throttle'),
          throttle_down_kbps: 512,
          throttle_up_kbps: 256,
          grace_s: pick(0, 0, 300, 86_400),
          pool: pick(null, 'pool1'),
          address_list: pick(null, 'vip'),
          burst_down_kbps: pick(null, 20_000),
          burst_up_kbps: 10_000,
          ...pick<Record<string, unknown>>({}, {}, ...ruled),
        },
      });
    }
  });

  const questions = (): Ask[] =>
    [...passwords].flatMap(([username, password]) => {
      // Whoever guesses is held up, which only the database can do: wrong passwords are another test's.
      const common = { username, password };
      return [
        { ...common, method: pick('pap', 'chap', 'mschap2'), station: 'AA:BB:CC:00:00:01' },
        { ...common, service: 'hotspot', station: pick('aabb.cc00.0001', 'aa-bb-cc-00-00-01', 'a:b', '1:a:b:0:d:e:f') },
        { ...common, from: other.address, station: pick('aabbcc-000001', '1:0a:b:00:d:e:f', '10.1.2.3') },
        { ...common, service: 'dhcp', from: signing.address, signed: true, proxyState: true },
      ] as Ask[];
    });

  /** What must be the same: all but the random login id and the seconds that went by. */
  function comparable({ code, reply }: Answered): object {
    const { Class: login = '', 'Session-Timeout': left = '', ...rest } = reply;
    for (const name of [
      'Message-Authenticator',
      'MS-CHAP2-Success',
      'MS-MPPE-Send-Key',
      'MS-MPPE-Recv-Key',
      'MS-CHAP-Error',
    ])
      delete rest[name];
    const readable = login.startsWith('0x') ? Buffer.from(login.slice(2), 'hex').toString() : login;
    return { code, ...rest, Class: readable.replace(/^(L1:\d+:)[0-9a-f]{16}/, '$1login'), timed: left !== '' };
  }

  test('are those of aaa_authorize, for random logins asked both ways', async () => {
    await followed();
    await cable.plug();
    const asked = questions();
    await answers({ username: 'marker1' }, 'accept');
    await sleep(2000);
    const before: Answered[] = [];
    for (const question of asked) before.push(await ask(question));
    await cable.unplug();
    const after: Answered[] = [];
    for (const question of asked) after.push(await ask(question));
    expect(after.map(comparable)).toEqual(before.map(comparable));
    // Not all the same, or the comparison would say little.
    expect(new Set(before.map(({ reply }) => reply['Reply-Message'])).size).toBeGreaterThan(5);
    expect(before.filter(({ code }) => code === 'accept').length).toBeGreaterThan(30);
    asked.forEach((_question, i) => {
      const [then, now] = [before[i]!, after[i]!].map(({ reply }) => Number(reply['Session-Timeout'] ?? 0));
      expect(Math.abs(then! - now!)).toBeLessThan(60);
    });
    expect(after.every(({ objection }) => objection === undefined)).toBe(true);
  });
});

test('unknown users and bad bytes get silence, wrong passwords a Reject, and Status-Server an answer', async () => {
  await there.world.addSubscription({ username: 'known' });
  await followed();
  expect((await ask({ username: 'known', password: 'wrong' })).code).toBe('reject');
  expect((await ask({ username: 'known' })).code).toBe('accept');
  expect((await ask({ username: 'nobody', tries: 1 })).code).toBe('none');
  expect((await ask({ username: Buffer.from([0xff, 0]), tries: 1 })).code).toBe('none');
  expect(await serves()).toBe(true);
});

test('what was suspended, given another password or removed a moment before Postgres went is so in the snapshot', async () => {
  const [gone] = [
    await there.world.addSubscription({ username: 'leaving' }),
    await there.world.addSubscription({ username: 'renamed' }),
  ];
  const suspended = await there.world.addSubscription({ username: 'behind' });
  await followed();
  expect((await ask({ username: 'behind' })).code).toBe('accept');
  await cable.plug();
  await there.world.sql(`UPDATE subscription SET status = 'suspended' WHERE id = $1`, [suspended]);
  await there.world.sql(`UPDATE radcheck SET value = 'other' WHERE username = 'renamed'`);
  await there.world.sql('DELETE FROM subscription WHERE id = $1', [gone]);
  await followed();
  const refused = await ask({ username: 'behind' });
  expect([refused.code, refused.reply['Reply-Message']]).toEqual([
    'reject',
    'Your account is suspended. Please contact your provider.',
  ]);
  expect((await ask({ username: 'renamed' })).code).toBe('reject');
  expect((await ask({ username: 'renamed', password: 'other' })).code).toBe('accept');
  expect((await ask({ username: 'leaving', tries: 1 })).code).toBe('none');
});

test('whoever is suspended or comes back is so in the snapshot within seconds, each of many one after the other', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 12; n++) ids.push(await there.world.addSubscription({ username: `fickle${n}` }));
  const decided = (name: string): string =>
    inSnapshot(`SELECT DISTINCT value FROM reply WHERE username = '${name}' AND attribute = 'Lango-Decision'`).trim();
  await until(
    () => decided('fickle11'),
    (decision) => decision === 'accept',
    45_000,
  );
  for (const [n, id] of ids.entries()) {
    for (const [status, decision] of [
      ['suspended', 'reject'],
      ['active', 'accept'],
    ]) {
      await there.world.sql('UPDATE subscription SET status = $2 WHERE id = $1', [id, status]);
      // It looks every second; the rest is for a machine that does other things as well.
      await until(
        () => decided(`fickle${n}`),
        (is) => is === decision,
        8000,
      );
    }
  }
});

test('validity ends at its second also without Postgres, and Session-Timeout never outlives it', async () => {
  await there.world.addSubscription({ username: 'brief', expiresIn_s: 9 });
  const ends_ms = Date.now() + 9_000;
  await followed();
  const before = await ask({ username: 'brief' });
  expect(before.code).toBe('accept');
  expect(Number(before.reply['Session-Timeout'])).toBeLessThanOrEqual((ends_ms - Date.now()) / 1000 + 1);
  await sleep(ends_ms - Date.now() + 300);
  const garden = await ask({ username: 'brief' });
  expect([garden.code, garden.reply['Mikrotik-Address-List'], garden.reply['Session-Timeout']]).toEqual([
    'accept',
    'expired',
    '300',
  ]);
  const hotspot = await ask({ username: 'brief', service: 'hotspot' });
  expect([hotspot.code, hotspot.reply['Reply-Message']]).toEqual([
    'reject',
    'Your package has expired. Please renew to get back online.',
  ]);
});

test('barred hours end a session that is let in by the snapshot, however much time online or from first use is left', async () => {
  const [at] = await there.world.sql<{ slow: string; barred: string; free: string; barred_s: string }>(
    `SELECT to_char(m + interval '30 min', 'HH24:MI') AS slow, to_char(m + interval '60 min', 'HH24:MI') AS barred, to_char(m + interval '90 min', 'HH24:MI') AS free,
            extract(epoch FROM date_trunc('minute', lango_now()) + interval '60 min') AS barred_s
     FROM (SELECT lango_now() AT TIME ZONE timezone AS m FROM tenant WHERE id = $1) t`,
    [there.world.tenantId],
  );
  const { slow, barred, free, barred_s } = at!;
  const days = [1, 2, 3, 4, 5, 6, 7];
  const time_rules = JSON.stringify([
    { days, from: slow, to: barred, down_kbps: 2000, up_kbps: 1000 },
    { days, from: barred, to: free, blocked: true },
  ]);
  await there.world.addSubscription({ username: 'long', plan: { time_rules, online_s: 108_000 } });
  await there.world.addSubscription({ username: 'short', plan: { time_rules, online_s: 600 } });
  await there.world.addSubscription({ username: 'first', plan: { time_rules, starts_on: 'first_use' } });
  await there.world.sql(
    `UPDATE subscription SET expires_at = '9999-12-31 00:00+00', unused_validities = 1 WHERE username = 'first'`,
  );
  await followed();
  const written_ms = Date.now();
  const ends = inSnapshot(
    `SELECT DISTINCT username, from_at > 0, coalesce(ends_at, 'never') - ${barred_s} FROM answer
     WHERE username IN ('long', 'short', 'first') AND from_at < ${barred_s} ORDER BY 1, 2`,
  );
  expect(ends.trim().split('\n')).toEqual(
    ['first', 'long', 'short'].flatMap((name) => [`${name}|0|0.0`, `${name}|1|0.0`]),
  );
  await sleep(written_ms + 4000 - Date.now());
  for (const username of ['long', 'first']) {
    const { reply } = await ask({ username });
    expect(Date.now() / 1000 + Number(reply['Session-Timeout'])).toBeLessThan(Number(barred_s) + 1);
  }
  expect((await ask({ username: 'short' })).reply['Session-Timeout']).toBe('600');
});

test('who is online gets in again from the snapshot: it knows of no sessions, so a lost Stop locks nobody out', async () => {
  const id = await there.world.addSubscription({ username: 'online' });
  await there.world.addSession(id, { mac: 'AA:00:00:00:00:09' });
  await followed();
  expect((await ask({ username: 'online' })).code).toBe('accept');
});

test('an unused voucher lets a guest in however its code is typed, a voided one does not, and one in use is a login like others', async () => {
  const [fresh, voided, begun] = [
    await there.world.addVoucher(),
    await there.world.addVoucher(),
    await there.world.addVoucher(),
  ];
  await there.world.sql(
    `UPDATE voucher_batch b SET voided_at = now() FROM voucher v WHERE v.batch_id = b.id AND v.code = $1`,
    [voided],
  );
  await there.world.sql(`SELECT voucher_begin($1, $2, lango_now())`, [there.world.tenantId, begun]);
  const typed = `${fresh.slice(0, 4)}-${fresh.slice(4).toLowerCase()}`;
  const guest = { service: 'hotspot' as const, method: 'chap' as const };
  const before = await answers({ username: fresh, password: fresh, ...guest }, 'accept');
  await until(
    () =>
      inSnapshot(
        `SELECT (SELECT count(*) FROM voucher WHERE code = '${fresh}') || (SELECT count(*) FROM answer WHERE username = '${begun}')`,
      ),
    (counts) => /^1[1-9]/.test(counts),
    45_000,
  );
  await followed();
  const after = await ask({ username: typed, password: typed, ...guest });
  expect([before.code, after.code]).toEqual(['accept', 'accept']);
  for (const name of ['Session-Timeout', 'Mikrotik-Rate-Limit', 'Acct-Interim-Interval'])
    expect([name, after.reply[name]]).toEqual([name, before.reply[name]]);
  expect(Buffer.from(after.reply['Class']!.slice(2), 'hex').toString()).toMatch(/^L1:0:[0-9a-f]{16}:f/);
  expect((await ask({ username: fresh, password: 'guessed', ...guest })).code).toBe('reject');
  expect((await ask({ username: voided, password: voided, ...guest, tries: 1 })).code).toBe('none');
  for (const name of [begun, begun.toLowerCase()])
    expect((await ask({ username: name, password: name, ...guest })).code).toBe('accept');
});

test('a device that is a login by its address is known in every spelling', async () => {
  const station = 'AA:BB:CC:DD:EE:01';
  await there.world.addSubscription({ username: station, password: station });
  await followed();
  for (const name of ['AA:BB:CC:DD:EE:01', 'aabb.ccdd.ee01', 'AA-BB-CC-DD-EE-01', 'aabbccddee01'])
    expect([name, (await ask({ username: name, password: name, service: 'hotspot', station })).code]).toEqual([
      name,
      'accept',
    ]);
  expect((await ask({ username: 'aabbccddee02', password: 'aabbccddee02', tries: 1 })).code).toBe('none');
});

test.each(['first', 'last'] as const)(
  'a request that names two devices is refused, the other named %s',
  async (place) => {
    const [mine, theirs] = ['48:A9:8A:00:22:01', place === 'first' ? '48:A9:8A:00:22:02' : '48:A9:8A:00:22:03'];
    const username = `two devices ${place}`;
    await there.world.addSubscription({ username, macLock: theirs });
    await there.world.addSubscription({ username: theirs, password: theirs, macLock: theirs });
    await followed();
    const named = (mac: string) => ({ [place]: [[0, 31, Buffer.from(mac)] as const] });
    const asked = { username, service: 'hotspot', station: mine } as const;
    const twice = { code: 'reject', reply: { 'Reply-Message': expect.stringMatching(/two devices/) } };
    expect(await ask({ ...asked, forged: named(theirs) })).toMatchObject(twice);
    expect(await ask({ ...asked, password: 'wrong', forged: named(theirs) })).toMatchObject(twice);
    expect(await ask({ ...asked, username: theirs, password: '', forged: named(theirs) })).toMatchObject(twice);
    // The same one twice is one.
    expect(await ask({ ...asked, station: theirs, forged: named(theirs) })).toMatchObject({ code: 'accept' });
    expect(await ask({ ...asked, username: theirs, password: '', station: theirs })).toMatchObject({ code: 'accept' });
    expect((await ask({ ...asked, username: 'nobody', forged: named(theirs), tries: 1 })).code).toBe('none');
  },
);

test('a company that is closed is refused, a router that has signed must sign, one that must sign too', async () => {
  await there.world.addRouter({ address: '127.61.0.3', policy: 'require' });
  await there.world.addRouter({ address: '127.61.0.4' });
  await there.world.sql(
    `INSERT INTO nas_status (nas_id, tenant_id, message_authenticator_seen_at) SELECT id, tenant_id, now() FROM nas WHERE nasname = '127.61.0.4'`,
  );
  await answers({ username: 'known', from: '127.61.0.3', signed: true }, 'accept');
  await followed();
  for (const from of ['127.61.0.3', '127.61.0.4']) {
    expect((await ask({ username: 'known', from, tries: 1 })).code).toBe('none');
    expect((await ask({ username: 'known', from, signed: true })).code).toBe('accept');
  }
  expect((await ask({ username: 'known', proxyState: true, tries: 1 })).code).toBe('none');
});
