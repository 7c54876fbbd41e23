import { startEnforcer, type Enforcer } from '../../radius/enforcer';
import {
  createEnforcementWorld,
  type EnforcementRow,
  type EnforcementWorld,
  type SessionInput,
  type SubscriptionInput,
} from './enforcement-world';
import { stopwatch } from '../test-kit/stopwatch';
import { startScriptedRouter, until, type ScriptedRouter } from './enforcement-router';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: jest.fn() };
let world: EnforcementWorld;
let enforcer: Enforcer;
let routers: ScriptedRouter[] = [];
let serial = 0;

beforeAll(async () => {
  world = await createEnforcementWorld();
  // A listener that is alive: only then does silence prove anything.
  await world.owner.query(
    `INSERT INTO platform_heartbeat (part, instance, beat_at) VALUES ('accounting', 'test', 'infinity')`,
  );
});
beforeEach(async () => {
  enforcer = await startEnforcer({
    databaseUrl: world.database.urls.enforcer,
    bind: '127.0.0.1',
    log,
    resendAfterMs: [100, 200, 200],
  });
});
afterEach(async () => {
  await enforcer.stop();
  for (const router of routers) await router.close();
  routers = [];
  await world.shiftClock('0');
  await world.owner.query('DELETE FROM enforcement');
  await world.owner.query('DELETE FROM session_live');
  await world.owner.query('DELETE FROM nas_status');
});
afterAll(() => world.end());

interface Online {
  router: ScriptedRouter;
  routerId: string;
  subscriptionId: string;
  sessionId: string;
  acctSessionId: string;
  username: string;
}

/** A router of its own with one session on it. */
async function online(
  o: { subscription?: Partial<SubscriptionInput>; session?: Partial<SessionInput>; type?: 'mikrotik' | 'other' } = {},
): Promise<Online> {
  serial += 1;
  const address = `127.9.1.${serial}`;
  const router = await startScriptedRouter({ address });
  routers.push(router);
  const routerId = await world.router({ address, port: router.port, ...(o.type ? { type: o.type } : {}) });
  const username = `user${serial}`;
  const subscriptionId = await world.subscription({ username, ...o.subscription });
  const acctSessionId = `813000${serial.toString(16).padStart(2, '0')}`;
  const sessionId = await world.session({ routerId, subscriptionId, acctSessionId, ...o.session });
  return { router, routerId, subscriptionId, sessionId, acctSessionId, username };
}

const suspend = async (id: string): Promise<void> => {
  await world.owner.query(`UPDATE subscription SET status = 'suspended' WHERE id = $1`, [id]);
  await world.owner.query(`SELECT enforce_subscription($1, 'suspended')`, [id]);
};
const only = async (sessionId: string): Promise<EnforcementRow> => {
  const rows = await world.enforcementsOf(sessionId);
  expect(rows).toHaveLength(1);
  return rows[0]!;
};
const becomes = (sessionId: string, state: string): Promise<EnforcementRow> =>
  until(
    async () => (await world.enforcementsOf(sessionId)).find((row) => row.state === state),
    20_000,
    `an enforcement that is ${state}`,
  );
const outcomes = async (id: string): Promise<string[]> =>
  (await world.attempts(id)).map((a) => `${a.via} ${a.outcome}${a.error_cause === null ? '' : ` ${a.error_cause}`}`);
const tried = (sessionId: string, times: number): Promise<EnforcementRow> =>
  until(
    async () => (await world.enforcementsOf(sessionId)).find((row) => row.attempts >= times),
    20_000,
    `${times} tries`,
  );
/**
 * Brings the next try of every row to now, as if the pause were over, when the enforcer has none of them in hand: what it then writes of a row whose time was
 * changed under it is void, and the row waits for the end of its lease.
 */
const hurry = async (): Promise<void> => {
  await until(async () => {
    const { rows } = await world.owner.query(
      `WITH hurried AS (
         UPDATE enforcement SET next_attempt_at = lango_now() WHERE state = 'open' AND claimed_by IS NULL
           AND NOT EXISTS (SELECT FROM enforcement WHERE state = 'open' AND claimed_by IS NOT NULL) RETURNING id)
       SELECT (SELECT count(*) FROM hurried) = (SELECT count(*) FROM enforcement WHERE state = 'open') AS done`,
    );
    return rows[0].done as boolean;
  });
  await world.owner.query(`SELECT pg_notify('lango_enforcement', '')`);
};

