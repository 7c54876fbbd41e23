import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAccounting, type Accounting } from '../../radius/accounting';
import { startEnforcer, type Enforcer } from '../../radius/enforcer';
import { ManualClock, realClock, SimulatedMikrotik, type Session } from '../test-kit/mikrotik';
import { FakeAaa } from '../test-kit/mikrotik/fake-aaa';
import { stopwatch } from '../test-kit/stopwatch';
import { until } from './enforcement-router';
import { createEnforcementWorld, type EnforcementRow, type EnforcementWorld } from './enforcement-world';

/** The real listener, the real enforcer and a simulated MikroTik; only the logins are answered by the test, with the Class of a real one. */
jest.setTimeout(60_000);

const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
};
const secret = 'router-secret';
const MEGA = 1_000_000;
let world: EnforcementWorld;
let aaa: FakeAaa;
let accounting: Accounting;
let enforcer: Enforcer;
let router: SimulatedMikrotik;
const routers: SimulatedMikrotik[] = [];
const dataDir = mkdtempSync(join(tmpdir(), 'lango-enforcement-'));

beforeAll(async () => {
  world = await createEnforcementWorld();
  aaa = await FakeAaa.listen(secret);
  accounting = await startAccounting({
    databaseUrl: world.database.urls.accounting,
    bind: '127.0.0.1',
    port: 0,
    dataDir,
    log,
    workers: 0,
    // What was answered is in the database, also on a busy machine.
    patience_ms: 10_000,
  });
  // The enforcer looks for a listener when it starts, and then every five seconds.
  await world.owner.query(
    `INSERT INTO platform_heartbeat (part, instance, beat_at) VALUES ('accounting', 'test', 'infinity')`,
  );
  enforcer = await startEnforcer({
    databaseUrl: world.database.urls.enforcer,
    bind: '127.0.0.1',
    log,
    sweepEveryMs: 500,
  });
  router = await addRouter('127.9.4.1');
});
afterAll(async () => {
  await Promise.all(routers.map((one) => one.close()));
  await enforcer?.stop();
  await accounting?.stop();
  await aaa?.close();
  await world?.end();
  rmSync(dataDir, { recursive: true, force: true });
});

async function addRouter(address: string, clock = realClock): Promise<SimulatedMikrotik> {
  const id = await world.router({ address, port: 3799, secret });
  const device = await SimulatedMikrotik.start({
    identity: `tower ${address}`,
    address,
    secret,
    version: '7.18',
    servers: [{ address: '127.0.0.1', authPort: aaa.row.authPort, acctPort: accounting.port }],
    automaticInterims: false,
    // The listener may hear of the router a moment later.
    timeout_ms: 500,
    tries: 20,
    clock,
  });
  routers.push(device);
  await world.owner.query('UPDATE nas SET coa_port = $2 WHERE id = $1', [id, device.coaPort]);
  return device;
}

/** Dials in; `mode` is what aaa_authorize would have let it in with. */
async function dial(
  username: string,
  subscriptionId: string,
  mode: 'f' | 't' | 'g',
  reply: [string, string][] = [],
  at = router,
): Promise<{ session: Session; sessionId: string }> {
  const loginId = Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(16, '0');
  aaa.authorize = () => ({ accept: [...reply, ['Class', Buffer.from(`L1:${subscriptionId}:${loginId}:${mode}`)]] });
  const login = await at.connectPppoe({ username, password: 'x', authentication: 'pap' });
  if (login.kind !== 'online') throw new Error(`the login is ${login.kind}`);
  const sessionId = await until(async () => {
    const { rows } = await world.owner.query(
      'SELECT radacctid FROM session_live WHERE acct_session_id = $1 AND username = $2',
      [login.session.id, username],
    );
    return rows[0]?.radacctid as string | undefined;
  });
  return { session: login.session, sessionId };
}

const rowThatIs = (sessionId: string, state: string, kind: string): Promise<EnforcementRow> =>
  until(
    async () => (await world.enforcementsOf(sessionId)).find((row) => row.state === state && row.kind === kind),
    15_000,
    `a ${kind} that is ${state}`,
  );
/**
 * Changes a subscription and has that enforced, together, as the product does it: between the two a sweep would see the change and act for a reason of its own.
 * Gives a stopwatch that began when both held.
 */
async function change(id: string, to: string, reason: string): Promise<() => number> {
  await world.owner.query('BEGIN');
  await world.owner.query(`UPDATE subscription SET ${to} WHERE id = $1`, [id]);
  await world.owner.query('SELECT enforce_subscription($1, $2)', [id, reason]);
  const since = stopwatch();
  await world.owner.query('COMMIT');
  return since;
}

