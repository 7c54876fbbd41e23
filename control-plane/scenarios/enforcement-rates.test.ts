import { enforcementAtWork } from './enforcement-at-work';
import { until } from './enforcement-router';

const at = enforcementAtWork(3);
const { online, only, becomes, outcomes, tried, hurry, report, change, rates } = at;

const mode = async (sessionId: string): Promise<string> =>
  (await at.world.owner.query('SELECT mode FROM session_live WHERE radacctid = $1', [sessionId])).rows[0].mode;
/** Both in one transaction: nobody is told of the first. */
const changeTwice = async (
  subscriptionId: string,
  first: [set: string, reason: string],
  then: [set: string, reason: string],
): Promise<void> => {
  await at.world.owner.query('BEGIN');
  await change(subscriptionId, ...first);
  await change(subscriptionId, ...then);
  await at.world.owner.query('COMMIT');
};

describe('rate', () => {
  const overCap = { quotaBytes: 1000, usedBytes: 1000, onQuota: 'throttle' as const };

  test('throttled in place, noted on the session, and proven by the next accounting record', async () => {
    const on = await online({ subscription: overCap });
    await at.world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [on.subscriptionId]);
    const row = await tried(on.sessionId, 1);
    expect(on.router.asked).toEqual([expect.objectContaining({ code: 'coa', rateLimit: '256k/512k' })]);
    expect(row.state).toBe('open');
    expect(await mode(on.sessionId)).toBe('throttled');
    await report(on.sessionId, '5M/10M');
    expect((await only(on.sessionId)).state).toBe('open');
    await report(on.sessionId, '256k/512k');
    expect(await only(on.sessionId)).toMatchObject({ state: 'proven', proven_by: 'interim' });
  });

  test('who pays while he is to be throttled gets his time along with the rate', async () => {
    const on = await online({ subscription: { ...overCap, expiresInS: 3600 } });
    on.router.react = () => 'silence';
    await at.world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [on.subscriptionId]);
    await tried(on.sessionId, 1);
    on.router.react = () => 'ack';
    await change(on.subscriptionId, `expires_at = expires_at + interval '1 hour'`, 'payment');
    await until(() => on.router.asked.some(({ sessionTimeout }) => (sessionTimeout ?? 0) > 7200));
    expect(on.router.asked.at(-1)).toMatchObject({ code: 'coa', rateLimit: '256k/512k' });
  });

  test('an accounting record with another rate than was acknowledged has it told again at once, then brought by a new login', async () => {
    const on = await online({ subscription: overCap });
    const told = async (): Promise<string[]> =>
      on.router.asked.map((asked) => `${asked.code} ${asked.rateLimit ?? ''}`.trim());
    await at.world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [on.subscriptionId]);
    const { id } = await tried(on.sessionId, 1);
    // It may have been on its way when the router obeyed.
    await report(on.sessionId, '5M/10M');
    expect((await only(on.sessionId)).due_in_s).toBeGreaterThan(60);
    await at.world.shiftClock('10 seconds');
    await report(on.sessionId, '5M/10M');
    await tried(on.sessionId, 2);
    expect(await told()).toEqual(['coa 256k/512k', 'coa 256k/512k']);
    await at.world.shiftClock('20 seconds');
    await report(on.sessionId, '5M/10M');
    await tried(on.sessionId, 3);
    expect(await outcomes(id)).toEqual(['coa ack', 'coa ack', 'disconnect ack']);
  });

  test('a top-up restores the rate in place and lets the session last as long as it is paid', async () => {
    const on = await online({
      subscription: { ...overCap, expiresInS: 3600 },
      session: { mode: 'throttled', startedAgoS: 600 },
    });
    await at.world.owner.query(`UPDATE subscription SET topup_bytes = 5000 WHERE id = $1`, [on.subscriptionId]);
    await at.world.owner.query(`SELECT enforce_subscription($1, 'topped_up')`, [on.subscriptionId]);
    await tried(on.sessionId, 1);
    expect(on.router.asked[0]).toMatchObject({ code: 'coa', rateLimit: '5000k/10000k' });
    expect(on.router.asked[0]!.sessionTimeout).toBeGreaterThanOrEqual(4199);
    expect(on.router.asked[0]!.sessionTimeout).toBeLessThan(4210);
    expect(await mode(on.sessionId)).toBe('full');
  });

  test('refused or unanswered, it becomes a Disconnect, so that the next login brings the rate', async () => {
    const refused = await online({ subscription: overCap });
    refused.router.react = async (asked) => {
      if (asked.code === 'coa') return { nak: 401 };
      await at.world.stop(refused.sessionId);
      return 'ack' as const;
    };
    await at.world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [refused.subscriptionId]);
    expect(await becomes(refused.sessionId, 'proven')).toMatchObject({ proven_by: 'stop' });
    expect(refused.router.asked.map((a) => a.code)).toEqual(['coa', 'coa', 'coa', 'disconnect']);
    expect(await mode(refused.sessionId)).toBe('full');

    const silent = await online({ subscription: overCap });
    silent.router.react = (asked) => (asked.code === 'coa' ? 'silence' : 'ack');
    await at.world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [silent.subscriptionId]);
    await tried(silent.sessionId, 1);
    await hurry();
    const row = await tried(silent.sessionId, 3);
    expect(await outcomes(row.id)).toEqual(['coa silence', 'coa silence', 'disconnect ack']);
  });

  test('a router that reports no rate can prove none', async () => {
    const on = await online({ subscription: overCap, session: { service: 'hotspot' } });
    await at.world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [on.subscriptionId]);
    await tried(on.sessionId, 1);
    await at.world.shiftClock('310 seconds');
    await report(on.sessionId, null);
    await hurry();
    expect(await becomes(on.sessionId, 'unproven')).toMatchObject({ attempts: 1 });
  });

  test('a rate set by staff never becomes a Disconnect, which would lose it', async () => {
    const on = await online();
    on.router.react = () => ({ nak: 401 });
    await at.world.owner.query(
      `SELECT enforce_session($1, 'throttle', 'staff_rate', '{"down_kbps": 2000, "up_kbps": 1000}')`,
      [on.sessionId],
    );
    await becomes(on.sessionId, 'gave_up');
    expect(new Set(on.router.asked.map((a) => `${a.code} ${a.rateLimit}`))).toEqual(new Set(['coa 1000k/2000k']));
    expect(await mode(on.sessionId)).toBe('full');
  });

  test('out of the walled garden by a new login', async () => {
    const on = await online({ session: { mode: 'garden' } });
    on.router.react = async () => {
      await at.world.stop(on.sessionId);
      return 'ack' as const;
    };
    await at.world.owner.query(`SELECT enforce_subscription($1, 'payment')`, [on.subscriptionId]);
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ kind: 'restore', proven_by: 'stop' });
    // A busy machine may have sent it twice; no CoA is what matters.
    expect([...new Set(on.router.asked.map((a) => a.code))]).toEqual(['disconnect']);
  });
});

