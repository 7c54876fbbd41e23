import { Client } from 'pg';
import { until } from '../test-kit/until';
import {
  createEnforcementWorld,
  type EnforcementWorld,
  type SessionInput,
  type SubscriptionInput,
} from './enforcement-world';

let world: EnforcementWorld;
let router: string;
let serial = 0;

beforeAll(async () => {
  world = await createEnforcementWorld();
  router = await world.router({ address: '127.9.0.1', port: 3799 });
});
afterAll(() => world.end());

/** A subscription with one open session. */
async function online(
  subscription: Partial<SubscriptionInput> = {},
  session: Partial<SessionInput> = {},
): Promise<{ subscriptionId: string; sessionId: string }> {
  serial += 1;
  const subscriptionId = await world.subscription({ username: `user${serial}`, ...subscription });
  const sessionId = await world.session({
    routerId: router,
    subscriptionId,
    acctSessionId: `8130${serial.toString(16).padStart(4, '0')}`,
    ...session,
  });
  return { subscriptionId, sessionId };
}

const enforce = async (subscriptionId: string, reason: string): Promise<number> =>
  Number(
    (await world.owner.query<{ n: number }>('SELECT enforce_subscription($1, $2) AS n', [subscriptionId, reason]))
      .rows[0]?.n,
  );
const kinds = async (sessionId: string): Promise<string[]> =>
  (await world.enforcementsOf(sessionId)).map(
    (e) => `${e.kind} ${e.reason} ${e.state}${e.proven_by ? ` ${e.proven_by}` : ''}`,
  );

test.each([
  ['suspended by staff', { status: 'suspended' }, {}, 'suspended', ['cut suspended open']],
  ['expired', { expiresInS: -1 }, {}, 'expired', ['cut expired open']],
  ['expired, but already in the garden', { expiresInS: -1 }, { mode: 'garden' }, 'expired', []],
  ['suspended while in the garden', { status: 'suspended' }, { mode: 'garden' }, 'suspended', ['cut suspended open']],
  ['over a cap that cuts', { quotaBytes: 100, usedBytes: 100 }, {}, 'capped', ['cut capped open']],
  [
    'over a cap that throttles',
    { quotaBytes: 100, usedBytes: 100, onQuota: 'throttle' },
    {},
    'cap_throttle',
    ['throttle cap_throttle open'],
  ],
  [
    'over a cap that throttles, already throttled',
    { quotaBytes: 100, usedBytes: 100, onQuota: 'throttle' },
    { mode: 'throttled' },
    'cap_throttle',
    [],
  ],
  [
    'topped up while throttled',
    { quotaBytes: 100, usedBytes: 10, onQuota: 'throttle' },
    { mode: 'throttled' },
    'topped_up',
    ['restore topped_up open'],
  ],
  ['paid while in the garden', {}, { mode: 'garden' }, 'payment', ['restore payment open']],
  ['renewed while online', {}, {}, 'renewed', ['refresh renewed open']],
  ['renewed on a router that echoes no Class', {}, { mode: null }, 'renewed', ['refresh renewed open']],
  ['nothing changed for the network', {}, {}, 'expired', []],
  ['password changed', {}, {}, 'password_changed', ['cut password_changed open']],
  ['locked to this device', {}, { mac: 'AA:BB:CC:00:00:01' }, 'mac_lock_changed', []],
] as [string, Partial<SubscriptionInput>, Partial<SessionInput>, string, string[]][])(
  '%s',
  async (_name, subscription, session, reason, expected) => {
    const { subscriptionId, sessionId } = await online(subscription, session);
    expect(await enforce(subscriptionId, reason)).toBe(expected.length);
    expect(await kinds(sessionId)).toEqual(expected);
  },
);

test('a lock to another device cuts the one that is on', async () => {
  const { subscriptionId, sessionId } = await online({}, { mac: 'AA:BB:CC:00:00:01' });
  await world.owner.query(`UPDATE subscription SET mac_lock = 'AA:BB:CC:00:00:02' WHERE id = $1`, [subscriptionId]);
  await enforce(subscriptionId, 'mac_lock_changed');
  expect(await kinds(sessionId)).toEqual(['cut mac_lock_changed open']);
});

test('a payment takes back the cut that it made untrue, but not one that staff asked for', async () => {
  const paid = await online({ expiresInS: -1 });
  await enforce(paid.subscriptionId, 'expired');
  await world.owner.query(`UPDATE subscription SET expires_at = lango_now() + interval '1 day' WHERE id = $1`, [
    paid.subscriptionId,
  ]);
  await enforce(paid.subscriptionId, 'payment');
  expect(await kinds(paid.sessionId)).toEqual(['cut expired proven superseded', 'refresh payment open']);

  const cut = await online();
  await world.owner.query(`SELECT enforce_session($1, 'cut', 'staff_disconnect', '{}')`, [cut.sessionId]);
  await enforce(cut.subscriptionId, 'payment');
  expect(await kinds(cut.sessionId)).toContain('cut staff_disconnect open');
});