test('the packet that crosses a cap has its session cut within a second, and the Stop proves it', async () => {
  const id = await world.subscription({ username: 'capped', quotaBytes: 500 * MEGA });
  const { session, sessionId } = await dial('capped', id, 'f');
  session.addTraffic(10 * MEGA, 480 * MEGA);
  await session.interim();
  expect(await world.enforcementsOf(sessionId)).toEqual([]);
  session.addTraffic(0, 11 * MEGA);
  const mark = router.events.position;
  const crossed = stopwatch();
  await session.interim();
  await router.events.waitFor('ended', (e) => e.session.id === session.id, { since: mark });
  expect(crossed()).toBeLessThan(1000);
  const row = await rowThatIs(sessionId, 'proven', 'cut');
  expect(row).toMatchObject({ reason: 'capped', proven_by: 'stop' });
  await until(async () => (await world.attempts(row.id)).length === 1);
  expect(await world.attempts(row.id)).toEqual([{ via: 'disconnect', outcome: 'ack', error_cause: null }]);
});

test('a cap that throttles changes the rate in place, a top-up changes it back, and the interims prove both', async () => {
  const id = await world.subscription({ username: 'throttled', quotaBytes: 500 * MEGA, onQuota: 'throttle' });
  const { session, sessionId } = await dial('throttled', id, 'f', [['Mikrotik-Rate-Limit', '5000k/10000k']]);
  session.addTraffic(0, 501 * MEGA);
  const crossed = stopwatch();
  await session.interim();
  await until(() => session.entitlement.rateLimit?.down_bps === 512_000, 15_000, 'the lower rate');
  expect(crossed()).toBeLessThan(1000);
  await until(async () => (await world.enforcementsOf(sessionId))[0]?.attempts === 1);
  await session.interim();
  expect(await rowThatIs(sessionId, 'proven', 'throttle')).toMatchObject({
    reason: 'cap_throttle',
    proven_by: 'interim',
  });

  const toppedUp = await change(id, `topup_bytes = ${500 * MEGA}`, 'topped_up');
  await until(() => session.entitlement.rateLimit?.down_bps === 10_000_000, 15_000, 'the old rate');
  expect(toppedUp()).toBeLessThan(1000);
  await until(
    async () => (await world.enforcementsOf(sessionId)).find((row) => row.kind === 'restore')?.attempts === 1,
  );
  await session.interim();
  expect(await rowThatIs(sessionId, 'proven', 'restore')).toMatchObject({ proven_by: 'interim' });
  expect(session.live).toBe(true);
});

test('a renewal reaches the live session, which outlives its old timeout', async () => {
  const id = await world.subscription({ username: 'renewed', expiresInS: 60 });
  const clock = new ManualClock();
  const at = await addRouter('127.9.4.2', clock);
  const { session, sessionId } = await dial('renewed', id, 'f', [['Session-Timeout', '60']], at);
  await change(id, `expires_at = expires_at + interval '30 days'`, 'renewed');
  expect(await rowThatIs(sessionId, 'unproven', 'refresh')).toMatchObject({ attempts: 1 });
  clock.advance(61_000);
  await world.shiftClock('61 seconds');
  // Two sweeps.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(session.live).toBe(true);
  expect((await world.enforcementsOf(sessionId)).map((row) => row.kind)).toEqual(['refresh']);
  await world.shiftClock('0');
});

test('out of the walled garden: thrown off within a second of the payment', async () => {
  const id = await world.subscription({ username: 'garden', expiresInS: -10 });
  const { session, sessionId } = await dial('garden', id, 'g', [['Mikrotik-Address-List', 'lango-garden']]);
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(session.live).toBe(true);
  const paid = await change(id, `expires_at = lango_now() + interval '30 days'`, 'payment');
  await until(() => !session.live, 15_000, 'the end of the garden');
  expect(paid()).toBeLessThan(1000);
  expect(await rowThatIs(sessionId, 'proven', 'restore')).toMatchObject({ reason: 'payment', proven_by: 'stop' });
});

test('a lost Stop: the router says it knows no such session, and the silence of an interval proves it', async () => {
  const id = await world.subscription({ username: 'ghost' });
  const { session, sessionId } = await dial('ghost', id, 'f');
  router.vanish(session);
  await change(id, `status = 'suspended'`, 'suspended');
  const row = await until(async () => (await world.enforcementsOf(sessionId)).find((found) => found.attempts >= 3));
  expect((await world.attempts(row.id)).map((a) => `${a.outcome} ${a.error_cause}`)).toEqual([
    'nak 503',
    'nak 503',
    'nak 503',
  ]);
  // One interval and a margin; silence alone would need three.
  await world.shiftClock('420 seconds');
  expect(await rowThatIs(sessionId, 'proven', 'cut')).toMatchObject({ proven_by: 'silence' });
  await world.shiftClock('0');
});
