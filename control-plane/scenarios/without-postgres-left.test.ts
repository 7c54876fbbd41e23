/** What is left of data and of time online while Postgres is away: told by the real listener, computed by the host as it is asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAccounting } from '../../radius/accounting';
import { SimulatedMikrotik, type Session } from '../test-kit/mikrotik';
import { createLog } from '../platform/log';
import { until } from '../test-kit/until';
import { homeRouter } from './access-world';
import { worldWithoutPostgres } from './without-postgres-world';

jest.setTimeout(120_000);

const GIB4 = 4_294_967_296;
const there = worldWithoutPostgres();
const { cable, inSnapshot, followed } = there;
const dataDir = mkdtempSync(join(tmpdir(), 'lango-left-'));
const other = { address: '127.61.0.2', type: 'other' as const };
let accounting: Awaited<ReturnType<typeof startAccounting>>;
let router: SimulatedMikrotik;

beforeAll(async () => {
  await there.world.addRouter(other);
  accounting = await startAccounting({
    databaseUrl: there.world.db.urls.accounting,
    bind: '127.0.0.1',
    port: 0,
    dataDir,
    log: createLog('accounting', 'silent'),
    workers: 0,
    patience_ms: 10_000,
  });
  router = await SimulatedMikrotik.start({
    identity: 'tower-left',
    ...homeRouter,
    version: '7.18',
    timeout_ms: 1000,
    automaticInterims: false,
    servers: [{ address: '127.0.0.1', authPort: there.world.freeradius.authPort, acctPort: accounting.port }],
  });
});
afterAll(async () => {
  await router?.close();
  await accounting?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function online(username: string): Promise<Session> {
  const login = await until(
    () => router.connectPppoe({ username, password: 'sesame', authentication: 'mschap2' }),
    ({ kind }) => kind === 'online',
    20_000,
  );
  if (login.kind !== 'online') throw new Error('not online after all');
  return login.session;
}

/** What the file holds of a login's allowance, once it is that. */
const told = (username: string, column: string, value: number) =>
  until(
    () => inSnapshot(`SELECT ${column} FROM allowance WHERE username = '${username}'`).trim(),
    (text) => text === String(value),
    30_000,
  );

/** What an Accept of the snapshot says: seconds, and bytes of both words together. */
async function left(username: string): Promise<{ bytes: number | undefined; words: number; timeout_s: number }> {
  const { code, reply } = await there.ask({ username, signed: true });
  expect([username, code]).toEqual([username, 'accept']);
  const [low, high] = [reply['Mikrotik-Total-Limit'], reply['Mikrotik-Total-Limit-Gigawords']];
  return {
    bytes: low === undefined ? undefined : Number(low) + GIB4 * Number(high ?? 0),
    words: Number(low !== undefined) + Number(high !== undefined),
    timeout_s: Number(reply['Session-Timeout']),
  };
}

test('the data left is what the last record before the outage leaves: of an interim, of a Stop, and across four gigabytes', async () => {
  const plan = { quota_bytes: 6_000_000_000, on_quota: 'cut', simultaneous_use: 3 };
  for (const username of ['eats', 'leaves', 'crosses', 'even']) await there.world.addSubscription({ username, plan });
  await there.world.addSubscription({ username: 'free' });
  for (const username of ['eats', 'leaves', 'crosses', 'even']) await told(username, 'left_bytes', 6_000_000_000);
  const eats = await online('eats');
  const leaves = await online('leaves');
  const crosses = await online('crosses');
  const even = await online('even');
  eats.addTraffic(1_000_000, 499_000_000);
  await eats.interim();
  leaves.addTraffic(0, 700_000_000);
  await leaves.logout();
  crosses.addTraffic(0, 2_500_000_000);
  await crosses.interim();
  even.addTraffic(0, 6_000_000_000 - GIB4);
  await even.interim();
  await told('eats', 'left_bytes', 5_500_000_000);
  await told('leaves', 'left_bytes', 5_300_000_000);
  await told('crosses', 'left_bytes', 3_500_000_000);
  await told('even', 'left_bytes', GIB4);
  await followed();
  expect(await left('eats')).toMatchObject({ bytes: 5_500_000_000, words: 2 });
  expect(await left('leaves')).toMatchObject({ bytes: 5_300_000_000, words: 2 });
  expect(await left('crosses')).toMatchObject({ bytes: 3_500_000_000, words: 1 });
  // A low word of 0 would be no limit.
  expect(await left('even')).toMatchObject({ bytes: GIB4 - 1, words: 1 });
  expect(await left('free')).toMatchObject({ bytes: undefined, words: 0 });
});

