/** Sessions of which nothing is heard any more, and those of which something is heard again. */
import type { Nas } from '../../radius/accounting/nas';
import { insertVersion } from '../test-kit/rows';
import { upkeepOf } from './accounting-upkeep';
import { createAccountingWorld, type AccountingWorld } from './accounting-world';

let world: AccountingWorld;
let router: Nas;

beforeAll(async () => {
  world = await createAccountingWorld();
  router = await world.router({ address: '10.2.0.1' });
});
afterAll(() => world.end());

const { report, enforcements, session, run, listenersCaughtUp } = upkeepOf(
  () => world,
  () => router,
);

test('three missed interims close at the last known moment, and a later interim re-opens', async () => {
  await world.subscription({ username: 'silent', interim_s: 60 });
  await report('silent1', 'silent', 'Start', 700);
  await report('silent1', 'silent', 'Interim-Update', 600, { 'Acct-Session-Time': 100, 'Acct-Output-Octets': 10 });
  await world.owner.query(`UPDATE session_live SET received_at = updated_at WHERE acct_session_id = 'silent1'`);
  await listenersCaughtUp();
  expect(await run('sessions.sweep-stale')).toBeGreaterThan(0);
  const closed = await session('silent1');
  expect(closed).toMatchObject({ closed_by: 'stale', stopped_at: closed.updated_at });
  await report('silent1', 'silent', 'Interim-Update', 1, { 'Acct-Session-Time': 699, 'Acct-Output-Octets': 25 });
  expect(await session('silent1')).toMatchObject({
    closed_by: null,
    stopped_at: null,
    terminate_cause: null,
    output_bytes: '25',
  });
  // Nothing was sold meanwhile: the router needs no word.
  expect(await enforcements('silent1')).toEqual([]);
});

test('a session that missed two interims stays, and goes with the third', async () => {
  await world.subscription({ username: 'patient', interim_s: 60 });
  await report('patient1', 'patient', 'Start', 700);
  await listenersCaughtUp();
  const heardAgo = (seconds: number) =>
    world.owner.query(
      `UPDATE session_live SET received_at = lango_now() - make_interval(secs => $1) WHERE acct_session_id = 'patient1'`,
      [seconds],
    );
  // Three intervals, and half a minute for the last one to arrive.
  await heardAgo(195);
  await run('sessions.sweep-stale');
  expect((await session('patient1')).closed_by).toBeNull();
  await heardAgo(211);
  await run('sessions.sweep-stale');
  expect((await session('patient1')).closed_by).toBe('stale');
});

const extend = (id: string, ago_s: number) =>
  world.owner.query(
    `UPDATE subscription SET created_at = lango_now() - interval '1 day', expires_at = expires_at + interval '30 days', updated_at = lango_now() - make_interval(secs => $2) WHERE id = $1`,
    [id, ago_s],
  );

test('what was paid for while a session was taken for dead is told to its router when it is heard of again', async () => {
  const id = await world.subscription({ username: 'extended', interim_s: 60 });
  await report('extended1', 'extended', 'Start', 700);
  await world.owner.query(`UPDATE session_live SET received_at = updated_at WHERE acct_session_id = 'extended1'`);
  await listenersCaughtUp();
  await run('sessions.sweep-stale');
  expect((await session('extended1')).closed_by).toBe('stale');
  await extend(id, 100);
  await report('extended1', 'extended', 'Interim-Update', 1, { 'Acct-Session-Time': 699 });
  expect((await session('extended1')).closed_by).toBeNull();
  expect(await enforcements('extended1')).toEqual([
    { kind: 'refresh', reason: 'extended', state: 'open', proven_by: null },
  ]);
});

