import { startEnforcer, type Enforcer } from '../../radius/enforcer';
import { createSecretBox } from '../platform/crypto';
import { SimulatedMikrotik, type ApiUser, type RouterOptions, type Session } from '../test-kit/mikrotik';
import { FakeAaa } from '../test-kit/mikrotik/fake-aaa';
import { stopwatch } from '../test-kit/stopwatch';
import { until } from './enforcement-router';
import { createEnforcementWorld, type EnforcementRow, type EnforcementWorld } from './enforcement-world';

/** The third rung: a simulated MikroTik with its API on, and no accounting listener, so that nothing but a look at the router proves anything. */
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const secret = 'router-secret';
const admin: ApiUser = { name: 'lango', password: 'api-passwörd' };
const secrets = createSecretBox(Buffer.alloc(32, 7));
let world: EnforcementWorld;
let aaa: FakeAaa;
let enforcer: Enforcer;
let routers: SimulatedMikrotik[] = [];
let serial = 0;

beforeAll(async () => {
  world = await createEnforcementWorld();
  aaa = await FakeAaa.listen(secret);
  enforcer = await startEnforcer({
    databaseUrl: world.database.urls.enforcer,
    bind: '127.0.0.1',
    log,
    resendAfterMs: [150, 150],
    openApiPassword: (tenantId, sealed) => secrets.open('nas.api_password', tenantId, sealed),
  });
});
afterEach(async () => {
  for (const router of routers) await router.close();
  routers = [];
  await world.owner.query('DELETE FROM enforcement');
  await world.owner.query('DELETE FROM session_live');
});
afterAll(async () => {
  await enforcer?.stop();
  await aaa?.close();
  await world?.end();
});

interface Online {
  router: SimulatedMikrotik;
  routerId: string;
  session: Session;
  sessionId: string;
  subscriptionId: string;
  username: string;
}

/** A router with its API, known to Lango with a sealed password. */
async function addRouter(
  o: Partial<RouterOptions> & { user?: ApiUser } = {},
): Promise<{ router: SimulatedMikrotik; routerId: string }> {
  serial += 1;
  const { user = admin, ...options } = o;
  const router = await SimulatedMikrotik.start({
    identity: `tower-${serial}`,
    address: `127.9.6.${serial}`,
    secret,
    version: '7.18',
    servers: [aaa.row],
    api: { users: [user] },
    automaticInterims: false,
    ...options,
  });
  routers.push(router);
  const routerId = await world.router({ address: `127.9.6.${serial}`, port: router.coaPort, secret });
  const sealed = secrets.seal('nas.api_password', BigInt(world.tenantId), admin.password);
  await world.owner.query('UPDATE nas SET api_username = $2, api_password_enc = $3, api_port = $4 WHERE id = $1', [
    routerId,
    admin.name,
    sealed,
    router.api.port,
  ]);
  return { router, routerId };
}

/** Somebody online on a new router: `reply` is what the login was answered with, `subscription` what was sold. */
async function online(
  o: Parameters<typeof addRouter>[0] & {
    service?: 'ppp' | 'hotspot';
    reply?: [string, string][];
    subscription?: Partial<Parameters<EnforcementWorld['subscription']>[0]>;
  } = {},
): Promise<Online> {
  const { service = 'ppp', reply = [], subscription = {}, ...rest } = o;
  const { router, routerId } = await addRouter(rest);
  const username = `user ${serial} é`;
  const subscriptionId = await world.subscription({ username, ...subscription });
  aaa.authorize = () => ({ accept: reply });
  const device = { username, password: 'x', authentication: 'pap' as const };
  const login = await (service === 'ppp' ? router.connectPppoe(device) : router.connectHotspot(device));
  if (login.kind !== 'online') throw new Error(`the login is ${login.kind}`);
  const { session } = login;
  const sessionId = await world.session({
    routerId,
    subscriptionId,
    acctSessionId: session.id,
    service,
    framedIp: session.identity.address,
    mac: session.identity.mac.toLowerCase(),
    startedAgoS: 0,
    heardAgoS: 0,
  });
  await world.owner.query('UPDATE session_live SET nas_identifier = $2 WHERE radacctid = $1', [
    sessionId,
    router.identity,
  ]);
  return { router, routerId, session, sessionId, subscriptionId, username };
}

