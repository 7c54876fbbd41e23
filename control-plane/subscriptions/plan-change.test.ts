import { startTestLango, type TestLango } from '../test-kit/lango';
import { addUsage, make, makeActive, makePackage, openSession, shiftClock, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
});
afterAll(() => lango.stop());
afterEach(() => shiftClock(lango.db, '0'));

const month = { validity: { count: 30, unit: 'day' } };
const show = async (id: string) => (await lango.api.get<Json>(`/subscriptions/${id}`)).body;
const pay = (id: string, amount_cents: number) =>
  make(lango.api, '/billing/transactions', {
    subscription_id: id,
    amount_cents,
    method: 'cash',
    reference: unique('R'),
  });
const walletOf = async (clientId: string) => {
  const { items } = (await lango.api.get<{ items: Json[] }>(`/billing/ledger/accounts?q=wallet&limit=200`)).body;
  return items.find((account) => account['client_id'] === clientId)?.['balance_cents'] ?? 0;
};
const preview = async (id: string, packageId: string) =>
  (await lango.api.get<Json>(`/subscriptions/${id}/change-plan?package_id=${packageId}`)).body;
const change = (id: string, body: Json) => lango.api.post<Json>(`/subscriptions/${id}/change-plan`, body);
/** Sold and paid for at 15 days ago, so that half of it is left. */
async function halfGone(terms: Json = {}): Promise<Json> {
  await shiftClock(lango.db, '-15 days');
  const made = await makeActive(lango.api, { ...month, price_cents: 100_000, ...terms });
  await lango.asOwner(`UPDATE subscription SET paid_cents = 100000 WHERE id = $1`, [made['id']]);
  await shiftClock(lango.db, '0');
  return made;
}

describe('a change of plan', () => {
  it('shows what it comes to, and then books exactly that', async () => {
    const sub = await halfGone();
    const session = await openSession(lango.db, sub['id']);
    const better = await makePackage(lango.api, { ...month, price_cents: 200_000, down_kbps: 40_000 });
    const shown = await preview(sub['id'], better['id']);
    expect(Math.abs(shown['unused_cents'] - 50_000)).toBeLessThan(20);
    expect(Math.abs(shown['cost_cents'] - 100_000)).toBeLessThan(40);
    expect(shown).toMatchObject({ price_cents: 200_000, wallet_cents: 0, expires_at: sub['expires_at'] });
    expect((await show(sub['id']))['package_id']).toBe(sub['package_id']);

    const short = await change(sub['id'], { package_id: better['id'], when: 'now', settle: 'money' });
    expect(short).toMatchObject({ status: 409, body: { error: { code: 'wallet_short' } } });
    await pay(sub['id'], 60_000);
    const fresh = await preview(sub['id'], better['id']);
    await shiftClock(lango.db, '10 minutes');
    const done = await change(sub['id'], {
      package_id: better['id'],
      when: 'now',
      settle: 'money',
      as_of: fresh['as_of'],
    });
    expect(done.body).toMatchObject({ package_id: better['id'], expires_at: sub['expires_at'] });
    expect(await walletOf(sub['client_id'])).toBe(60_000 - fresh['difference_cents']);
    const told = (await lango.api.get<{ items: Json[] }>(`/enforcements?session_id=${session}`)).body.items;
    expect(told.map((one) => one['reason'])).toContain('plan_changed');
  });

  it('gives back into the wallet, and no more than was paid', async () => {
    const cheap = await makePackage(lango.api, { ...month, price_cents: 40_000 });
    const paid = await halfGone();
    const shown = await preview(paid['id'], cheap['id']);
    await change(paid['id'], { package_id: cheap['id'], when: 'now', settle: 'money', as_of: shown['as_of'] });
    expect(shown['difference_cents']).toBeLessThan(-29_900);
    expect(await walletOf(paid['client_id'])).toBe(-shown['difference_cents']);
    const given = await makeActive(lango.api, { ...month, price_cents: 100_000 });
    expect((await preview(given['id'], cheap['id']))['difference_cents']).toBe(0);
  });

  it('can move the end instead, and pays nobody for days whose data is used', async () => {
    const better = await makePackage(lango.api, { ...month, price_cents: 200_000 });
    const sub = await halfGone({ quota_bytes: 1_000_000 });
    const whole = await preview(sub['id'], better['id']);
    await addUsage(lango.db, sub['id'], 750_000);
    const shown = await preview(sub['id'], better['id']);
    // Half of the time is left and a quarter of the data: what is left is worth the quarter.
    expect(Math.abs(whole['unused_cents'] - 50_000)).toBeLessThan(20);
    expect(shown['unused_cents']).toBe(25_000);
    const { body } = await change(sub['id'], {
      package_id: better['id'],
      when: 'now',
      settle: 'time',
      as_of: shown['as_of'],
    });
    expect(body['expires_at']).toBe(shown['expires_at_by_time']);
    expect(await walletOf(sub['client_id'])).toBe(0);
  });

  it('has nothing to settle where nothing is left', async () => {
    const better = await makePackage(lango.api, { ...month, price_cents: 200_000 });
    const sub = await makeActive(lango.api, { validity: { count: 1, unit: 'hour' } });
    await shiftClock(lango.db, '2 hours');
    expect(await preview(sub['id'], better['id'])).toMatchObject({ difference_cents: null, unused_cents: null });
    const refused = await change(sub['id'], { package_id: better['id'], when: 'now', settle: 'time' });
    expect(refused).toMatchObject({ status: 409, body: { error: { code: 'nothing_to_settle' } } });
    expect((await lango.api.get(`/subscriptions/${sub['id']}/change-plan?package_id=99999999`)).status).toBe(422);
  });
});