describe('a plan that was changed while a session was taken for dead', () => {
  const told = async (id: string): Promise<string> =>
    (await world.owner.query<{ told: string }>('SELECT told FROM access_card WHERE subscription_id = $1', [id]))
      .rows[0]!.told;
  /** Moves to a plan, so long ago. */
  const move = async (id: string, columns: Record<string, unknown>, ago_s: number): Promise<void> => {
    const version = await insertVersion(world.owner, world.tenantId, columns);
    await world.owner.query(`UPDATE subscription SET plan_version_id = $2, updated_at = lango_now() WHERE id = $1`, [
      id,
      version,
    ]);
    await world.owner.query(
      `UPDATE subscription SET created_at = created_at - interval '1 day', updated_at = updated_at - make_interval(secs => $2),
         plan_changed_at = plan_changed_at - make_interval(secs => $2) WHERE id = $1`,
      [id, ago_s],
    );
  };
  /** A session of one who was heard of last 590 s ago, with the Class that his login gave him unless the router echoes none. */
  const begin = async (name: string, echoes = true): Promise<string> => {
    const id = await world.subscription({ username: name, interim_s: 60 });
    const accepted = echoes ? { Class: `L1:${id}:0011223344556677:f:@${await told(id)}` } : {};
    await report(`${name}1`, name, 'Start', 700, accepted);
    await report(`${name}1`, name, 'Interim-Update', 590, { 'Acct-Session-Time': 110 });
    return id;
  };
  const goSilent = async (name: string): Promise<void> => {
    await world.owner.query(`UPDATE session_live SET received_at = updated_at WHERE username = $1`, [name]);
    await listenersCaughtUp();
    await run('sessions.sweep-stale');
    expect((await session(`${name}1`)).closed_by).toBe('stale');
  };
  const isHeard = async (name: string): Promise<string[]> => {
    await report(`${name}1`, name, 'Interim-Update', 1, { 'Acct-Session-Time': 699 });
    return (await enforcements(`${name}1`))
      .filter(({ state }) => state === 'open')
      .map(({ kind, reason }) => `${kind} ${reason}`);
  };

  test.each([true, false])(
    'is told to its router with its rate when it is heard of again (Class echoed: %s)',
    async (echoes) => {
      const name = `replanned-${echoes}`;
      const id = await begin(name, echoes);
      await goSilent(name);
      await move(id, { down_kbps: 20_000 }, 100);
      expect(await isHeard(name)).toEqual(['refresh plan_changed']);
    },
  );

  test('is told as a renewal where it says what the last one said, and where it was changed while the session was heard', async () => {
    const same = await begin('same-terms');
    await goSilent('same-terms');
    await move(same, { interim_s: 60, price_cents: 120_000, throttle_down_kbps: 1000, throttle_up_kbps: 500 }, 100);
    expect(await isHeard('same-terms')).toEqual(['refresh extended']);
    // His router was told then; a rate that staff set since would be lost.
    const before = await begin('told-then');
    await move(before, { down_kbps: 20_000 }, 650);
    await goSilent('told-then');
    await extend(before, 100);
    expect(await isHeard('told-then')).toEqual(['refresh extended']);
  });

  test('gives way to a rate that staff set after it, and is the last word after one that they set before', async () => {
    const by = (name: string): Promise<unknown> =>
      world.owner.query(
        `SELECT enforce_session(radacctid, 'throttle', 'staff_rate', '{"down_kbps": 64, "up_kbps": 64}') FROM session_live WHERE username = $1`,
        [name],
      );
    const after = await begin('staff-after');
    await move(after, { down_kbps: 20_000 }, 100);
    await by('staff-after');
    await goSilent('staff-after');
    expect(await isHeard('staff-after')).toEqual(['throttle staff_rate', 'refresh extended']);
    const before = await begin('staff-before');
    await by('staff-before');
    await goSilent('staff-before');
    await world.owner.query(
      `UPDATE enforcement SET created_at = created_at - interval '9 minutes' WHERE subscription_id = $1`,
      [before],
    );
    await move(before, { down_kbps: 20_000 }, 100);
    expect(await isHeard('staff-before')).toEqual(['refresh plan_changed']);
  });

  test('is told to a session of a router without Class that was let in before it', async () => {
    const id = await world.subscription({ username: 'no-class', interim_s: 60 });
    await move(id, { down_kbps: 20_000 }, 200);
    await report('no-class1', 'no-class', 'Interim-Update', 1, { 'Acct-Session-Time': 299 });
    expect(await enforcements('no-class1')).toMatchObject([{ kind: 'refresh', reason: 'plan_changed' }]);
  });
});