const suspend = async (subscriptionId: string): Promise<void> => {
  await world.owner.query(`UPDATE subscription SET status = 'suspended' WHERE id = $1`, [subscriptionId]);
  await world.owner.query(`SELECT enforce_subscription($1, 'suspended')`, [subscriptionId]);
};
const only = async (sessionId: string): Promise<EnforcementRow> => {
  const rows = await world.enforcementsOf(sessionId);
  if (rows.length !== 1) throw new Error(`${rows.length} rows instead of one`);
  return rows[0]!;
};
/** Makes all that waits due until the row is closed: attempts seem older, the clock stays. */
const becomes = (sessionId: string, state: string): Promise<EnforcementRow> =>
  until(
    async () => {
      await world.owner.query(`UPDATE enforcement_attempt SET at = at - interval '10 seconds'`);
      await world.owner.query(
        `UPDATE enforcement SET next_attempt_at = lango_now() WHERE state = 'open' AND claimed_by IS NULL`,
      );
      await world.owner.query(`SELECT pg_notify('lango_enforcement', '')`);
      const row = await only(sessionId);
      return row.state === state && row;
    },
    12_000,
    `a row that is ${state}`,
  );
const told = async (id: string): Promise<string[]> => {
  const { rows } = await world.owner.query<{ via: string; outcome: string; detail: string | null }>(
    'SELECT via, outcome, detail FROM enforcement_attempt WHERE enforcement_id = $1 ORDER BY id',
    [id],
  );
  return rows.map(({ via, outcome, detail }) => [via, outcome, detail].filter(Boolean).join(' '));
};

