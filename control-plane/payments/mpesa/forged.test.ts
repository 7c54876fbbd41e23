import { scenarios, type Push } from '../../test-kit/daraja';
import { openMpesaStage, type MpesaStage } from '../../test-kit/payment-provider/mpesa-stage';
import { nothing, once } from '../../test-kit/payment-provider/stage';
import { makeActive, shiftClock, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';

let stage: MpesaStage;
beforeAll(async () => {
  stage = await openMpesaStage();
}, 60_000);
afterAll(() => stage?.stop());
afterEach(() => shiftClock(stage.lango.db, '0'));

describe('a forgery', () => {
  it('at an address that nobody has leaves nothing; at the open one it is asked about, and gives nothing', async () => {
    const { sub, payment } = await stage.prompted(scenarios.nothing);
    const push = stage.pushOf(payment);
    const forged: Push = { ...push, truth: { kind: 'paid', receipt: 'FORGED1234', at: new Date() } };
    const nowhere = await stage.daraja.callback(
      forged,
      undefined,
      `${stage.lango.baseUrl}/hooks/pay/${'0'.repeat(32)}`,
    );
    expect(nowhere.status).toBe(404);
    const open = await stage.daraja.callback(forged, undefined, `${stage.lango.baseUrl}/api/webhooks/mpesa-callback`);
    expect(open.status).toBe(200);
    await until(
      () => stage.show(payment['id']),
      (one) => stage.steps(one).includes('asked'),
    );
    expect(await stage.booked(sub)).toEqual(nothing);
    // The truth settles it: by the open address as well, once Safaricom has said so.
    await stage.daraja.callback(
      stage.daraja.pay(push),
      undefined,
      `${stage.lango.baseUrl}/api/webhooks/mpesa-callback`,
    );
    await stage.inState(payment['id'], 'settled');
    expect(await stage.booked(sub)).toEqual(once);
  });

  it.each([
    ['amount', (push: Push): Push => ({ ...push, amount: 1 })],
    ['phone', (push: Push): Push => ({ ...push, msisdn: '254799999999' })],
    ['order', (push: Push): Push => ({ ...push, merchantId: 'another' })],
  ])('with another %s is asked about before it is believed', async (what, change) => {
    const { sub, payment } = await stage.prompted(scenarios.nothing);
    const push = stage.pushOf(payment);
    await stage.daraja.callback(
      change({ ...push, truth: { kind: 'paid', receipt: `F0${what.toUpperCase()}9`, at: new Date() } }),
    );
    const seen = await until(
      () => stage.show(payment['id']),
      (one) => stage.steps(one).includes('asked'),
    );
    expect(seen['timeline'].find((one: Json) => one['step'] === 'doubted')['detail']).toBe(what);
    expect(await stage.booked(sub)).toEqual(nothing);
  });

  it.each([
    ['smaller', 'before', 1],
    ['smaller', 'after', 1],
    ['larger', 'before', 300],
    ['larger', 'after', 300],
  ] as const)('of a %s amount, told %s the payment, makes it neither less nor more', async (_size, when, amount) => {
    const { sub, payment } = await stage.prompted(scenarios.nothing);
    const push = stage.pushOf(payment);
    const forged: Push = { ...push, amount, truth: { kind: 'paid', receipt: `FORGED${amount}`, at: new Date() } };
    if (when === 'after') stage.daraja.pay(push);
    await stage.daraja.callback(forged);
    await until(
      () => stage.show(payment['id']),
      (one) => stage.steps(one).includes('asked'),
    );
    stage.daraja.pay(push);
    await stage.later('1 minute');
    const settled = await stage.inState(payment['id'], 'settled');
    expect(settled).toMatchObject({ amount_cents: 10_000, receipt: null, outcome: 'activated' });
    expect(stage.steps(settled)).not.toContain('amount_differs');
    // Its own receipt is still free to be told.
    await stage.daraja.callback(push);
    const known = await until(
      () => stage.show(payment['id']),
      (one) => one['receipt'] !== null,
    );
    expect(known['receipt']).toBe((push.truth as { receipt: string }).receipt);
    await stage.quiet();
    expect(await stage.booked(sub)).toEqual(once);
  });
});

describe('in service, from an address that is not known to be Safaricom’s', () => {
  const account = async (fields: Json): Promise<void> => {
    const { lango, rig } = stage;
    const saved = await lango.api.put<Json>('/settings/payments/mpesa', { ...rig.settings(), ...fields });
    expect(saved.status).toBe(200);
  };
  const noticeOf = (receipt: string) =>
    until(
      () => stage.lango.asOwner(`SELECT state FROM payment_notice WHERE receipt = $1`, [receipt]),
      (rows) => rows.length > 0,
    );
  // Without the phone that the list is read by: it is read when this test says so, and at no other time.
  beforeAll(() => account({ environment: 'production', nominated_phone: '', per_second: 100 }));
  afterAll(() => account({ environment: 'sandbox', per_second: 100 }));

  it('a lie is asked about and gives nothing; the truth is asked about and settles, with its receipt', async () => {
    const { sub, payment } = await stage.prompted(scenarios.nothing);
    const push = stage.pushOf(payment);
    await stage.daraja.callback({ ...push, truth: { kind: 'paid', receipt: 'FORGED1234', at: new Date() } });
    const seen = await until(
      () => stage.show(payment['id']),
      (one) => stage.steps(one).includes('asked'),
    );
    expect(seen['timeline'].find((one: Json) => one['step'] === 'doubted')['detail']).toBe('unknown source');
    expect(await stage.booked(sub)).toEqual(nothing);
    await stage.daraja.callback(stage.daraja.pay(push));
    await stage.inState(payment['id'], 'settled');
    expect(await stage.booked(sub)).toEqual(once);
  });

  it('money by hand is in no book until Safaricom’s list has it', async () => {
    const sub = await makeActive(stage.lango.api);
    const paid = stage.daraja.payByHand({ msisdn: '254700000009', amount: 100, account: sub['username'] });
    const forged = { ...paid, receipt: 'FORGED5678' };
    await stage.daraja.confirm(forged);
    await stage.daraja.confirm(paid);
    expect(await noticeOf(forged.receipt)).toEqual([{ state: 'unproven' }]);
    expect(await noticeOf(paid.receipt)).toEqual([{ state: 'unproven' }]);
    expect(await stage.booked(sub)).toMatchObject({ settled: 0, cents: 0 });
    await stage.lango.asOwner(
      `SELECT job_enqueue('payments.list', json_build_object('tenant', $1::text, 'provider', 'mpesa', 'hours', 2))`,
      [stage.lango.company.tenantId.toString()],
    );
    await until(
      () => stage.booked(sub),
      (now) => now.settled === 1,
    );
    expect(await noticeOf(forged.receipt)).toEqual([{ state: 'unproven' }]);
  });

  it('that the company has named is believed at once', async () => {
    await account({ environment: 'production', sources: ['127.0.0.1'], per_second: 100 });
    const { sub, payment } = await stage.prompted(scenarios.success);
    const settled = await stage.inState(payment['id'], 'settled');
    expect(stage.steps(settled)).not.toContain('doubted');
    expect(await stage.booked(sub)).toEqual(once);
  });
});

describe('last of all, for its call goes on waiting: a callback', () => {
  it('of a prompt that there never was is kept for a person', async () => {
    const { payment } = await stage.prompted(scenarios.nothing);
    const push = stage.pushOf(payment);
    await stage.daraja.callback({
      ...push,
      checkoutId: 'ws_CO_nobody',
      truth: { kind: 'paid', receipt: 'NOBODY1234', at: new Date() },
    });
    const [event] = await stage.lango.asOwner(
      `SELECT state, note FROM hook_event WHERE convert_from(body, 'UTF8') LIKE '%ws_CO_nobody%'`,
    );
    expect(event).toMatchObject({ state: 'waiting' });
  });
});