test('what the silence had proved is to be done after all, whatever the router had acknowledged', async () => {
  await world.subscription({ username: 'deaf', interim_s: 60 });
  await report('deaf1', 'deaf', 'Start', 700);
  const { radacctid } = await session('deaf1');
  for (const [kind, reason] of [
    ['cut', 'staff_disconnect'],
    ['refresh', 'extended'],
    ['throttle', 'staff_rate'],
  ])
    await world.owner.query('SELECT enforce_session($1, $2, $3, $4)', [
      radacctid,
      kind,
      reason,
      { down_kbps: 64, up_kbps: 64 },
    ]);
  await world.owner.query(
    `UPDATE enforcement SET state = 'open', proven_by = NULL, proven_at = NULL, closed_at = NULL, created_at = lango_now() - interval '10 minutes' WHERE session_id = $1`,
    [radacctid],
  );
  await world.owner.query(
    `UPDATE enforcement SET acked_at = lango_now() WHERE session_id = $1 AND kind IN ('cut', 'throttle')`,
    [radacctid],
  );
  await world.owner.query(`UPDATE session_live SET received_at = updated_at WHERE acct_session_id = 'deaf1'`);
  await listenersCaughtUp();
  await run('sessions.sweep-stale');
  expect((await enforcements('deaf1')).map(({ proven_by }) => proven_by)).toEqual(['silence', 'silence', 'silence']);
  await report('deaf1', 'deaf', 'Interim-Update', 1, { 'Acct-Session-Time': 699 });
  const { rows: due } = await world.owner.query<{ late: boolean }>(
    `SELECT bool_or(created_at < lango_now() - interval '20 seconds') AS late FROM enforcement WHERE session_id = $1 AND state = 'open'`,
    [radacctid],
  );
  expect(due).toEqual([{ late: false }]);
  expect(await enforcements('deaf1')).toMatchObject([
    { kind: 'cut', state: 'open', proven_by: null },
    { kind: 'refresh', state: 'open', proven_by: null },
    { kind: 'throttle', state: 'open', proven_by: null },
  ]);
});

test('so is what was given up while nothing was heard, but not a cut whose cause is weighed anew', async () => {
  await world.subscription({ username: 'away', interim_s: 300 });
  for (const [id, reason] of [
    ['away1', 'staff_disconnect'],
    ['away2', 'simultaneous_use'],
  ] as const) {
    await report(id, 'away', 'Start', 1800);
    await world.owner.query(`SELECT enforce_session($1, 'cut', $2)`, [(await session(id)).radacctid, reason]);
    await world.owner.query(
      `UPDATE enforcement SET state = 'gave_up', closed_at = lango_now() - interval '10 minutes' WHERE session_id = $1`,
      [(await session(id)).radacctid],
    );
    await world.owner.query(`UPDATE session_live SET received_at = updated_at WHERE acct_session_id = $1`, [id]);
  }
  await listenersCaughtUp();
  await run('sessions.sweep-stale');
  expect([(await session('away1')).closed_by, (await session('away2')).closed_by]).toEqual(['stale', 'stale']);
  await report('away1', 'away', 'Interim-Update', 1, { 'Acct-Session-Time': 1799 });
  expect(await enforcements('away1')).toMatchObject([{ kind: 'cut', reason: 'staff_disconnect', state: 'open' }]);
  await report('away1', 'away', 'Stop', 1, { 'Acct-Session-Time': 1799 });
  await report('away2', 'away', 'Interim-Update', 1, { 'Acct-Session-Time': 1799 });
  expect(await enforcements('away2')).toMatchObject([{ kind: 'cut', reason: 'simultaneous_use', state: 'gave_up' }]);
});