test('an allowance that ends with a Stop is ended in the snapshot too', async () => {
  const plans = {
    'cut short': { quota_bytes: 1_000_000_000, on_quota: 'cut' },
    slowed: { quota_bytes: 1_000_000_000, on_quota: 'throttle', throttle_down_kbps: 512, throttle_up_kbps: 256 },
    stepped: { fair_use: JSON.stringify([{ at_bytes: 1_000_000_000, down_kbps: 700, up_kbps: 300 }]) },
    timed: { online_s: 3600 },
  };
  const names = Object.keys(plans);
  for (const [username, plan] of Object.entries(plans)) await there.world.addSubscription({ username, plan });
  await there.world.sql(
    `UPDATE usage_cycle SET seconds = 3595 WHERE subscription_id = (SELECT id FROM subscription WHERE username = 'timed')`,
  );
  const sessions: Session[] = [];
  for (const username of names) sessions.push(await online(username));
  await told('cut short', 'left_bytes', 1_000_000_000);
  await told('slowed', 'left_bytes', 1_000_000_000);
  // As a router ends it at its Mikrotik-Total-Limit or Session-Timeout: the packet that crosses is the last one.
  await until(
    () => sessions[3]!.live,
    (live) => !live,
    10_000,
  );
  for (const session of sessions.slice(0, 3)) {
    session.addTraffic(0, 1_500_000_000);
    await session.logout();
  }
  await until(
    () => there.world.sql('SELECT FROM session_live WHERE stopped_at IS NULL AND username = ANY ($1)', [names]),
    (open) => open.length === 0,
  );
  await followed();
  const answer = async (username: string, from = homeRouter.address) => {
    const { code, reply } = await there.ask({ username, from, signed: true });
    return [code, reply['Mikrotik-Address-List'] ?? reply['Mikrotik-Rate-Limit'] ?? reply['WISPr-Bandwidth-Max-Down']];
  };
  const answered = [];
  for (const username of names) answered.push([username, ...(await answer(username))]);
  for (const username of ['cut short', 'slowed']) answered.push([username, ...(await answer(username, other.address))]);
  expect(answered).toEqual([
    ['cut short', 'accept', 'expired'],
    ['slowed', 'accept', '256k/512k'],
    ['stepped', 'accept', '300k/700k'],
    ['timed', 'accept', 'expired'],
    ['cut short', 'reject', undefined],
    ['slowed', 'accept', '256k/512k'],
  ]);
});

test('what was used while this host could not ask is read as soon as it can, of sessions that are over as well', async () => {
  await there.world.addSubscription({ username: 'late', plan: { quota_bytes: 1_000_000_000, on_quota: 'cut' } });
  await told('late', 'left_bytes', 1_000_000_000);
  const session = await online('late');
  await followed();
  // The listener has a way of its own here.
  session.addTraffic(0, 400_000_000);
  await session.logout();
  expect(await left('late')).toMatchObject({ bytes: 1_000_000_000 });
  await cable.plug();
  await told('late', 'left_bytes', 600_000_000);
});

test('time online goes on being counted while a session may be open, and stands still when none was', async () => {
  const online_s = 3600;
  for (const username of ['sits', 'away'])
    await there.world.addSubscription({ username, plan: { online_s, interim_s: 60, simultaneous_use: 3 } });
  for (const username of ['sits', 'away']) await told(username, 'left_s', online_s);
  const sits = await online('sits');
  const away = await online('away');
  await sits.interim();
  await away.logout();
  await until(
    () =>
      inSnapshot(
        `SELECT (SELECT sessions IS NULL FROM allowance WHERE username = 'away') || (SELECT sessions IS NOT NULL FROM allowance WHERE username = 'sits')`,
      ).trim(),
    (text) => text === '11',
    30_000,
  );
  await followed();
  const first = [await left('sits'), await left('away')];
  const asked_ms = Date.now();
  const [used] = await there.world.sql<{ s: string }>(
    `SELECT coalesce(sum(u.seconds), 0) AS s FROM usage_cycle u JOIN subscription s ON s.id = u.subscription_id WHERE s.username = 'away'`,
  );
  expect(first[1]!.timeout_s).toBe(online_s - Number(used!.s));
  await until(
    () => Date.now() - asked_ms,
    (waited_ms) => waited_ms > 8000,
  );
  const then = [await left('sits'), await left('away')];
  expect(then[1]).toEqual(first[1]);
  const fell_s = first[0]!.timeout_s - then[0]!.timeout_s;
  expect(fell_s).toBeGreaterThanOrEqual(7);
  expect(fell_s).toBeLessThan(30);
});

test('a new period brings all of its time online, also where the old one was used up', async () => {
  const plan = { online_s: 7200, quota_cycle: 'day', quota_bytes: 1_000_000_000, on_quota: 'cut' };
  await there.world.addSubscription({ username: 'turns', plan, usedBytes: 0 });
  await there.world.sql(
    `UPDATE usage_cycle SET seconds = 7000 WHERE subscription_id = (SELECT id FROM subscription WHERE username = 'turns')`,
  );
  await there.world.sql(
    `UPDATE subscription SET cycle_ends_at = lango_now() + interval '12 seconds' WHERE username = 'turns'`,
  );
  const ends_ms = Date.now() + 12_000;
  await told('turns', 'left_s', 200);
  await followed();
  const before = await left('turns');
  expect(Date.now()).toBeLessThan(ends_ms);
  expect(before.timeout_s).toBe(200);
  await until(
    () => Date.now(),
    (now_ms) => now_ms > ends_ms + 1500,
    20_000,
  );
  // As aaa_authorize foretold it, to the minute in which it was asked.
  expect(Math.abs((await left('turns')).timeout_s - 7200)).toBeLessThanOrEqual(1);
});