describe('cut', () => {
  test('is on the wire within a second, names the session as the router knows it, and is proven by the Stop', async () => {
    const on = await online();
    on.router.react = async () => {
      await world.stop(on.sessionId);
      return 'ack' as const;
    };
    const asked = stopwatch();
    await suspend(on.subscriptionId);
    const row = await becomes(on.sessionId, 'proven');
    expect(asked()).toBeLessThan(1000);
    expect(on.router.asked).toEqual([
      expect.objectContaining({
        code: 'disconnect',
        username: on.username,
        acctSessionId: on.acctSessionId,
        framedIp: '10.9.0.7',
        signed: false,
        hasNasIdentity: false,
      }),
    ]);
    expect(row).toMatchObject({ kind: 'cut', proven_by: 'stop' });
    await until(async () => (await outcomes(row.id)).length === 1);
    expect(await outcomes(row.id)).toEqual(['disconnect ack']);
  });

  test('an ACK alone proves nothing: it is asked again, and given up with an alarm when the session keeps reporting', async () => {
    const on = await online();
    await suspend(on.subscriptionId);
    await tried(on.sessionId, 1);
    expect(await only(on.sessionId)).toMatchObject({ state: 'open', proven_by: null });
    log.error.mockClear();
    for (let n = 2; n <= 10; n += 1) {
      await world.shiftClock(`${n * 10} seconds`);
      await world.owner.query('UPDATE session_live SET received_at = lango_now() WHERE radacctid = $1', [on.sessionId]);
      await hurry();
      await tried(on.sessionId, n);
    }
    // The last interim came after the ninth answer; one more after the tenth ends it.
    await world.shiftClock('200 seconds');
    await world.owner.query('UPDATE session_live SET received_at = lango_now() WHERE radacctid = $1', [on.sessionId]);
    await hurry();
    expect(await becomes(on.sessionId, 'gave_up')).toMatchObject({ attempts: 10, proven_by: null });
    expect(log.error).toHaveBeenCalledWith(
      expect.objectContaining({ reason: 'suspended', username: on.username }),
      expect.stringContaining('gave up'),
    );
  });

  test('a router that no longer knows the session is believed once the session has been silent for an interval', async () => {
    const on = await online({ session: { interimS: 60 } });
    on.router.react = () => ({ nak: 503 });
    await suspend(on.subscriptionId);
    const row = await tried(on.sessionId, 3);
    // Named in three ways before it is believed.
    expect(on.router.asked.map((a) => [a.username !== undefined, a.framedIp !== undefined])).toEqual([
      [true, true],
      [true, false],
      [false, true],
    ]);
    expect(await outcomes(row.id)).toEqual(['disconnect nak 503', 'disconnect nak 503', 'disconnect nak 503']);
    await world.shiftClock('80 seconds');
    await hurry();
    await until(async () => (await only(on.sessionId)).due_in_s > 0);
    expect((await only(on.sessionId)).state).toBe('open');
    await world.shiftClock('100 seconds');
    await hurry();
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'silence', attempts: 3 });
    const { rows } = await world.owner.query(
      'SELECT closed_by, stopped_at IS NOT NULL AS closed FROM session_live WHERE radacctid = $1',
      [on.sessionId],
    );
    expect(rows).toEqual([{ closed_by: 'stale', closed: true }]);
  });

  test('silence proves nothing while no listener is heard, or while one holds records back', async () => {
    const on = await online({ session: { interimS: 60 } });
    on.router.react = () => ({ nak: 503 });
    await suspend(on.subscriptionId);
    await tried(on.sessionId, 3);
    await world.owner.query(`INSERT INTO accounting_spool (instance, host, pending_packets) VALUES ('a', 'h', 7)`);
    await world.shiftClock('1 hour');
    await hurry();
    await until(async () => (await only(on.sessionId)).due_in_s > 0);
    expect((await only(on.sessionId)).state).toBe('open');
    await world.owner.query('DELETE FROM accounting_spool');
    await hurry();
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'silence' });
  });

  test('another naming of the session is tried on a NAK, at once', async () => {
    const on = await online();
    on.router.react = async (asked) => {
      if (asked.framedIp !== undefined) return { nak: null };
      await world.stop(on.sessionId);
      return 'ack' as const;
    };
    await suspend(on.subscriptionId);
    const elapsed_ms = stopwatch();
    const row = await becomes(on.sessionId, 'proven');
    expect(elapsed_ms()).toBeLessThan(1500);
    await until(async () => (await outcomes(row.id)).length === 2);
    expect(await outcomes(row.id)).toEqual(['disconnect nak', 'disconnect ack']);
  });

  test('silence: identical octets three times, then again later, and the router is shown as silent until it answers', async () => {
    const on = await online();
    on.router.react = () => 'silence';
    await suspend(on.subscriptionId);
    const row = await tried(on.sessionId, 1);
    expect(await outcomes(row.id)).toEqual(['disconnect silence']);
    expect(on.router.asked).toHaveLength(3);
    expect(new Set(on.router.asked.map((a) => a.bytes.toString('hex'))).size).toBe(1);
    expect((await only(on.sessionId)).due_in_s).toBeGreaterThan(3);
    const silent = async (): Promise<boolean> =>
      (await world.owner.query('SELECT coa_silent_since FROM nas_status WHERE nas_id = $1', [on.routerId])).rows[0]
        ?.coa_silent_since instanceof Date;
    await until(silent);
    on.router.react = () => 'ack';
    await hurry();
    await tried(on.sessionId, 2);
    await until(async () => !(await silent()));
  });

  test('an answer made with another secret is no answer', async () => {
    const on = await online();
    on.router.react = () => 'ack with a wrong secret';
    await suspend(on.subscriptionId);
    expect(await outcomes((await tried(on.sessionId, 1)).id)).toEqual(['disconnect silence']);
  });

  test('a changed secret is used at once, without waiting for the next try', async () => {
    const on = await online();
    await world.owner.query(`UPDATE nas SET secret = 'mistyped' WHERE id = $1`, [on.routerId]);
    await suspend(on.subscriptionId);
    await tried(on.sessionId, 1);
    expect(on.router.asked).toHaveLength(0);
    await world.owner.query(`UPDATE nas SET secret = 'router-secret' WHERE id = $1`, [on.routerId]);
    const elapsed_ms = stopwatch();
    await until(() => on.router.asked.length > 0);
    expect(elapsed_ms()).toBeLessThan(1500);
  });

  test('what waited for a silent router is sent as soon as it answers anything', async () => {
    const on = await online();
    on.router.react = () => 'silence';
    await suspend(on.subscriptionId);
    await tried(on.sessionId, 1);
    const second = await world.subscription({ username: `${on.username}b` });
    const secondSession = await world.session({ routerId: on.routerId, subscriptionId: second, acctSessionId: 'bb' });
    on.router.react = () => 'ack';
    await suspend(second);
    await tried(secondSession, 1);
    const elapsed_ms = stopwatch();
    await until(() => on.router.asked.some((a, n) => n > 2 && a.acctSessionId === on.acctSessionId));
    expect(elapsed_ms()).toBeLessThan(1500);
  });

  test('nobody can be told on a deleted router: unproven', async () => {
    const on = await online();
    await world.owner.query('DELETE FROM nas WHERE id = $1', [on.routerId]);
    await suspend(on.subscriptionId);
    expect(await becomes(on.sessionId, 'unproven')).toMatchObject({ attempts: 0 });
  });

  test('a cut that crossed a payment is never sent', async () => {
    const on = await online({ subscription: { expiresInS: 30 } });
    // The row is committed before the payment, but due only after it.
    await world.owner.query(
      `INSERT INTO enforcement (tenant_id, session_id, nas_id, subscription_id, kind, reason) VALUES ($1, $2, $3, $4, 'cut', 'expired')`,
      [world.tenantId, on.sessionId, on.routerId, on.subscriptionId],
    );
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'superseded', attempts: 0 });
    expect(on.router.asked).toHaveLength(0);
  });

  test('a NAS that is no MikroTik gets a signed request and its own identity only when it asks for it', async () => {
    const on = await online({ type: 'other', session: { service: 'other' } });
    await world.owner.query(
      `UPDATE session_live SET nas_identifier = 'vpn-1', nas_ip_address = '192.168.9.9' WHERE radacctid = $1`,
      [on.sessionId],
    );
    on.router.react = (asked) => (asked.hasNasIdentity ? 'ack' : { nak: 402 });
    await suspend(on.subscriptionId);
    await tried(on.sessionId, 2);
    expect(on.router.asked.map((a) => [a.signed, a.hasNasIdentity])).toEqual([
      [true, false],
      [true, true],
    ]);
  });
});