test('a session whose name was changed while nothing was heard of it is cut when it is heard of again, and makes room for the one that came after it', async () => {
  const id = await world.subscription({ username: 'former', interim_s: 60 });
  await report('former1', 'former', 'Start', 700, { 'Calling-Station-Id': 'AA:00:00:00:00:01' });
  await world.owner.query(`UPDATE session_live SET received_at = updated_at WHERE username = 'former'`);
  await listenersCaughtUp();
  await run('sessions.sweep-stale');
  await world.owner.query(
    `UPDATE subscription SET username = 'later', created_at = lango_now() - interval '1 day', updated_at = lango_now() - interval '1 minute' WHERE id = $1`,
    [id],
  );
  await world.owner.query(`SELECT enforce_subscription($1, 'username_changed')`, [id]);
  await report('later1', 'later', 'Start', 2, { 'Calling-Station-Id': 'AA:00:00:00:00:02' });
  // Its last word once more is no sign of life, and does not pass for the moment at which it was last heard of.
  await report('former1', 'former', 'Interim-Update', 703, { 'Acct-Session-Time': 0, 'Acct-Delay-Time': 700 });
  expect((await session('former1')).closed_by).toBe('stale');
  await report('former1', 'former', 'Interim-Update', 0, { 'Acct-Session-Time': 700 });
  expect(await enforcements('former1')).toMatchObject([
    { kind: 'refresh', state: 'proven', proven_by: 'superseded' },
    { kind: 'cut', reason: 'username_changed', state: 'open', proven_by: null },
  ]);
  expect(await enforcements('later1')).toEqual([]);
  // What it was told when it was let in anew holds.
  await report('former1', 'former', 'Stop', 0, { 'Acct-Session-Time': 700 });
  await world.owner.query(
    `UPDATE session_live SET stopped_at = updated_at, closed_by = 'stale', closed_at = updated_at, received_at = lango_now() WHERE acct_session_id = 'later1'`,
  );
  await report('later1', 'later', 'Interim-Update', 0, { 'Acct-Session-Time': 2 });
  expect((await session('later1')).closed_by).toBeNull();
  expect(await enforcements('later1')).toEqual([]);
  // Let in before the change, and heard of for the first time after it.
  await report('former2', 'former', 'Interim-Update', 0, {
    'Acct-Session-Time': 60,
    Class: `L1:${id}:0011223344556677:f`,
    'Calling-Station-Id': 'AA:00:00:00:00:02',
  });
  expect(await enforcements('former2')).toMatchObject([{ kind: 'cut', reason: 'username_changed', state: 'open' }]);
});

test('nor does one whose address was changed go on with the old one', async () => {
  const id = await world.subscription({ username: 'moved', interim_s: 60 });
  await report('moved1', 'moved', 'Start', 700);
  await world.owner.query(`UPDATE session_live SET received_at = updated_at WHERE username = 'moved'`);
  await listenersCaughtUp();
  await run('sessions.sweep-stale');
  await world.owner.query(`SELECT enforce_subscription($1, 'static_ip_changed')`, [id]);
  await report('moved1', 'moved', 'Interim-Update', 1, { 'Acct-Session-Time': 699 });
  expect(await enforcements('moved1')).toMatchObject([{ kind: 'cut', reason: 'static_ip_changed', state: 'open' }]);
});

