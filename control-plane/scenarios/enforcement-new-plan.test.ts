import { Client } from 'pg';
import { enforcementAtWork, type Online } from './enforcement-at-work';
import { until } from './enforcement-router';

const at = enforcementAtWork(7);
const { online, only, becomes, tried, report, change, rates } = at;

describe('a plan that begins with a purchase', () => {
  const hours = [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00', down_kbps: 3000, up_kbps: 1000 }];
  const staffRate = (sessionId: string) =>
    at.world.owner.query(
      `SELECT enforce_session($1, 'throttle', 'staff_rate', '{"down_kbps": 2000, "up_kbps": 1000}')`,
      [sessionId],
    );
  /** As a purchase does: the plan that was chosen for it begins, and the network is told of a payment. */
  const buys = async (
    on: Online,
    plan: Record<string, unknown>,
    reason = 'payment',
    more = `expires_at = expires_at + interval '1 hour'`,
  ) => {
    const version = await at.world.planVersion(plan);
    const { owner } = at.world;
    await owner.query('BEGIN');
    await owner.query(`UPDATE subscription SET plan_version_id = $2, updated_at = lango_now(), ${more} WHERE id = $1`, [
      on.subscriptionId,
      version,
    ]);
    const { rows } = await owner.query<{ told: number }>('SELECT enforce_subscription($1, $2) AS told', [
      on.subscriptionId,
      reason,
    ]);
    await owner.query('COMMIT');
    return rows[0]!.told;
  };

  test.each(['payment', 'renewed', 'cycle_turned'])('is told to the live session by one order (%s)', async (reason) => {
    const on = await online();
    expect(await buys(on, { down_kbps: 20_000, up_kbps: 8000 }, reason)).toBe(1);
    await tried(on.sessionId, 1);
    expect(on.router.asked[0]).toMatchObject({ code: 'coa', rateLimit: '8000k/20000k' });
    expect(on.router.asked[0]!.sessionTimeout).toBeGreaterThan(86_400);
    expect(await only(on.sessionId)).toMatchObject({ kind: 'refresh', reason: 'plan_changed' });
    await report(on.sessionId, '8M/20M');
    expect(await only(on.sessionId)).toMatchObject({ state: 'proven', proven_by: 'interim' });
    // The next one buys the same again.
    await change(on.subscriptionId, `expires_at = expires_at + interval '1 hour'`, 'payment');
    await becomes(on.sessionId, 'unproven');
    expect(rates(on)).toEqual(['8000k/20000k', undefined]);
  });

  test('is told to who is slow at its cap too', async () => {
    const on = await online({
      subscription: { quotaBytes: 1000, usedBytes: 1000, onQuota: 'throttle' },
      session: { mode: 'throttled' },
    });
    await buys(on, { quota_bytes: 1000, on_quota: 'throttle', throttle_down_kbps: 900, throttle_up_kbps: 300 });
    await tried(on.sessionId, 1);
    expect(rates(on)).toEqual(['300k/900k']);
  });

  test('takes another address list along, and puts an end to that of the plan before', async () => {
    const on = await online({ subscription: { plan: { address_list: 'gold' } } });
    await at.world.owner.query(`UPDATE session_live SET address_list = 'gold' WHERE radacctid = $1`, [on.sessionId]);
    await buys(on, {});
    await tried(on.sessionId, 1);
    expect(on.router.asked[0]).toMatchObject({ rateLimit: '5000k/10000k' });
    expect(on.router.asked[0]!.bytes.includes('active')).toBe(true);
  });

  test('puts an end to the list of the plan before also where a suspension has crossed it', async () => {
    const on = await online({ subscription: { plan: { address_list: 'gold' } } });
    await at.world.owner.query(`UPDATE session_live SET address_list = 'gold' WHERE radacctid = $1`, [on.sessionId]);
    on.router.react = () => 'silence';
    await buys(on, {});
    await tried(on.sessionId, 1);
    await at.world.owner.query('BEGIN');
    await change(on.subscriptionId, `status = 'suspended'`, 'suspended');
    await change(on.subscriptionId, `status = 'active'`, 'resumed');
    await at.world.owner.query('COMMIT');
    await until(async () =>
      (await at.world.enforcementsOf(on.sessionId)).some(({ kind, attempts }) => kind === 'restore' && attempts > 0),
    );
    expect(on.router.asked.at(-1)).toMatchObject({ code: 'coa', rateLimit: '5000k/10000k' });
    expect(on.router.asked.at(-1)!.bytes.includes('active')).toBe(true);
  });

  test('is told to a session whose Start was written across it, by the sweep: neither had seen the other', async () => {
    const on = await online();
    const { owner } = at.world;
    const { rows } = await owner.query<{ told: string }>('SELECT told FROM access_card WHERE subscription_id = $1', [
      on.subscriptionId,
    ]);
    await owner.query('DELETE FROM session_live WHERE radacctid = $1', [on.sessionId]);
    const version = await at.world.planVersion({ down_kbps: 20_000, up_kbps: 8000 });
    const buyer = new Client({ connectionString: at.world.database.ownerUrl });
    await buyer.connect();
    await buyer.query('BEGIN');
    await buyer.query('UPDATE subscription SET plan_version_id = $2, updated_at = lango_now() WHERE id = $1', [
      on.subscriptionId,
      version,
    ]);
    await buyer.query(`SELECT enforce_subscription($1, 'payment')`, [on.subscriptionId]);
    const sessionId = await at.world.session({ ...on, startedAgoS: 1 });
    await owner.query('UPDATE session_live SET class = $2 WHERE radacctid = $1', [
      sessionId,
      Buffer.from(`L1:${on.subscriptionId}:0011223344556677:f:@${rows[0]!.told}`),
    ]);
    await owner.query('SELECT accounting_greet(ARRAY[$1::bigint], ARRAY[NULL::timestamptz])', [sessionId]);
    await buyer.query('COMMIT');
    await buyer.end();
    expect(await at.world.enforcementsOf(sessionId)).toEqual([]);
    await owner.query('SELECT enforcement_sweep()');
    await until(() => rates(on).includes('8000k/20000k'));
    // Once.
    await owner.query('SELECT enforcement_sweep()');
    expect(await at.world.enforcementsOf(sessionId)).toMatchObject([{ kind: 'refresh', reason: 'plan_changed' }]);
  });

  test('leaves a rate alone that staff set where it says what the last one said', async () => {
    const on = await online();
    await staffRate(on.sessionId);
    await tried(on.sessionId, 1);
    await at.world.shiftClock('10 seconds');
    await report(on.sessionId, '1M/2M');
    await becomes(on.sessionId, 'proven');
    await buys(on, { price_cents: 120_000, pool: 'other' });
    await becomes(on.sessionId, 'unproven');
    expect(rates(on)).toEqual(['1000k/2000k', undefined]);
    await buys(on, { down_kbps: 20_000 });
    await until(() => rates(on).includes('5000k/20000k'));
  });

  test('is the last word where staff have set a rate that the router has not heard of yet', async () => {
    const on = await online();
    on.router.react = () => 'silence';
    await staffRate(on.sessionId);
    await tried(on.sessionId, 1);
    on.router.react = () => 'ack';
    await buys(on, { down_kbps: 20_000 });
    await until(() => rates(on).includes('5000k/20000k'));
    expect(await at.world.enforcementsOf(on.sessionId)).toMatchObject([
      { kind: 'throttle', reason: 'staff_rate', state: 'proven', proven_by: 'superseded' },
      { kind: 'refresh', reason: 'plan_changed', state: 'open' },
    ]);
  });

  test('is told where it has hours, and where the last one had', async () => {
    const begun = await online();
    await buys(begun, { time_rules: JSON.stringify(hours) });
    await until(() => rates(begun).includes('1000k/3000k'));
    const ended = await online({ subscription: { plan: { time_rules: JSON.stringify(hours) } } });
    await at.world.owner.query('UPDATE session_live SET class = $2 WHERE radacctid = $1', [
      ended.sessionId,
      Buffer.from(`L1:${ended.subscriptionId}:0011223344556677:f:1000k/3000k@0011223344556677`),
    ]);
    await buys(ended, { down_kbps: 20_000 });
    await until(() => rates(ended).includes('5000k/20000k'));
    expect([rates(begun), rates(ended)]).toEqual([['1000k/3000k'], ['5000k/20000k']]);
  });

  test('says why a session is let out of the garden, or cut, as before', async () => {
    const garden = await online({ session: { mode: 'garden' } });
    await buys(garden, { down_kbps: 20_000 });
    expect(await at.world.enforcementsOf(garden.sessionId)).toMatchObject([{ kind: 'restore', reason: 'payment' }]);
    const capped = await online({ subscription: { quotaBytes: 1000, usedBytes: 1000 } });
    await buys(capped, { down_kbps: 20_000, quota_bytes: 1000 }, 'cycle_turned');
    expect(await at.world.enforcementsOf(capped.sessionId)).toMatchObject([{ kind: 'cut', reason: 'cycle_turned' }]);
  });
});
