import { scenarios } from '../../test-kit/daraja';
import { msisdnOf, openMpesaStage, type MpesaStage } from '../../test-kit/payment-provider/mpesa-stage';
import { nextPhone, nothing, once } from '../../test-kit/payment-provider/stage';
import { makeSubscription, shiftClock, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';

let stage: MpesaStage;
beforeAll(async () => {
  stage = await openMpesaStage();
}, 60_000);
afterAll(() => stage?.stop());
afterEach(() => shiftClock(stage.lango.db, '0'));

describe('a prompt that is paid', () => {
  it('is answered with its name at the provider, and begins the service when it is paid', async () => {
    const { sub, payment } = await stage.prompted(scenarios.nothing);
    expect(payment).toMatchObject({ state: 'prompted', provider: 'mpesa', amount_cents: 10_000, receipt: null });
    expect(payment['provider_ref']).toMatch(/^ws_CO_/);
    const push = stage.daraja.pay(stage.pushOf(payment));
    const answer = await stage.daraja.callback(push);
    expect(answer).toEqual({ status: 200, body: { ResultCode: 0, ResultDesc: 'Accepted' } });
    const settled = await stage.inState(payment['id'], 'settled');
    expect(settled).toMatchObject({
      outcome: 'activated',
      receipt: expect.stringMatching(/^S\w{9}$/),
      applied_cents: 10_000,
    });
    expect(stage.steps(settled)).toEqual([
      'created',
      'sent',
      'prompted',
      'called_back',
      'credited',
      'activated',
      'settled',
    ]);
    const moments = settled['timeline'].map((one: Json) => Date.parse(one['at']));
    expect(moments).toEqual([...moments].sort((a, b) => a - b));
    expect((await stage.service(sub['id']))['state']).toBe('active');
    expect(await stage.booked(sub)).toEqual(once);
    const [raw] = await stage.lango.asOwner<{ body: Buffer; state: string }>(
      `SELECT body, state FROM hook_event ORDER BY id DESC LIMIT 1`,
    );
    expect(JSON.parse(raw!.body.toString())).toMatchObject({
      Body: { stkCallback: { CheckoutRequestID: push.checkoutId } },
    });
  });

  it.each([
    'success',
    'twice',
    'failureThenSuccess',
    'confirmationFirst',
    'confirmationAfter',
    'confirmationAlone',
  ] as const)('as %s gives one credit and one extension', async (name) => {
    const { sub, payment } = await stage.prompted(scenarios[name]);
    const settled = await stage.inState(payment['id'], 'settled');
    await stage.quiet();
    expect(await stage.booked(sub)).toEqual(once);
    expect(settled['receipt']).toBe((stage.pushOf(payment).truth as { receipt: string }).receipt);
  });

  it('asked for twice is one prompt; another wish within the minute is told to wait', async () => {
    const { sub, phone, payment } = await stage.prompted(scenarios.nothing);
    const again = await stage.ask(sub['id'], phone);
    expect(again.body['id']).toBe(payment['id']);
    const other = await makeSubscription(stage.lango.api);
    const refused = await stage.ask(other['id'], phone);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(stage.daraja.pushes.filter((one) => one.msisdn === msisdnOf(phone))).toHaveLength(1);
  });

  it('bought by package and phone alone makes the customer and the service', async () => {
    const sold = await makeSubscription(stage.lango.api);
    const phone = nextPhone();
    stage.daraja.script(scenarios.success, msisdnOf(phone));
    const answer = await stage.lango.api.post<Json>('/billing/payments', {
      package_id: sold['package_id'],
      phone,
      provider: 'mpesa',
    });
    expect(answer.status).toBe(201);
    const settled = await stage.inState(answer.body['id'], 'settled');
    expect(await stage.service(settled['subscription_id'])).toMatchObject({ state: 'active', username: phone });
  });
});

describe('a prompt that is not paid', () => {
  it.each([
    ['cancelled', '1032'],
    ['unreachable', '1037'],
    ['wrongPin', '2001'],
    ['insufficient', '1'],
    ['expired', '1019'],
    ['busy', '26'],
    ['locked', '1001'],
  ] as const)('%s fails with the provider’s own code', async (name, code) => {
    const { sub, payment } = await stage.prompted(scenarios[name]);
    expect(await stage.inState(payment['id'], 'failed')).toMatchObject({ failure: { code } });
    expect(await stage.booked(sub)).toEqual(nothing);
  });

  it('with a code that nobody knows is asked about, and stays open until it is known', async () => {
    const { payment } = await stage.prompted(scenarios.unknownCode);
    const seen = await until(
      () => stage.show(payment['id']),
      (one) => stage.steps(one).includes('asked'),
    );
    expect(seen['state']).toBe('unknown');
    stage.daraja.pay(Object.assign(stage.pushOf(payment), { truth: { kind: 'pending' } }));
    await stage.later('15 seconds');
    await stage.inState(payment['id'], 'settled');
  });
});

describe('silence', () => {
  it('is broken by asking: while pending in both shapes, and through an error page, until the answer is yes', async () => {
    const { sub, payment } = await stage.prompted((push, sim) => {
      sim.pay(push);
      sim.lie(push, 'pending', 'pending_500', 'html');
    });
    for (const shift of ['11 seconds', '21 seconds', '36 seconds', '61 seconds']) {
      const asked = stage.steps(await stage.show(payment['id'])).filter((step) => step === 'asked').length;
      await stage.later(shift);
      await until(
        () => stage.show(payment['id']),
        (one) => stage.steps(one).filter((step) => step === 'asked').length > asked,
      );
    }
    expect(await stage.inState(payment['id'], 'settled')).toMatchObject({ receipt: null });
    // The receipt comes in the end, and is no second payment.
    await stage.daraja.callback(stage.pushOf(payment));
    expect(
      await until(
        () => stage.show(payment['id']),
        (one) => one['receipt'] !== null,
      ),
    ).toMatchObject({ state: 'settled' });
    await stage.daraja.confirm(stage.pushOf(payment));
    await stage.quiet();
    expect(await stage.booked(sub)).toEqual(once);
  });

  it('of an answer that says failed does not stand against the call that says paid', async () => {
    const { sub, payment } = await stage.prompted((push, sim) => {
      sim.pay(push);
      sim.lie(push, 'failed');
    });
    await stage.later('11 seconds');
    await stage.inState(payment['id'], 'failed');
    await stage.daraja.callback(stage.pushOf(payment));
    await stage.inState(payment['id'], 'settled');
    expect(await stage.booked(sub)).toEqual(once);
  });

  it('of a token that ended meanwhile is noticed by nobody: prompts and questions go on with a new one', async () => {
    const first = await stage.prompted(scenarios.nothing);
    stage.daraja.forgetTokens();
    stage.daraja.pay(stage.pushOf(first.payment));
    await stage.later('11 seconds');
    await stage.inState(first.payment['id'], 'settled');
    stage.daraja.forgetTokens();
    const second = await stage.prompted(scenarios.success);
    const settled = await stage.inState(second.payment['id'], 'settled');
    expect(stage.steps(settled)).not.toContain('not_sent');
  });

  it('of a spike is waited out', async () => {
    stage.daraja.failNext('spike');
    const { payment } = await stage.prompted(scenarios.success);
    const settled = await stage.inState(payment['id'], 'settled');
    expect(stage.steps(settled)).toContain('not_sent');
  });
});

describe('the account', () => {
  it('that is not set up is said at once', async () => {
    const other = await stage.lango.addCompany();
    const sub = await makeSubscription(other.api);
    const answer = await other.api.post<Json>('/billing/payments', {
      subscription_id: sub['id'],
      phone: '0712000000',
      provider: 'mpesa',
    });
    expect(answer.status).toBe(422);
  });
});