test('what is bought or changed between an Accept and its Start is told, and what came with the Accept is not told twice', async () => {
  const names = ['paid-before', 'paid-between', 'topped-between', 'moved-between'];
  const changes: Record<string, string> = {
    'paid-before': `expires_at = expires_at + interval '30 days'`,
    'paid-between': `expires_at = expires_at + interval '30 days'`,
    'topped-between': 'topup_bytes = topup_bytes + 1000000',
    'moved-between': `plan_version_id = (SELECT plan_version_id FROM subscription WHERE username = 'paid-before')`,
  };
  const told = async (id: string): Promise<string> => {
    const { rows } = await world.owner.query<{ told: string }>(
      'SELECT told FROM access_card WHERE subscription_id = $1',
      [id],
    );
    return rows[0]!.told;
  };
  for (const [n, name] of names.entries()) {
    const id = await world.subscription({ username: name, quotaBytes: 1_000_000_000 });
    const before = await told(id);
    await world.owner.query(`UPDATE subscription SET ${changes[name]!}, updated_at = lango_now() WHERE id = $1`, [id]);
    const accepted = name === 'paid-before' ? await told(id) : before;
    await report(`${name}1`, name, 'Start', 0, { Class: `L1:${id}:00112233445566${n}${n}:f:@${accepted}` });
  }
  const orders = await Promise.all(names.map((name) => enforcements(`${name}1`)));
  expect(orders.map((all) => all.map(({ kind, reason }) => `${kind} ${reason}`))).toEqual([
    [],
    ['refresh extended'],
    ['refresh extended'],
    ['refresh plan_changed'],
  ]);
});

test('a cut that a payment has made pointless leaves no room for a second device', async () => {
  await world.subscription({ username: 'payer', interim_s: 60 });
  await report('payer1', 'payer', 'Start', 700, { 'Calling-Station-Id': 'AA:00:00:00:01:01' });
  await world.owner.query(`SELECT enforce_session($1, 'cut', 'expired')`, [(await session('payer1')).radacctid]);
  await world.owner.query(`UPDATE session_live SET received_at = updated_at WHERE username = 'payer'`);
  await listenersCaughtUp();
  await run('sessions.sweep-stale');
  await report('payer2', 'payer', 'Start', 2, { 'Calling-Station-Id': 'AA:00:00:00:01:02' });
  await report('payer1', 'payer', 'Interim-Update', 1, { 'Acct-Session-Time': 699 });
  expect(await enforcements('payer2')).toMatchObject([{ kind: 'cut', reason: 'simultaneous_use', state: 'open' }]);
});

test('so is what was paid for before anything was heard of a session but its interim', async () => {
  const [early, late] = [
    await world.subscription({ username: 'met-early' }),
    await world.subscription({ username: 'met-late' }),
  ];
  await extend(early, 400);
  await extend(late, 200);
  for (const name of ['met-early', 'met-late'])
    await report(`${name}1`, name, 'Interim-Update', 1, { 'Acct-Session-Time': 299 });
  expect(await enforcements('met-early1')).toEqual([]);
  expect(await enforcements('met-late1')).toMatchObject([{ kind: 'refresh', reason: 'extended' }]);
});

test('nothing is swept while a spool is not drained, nor without a listener, nor within an interval of catching up', async () => {
  await world.subscription({ username: 'waits', interim_s: 60 });
  await report('waits1', 'waits', 'Start', 590);
  await world.owner.query(`UPDATE session_live SET received_at = updated_at WHERE acct_session_id = 'waits1'`);
  await listenersCaughtUp(1);
  await run('sessions.sweep-stale');
  await listenersCaughtUp();
  await world.owner.query(`UPDATE accounting_spool SET drained_at = now() - interval '30 s'`);
  await run('sessions.sweep-stale');
  await world.owner.query(
    `UPDATE accounting_spool SET drained_at = now() - interval '1 hour', beat_at = now() - interval '1 minute'`,
  );
  await run('sessions.sweep-stale');
  expect((await session('waits1')).stopped_at).toBeNull();
  await listenersCaughtUp();
  await run('sessions.sweep-stale');
  expect((await session('waits1')).closed_by).toBe('stale');
});