describe('a rate that was acknowledged, and overtaken before anything showed it', () => {
  const overCap = { quotaBytes: 1000, usedBytes: 1000, onQuota: 'throttle' as const };
  const suspended: [string, string] = [`status = 'suspended'`, 'suspended'];
  const resumed: [string, string] = [`status = 'active'`, 'resumed'];

  test('is told again when a suspension is taken back: the router may not have slowed it', async () => {
    const on = await online({ subscription: overCap });
    await change(on.subscriptionId, 'topup_bytes = 0', 'cap_throttle');
    await tried(on.sessionId, 1);
    await changeTwice(on.subscriptionId, suspended, resumed);
    await until(() => on.router.asked.length > 1);
    expect(rates(on)).toEqual(['256k/512k', '256k/512k']);
    await until(async () =>
      (await at.world.enforcementsOf(on.sessionId)).some(({ state, attempts }) => state === 'open' && attempts === 1),
    );
    await report(on.sessionId, '256k/512k');
    // What accounting has shown is not in doubt any more.
    await changeTwice(on.subscriptionId, suspended, resumed);
    await becomes(on.sessionId, 'unproven');
    expect(rates(on)).toEqual(['256k/512k', '256k/512k', undefined]);
  });

  test('is told again to who paid: the router may have left him slow', async () => {
    const on = await online({ subscription: overCap, session: { mode: 'throttled' } });
    await change(on.subscriptionId, 'topup_bytes = 5000', 'topped_up');
    await tried(on.sessionId, 1);
    await changeTwice(on.subscriptionId, suspended, resumed);
    await until(() => on.router.asked.length > 1);
    expect(rates(on)).toEqual(['5000k/10000k', '5000k/10000k']);
  });

  test('is taken back by a top-up, though its router may never have answered', async () => {
    const on = await online({ subscription: overCap });
    on.router.react = () => 'silence';
    await change(on.subscriptionId, 'topup_bytes = 0', 'cap_throttle');
    await tried(on.sessionId, 1);
    on.router.react = () => 'ack';
    await change(on.subscriptionId, 'topup_bytes = 5000', 'topped_up');
    await until(() => rates(on).includes('5000k/10000k'));
  });

  test('is told again by the sweep, should nobody else', async () => {
    const on = await online({ subscription: overCap });
    await change(on.subscriptionId, 'topup_bytes = 0', 'cap_throttle');
    const { id } = await tried(on.sessionId, 1);
    await at.world.owner.query(`SELECT enforcement_close($1, 'proven', 'superseded')`, [id]);
    await at.world.owner.query('SELECT enforcement_sweep()');
    await until(() => on.router.asked.length > 1);
    expect(rates(on)).toEqual(['256k/512k', '256k/512k']);
  });

  test('is told again when its session was taken for gone and is heard of again', async () => {
    const on = await online({ subscription: overCap });
    await change(on.subscriptionId, 'topup_bytes = 0', 'cap_throttle');
    await tried(on.sessionId, 1);
    await at.world.owner.query(`SELECT accounting_close(ARRAY[$1::bigint], 'stale', lango_now())`, [on.sessionId]);
    expect(await only(on.sessionId)).toMatchObject({ state: 'proven', proven_by: 'silence' });
    await at.world.owner.query(
      'UPDATE session_live SET stopped_at = NULL, closed_by = NULL, terminate_cause = NULL WHERE radacctid = $1',
      [on.sessionId],
    );
    await at.world.owner.query(`SELECT accounting_greet(ARRAY[$1::bigint], ARRAY[lango_now() - interval '1 minute'])`, [
      on.sessionId,
    ]);
    await until(() => on.router.asked.length > 1);
    expect(rates(on)).toEqual(['256k/512k', '256k/512k']);
  });

  test('is told as it was last, should a session whose rates were all seen be taken for gone', async () => {
    const on = await online({ subscription: { quotaBytes: 1000 }, session: { mode: 'full' } });
    const seen = async (kind: string, after: string): Promise<void> => {
      const { id } = await until(async () =>
        (await at.world.enforcementsOf(on.sessionId)).find((row) => row.kind === kind && row.attempts > 0),
      );
      await at.world.owner.query(`SELECT enforcement_close($1, 'proven', 'read_back')`, [id]);
      await at.world.owner.query(`UPDATE enforcement SET closed_at = closed_at - $2::interval WHERE id = $1`, [
        id,
        after,
      ]);
    };
    await at.world.owner.query(
      `SELECT enforce_session($1, 'throttle', 'staff_rate', '{"down_kbps": 2000, "up_kbps": 1000}')`,
      [on.sessionId],
    );
    await seen('throttle', '20 seconds');
    await at.world.owner.query(`SELECT enforce_session($1, 'restore', 'plan_changed')`, [on.sessionId]);
    await seen('restore', '10 seconds');
    await at.world.owner.query(`SELECT accounting_greet(ARRAY[$1::bigint], ARRAY[lango_now() - interval '1 minute'])`, [
      on.sessionId,
    ]);
    await until(() => on.router.asked.length > 2);
    expect(rates(on)).toEqual(['1000k/2000k', '5000k/10000k', '5000k/10000k']);
    expect((await at.world.enforcementsOf(on.sessionId)).map(({ kind, state }) => [kind, state])).toEqual([
      ['throttle', 'proven'],
      ['restore', 'open'],
    ]);
  });

  test('is left alone where staff set a rate meanwhile', async () => {
    const on = await online({ subscription: overCap, session: { mode: 'throttled' } });
    await change(on.subscriptionId, 'topup_bytes = 5000', 'topped_up');
    await tried(on.sessionId, 1);
    await at.world.owner.query(
      `SELECT enforce_session($1, 'throttle', 'staff_rate', '{"down_kbps": 2000, "up_kbps": 1000}')`,
      [on.sessionId],
    );
    await until(() => rates(on).includes('1000k/2000k'));
    const swept = async (): Promise<number> =>
      (await at.world.owner.query<{ n: number }>('SELECT enforcement_sweep() AS n')).rows[0]!.n;
    expect(await swept()).toBe(0);
    await at.world.shiftClock('10 seconds');
    await report(on.sessionId, '1M/2M');
    await becomes(on.sessionId, 'proven');
    expect(await swept()).toBe(0);
    await change(on.subscriptionId, 'topup_bytes = 6000', 'topped_up');
    await becomes(on.sessionId, 'unproven');
    expect(rates(on)).toEqual(['5000k/10000k', '1000k/2000k', undefined]);
  });

  test('tells of what was paid though staff set a rate before the router has answered', async () => {
    const on = await online({ subscription: { ...overCap, expiresInS: 3600 } });
    on.router.react = () => 'silence';
    await change(on.subscriptionId, 'topup_bytes = 0', 'cap_throttle');
    await tried(on.sessionId, 1);
    await at.world.owner.query('BEGIN');
    await change(on.subscriptionId, `topup_bytes = 5000, expires_at = expires_at + interval '1 hour'`, 'topped_up');
    await at.world.owner.query(
      `SELECT enforce_session($1, 'throttle', 'staff_rate', '{"down_kbps": 2000, "up_kbps": 1000}')`,
      [on.sessionId],
    );
    await at.world.owner.query('COMMIT');
    on.router.asked.length = 0;
    on.router.react = () => 'ack';
    await hurry();
    await until(() => on.router.asked.some(({ sessionTimeout }) => (sessionTimeout ?? 0) > 7000));
    expect(new Set(rates(on))).toEqual(new Set(['1000k/2000k', undefined]));
  });

  test('a rate that staff set stands beside a plan that was changed just before', async () => {
    const on = await online();
    await change(on.subscriptionId, 'topup_bytes = 0', 'plan_changed');
    await tried(on.sessionId, 1);
    await at.world.owner.query(
      `SELECT enforce_session($1, 'throttle', 'staff_rate', '{"down_kbps": 2000, "up_kbps": 1000}')`,
      [on.sessionId],
    );
    await becomes(on.sessionId, 'unproven');
    await at.world.shiftClock('10 seconds');
    await report(on.sessionId, '1M/2M');
    await becomes(on.sessionId, 'proven');
    expect(new Set(rates(on).slice(1))).toEqual(new Set(['1000k/2000k', undefined]));
  });

  test('costs nobody his connection who was never slowed', async () => {
    const on = await online({ subscription: overCap });
    on.router.react = () => 'silence';
    await change(on.subscriptionId, 'topup_bytes = 0', 'cap_throttle');
    await tried(on.sessionId, 1);
    await change(on.subscriptionId, 'topup_bytes = 5000', 'topped_up');
    const restored = async (tries: number): Promise<boolean> =>
      (await at.world.enforcementsOf(on.sessionId)).some((row) => row.kind === 'restore' && row.attempts >= tries);
    for (const tries of [1, 2, 3]) {
      await until(() => restored(tries));
      await hurry();
    }
    expect(new Set(on.router.asked.map(({ code }) => code))).toEqual(new Set(['coa']));
  });

  test('what ends a session is not taken back by a payment because a changed plan asked for it first', async () => {
    const on = await online({ subscription: { expiresInS: -5 } });
    on.router.react = () => 'silence';
    await change(on.subscriptionId, 'topup_bytes = 0', 'plan_changed');
    await change(on.subscriptionId, 'topup_bytes = 0', 'username_changed');
    await change(on.subscriptionId, `expires_at = lango_now() + interval '1 hour'`, 'payment');
    expect(await at.world.enforcementsOf(on.sessionId)).toContainEqual(
      expect.objectContaining({ kind: 'cut', reason: 'username_changed', state: 'open' }),
    );
  });

  test('what a changed plan asks for goes on with the order that overtakes it', async () => {
    const on = await online({ subscription: { ...overCap, usedBytes: 10 } });
    on.router.react = () => 'silence';
    await at.world.owner.query('BEGIN');
    await change(on.subscriptionId, 'topup_bytes = 0', 'plan_changed');
    await at.world.owner.query(`SELECT enforce_session($1, 'restore', 'sweep')`, [on.sessionId]);
    await at.world.owner.query('COMMIT');
    expect(await at.world.enforcementsOf(on.sessionId)).toMatchObject([
      { kind: 'refresh', reason: 'plan_changed', proven_by: 'superseded' },
      { kind: 'restore', reason: 'plan_changed', state: 'open' },
    ]);
  });

  test('a changed plan is told though a payment crosses it before its router answers', async () => {
    const on = await online();
    on.router.react = () => 'silence';
    await change(on.subscriptionId, 'topup_bytes = 0', 'plan_changed');
    await tried(on.sessionId, 1);
    on.router.react = () => 'ack';
    await change(on.subscriptionId, `expires_at = now() + interval '1 year'`, 'payment');
    await until(() => on.router.asked.at(-1)!.sessionTimeout! > 30_000_000 / 2);
    expect(rates(on).at(-1)).toBe('5000k/10000k');
  });
});

