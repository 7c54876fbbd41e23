import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { startEnforcer, type Enforcer } from '../../radius/enforcer';
import { projectRoot } from '../platform/project-root';
import { stopwatch } from '../test-kit/stopwatch';
import { createEnforcementWorld, type EnforcementWorld } from './enforcement-world';
import { startScriptedRouter, until, type ScriptedRouter } from './enforcement-router';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let world: EnforcementWorld;
let enforcers: Enforcer[] = [];
let routers: ScriptedRouter[] = [];
let children: ChildProcess[] = [];
let serial = 0;

beforeAll(async () => {
  world = await createEnforcementWorld();
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const enforcer of enforcers) await enforcer.stop();
  for (const router of routers) await router.close();
  [enforcers, routers, children] = [[], [], []];
  await world.shiftClock('0');
  await world.owner.query('DELETE FROM enforcement');
  await world.owner.query('DELETE FROM session_live');
});
afterAll(() => world.end());

const start = async (o: { sweepEveryMs?: number } = {}): Promise<void> => {
  enforcers.push(await startEnforcer({ databaseUrl: world.database.urls.enforcer, bind: '127.0.0.1', log, ...o }));
};

async function addRouter(): Promise<{ router: ScriptedRouter; routerId: string }> {
  serial += 1;
  const address = `127.9.2.${serial}`;
  const router = await startScriptedRouter({ address });
  routers.push(router);
  return { router, routerId: await world.router({ address, port: router.port }) };
}