describe('cut', () => {
  test('acknowledged without effect: the API removes the session, sees it gone, and the books close it', async () => {
    const on = await online();
    on.router.faults.coa = 'ack_without_effect';
    await suspend(on.subscriptionId);
    const row = await becomes(on.sessionId, 'proven');
    expect(row.proven_by).toBe('read_back');
    expect(on.session.endedBy).toBe('Admin-Reset');
    expect(await until(async () => (await told(row.id)).length === 2 && (await told(row.id)))).toEqual([
      'disconnect ack',
      'api ack removed, and not there any more',
    ]);
    const { rows } = await world.owner.query('SELECT closed_by FROM session_live WHERE radacctid = $1', [on.sessionId]);
    expect(rows).toEqual([{ closed_by: 'stale' }]);
  });

  test('CoA silent, as with its port shut: by the API at once, without waiting for more silence', async () => {
    const on = await online({ service: 'hotspot' });
    on.router.faults.coa = 'silent';
    const asked = stopwatch();
    await suspend(on.subscriptionId);
    await until(async () => (await only(on.sessionId)).state === 'proven', 20_000);
    expect(asked()).toBeLessThan(4000);
    expect(on.session.live).toBe(false);
  });

  test('a Stop that was lost: the router is asked, knows no such session, and that is proof', async () => {
    const on = await online();
    on.router.faults.intercept = () => 'drop';
    await suspend(on.subscriptionId);
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'read_back' });
    expect(on.router.api.asked).not.toContain('/ppp/active/remove');
  });

  test('another router behind the same address proves nothing', async () => {
    const on = await online();
    await world.owner.query(`UPDATE session_live SET nas_identifier = 'tower-99' WHERE radacctid = $1`, [on.sessionId]);
    await suspend(on.subscriptionId);
    await until(async () => {
      await world.owner.query(`UPDATE enforcement_attempt SET at = at - interval '10 seconds'`);
      await world.owner.query(`UPDATE enforcement SET next_attempt_at = lango_now() WHERE claimed_by IS NULL`);
      await world.owner.query(`SELECT pg_notify('lango_enforcement', '')`);
      return (await told((await only(on.sessionId)).id)).some((line) => line.includes('belongs to'));
    }, 12_000);
    expect((await only(on.sessionId)).state).toBe('open');
  });

  test('the next session of the same name and device on a hotspot is not cut for the one before', async () => {
    const on = await online({ service: 'hotspot' });
    await world.owner.query(
      `UPDATE session_live SET started_at = lango_now() - interval '1 hour', session_time_s = 3600, acct_session_id = '80f0beef' WHERE radacctid = $1`,
      [on.sessionId],
    );
    await suspend(on.subscriptionId);
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'read_back' });
    expect(on.session.live).toBe(true);
  });

  test('a hotspot session is found though its router’s clock is behind, by how long it says that it has lasted', async () => {
    const on = await online({ service: 'hotspot' });
    on.router.faults.coa = 'ack_without_effect';
    await world.owner.query(
      `UPDATE session_live SET started_at = lango_now() - interval '10 minutes' WHERE radacctid = $1`,
      [on.sessionId],
    );
    await suspend(on.subscriptionId);
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'read_back' });
    expect(on.session.live).toBe(false);
  });

  test('what a session that seemed gone was to be told is told when it is heard of again', async () => {
    const on = await online({ service: 'hotspot' });
    on.router.faults.coa = 'ack_without_effect';
    const lasts = (s: number) =>
      world.owner.query(
        `UPDATE session_live SET started_at = lango_now() - make_interval(secs => $2), session_time_s = $2 WHERE radacctid = $1`,
        [on.sessionId, s],
      );
    await lasts(3600);
    await world.owner.query(`SELECT enforce_session($1, 'cut', 'staff_disconnect')`, [on.sessionId]);
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'read_back' });
    expect(on.session.live).toBe(true);
    await lasts(0);
    await world.owner.query(
      `UPDATE session_live SET stopped_at = NULL, closed_by = NULL, closed_at = NULL, terminate_cause = NULL WHERE radacctid = $1`,
      [on.sessionId],
    );
    await world.owner.query(`SELECT accounting_greet(ARRAY[$1::bigint], ARRAY[lango_now() - interval '1 minute'])`, [
      on.sessionId,
    ]);
    expect(await only(on.sessionId)).toMatchObject({ state: 'open', reason: 'staff_disconnect' });
    await becomes(on.sessionId, 'proven');
    expect(on.session.live).toBe(false);
  });

  test('a user without the right to write: tried twice, told on the router’s row, and Disconnect goes on', async () => {
    const on = await online({ user: { ...admin, policies: ['api', 'read'] } });
    on.router.faults.coa = 'ack_without_effect';
    await suspend(on.subscriptionId);
    await becomes(on.sessionId, 'gave_up');
    const lines = await told((await only(on.sessionId)).id);
    expect(lines.filter((line) => line.startsWith('api'))).toEqual([
      'api nak not enough permissions (9)',
      'api nak not enough permissions (9)',
    ]);
    expect(lines.filter((line) => line.startsWith('disconnect'))).toHaveLength(10);
    const { rows } = await world.owner.query('SELECT api_fault FROM nas_status WHERE nas_id = $1', [on.routerId]);
    expect(rows).toEqual([{ api_fault: 'refused' }]);
  });

  test('a wrong API password and an API that is off are told apart', async () => {
    const fault = async (routerId: string) =>
      (await world.owner.query('SELECT api_fault FROM nas_status WHERE nas_id = $1', [routerId])).rows[0]?.api_fault;
    const wrong = await online({ user: { name: 'lango', password: 'other' } });
    wrong.router.faults.coa = 'silent';
    await suspend(wrong.subscriptionId);
    await until(async () => (await fault(wrong.routerId)) === 'login_refused');
    const off = await online();
    await world.owner.query('UPDATE nas SET api_port = 1 WHERE id = $1', [off.routerId]);
    off.router.faults.coa = 'silent';
    await suspend(off.subscriptionId);
    await until(async () => (await fault(off.routerId)) === 'unreachable');
  });
});

