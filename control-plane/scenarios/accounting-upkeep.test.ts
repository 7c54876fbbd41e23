/** What accounting does beyond counting: caps, too many sessions, reboots, the archive, and packets that cannot be stored. */
import type { Nas } from '../../radius/accounting/nas';
import { restartOf } from '../../radius/accounting/boot-digits';
import type { SessionRecord } from '../../radius/accounting/record';
import { upkeepOf } from './accounting-upkeep';
import { createAccountingWorld, readAttributes, type AccountingWorld, type Attributes } from './accounting-world';

let world: AccountingWorld;
let router: Nas;
let count = 0;

beforeAll(async () => {
  world = await createAccountingWorld();
  router = await world.router({ address: '10.2.0.1' });
});
afterAll(() => world.end());
afterEach(() => world.shiftClock('0'));

const { report, enforcements, session, run } = upkeepOf(
  () => world,
  () => router,
);

describe('caps', () => {
  test('the packet that reaches the cap asks for the cut, once', async () => {
    await world.subscription({ username: 'capped', quotaBytes: 1_000_000 });
    await report('cap1', 'capped', 'Start', 300);
    await report('cap1', 'capped', 'Interim-Update', 200, {
      'Acct-Session-Time': 100,
      'Acct-Input-Octets': 400_000,
      'Acct-Output-Octets': 599_999,
    });
    expect(await enforcements('cap1')).toEqual([]);
    await report('cap1', 'capped', 'Interim-Update', 100, {
      'Acct-Session-Time': 200,
      'Acct-Input-Octets': 400_000,
      'Acct-Output-Octets': 600_000,
    });
    await report('cap1', 'capped', 'Interim-Update', 50, {
      'Acct-Session-Time': 250,
      'Acct-Input-Octets': 400_000,
      'Acct-Output-Octets': 700_000,
    });
    expect(await enforcements('cap1')).toEqual([{ kind: 'cut', reason: 'capped', state: 'open', proven_by: null }]);
    await report('cap1', 'capped', 'Stop', 10, {
      'Acct-Session-Time': 290,
      'Acct-Input-Octets': 400_000,
      'Acct-Output-Octets': 700_000,
    });
    expect(await enforcements('cap1')).toEqual([{ kind: 'cut', reason: 'capped', state: 'proven', proven_by: 'stop' }]);
  });

  test('a plan that throttles is throttled, and a record with the new rate proves it', async () => {
    await world.subscription({ username: 'throttled', quotaBytes: 1000, onQuota: 'throttle' });
    await report('thr1', 'throttled', 'Interim-Update', 100, {
      'Acct-Session-Time': 100,
      'Acct-Output-Octets': 1000,
      'Mikrotik-Rate-Limit': '5M/10M',
    });
    expect(await enforcements('thr1')).toMatchObject([{ kind: 'throttle', reason: 'cap_throttle', state: 'open' }]);
    // What the enforcer notes when the router has acknowledged.
    await world.owner.query(
      `UPDATE enforcement SET acked_at = lango_now() - interval '60 s', params = '{"rate_limit":"500k/1000k"}' WHERE reason = 'cap_throttle'`,
    );
    await report('thr1', 'throttled', 'Interim-Update', 90, {
      'Acct-Session-Time': 110,
      'Mikrotik-Rate-Limit': '500k/1M',
    });
    expect(await enforcements('thr1')).toMatchObject([{ state: 'open' }]);
    await report('thr1', 'throttled', 'Interim-Update', 5, {
      'Acct-Session-Time': 195,
      'Mikrotik-Rate-Limit': '5M/10M',
    });
    expect(await enforcements('thr1')).toMatchObject([{ state: 'open' }]);
    await report('thr1', 'throttled', 'Interim-Update', 2, {
      'Acct-Session-Time': 198,
      'Mikrotik-Rate-Limit': '500k/1M',
    });
    expect(await enforcements('thr1')).toMatchObject([{ state: 'proven', proven_by: 'interim' }]);
  });

  test('a session that begins on a capped subscription is cut at its Start, in the garden it is left alone', async () => {
    const id = await world.subscription({ username: 'late', quotaBytes: 1000 });
    await report('late1', 'late', 'Stop', 100, { 'Acct-Session-Time': 100, 'Acct-Output-Octets': 1000 });
    await report('late2', 'late', 'Start', 50);
    expect(await enforcements('late2')).toMatchObject([{ kind: 'cut', reason: 'capped' }]);
    await report('late2', 'late', 'Stop', 40);
    await report('late3', 'late', 'Start', 30, { Class: `L1:${id}:0011223344556677:g` });
    expect(await enforcements('late3')).toEqual([]);
  });
});

