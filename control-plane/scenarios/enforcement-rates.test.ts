import { enforcementAtWork } from './enforcement-at-work';
import { until } from './enforcement-router';

const at = enforcementAtWork(3);
const { online, only, becomes, outcomes, tried, hurry } = at;

const report = async (sessionId: string, rate: string | null): Promise<void> => {
  await at.world.owner.query(
    'UPDATE session_live SET received_at = lango_now(), rate_limit = $2 WHERE radacctid = $1',
    [sessionId, rate],
  );
  await at.world.owner.query(
    'SELECT enforcement_prove_reported(ARRAY[$1::bigint], ARRAY[$2], ARRAY[lango_now()], ARRAY[false])',
    [sessionId, rate],
  );
};
const mode = async (sessionId: string): Promise<string> =>
  (await at.world.owner.query('SELECT mode FROM session_live WHERE radacctid = $1', [sessionId])).rows[0].mode;

describe('rate', () => {
  const overCap = { quotaBytes: 1000, usedBytes: 1000, onQuota: 'throttle' as const };

  test('throttled in place, noted on the session, and proven by the next accounting record', async () => {
    const on = await online({ subscription: overCap });
    await at.world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [on.subscriptionId]);
    const row = await tried(on.sessionId, 1);
    expect(on.router.asked).toEqual([
      expect.objectContaining({ code: 'coa', rateLimit: '256k/512k', sessionTimeout: undefined }),
    ]);
    expect(row.state).toBe('open');
    expect(await mode(on.sessionId)).toBe('throttled');
    await report(on.sessionId, '5M/10M');
    expect((await only(on.sessionId)).state).toBe('open');
    await report(on.sessionId, '256k/512k');
    expect(await only(on.sessionId)).toMatchObject({ state: 'proven', proven_by: 'interim' });
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