describe('rate and time, read back', () => {
  const overCap = { quotaBytes: 1000, usedBytes: 1000, onQuota: 'throttle' as const };

  test('the queue of a hotspot session proves a throttle, which accounting cannot', async () => {
    const on = await online({
      service: 'hotspot',
      reply: [['Mikrotik-Rate-Limit', '5000k/10000k']],
      subscription: overCap,
    });
    await world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [on.subscriptionId]);
    const row = await becomes(on.sessionId, 'proven');
    expect(row).toMatchObject({ kind: 'throttle', proven_by: 'read_back' });
    expect((await told(row.id)).at(-1)).toBe('api ack its queue has 256000/512000');
  });

  test('a rate that was acknowledged and not set is seen, said again, and then forced by a new login', async () => {
    const on = await online({ reply: [['Mikrotik-Rate-Limit', '5000k/10000k']], subscription: overCap });
    on.router.faults.coa = 'ack_without_effect';
    await world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [on.subscriptionId]);
    const row = await becomes(on.sessionId, 'proven');
    // The session is closed, which closes its rows, before the last answer is written down.
    expect(await until(async () => (await told(row.id)).length === 6 && (await told(row.id)))).toEqual([
      'coa ack',
      'api nak its queue has 5000000/10000000 instead of 256k/512k',
      'coa ack',
      'api nak its queue has 5000000/10000000 instead of 256k/512k',
      'disconnect ack',
      'api ack removed, and not there any more',
    ]);
    expect(on.session.live).toBe(false);
  });

  test('the time left of a hotspot session proves a renewal', async () => {
    const on = await online({
      service: 'hotspot',
      reply: [['Session-Timeout', '600']],
      subscription: { expiresInS: 7200 },
    });
    await world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [on.subscriptionId]);
    const row = await becomes(on.sessionId, 'proven');
    expect(row).toMatchObject({ kind: 'refresh', proven_by: 'read_back' });
    expect(on.session.timeLeft_s).toBeGreaterThan(7100);
  });
});

describe('login', () => {
  const mac = '02:11:22:33:44:55';
  const loginRow = async (subscriptionId: string) =>
    (
      await world.owner.query<{ id: string; state: string; proven_by: string | null }>(
        `SELECT id, state, proven_by FROM enforcement WHERE subscription_id = $1 AND kind = 'login'`,
        [subscriptionId],
      )
    ).rows[0];

  /** A hotspot customer whose session ended with his time; the device is still there. */
  async function expired(address: string | undefined): Promise<{ subscriptionId: string; router: SimulatedMikrotik }> {
    const { router, routerId } = await addRouter();
    const username = `guest${serial}`;
    const subscriptionId = await world.subscription({ username, expiresInS: -60 });
    await world.owner.query(
      `INSERT INTO radcheck (tenant_id, username, attribute, op, value) VALUES ($1, $2, 'Cleartext-Password', ':=', 'wifi')`,
      [world.tenantId, username],
    );
    const session = { routerId, subscriptionId, acctSessionId: '80100001', service: 'hotspot' as const, mac };
    await world.stop(await world.session(session));
    if (address !== undefined) router.appear({ mac, address });
    aaa.authorize = () => ({ accept: [] });
    return { subscriptionId, router };
  }
  const pay = async (subscriptionId: string): Promise<void> => {
    await world.owner.query(`UPDATE subscription SET expires_at = lango_now() + interval '1 hour' WHERE id = $1`, [
      subscriptionId,
    ]);
    await world.owner.query(`SELECT enforce_subscription($1, 'payment')`, [subscriptionId]);
  };

  test('a payment lets the waiting device in, wherever its address is now', async () => {
    const { subscriptionId, router } = await expired('10.5.50.77');
    await pay(subscriptionId);
    await until(async () => (await loginRow(subscriptionId))?.state === 'proven');
    expect(await loginRow(subscriptionId)).toMatchObject({ proven_by: 'read_back' });
    expect(router.sessions.map((session) => [session.identity.mac, session.identity.hostAddress])).toEqual([
      [mac, '10.5.50.77'],
    ]);
  });

  test('a device that has gone home is not waited for', async () => {
    const { subscriptionId } = await expired(undefined);
    await pay(subscriptionId);
    await until(async () => {
      await world.owner.query(`UPDATE enforcement SET next_attempt_at = lango_now() WHERE claimed_by IS NULL`);
      await world.owner.query(`SELECT pg_notify('lango_enforcement', '')`);
      return (await loginRow(subscriptionId))?.state === 'unproven';
    });
    expect(new Set(await told((await loginRow(subscriptionId))!.id))).toEqual(
      new Set(['api nak the device is not on the hotspot']),
    );
  });
});