describe('several sessions of one subscription', () => {
  test('two Accepts that raced before either Start: the newest is cut', async () => {
    await world.subscription({ username: 'racer' });
    await report('race1', 'racer', 'Start', 20, { 'Calling-Station-Id': 'AA:AA:AA:AA:AA:01' });
    await report('race2', 'racer', 'Start', 10, { 'Calling-Station-Id': 'AA:AA:AA:AA:AA:02' });
    expect(await enforcements('race1')).toEqual([]);
    expect(await enforcements('race2')).toMatchObject([{ kind: 'cut', reason: 'simultaneous_use', state: 'open' }]);
  });

  test('Starts in two processes at the same time count each other', async () => {
    await world.subscription({ username: 'twin', simultaneousUse: 2 });
    const start = (i: number) =>
      report(`twin${i}`, 'twin', 'Start', 20, { 'Calling-Station-Id': `AA:AA:AA:AA:BB:0${i}` });
    await Promise.all([1, 2, 3, 4].map(start));
    const cut = (await Promise.all([1, 2, 3, 4].map((i) => enforcements(`twin${i}`)))).flat();
    expect(cut).toHaveLength(2);
  });

  test('one device through two services of a router is one, and the device that is one too many goes', async () => {
    await world.subscription({ username: 'family', simultaneousUse: 2 });
    const device = (n: number) => ({ 'Calling-Station-Id': `AA:AA:AA:AA:DD:0${n}` });
    // Both services began in one second, so neither is the ghost of the other.
    await report('family-ppp', 'family', 'Start', 50, { ...device(1), 'Framed-Protocol': 'PPP' });
    await report('family-hotspot', 'family', 'Start', 50, device(1));
    await report('family-second', 'family', 'Start', 40, device(2));
    for (const id of ['family-ppp', 'family-hotspot', 'family-second']) {
      expect((await session(id)).stopped_at).toBeNull();
      expect(await enforcements(id)).toEqual([]);
    }
    await report('family-third', 'family', 'Start', 30, device(3));
    expect(await enforcements('family-second')).toEqual([]);
    expect(await enforcements('family-third')).toMatchObject([{ kind: 'cut', reason: 'simultaneous_use' }]);
  });

  test('a device that comes back takes over its own ghost, and no octet is counted twice', async () => {
    const id = await world.subscription({ username: 'returner' });
    const mac = { 'Calling-Station-Id': 'aa-aa-aa-aa-cc-01' };
    await report('ghost1', 'returner', 'Start', 500, mac);
    await report('ghost1', 'returner', 'Interim-Update', 400, {
      ...mac,
      'Acct-Session-Time': 100,
      'Acct-Output-Octets': 7000,
    });
    await report('ghost2', 'returner', 'Start', 50, { 'Calling-Station-Id': 'AA:AA:AA:AA:CC:01' });
    expect(await session('ghost1')).toMatchObject({ closed_by: 'takeover' });
    expect((await session('ghost1')).stopped_at).toEqual((await session('ghost1')).updated_at);
    expect((await session('ghost2')).stopped_at).toBeNull();
    expect(await enforcements('ghost2')).toEqual([]);
    // The delayed last interim of the ghost counts, but does not bring it back.
    await report('ghost1', 'returner', 'Interim-Update', 100, {
      ...mac,
      'Acct-Session-Time': 400,
      'Acct-Output-Octets': 9000,
    });
    expect(await session('ghost1')).toMatchObject({ closed_by: 'takeover', output_bytes: '9000' });
    expect((await world.usage(id)).cycles.output).toBe(9000n);
  });
});