test('asking twice is asking once, and the tries start anew', async () => {
  const { subscriptionId, sessionId } = await online({ status: 'suspended' });
  await enforce(subscriptionId, 'suspended');
  await world.owner.query(
    `UPDATE enforcement SET attempts = 5, next_attempt_at = lango_now() + interval '4 minutes' WHERE session_id = $1`,
    [sessionId],
  );
  await enforce(subscriptionId, 'suspended');
  const rows = await world.enforcementsOf(sessionId);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ attempts: 0, state: 'open' });
  expect(rows[0]!.due_in_s).toBeLessThanOrEqual(0);
});

test('a kind that cannot be done is refused in words, and so is a rate without numbers', async () => {
  const { sessionId } = await online();
  await expect(world.owner.query(`SELECT enforce_session($1, 'login', 'payment', '{}')`, [sessionId])).rejects.toThrow(
    'cannot be asked for',
  );
  await expect(
    world.owner.query(`SELECT enforce_session($1, 'throttle', 'staff_rate', '{}')`, [sessionId]),
  ).rejects.toThrow('needs down_kbps and up_kbps');
  const { rows } = await world.owner.query(`SELECT enforce_session(999999, 'cut', 'staff_disconnect', '{}') AS id`);
  expect(rows).toEqual([{ id: null }]);
});

test('the web role enforces for its own company alone', async () => {
  const { subscriptionId, sessionId } = await online({ status: 'suspended' });
  const web = new Client({ connectionString: world.database.urls.web });
  await web.connect();
  try {
    const other = await world.owner.query<{ id: string }>(
      `INSERT INTO tenant (name, slug) VALUES ('Other', 'other') RETURNING id`,
    );
    await web.query(`SELECT set_config('lango.tenant', $1, false)`, [other.rows[0]!.id]);
    await expect(web.query(`SELECT enforce_subscription($1, 'suspended')`, [subscriptionId])).rejects.toThrow(
      'another company',
    );
    await web.query(`SELECT set_config('lango.tenant', '', false)`);
    await expect(web.query(`SELECT enforce_session($1, 'cut', 'staff_disconnect', '{}')`, [sessionId])).rejects.toThrow(
      'another company',
    );
    await web.query(`SELECT set_config('lango.tenant', $1, false)`, [world.tenantId]);
    await web.query(`SELECT enforce_subscription($1, 'suspended')`, [subscriptionId]);
    expect(await kinds(sessionId)).toEqual(['cut suspended open']);
  } finally {
    await web.end();
  }
});