describe('refresh', () => {
  test('a renewal reaches the live session: from its start, and what is left of the new cycle', async () => {
    const on = await online({
      subscription: { quotaBytes: 10_000, usedBytes: 4000, expiresInS: 7200 },
      session: { startedAgoS: 100 },
    });
    await at.world.owner.query('UPDATE session_live SET output_bytes = 2500 WHERE radacctid = $1', [on.sessionId]);
    await at.world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [on.subscriptionId]);
    expect(await becomes(on.sessionId, 'unproven')).toMatchObject({ kind: 'refresh', attempts: 1 });
    expect(on.router.asked[0]).toMatchObject({ code: 'coa', rateLimit: undefined, totalLimit: 8500 });
    expect(on.router.asked[0]!.sessionTimeout).toBeGreaterThanOrEqual(7299);
    expect(on.router.asked[0]!.sessionTimeout).toBeLessThan(7310);
  });

  test('a router that takes no limits still gets the time, and a refusal drops nobody', async () => {
    const on = await online({ subscription: { quotaBytes: 10_000, expiresInS: 7200 } });
    on.router.react = (asked) => (asked.totalLimit === undefined ? 'ack' : { nak: 401 });
    await at.world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [on.subscriptionId]);
    const row = await becomes(on.sessionId, 'unproven');
    expect(await outcomes(row.id)).toEqual(['coa nak 401', 'coa ack']);

    const refusing = await online({ subscription: { expiresInS: 7200 } });
    refusing.router.react = () => ({ nak: 401 });
    await at.world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [refusing.subscriptionId]);
    for (let n = 3; n <= 10; n += 1) {
      await tried(refusing.sessionId, n);
      await hurry();
    }
    await becomes(refusing.sessionId, 'unproven');
    expect(new Set(refusing.router.asked.map((a) => a.code))).toEqual(new Set(['coa']));
  });

  test('a plan changed at once changes the rate of the live session', async () => {
    const on = await online();
    await at.world.owner.query(`SELECT enforce_subscription($1, 'plan_changed')`, [on.subscriptionId]);
    await tried(on.sessionId, 1);
    expect(on.router.asked[0]).toMatchObject({ code: 'coa', rateLimit: '5000k/10000k' });
  });

  test('a second renewal while the first is on the wire is sent as well', async () => {
    const on = await online({ subscription: { expiresInS: 3600 } });
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    on.router.react = async () => {
      await held;
      return 'ack' as const;
    };
    await at.world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [on.subscriptionId]);
    await until(() => on.router.asked.length > 0);
    await at.world.owner.query(`UPDATE subscription SET expires_at = expires_at + interval '1 hour' WHERE id = $1`, [
      on.subscriptionId,
    ]);
    await at.world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [on.subscriptionId]);
    release!();
    await until(() => on.router.asked.some((a) => (a.sessionTimeout ?? 0) > 7000), 15_000, 'the longer time');
    await becomes(on.sessionId, 'unproven');
  });
});