describe('a router that restarts', () => {
  test('Accounting-On ends what its identity had open, at the last known moment', async () => {
    const shared = await world.router({ address: '10.2.0.9' });
    const of = (identity: string): Attributes => ({ 'NAS-Identifier': identity, 'NAS-IP-Address': '192.168.88.1' });
    await report('on1', 'a', 'Start', 400, of('tower-1'), shared);
    await report(
      'on1',
      'a',
      'Interim-Update',
      200,
      { ...of('tower-1'), 'Acct-Session-Time': 200, 'Acct-Output-Octets': 5 },
      shared,
    );
    await report('on2', 'b', 'Start', 400, of('tower-2'), shared);
    await report('on3', 'c', 'Start', 50, of('tower-1'), shared);
    const on = { 'Acct-Status-Type': 'Accounting-On', ...of('tower-1') };
    await world.report(shared, 100, on);
    await world.report(shared, 100, on);
    expect(await session('on1')).toMatchObject({ closed_by: 'nas_reboot', terminate_cause: 'NAS-Reboot' });
    const { stopped_at, updated_at } = await session('on1');
    expect(stopped_at).toEqual(updated_at);
    expect((await session('on2')).stopped_at).toBeNull();
    expect((await session('on3')).stopped_at).toBeNull();
    // A record from before the restart that comes late counts and moves the last moment; one from after it proves the session alive.
    await report(
      'on1',
      'a',
      'Interim-Update',
      150,
      { ...of('tower-1'), 'Acct-Session-Time': 250, 'Acct-Output-Octets': 6 },
      shared,
    );
    expect(await session('on1')).toMatchObject({ closed_by: 'nas_reboot', output_bytes: '6' });
    await report(
      'on1',
      'a',
      'Interim-Update',
      10,
      { ...of('tower-1'), 'Acct-Session-Time': 390, 'Acct-Output-Octets': 7 },
      shared,
    );
    expect(await session('on1')).toMatchObject({ closed_by: null, stopped_at: null, output_bytes: '7' });
  });

  test('a new boot digit of RouterOS tells of the restart whose Accounting-On was lost', async () => {
    await report('81a00001', 'boot', 'Start', 600);
    await report('80a00001', 'boot-hotspot', 'Start', 600);
    const start = world.record(router, 30, {
      'Acct-Status-Type': 'Start',
      'Acct-Session-Id': '81b00000',
      'User-Name': 'boot',
    });
    await world.write([restartOf(start as SessionRecord, '81b'), start]);
    expect(await session('81a00001')).toMatchObject({ closed_by: 'nas_reboot' });
    expect((await session('80a00001')).stopped_at).toBeNull();
    expect((await session('81b00000')).stopped_at).toBeNull();
  });

  test('50,000 sessions are closed within 2 s', async () => {
    const tower = await world.router({ address: '10.2.0.50' });
    await world.owner.query(
      `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, username, nas_address, started_at, updated_at, received_at)
       SELECT $1, $2, 'big' || i, 'u' || i, '10.2.0.50', now() - interval '1 hour', now() - interval '5 min', now() - interval '5 min' FROM generate_series(1, 50000) i`,
      [world.tenantId, tower.id],
    );
    const began = performance.now();
    await world.report(tower, 0, { 'Acct-Status-Type': 'Accounting-On' });
    // The bound is for a quiet machine of two cores; a test run shares it.
    expect(performance.now() - began).toBeLessThan(8000);
    const { rows } = await world.owner.query<{ open: string }>(
      `SELECT count(*) AS open FROM session_live WHERE nas_id = $1 AND stopped_at IS NULL`,
      [tower.id],
    );
    expect(rows[0]!.open).toBe('0');
  });
});