test('rows are locked in the order of their ids, as an enforcer locks them that writes their outcomes at that moment', async () => {
  const [first, second] = [await online(), await online()];
  const cut = async (sessionId: string): Promise<string> =>
    (
      await world.owner.query<{ id: string }>(`SELECT enforce_session($1, 'cut', 'staff_disconnect') AS id`, [
        sessionId,
      ])
    ).rows[0]!.id;
  const older = await cut(second.sessionId);
  const newer = await cut(first.sessionId);
  const clients = [world.database.ownerUrl, world.database.urls.accounting].map(
    (url) => new Client({ connectionString: url }),
  );
  const [enforcer, listener] = clients as [Client, Client];
  await Promise.all(clients.map((client) => client.connect()));
  try {
    await enforcer.query('BEGIN');
    await enforcer.query('SELECT FROM enforcement WHERE id = $1 FOR UPDATE', [older]);
    const proving = listener.query('SELECT enforcement_prove_closed($1)', [[first.sessionId, second.sessionId]]);
    const waiting = async (): Promise<boolean> =>
      (
        await world.owner.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'prove_closed' AND datname = current_database()`,
        )
      ).rowCount === 1;
    await until(waiting, (blocked) => blocked);
    // With this one held as well, each would wait for the other until the database ends one of them, a second later.
    await enforcer.query('SELECT FROM enforcement WHERE id = $1 FOR UPDATE NOWAIT', [newer]);
    await enforcer.query('COMMIT');
    await proving;
    for (const { sessionId } of [first, second])
      expect(await kinds(sessionId)).toEqual(['cut staff_disconnect proven stop']);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
});

test('an expiry is taken once, at its second', async () => {
  const { sessionId } = await online({ expiresInS: 3600 });
  const taken = async (): Promise<number> =>
    Number((await world.owner.query('SELECT enforce_expired(100) AS n')).rows[0].n);
  await taken();
  expect(await kinds(sessionId)).toEqual([]);
  await world.shiftClock('3599 seconds 500 milliseconds');
  expect(await taken()).toBe(0);
  await world.shiftClock('3601 seconds');
  expect(await taken()).toBe(1);
  expect(await taken()).toBe(0);
  expect(await kinds(sessionId)).toEqual(['cut expired open']);
  await world.shiftClock('0');
});

test('the sweep finds the login that was accepted before the cut and started after it, and leaves the rest alone', async () => {
  const late = await online({ status: 'suspended' });
  const garden = await online({ expiresInS: -1 }, { mode: 'garden' });
  const fullOverCap = await online({ quotaBytes: 100, usedBytes: 100, onQuota: 'throttle' });
  const paidInGarden = await online({}, { mode: 'garden' });
  const paidButSlow = await online({}, { mode: 'throttled' });
  const fine = await online();
  await world.owner.query('SELECT enforcement_sweep()');
  expect(await kinds(late.sessionId)).toEqual(['cut suspended open']);
  expect(await kinds(garden.sessionId)).toEqual([]);
  expect(await kinds(fullOverCap.sessionId)).toEqual(['throttle cap_throttle open']);
  expect(await kinds(paidInGarden.sessionId)).toEqual(['restore resumed open']);
  expect(await kinds(paidButSlow.sessionId)).toEqual(['restore resumed open']);
  expect(await kinds(fine.sessionId)).toEqual([]);

  await world.owner.query(`SELECT enforcement_close(id, 'gave_up') FROM enforcement WHERE session_id = $1`, [
    late.sessionId,
  ]);
  await world.owner.query('SELECT enforcement_sweep()');
  expect(await kinds(late.sessionId)).toEqual(['cut suspended gave_up']);
  await world.shiftClock('61 minutes');
  await world.owner.query('SELECT enforcement_sweep()');
  expect(await kinds(late.sessionId)).toEqual(['cut suspended gave_up', 'cut suspended open']);
  await world.shiftClock('0');
});

test.each([
  ['5000k/10000k', '5M/10M', true],
  ['5M', '5000k/5000k', true],
  ['5000k/10000k 8M/16M', '5000000/10000000', true],
  ['5000k/10000k', '10M/5M', false],
  ['5000k/10000k', 'unreadable', false],
  ['5000k/10000k', null, false],
])('%s and %s mean the same rate: %s', async (a, b, same) => {
  expect((await world.owner.query('SELECT enforcement_same_rate($1, $2) AS same', [a, b])).rows[0].same).toBe(same);
});

describe('who should not be online, and who should be faster', () => {
  const undone = async (): Promise<unknown[]> =>
    (await world.owner.query('SELECT what, session_id FROM enforcement_undone() ORDER BY what')).rows;

  test('nobody at rest; ten seconds after the network was told and did nothing they are counted, until it did', async () => {
    await world.owner.query('DELETE FROM enforcement');
    await world.owner.query('DELETE FROM session_live');
    const routerId = await world.router({ address: '127.9.1.77', port: 3799 });
    const suspended = await world.subscription({ username: 'rider', status: 'suspended' });
    const paid = await world.subscription({ username: 'payer' });
    const rider = await world.session({ routerId, subscriptionId: suspended, acctSessionId: 'r1' });
    const held = await world.session({ routerId, subscriptionId: paid, acctSessionId: 'p1', mode: 'garden' });
    const slow = await world.session({ routerId, subscriptionId: paid, acctSessionId: 'p2', mode: 'throttled' });
    await world.session({ routerId, subscriptionId: paid, acctSessionId: 'p3', mode: 'full' });
    await world.owner.query('SELECT enforcement_sweep()');
    expect(await undone()).toEqual([]);
    await world.shiftClock('11 seconds');
    expect(await undone()).toEqual([
      { what: 'free_rider', session_id: rider },
      { what: 'held_back', session_id: held },
      { what: 'held_back', session_id: slow },
    ]);
    // Giving up changes nothing about what is true.
    await world.owner.query(`SELECT enforcement_close(id, 'gave_up') FROM enforcement`);
    expect(await undone()).toHaveLength(3);
    await world.stop(rider);
    await world.owner.query(`UPDATE subscription SET status = 'suspended' WHERE id = $1`, [paid]);
    expect(await undone()).toEqual([]);
    await world.shiftClock('0');
  });

  test('the sweep goes round in steps: every session is looked at, however many there are, and new ones at once', async () => {
    await world.owner.query('DELETE FROM enforcement');
    await world.owner.query('DELETE FROM session_live');
    await world.owner.query('UPDATE enforcement_round SET next_id = 0, newest_id = 0');
    const routerId = await world.router({ address: '127.9.1.78', port: 3799 });
    const subscriptionId = await world.subscription({ username: 'many' });
    const ids: string[] = [];
    for (let n = 0; n < 7; n++)
      ids.push(await world.session({ routerId, subscriptionId, acctSessionId: `s${n}`, mode: 'full' }));
    // All have been seen as new once; from then on only the round finds what changes.
    await world.owner.query('SELECT enforcement_sweep(3)');
    await world.owner.query('UPDATE enforcement_round SET newest_id = newest_id + 10000');
    await world.owner.query(`UPDATE subscription SET status = 'suspended' WHERE id = $1`, [subscriptionId]);
    const found: number[] = [];
    for (let n = 0; n < 4; n++)
      found.push(Number((await world.owner.query('SELECT enforcement_sweep(3) AS n')).rows[0].n));
    expect(found).toEqual([3, 1, 3, 0]);
    expect((await world.owner.query('SELECT count(*)::int AS n FROM enforcement')).rows).toEqual([{ n: 7 }]);
  });
});