describe('money that lies in the wallet', () => {
  it('buys a renewal when it is asked for and suffices', async () => {
    const sub = await makeActive(lango.api, { ...month, price_cents: 100_000 });
    const renew = (by: string) => lango.api.post<Json>(`/subscriptions/${sub['id']}/renew`, { pay: by });
    expect(await renew('wallet')).toMatchObject({ status: 409, body: { error: { code: 'wallet_short' } } });
    await lango.api.post(`/subscriptions/${sub['id']}/suspend`, { reason: 'so that money stays in the wallet' });
    await pay(sub['id'], 150_000);
    await lango.api.post(`/subscriptions/${sub['id']}/resume`);
    const { body } = await renew('wallet');
    expect(new Date(body['expires_at']).getTime()).toBe(new Date(sub['expires_at']).getTime() + 30 * 86_400_000);
    expect(await walletOf(sub['client_id'])).toBe(50_000);
  });

  it('renews by itself once, shortly before the end, without the session being cut', async () => {
    const sub = await makeActive(lango.api, { ...month, price_cents: 100_000 });
    await openSession(lango.db, sub['id']);
    await lango.api.post(`/subscriptions/${sub['id']}/suspend`, { reason: 'so that money stays in the wallet' });
    await pay(sub['id'], 300_000);
    await lango.api.post(`/subscriptions/${sub['id']}/resume`);
    const { body } = await lango.api.patch<Json>(`/subscriptions/${sub['id']}`, { auto_renew: true });
    expect(body['auto_renew']).toBe(true);
    const due = () => lango.asOwner(`SELECT id FROM subscription_auto_renew_due() WHERE id = $1`, [sub['id']]);
    expect(await due()).toEqual([]);
    // Five minutes before the end.
    await shiftClock(lango.db, '29 days 23:55:00');
    expect(await due()).toHaveLength(1);
    const renewed = await until(
      () => show(sub['id']),
      (now) => now['expires_at'] !== sub['expires_at'],
      30_000,
    );
    expect(new Date(renewed['expires_at']).getTime()).toBe(new Date(sub['expires_at']).getTime() + 30 * 86_400_000);
    expect(await due()).toEqual([]);
    expect(await walletOf(sub['client_id'])).toBe(200_000);
    const orders = await lango.asOwner<{ kind: string; reason: string }>(
      `SELECT kind, reason FROM enforcement WHERE subscription_id = $1 ORDER BY id`,
      [sub['id']],
    );
    expect(orders.map((order) => `${order.kind} ${order.reason}`)).not.toContain('cut expired');
  });

  it('does not when it is too little', async () => {
    const sub = await makeActive(lango.api, { ...month, price_cents: 100_000 });
    await lango.api.patch(`/subscriptions/${sub['id']}`, { auto_renew: true });
    await shiftClock(lango.db, '29 days 23:55:00');
    expect(await lango.asOwner(`SELECT id FROM subscription_auto_renew_due() WHERE id = $1`, [sub['id']])).toEqual([]);
  });
});