describe('the archive', () => {
  test('a session closed for a day moves, keeps its id, and late packets still find it', async () => {
    const id = await world.subscription({ username: 'archived' });
    await report('arch1', 'archived', 'Start', 300);
    await report('arch1', 'archived', 'Stop', 100, { 'Acct-Session-Time': 200, 'Acct-Output-Octets': 50 });
    const before = await session('arch1');
    await world.shiftClock('25 hours');
    expect(await run('sessions.archive')).toBeGreaterThan(0);
    await world.shiftClock('0');
    const archived = await world.owner.query(`SELECT 1 FROM session_closed WHERE acct_session_id = 'arch1'`);
    expect(archived.rowCount).toBe(1);
    expect(await session('arch1')).toEqual(before);
    // A repeated Stop with more octets than the first one had, and a new life of the same id.
    await report('arch1', 'archived', 'Stop', 100, { 'Acct-Session-Time': 200, 'Acct-Output-Octets': 60 });
    await report('arch1', 'archived', 'Start', 50);
    await report('arch1', 'archived', 'Interim-Update', 10, { 'Acct-Session-Time': 40, 'Acct-Output-Octets': 5 });
    const rows = await world.sessions('arch1');
    expect(rows.map((row) => [row.generation, row.output_bytes, row.stopped_at === null])).toEqual([
      [0, '60', false],
      [1, '5', true],
    ]);
    const usage = await world.usage(id);
    expect([usage.hours.output, usage.cycles.output, usage.sessions.output]).toEqual([65n, 65n, 65n]);
  });
});

test('one packet that the database refuses is put aside and holds up none of its batch', async () => {
  const good = Array.from({ length: 40 }, (_, i) =>
    world.record(router, 10, {
      'Acct-Status-Type': 'Interim-Update',
      'Acct-Session-Id': `good${i}`,
      'User-Name': 'x',
      'Acct-Session-Time': 5,
    }),
  );
  const bad = world.record(router, 10, {
    'Acct-Status-Type': 'Start',
    'Acct-Session-Id': 'poison',
    'User-Name': 'x',
  }) as SessionRecord;
  await world.write([...good.slice(0, 20), { ...bad, framedIp: 'no address' }, ...good.slice(20)]);
  const { rows } = await world.owner.query<{ packet: Buffer; error: string; tenant_id: string }>(
    'SELECT packet, error, tenant_id FROM accounting_quarantine',
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ packet: bad.packet.bytes, tenant_id: world.tenantId });
  expect((await world.sessions()).filter((row) => row.acct_session_id.startsWith('good'))).toHaveLength(40);
  expect(await world.sessions('poison')).toEqual([]);
});

test('a broken router fills its own company’s room for packets put aside, not that of the others', async () => {
  const keep = async (tenant: string, packets: number) => {
    await world.owner.query(
      `SELECT accounting_keep_aside($1, '127.0.0.1', 'x', 'full') FROM generate_series(1, $2::int)`,
      [tenant, packets],
    );
    const { rows } = await world.owner.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM accounting_quarantine WHERE tenant_id = $1',
      [tenant],
    );
    return rows[0]?.n;
  };
  expect(await keep(world.tenantId, 1100)).toBe(1000);
  expect(await keep('987654', 1)).toBe(1);
  await world.owner.query(`DELETE FROM accounting_quarantine WHERE error = 'full'`);
});

test('a bench that plays hours in seconds is one session', async () => {
  const id = await world.subscription({ username: 'bench' });
  for (const timed of [true, false]) {
    const sid = `bench-${timed}-${(count += 1)}`;
    const when = timed ? {} : { 'Event-Timestamp': undefined };
    await report(sid, 'bench', 'Start', 0, when);
    for (const st of [300, 600, 900])
      await report(sid, 'bench', 'Interim-Update', 0, { ...when, 'Acct-Session-Time': st, 'Acct-Output-Octets': st });
    await report(sid, 'bench', 'Interim-Update', 0, { ...when, 'Acct-Session-Time': 600, 'Acct-Output-Octets': 600 });
    await report(sid, 'bench', 'Stop', 0, { ...when, 'Acct-Session-Time': 1200, 'Acct-Output-Octets': 1200 });
    expect(await session(sid)).toMatchObject({ output_bytes: '1200', session_time_s: '1200', closed_by: 'stop' });
  }
  expect((await world.usage(id)).cycles.output).toBe(2400n);
});

test('packets without a session id or status are told apart', () => {
  expect(readAttributes(router, Date.now(), { 'Acct-Status-Type': 'Start' })).toMatchObject({ kind: 'unusable' });
  expect(readAttributes(router, Date.now(), { 'Acct-Session-Id': 'x' })).toMatchObject({ kind: 'unusable' });
  expect(readAttributes(router, Date.now(), { 'Acct-Session-Id': 'x', 'Acct-Status-Type': 'Failed' })).toEqual({
    kind: 'ignored',
  });
});