const report = async (sessionId: string, rate: string | null): Promise<void> => {
  await world.owner.query('UPDATE session_live SET received_at = lango_now(), rate_limit = $2 WHERE radacctid = $1', [
    sessionId,
    rate,
  ]);
  await world.owner.query(
    'SELECT enforcement_prove_reported(ARRAY[$1::bigint], ARRAY[$2], ARRAY[lango_now()], ARRAY[false])',
    [sessionId, rate],
  );
};
const mode = async (sessionId: string): Promise<string> =>
  (await world.owner.query('SELECT mode FROM session_live WHERE radacctid = $1', [sessionId])).rows[0].mode;

describe('rate', () => {
  const overCap = { quotaBytes: 1000, usedBytes: 1000, onQuota: 'throttle' as const };

  test('throttled in place, noted on the session, and proven by the next accounting record', async () => {
    const on = await online({ subscription: overCap });
    await world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [on.subscriptionId]);
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
    await world.owner.query(`UPDATE subscription SET topup_bytes = 5000 WHERE id = $1`, [on.subscriptionId]);
    await world.owner.query(`SELECT enforce_subscription($1, 'topped_up')`, [on.subscriptionId]);
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
      await world.stop(refused.sessionId);
      return 'ack' as const;
    };
    await world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [refused.subscriptionId]);
    expect(await becomes(refused.sessionId, 'proven')).toMatchObject({ proven_by: 'stop' });
    expect(refused.router.asked.map((a) => a.code)).toEqual(['coa', 'coa', 'coa', 'disconnect']);
    expect(await mode(refused.sessionId)).toBe('full');

    const silent = await online({ subscription: overCap });
    silent.router.react = (asked) => (asked.code === 'coa' ? 'silence' : 'ack');
    await world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [silent.subscriptionId]);
    await tried(silent.sessionId, 1);
    await hurry();
    const row = await tried(silent.sessionId, 3);
    expect(await outcomes(row.id)).toEqual(['coa silence', 'coa silence', 'disconnect ack']);
  });

  test('a router that reports no rate can prove none', async () => {
    const on = await online({ subscription: overCap, session: { service: 'hotspot' } });
    await world.owner.query(`SELECT enforce_subscription($1, 'cap_throttle')`, [on.subscriptionId]);
    await tried(on.sessionId, 1);
    await world.shiftClock('310 seconds');
    await report(on.sessionId, null);
    await hurry();
    expect(await becomes(on.sessionId, 'unproven')).toMatchObject({ attempts: 1 });
  });

  test('a rate set by staff never becomes a Disconnect, which would lose it', async () => {
    const on = await online();
    on.router.react = () => ({ nak: 401 });
    await world.owner.query(
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
      await world.stop(on.sessionId);
      return 'ack' as const;
    };
    await world.owner.query(`SELECT enforce_subscription($1, 'payment')`, [on.subscriptionId]);
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
    await world.owner.query('UPDATE session_live SET output_bytes = 2500 WHERE radacctid = $1', [on.sessionId]);
    await world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [on.subscriptionId]);
    expect(await becomes(on.sessionId, 'unproven')).toMatchObject({ kind: 'refresh', attempts: 1 });
    expect(on.router.asked[0]).toMatchObject({ code: 'coa', rateLimit: undefined, totalLimit: 8500 });
    expect(on.router.asked[0]!.sessionTimeout).toBeGreaterThanOrEqual(7299);
    expect(on.router.asked[0]!.sessionTimeout).toBeLessThan(7310);
  });

  test('a router that takes no limits still gets the time, and a refusal drops nobody', async () => {
    const on = await online({ subscription: { quotaBytes: 10_000, expiresInS: 7200 } });
    on.router.react = (asked) => (asked.totalLimit === undefined ? 'ack' : { nak: 401 });
    await world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [on.subscriptionId]);
    const row = await becomes(on.sessionId, 'unproven');
    expect(await outcomes(row.id)).toEqual(['coa nak 401', 'coa ack']);

    const refusing = await online({ subscription: { expiresInS: 7200 } });
    refusing.router.react = () => ({ nak: 401 });
    await world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [refusing.subscriptionId]);
    for (let n = 3; n <= 10; n += 1) {
      await tried(refusing.sessionId, n);
      await hurry();
    }
    await becomes(refusing.sessionId, 'unproven');
    expect(new Set(refusing.router.asked.map((a) => a.code))).toEqual(new Set(['coa']));
  });

  test('a plan changed at once changes the rate of the live session', async () => {
    const on = await online();
    await world.owner.query(`SELECT enforce_subscription($1, 'plan_changed')`, [on.subscriptionId]);
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
    await world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [on.subscriptionId]);
    await until(() => on.router.asked.length > 0);
    await world.owner.query(`UPDATE subscription SET expires_at = expires_at + interval '1 hour' WHERE id = $1`, [
      on.subscriptionId,
    ]);
    await world.owner.query(`SELECT enforce_subscription($1, 'renewed')`, [on.subscriptionId]);
    release!();
    await until(() => on.router.asked.some((a) => (a.sessionTimeout ?? 0) > 7000), 15_000, 'the longer time');
    await becomes(on.sessionId, 'unproven');
  });
});