/** Many suspended subscriptions, each with an open session on the router; nothing is asked for yet. */
async function crowd(routerId: string, size: number): Promise<void> {
  const prefix = `crowd${routerId}-`;
  const first = await world.subscription({ username: `${prefix}0` });
  await world.owner.query(
    `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no)
     SELECT tenant_id, subscriber_id, plan_version_id, $2 || n, 'active', starts_at, expires_at, 1 FROM subscription, generate_series(1, $3 - 1) n WHERE id = $1`,
    [first, prefix, size],
  );
  await world.owner.query(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, service, framed_ip, started_at, updated_at, received_at, interim_s, mode)
     SELECT s.tenant_id, n.id, s.username, s.id, s.username, n.nasname::inet, 'ppp', '10.9.0.7', lango_now(), lango_now(), lango_now(), 300, 'full'
     FROM subscription s, nas n WHERE n.id = $1 AND s.username LIKE $2 || '%'`,
    [routerId, prefix],
  );
}

const cutAll = async (routerId: string): Promise<void> => {
  await world.owner.query(
    `SELECT enforce_session(radacctid, 'cut', 'staff_disconnect', '{}') FROM session_live WHERE nas_id = $1`,
    [routerId],
  );
};
const open = async (): Promise<number> =>
  Number(
    (await world.owner.query(`SELECT count(*)::int AS n FROM enforcement WHERE state = 'open' AND acked_at IS NULL`))
      .rows[0].n,
  );

test('a dead router with 200 rows holds up no other', async () => {
  const dead = await addRouter();
  const live = await addRouter();
  dead.router.react = () => 'silence';
  await crowd(dead.routerId, 200);
  await crowd(live.routerId, 1);
  await start();
  await cutAll(dead.routerId);
  await until(() => dead.router.asked.length >= 2);
  const asked = stopwatch();
  await cutAll(live.routerId);
  await until(() => live.router.asked.length > 0, 15_000, 'the Disconnect to the live router');
  expect(asked()).toBeLessThan(1000);
  // The dead one is asked about a few sessions at a time, not about all.
  expect(new Set(dead.router.asked.map((a) => a.acctSessionId)).size).toBeLessThanOrEqual(8);
});

test('a router that is known to be silent is asked about two sessions at a time, also by an enforcer that has just begun', async () => {
  const { router, routerId } = await addRouter();
  router.react = () => 'silence';
  await crowd(routerId, 20);
  await world.owner.query(
    'INSERT INTO nas_status (nas_id, tenant_id, coa_silent_since) SELECT id, tenant_id, lango_now() FROM nas WHERE id = $1',
    [routerId],
  );
  await start();
  await cutAll(routerId);
  const sessions = () => new Set(router.asked.map((a) => a.acctSessionId)).size;
  await until(() => sessions() === 2);
  // More notices, each of which makes the enforcer look for rows; an exchange takes five seconds to end in silence.
  for (let n = 0; n < 8; n += 1) {
    await world.owner.query('NOTIFY lango_enforcement');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(sessions()).toBe(2);
});

test('two enforcers share the work: every session is asked about once', async () => {
  const { router, routerId } = await addRouter();
  await crowd(routerId, 300);
  await start();
  await start();
  await cutAll(routerId);
  await until(async () => (await open()) === 0, 30_000, 'all answers');
  const sessions = router.asked.map((a) => a.acctSessionId);
  expect(sessions).toHaveLength(300);
  expect(new Set(sessions).size).toBe(300);
});

test('an enforcer killed with its rows in hand loses none: another has them within the lease', async () => {
  const { router, routerId } = await addRouter();
  router.react = () => 'silence';
  await crowd(routerId, 3);
  const program = `require(${JSON.stringify(join(projectRoot(), 'dist/radius/enforcer'))}).startEnforcer({...JSON.parse(process.argv[1]), log: {debug(){}, info(){}, warn(){}, error(){}}})`;
  const child = spawn(
    process.execPath,
    ['-e', program, JSON.stringify({ databaseUrl: world.database.urls.enforcer, bind: '127.0.0.1' })],
    { stdio: 'ignore' },
  );
  children.push(child);
  await cutAll(routerId);
  await until(() => new Set(router.asked.map((a) => a.acctSessionId)).size === 3, 30_000, 'three sessions asked about');
  child.kill('SIGKILL');
  router.asked = [];
  router.react = () => 'ack';
  const killed = stopwatch();
  await start();
  await until(async () => (await open()) === 0, 30_000, 'all answers');
  expect(killed()).toBeLessThan(12_000);
  expect(new Set(router.asked.map((a) => a.acctSessionId)).size).toBe(3);
});

test('an enforcer that is stopped hands its rows back at once', async () => {
  const { router, routerId } = await addRouter();
  router.react = () => 'silence';
  await crowd(routerId, 1);
  await start();
  await cutAll(routerId);
  await until(() => router.asked.length > 0);
  const stopping = stopwatch();
  await enforcers.pop()!.stop();
  expect(stopping()).toBeLessThan(2500);
  router.react = () => 'ack';
  const again = stopwatch();
  await start();
  await until(async () => (await open()) === 0, 15_000, 'the answer');
  expect(again()).toBeLessThan(2000);
});

// On a busy machine it takes a while; a worker that is told nothing sleeps for fifteen seconds. How fast it is, npm run bench measures.
test('an expiry is on the wire when its second comes, and not before', async () => {
  const { router, routerId } = await addRouter();
  await start({ sweepEveryMs: 3_600_000 });
  const soon = await world.subscription({ username: 'expires-soon', expiresInS: 2 });
  await world.session({ routerId, subscriptionId: soon, acctSessionId: 'soon' });
  const later = await world.subscription({ username: 'expires-later', expiresInS: 3600 });
  await world.session({ routerId, subscriptionId: later, acctSessionId: 'later' });
  const { rows } = await world.owner.query('SELECT expires_at FROM subscription WHERE id = $1', [soon]);
  const expires_ms = (rows[0].expires_at as Date).getTime();
  await new Promise((resolve) => setTimeout(resolve, expires_ms - Date.now()));
  const late = stopwatch();
  await until(() => router.asked.length > 0, 15_000, 'the first Disconnect');
  expect(late()).toBeLessThan(5000);
  expect(router.asked[0]!.acctSessionId).toBe('soon');
  expect(performance.timeOrigin + router.asked[0]!.at).toBeGreaterThan(expires_ms - 10);
  await world.stop(
    (await world.owner.query(`SELECT radacctid AS id FROM session_live WHERE acct_session_id = 'soon'`)).rows[0].id,
  );

  const shifted = stopwatch();
  await world.shiftClock('3600 seconds');
  await until(() => router.asked.some((a) => a.acctSessionId === 'later'), 15_000, 'the second Disconnect');
  expect(shifted()).toBeLessThan(5000);
});

test('a session renewed a minute before its expiry lives on past it', async () => {
  const { router, routerId } = await addRouter();
  await start({ sweepEveryMs: 200 });
  const id = await world.subscription({ username: 'renewed', expiresInS: 3600 });
  const session = await world.session({ routerId, subscriptionId: id, acctSessionId: 'renewed', startedAgoS: 100 });
  await world.shiftClock('3540 seconds');
  await world.owner.query(`UPDATE subscription SET expires_at = expires_at + interval '30 days' WHERE id = $1`, [id]);
  await world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [id]);
  await until(() => router.asked.length > 0);
  // From its start: 100 s before now, 3,540 s since, 60 s left and 30 days bought.
  expect(router.asked[0]).toMatchObject({ code: 'coa' });
  expect(router.asked[0]!.sessionTimeout).toBeGreaterThanOrEqual(30 * 86_400 + 3699);
  await world.shiftClock('3603 seconds');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(router.asked.map((a) => a.code)).toEqual(['coa']);
  expect((await world.enforcementsOf(session)).map((row) => row.kind)).toEqual(['refresh']);
});

test('a login that was accepted before the cut and started after it is found by the sweep', async () => {
  const { router, routerId } = await addRouter();
  const id = await world.subscription({ username: 'late', status: 'suspended' });
  await start({ sweepEveryMs: 300 });
  await world.session({ routerId, subscriptionId: id, acctSessionId: 'late' });
  await until(
    () => router.asked.some((a) => a.code === 'disconnect' && a.acctSessionId === 'late'),
    15_000,
    'the Disconnect',
  );
});

test('an enforcer that lost its database goes on by itself', async () => {
  const { router, routerId } = await addRouter();
  await crowd(routerId, 1);
  await start();
  await world.owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lango-enforcer%'`,
  );
  await cutAll(routerId);
  await until(() => router.asked.length > 0, 15_000, 'the Disconnect');
});
