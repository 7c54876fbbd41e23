import { stopwatch } from '../test-kit/stopwatch';
import { enforcementAtWork } from './enforcement-at-work';
import { until } from './enforcement-router';

const at = enforcementAtWork(1);
const { log, online, suspend, only, becomes, outcomes, tried, hurry } = at;

describe('cut', () => {
  test('is on the wire within a second, names the session as the router knows it, and is proven by the Stop', async () => {
    const on = await online();
    on.router.react = async () => {
      await at.world.stop(on.sessionId);
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
      await at.world.shiftClock(`${n * 10} seconds`);
      await at.world.owner.query('UPDATE session_live SET received_at = lango_now() WHERE radacctid = $1', [
        on.sessionId,
      ]);
      await hurry();
      await tried(on.sessionId, n);
    }
    // The last interim came after the ninth answer; one more after the tenth ends it.
    await at.world.shiftClock('200 seconds');
    await at.world.owner.query('UPDATE session_live SET received_at = lango_now() WHERE radacctid = $1', [
      on.sessionId,
    ]);
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
    await at.world.shiftClock('80 seconds');
    await hurry();
    await until(async () => (await only(on.sessionId)).due_in_s > 0);
    expect((await only(on.sessionId)).state).toBe('open');
    await at.world.shiftClock('100 seconds');
    await hurry();
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'silence', attempts: 3 });
    const { rows } = await at.world.owner.query(
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
    await at.world.owner.query(`INSERT INTO accounting_spool (instance, host, pending_packets) VALUES ('a', 'h', 7)`);
    await at.world.shiftClock('1 hour');
    await hurry();
    await until(async () => (await only(on.sessionId)).due_in_s > 0);
    expect((await only(on.sessionId)).state).toBe('open');
    await at.world.owner.query('DELETE FROM accounting_spool');
    await hurry();
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'silence' });
  });

  test('another naming of the session is tried on a NAK, at once', async () => {
    const on = await online();
    on.router.react = async (asked) => {
      if (asked.framedIp !== undefined) return { nak: null };
      await at.world.stop(on.sessionId);
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
      (await at.world.owner.query('SELECT coa_silent_since FROM nas_status WHERE nas_id = $1', [on.routerId])).rows[0]
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
    await at.world.owner.query(`UPDATE nas SET secret = 'mistyped' WHERE id = $1`, [on.routerId]);
    await suspend(on.subscriptionId);
    await tried(on.sessionId, 1);
    expect(on.router.asked).toHaveLength(0);
    await at.world.owner.query(`UPDATE nas SET secret = 'router-secret' WHERE id = $1`, [on.routerId]);
    const elapsed_ms = stopwatch();
    await until(() => on.router.asked.length > 0);
    expect(elapsed_ms()).toBeLessThan(1500);
  });

  test('what waited for a silent router is sent as soon as it answers anything', async () => {
    const on = await online();
    on.router.react = () => 'silence';
    await suspend(on.subscriptionId);
    await tried(on.sessionId, 1);
    const second = await at.world.subscription({ username: `${on.username}b` });
    const secondSession = await at.world.session({
      routerId: on.routerId,
      subscriptionId: second,
      acctSessionId: 'bb',
    });
    on.router.react = () => 'ack';
    await suspend(second);
    await tried(secondSession, 1);
    const elapsed_ms = stopwatch();
    await until(() => on.router.asked.some((a, n) => n > 2 && a.acctSessionId === on.acctSessionId));
    expect(elapsed_ms()).toBeLessThan(1500);
  });

  test('nobody can be told on a deleted router: unproven', async () => {
    const on = await online();
    await at.world.owner.query('DELETE FROM nas WHERE id = $1', [on.routerId]);
    await suspend(on.subscriptionId);
    expect(await becomes(on.sessionId, 'unproven')).toMatchObject({ attempts: 0 });
  });

  test('a cut that crossed a payment is never sent', async () => {
    const on = await online({ subscription: { expiresInS: 30 } });
    // The row is committed before the payment, but due only after it.
    await at.world.owner.query(
      `INSERT INTO enforcement (tenant_id, session_id, nas_id, subscription_id, kind, reason) VALUES ($1, $2, $3, $4, 'cut', 'expired')`,
      [at.world.tenantId, on.sessionId, on.routerId, on.subscriptionId],
    );
    expect(await becomes(on.sessionId, 'proven')).toMatchObject({ proven_by: 'superseded', attempts: 0 });
    expect(on.router.asked).toHaveLength(0);
  });

  test('a NAS that is no MikroTik gets a signed request and its own identity only when it asks for it', async () => {
    const on = await online({ type: 'other', session: { service: 'other' } });
    await at.world.owner.query(
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
