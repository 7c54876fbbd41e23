import { stripeRig } from '../../test-kit/payment-provider/stripe';
import { nothing, once, openStage, type Stage } from '../../test-kit/payment-provider/stage';
import { startStripe, stripeSignature, type Session, type SimulatedStripe } from '../../test-kit/stripe';
import type { Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import type { Account, Order } from '../provider';
import { readEvent } from './events';
import { fromMinor, isWhole, toMinor } from './minor';
import { stripe as provider } from './provider';
import { stripeSettings, type StripeSettings } from './settings';

/** What is tried again later and later needs time on a slow machine. */
const PATIENCE_MS = 150_000;
jest.setTimeout(180_000);

describe('a signature', () => {
  const secret = 'whsec_test_secret';
  const body = '{"id":"evt_1","object":"event","livemode":false,"type":"refund.created"}';
  const at = new Date('2026-08-04T10:00:00Z');
  const settings = stripeSettings.parse({ secret_key: 'sk_test_12345678', webhook_secret: secret });
  const read = (header: string, more: { late_s?: number; body?: string; settings?: StripeSettings } = {}) =>
    readEvent(more.settings ?? settings, {
      headers: { 'stripe-signature': header },
      body: Buffer.from(more.body ?? body),
      receivedAt: new Date(at.getTime() + (more.late_s ?? 0) * 1_000),
    });

  it('of the simulator is the published one', () => {
    const published = 'v1=d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990';
    expect(stripeSignature(secret, '{"id":"evt_test_webhook","object":"event"}', new Date(1_700_000_000_000))).toBe(
      `t=1700000000,${published}`,
    );
  });

  it('is good for five minutes, and among others while a secret is changed', () => {
    const signed = stripeSignature(secret, body, at);
    expect(read(signed)).toMatchObject({ id: 'evt_1' });
    expect(read(signed, { late_s: 300 })).toBeDefined();
    expect(read(signed, { late_s: 301 })).toBeUndefined();
    const [time = '', mine = ''] = signed.split(',');
    expect(read(`${time},v1=${'0'.repeat(64)},${mine}`)).toBeDefined();
  });

  it('of another secret, of another body, of an old scheme, of nobody or of the other mode is none', () => {
    const signed = stripeSignature(secret, body, at);
    expect(read(stripeSignature('whsec_of_another', body, at))).toBeUndefined();
    expect(read(signed, { body: body.replace('evt_1', 'evt_2') })).toBeUndefined();
    expect(read(signed.replace('v1=', 'v0='))).toBeUndefined();
    expect(read('')).toBeUndefined();
    const live = body.replace('false', 'true');
    expect(read(stripeSignature(secret, live, at), { body: live })).toBeUndefined();
    const without = stripeSettings.parse({ secret_key: 'sk_test_12345678' });
    expect(read(signed, { settings: without })).toBeUndefined();
  });
});

test('amounts go in the smallest unit of their currency, and come back as they were', () => {
  expect(toMinor(150_000n, 'KES')).toBe(150_000);
  expect(toMinor(150_000n, 'RWF')).toBe(1_500);
  expect(toMinor(150_000n, 'UGX')).toBe(150_000);
  expect(toMinor(150_050n, 'KWD')).toBe(1_500_500);
  for (const currency of ['KES', 'RWF', 'UGX', 'KWD', 'USD', 'JPY'])
    expect(fromMinor(toMinor(150_000n, currency), currency)).toBe(150_000n);
  expect(() => toMinor(150_050n, 'RWF')).toThrow('RWF');
  expect(['RWF', 'UGX', 'KES', 'KWD'].filter(isWhole)).toEqual(['RWF', 'UGX']);
});

describe('the account', () => {
  let sim: SimulatedStripe;
  let account: Account<StripeSettings>;
  const order = (more: Partial<Order> = {}): Order => ({
    id: 1n,
    accountRef: 'P0001A',
    phone: '+254712345678',
    amount_cents: 10_000n,
    currency: 'KES',
    description: 'Home 5M',
    callbackUrl: 'http://isp.example/hooks/card/x',
    returnUrl: 'http://isp.example/payments/done/acme',
    createdAt: new Date('2026-08-04T10:00:00Z'),
    at: new Date(),
    ...more,
  });
  beforeEach(async () => {
    sim = await startStripe();
    account = { tenantId: 1n, settings: stripeSettings.parse({ secret_key: sim.key }), baseUrl: sim.baseUrl };
  });
  afterEach(() => sim.stop());

  it('asked for one order twice opens one page, with the amount, the reference and the way back', async () => {
    sim.failNext('cut');
    const tries = [await provider.prompt(account, order()), await provider.prompt(account, order())];
    expect(sim.sessions).toHaveLength(1);
    const [session] = sim.sessions;
    expect(tries.at(-1)).toEqual({ kind: 'accepted', ref: session!.id, url: session!.url });
    expect(session).toMatchObject({
      amount_total: 10_000,
      currency: 'kes',
      client_reference_id: 'P0001A',
      success_url: 'http://isp.example/payments/done/acme?order={CHECKOUT_SESSION_ID}',
    });
  });

  it('tells what may be sent again from what is refused, and whose fault it is', async () => {
    sim.failNext('rate', 'error', 'garbage');
    for (let n = 0; n < 3; n += 1) expect(await provider.prompt(account, order())).toMatchObject({ kind: 'not_sent' });
    expect(await provider.prompt(account, order({ amount_cents: 10n }))).toMatchObject({
      kind: 'refused',
      code: 'amount_too_small',
      account: false,
    });
    const wrong = { ...account, settings: stripeSettings.parse({ secret_key: 'sk_test_ofSomebodyElse' }) };
    expect(await provider.prompt(wrong, order())).toMatchObject({
      kind: 'refused',
      code: 'credentials',
      account: true,
    });
    expect(await provider.prompt({ ...account, baseUrl: 'http://127.0.0.1:1' }, order())).toMatchObject({
      kind: 'not_sent',
    });
  });

  it('gives money back once for a key, and never more than there is', async () => {
    await provider.prompt(account, order());
    const receipt = sim.pay(sim.sessions[0]!).payment_intent!;
    const wish = { receipt, amount_cents: 4_000n, currency: 'KES', key: 'refund-1' };
    const give = (more: Partial<typeof wish> = {}) => provider.refund!(account, { ...wish, ...more } as never);
    const [first, again] = [await give(), await give()];
    expect(first).toMatchObject({ kind: 'done', ref: sim.refunds[0]!.id });
    expect(again).toEqual(first);
    expect(sim.refunds).toHaveLength(1);
    const asked = () => provider.askRefund!(account, { ...wish, ref: sim.refunds[0]!.id } as never);
    expect(await asked()).toMatchObject({ kind: 'done' });
    Object.assign(sim.refunds[0]!, { status: 'failed' });
    expect(await asked()).toMatchObject({ kind: 'failed', code: 'failed' });
    Object.assign(sim.refunds[0]!, { status: 'succeeded' });
    expect(await give({ key: 'refund-2', amount_cents: 6_001n })).toMatchObject({ kind: 'refused' });
    expect(await give({ key: 'refund-3', amount_cents: 6_000n })).toMatchObject({ kind: 'done' });
    expect(await give({ key: 'refund-4', amount_cents: 1n })).toMatchObject({
      kind: 'refused',
      code: 'charge_already_refunded',
    });
  });
});

describe('events', () => {
  let stage: Stage<Session>;
  let sim: SimulatedStripe;
  beforeAll(async () => {
    const rig = await stripeRig();
    sim = rig.stripe;
    stage = await openStage(rig);
  }, 60_000);
  afterAll(() => stage?.stop());
  const stepsOf = async (payment: Json, step: string): Promise<Json[]> =>
    (await stage.show(payment['id']))['timeline'].filter((one: Json) => one['step'] === step);
  async function paid() {
    const made = await stage.taken();
    await sim.tellSession(sim.pay(made.order));
    return { ...made, payment: await stage.inState(made.payment['id'], 'settled') };
  }

  it('that are not signed are refused, leave nothing in the books, and stand as they came', async () => {
    const { sub, payment, order } = await stage.taken();
    const forged = { ...order, payment_status: 'paid' as const, status: 'complete' as const, payment_intent: 'pi_f' };
    expect(await sim.tellSession(forged, { secret: 'whsec_of_somebody_else' })).toEqual(
      expect.objectContaining({ status: 400 }),
    );
    expect(await sim.tellSession(forged, { at: new Date(Date.now() - 600_000) })).toEqual(
      expect.objectContaining({ status: 400 }),
    );
    await stage.quiet();
    expect(await stage.booked(sub)).toEqual(nothing);
    expect(await stage.show(payment['id'])).toMatchObject({ state: 'prompted', pay_url: order.url });
    const [kept] = await stage.lango.asOwner<{ n: number }>(
      `SELECT count(*)::int AS n FROM hook_event WHERE kind = 'card' AND state = 'ignored'`,
    );
    expect(kept!.n).toBeGreaterThanOrEqual(2);
  });

  it('are worked on once by their id', async () => {
    const { sub, payment, order } = await stage.taken();
    await Promise.all(Array.from({ length: 10 }, () => sim.tellSession(sim.pay(order), { id: 'evt_once' })));
    await stage.inState(payment['id'], 'settled');
    await stage.quiet();
    expect(await stepsOf(payment, 'called_back')).toHaveLength(1);
    expect(await stage.booked(sub)).toEqual(once);
  });

  it('of a declined card are seen, and leave the page open', async () => {
    const { sub, payment, order } = await stage.taken();
    await sim.tell('payment_intent.payment_failed', {
      id: 'pi_declined',
      object: 'payment_intent',
      metadata: { order: payment['reference'] },
      last_payment_error: { code: 'card_declined', decline_code: 'insufficient_funds', message: 'Insufficient funds.' },
    });
    await until(
      () => stepsOf(payment, 'declined'),
      (steps) => steps.length === 1,
    );
    expect(await stepsOf(payment, 'declined')).toMatchObject([{ detail: 'insufficient_funds Insufficient funds.' }]);
    await sim.tellSession(sim.pay(order));
    await stage.inState(payment['id'], 'settled');
    await stage.quiet();
    expect(await stage.booked(sub)).toEqual(once);
  });

  it('of a refund that was made at Stripe itself are booked once, also where they come before the payment', async () => {
    const { payment, order } = await stage.taken();
    sim.pay(order);
    const refund = {
      id: 're_dashboard',
      object: 'refund',
      payment_intent: order.payment_intent,
      amount: 10_000,
      currency: 'kes',
    };
    const told = { ...refund, status: 'succeeded', reason: 'requested_by_customer', metadata: {} };
    await sim.tell('refund.created', told, { id: 'evt_refund' });
    await sim.tellSession(order);
    await until(
      () => stepsOf(payment, 'refund_told'),
      (steps) => steps.length === 1,
      PATIENCE_MS,
    );
    await sim.tell('refund.created', told, { id: 'evt_refund' });
    await sim.tell('refund.created', told, { id: 'evt_refund_again' });
    await stage.quiet();
    const rows = await stage.lango.asOwner(
      `SELECT way, state, amount_cents::int AS cents, reference FROM payment_refund WHERE payment_id = $1`,
      [payment['id']],
    );
    expect(rows).toEqual([{ way: 'told', state: 'done', cents: 10_000, reference: 're_dashboard' }]);
    expect(await stage.show(payment['id'])).toMatchObject({ state: 'refunded' });
  });

  it('of a refund that we asked for do not book it a second time', async () => {
    const { payment, order } = await paid();
    const refund = {
      id: 're_ours',
      object: 'refund',
      payment_intent: order.payment_intent,
      amount: 10_000,
      currency: 'kes',
    };
    await sim.tell('refund.created', { ...refund, status: 'succeeded', metadata: { refund: 'refund-9' } });
    await stage.quiet();
    expect(await stepsOf(payment, 'refund_told')).toHaveLength(0);
    expect(await stage.show(payment['id'])).toMatchObject({ state: 'settled' });
  });

  it('of a dispute are seen at once, and booked when the money is withdrawn', async () => {
    const { payment, order } = await paid();
    const dispute = {
      id: 'du_1',
      object: 'dispute',
      payment_intent: order.payment_intent,
      amount: 10_000,
      currency: 'kes',
      reason: 'fraudulent',
      status: 'needs_response',
    };
    await sim.tell('charge.dispute.created', dispute);
    const [seen] = await until(
      () => stepsOf(payment, 'dispute_told'),
      (steps) => steps.length === 1,
    );
    expect(seen!['detail']).toBe('created KES 100.00 fraudulent du_1');
    expect(await stage.show(payment['id'])).toMatchObject({ state: 'settled' });
    await sim.tell('charge.dispute.funds_withdrawn', dispute);
    expect(await stage.inState(payment['id'], 'refunded')).toBeDefined();
    // It is won: Stripe gives the money back, and says so twice.
    const held = async () => {
      const [row] = await stage.lango.asOwner<{ stripe: number; wallet: number }>(
        `SELECT (SELECT sum(balance_cents)::int FROM ledger_account WHERE code = 'stripe') AS stripe,
           (SELECT sum(balance_cents)::int FROM ledger_account WHERE code = $1) AS wallet`,
        [`wallet:${payment['client_id']}`],
      );
      return row!;
    };
    const before = await held();
    await Promise.all([1, 2].map(() => sim.tell('charge.dispute.funds_reinstated', { ...dispute, status: 'won' })));
    await until(
      () => stepsOf(payment, 'dispute_won'),
      (steps) => steps.length === 1,
    );
    await stage.quiet();
    const after = await held();
    expect([after.stripe - before.stripe, after.wallet - before.wallet]).toEqual([-10_000, 10_000]);
    expect(await stepsOf(payment, 'dispute_won')).toHaveLength(1);
  });

  it('of somebody else’s business on the same account are left alone', async () => {
    expect(
      await sim.tell('checkout.session.completed', {
        id: 'cs_shop',
        object: 'checkout.session',
        client_reference_id: 'cart-7',
        payment_status: 'paid',
        status: 'complete',
        amount_total: 5,
        currency: 'usd',
        payment_intent: 'pi_shop',
      }),
    ).toEqual(expect.objectContaining({ status: 200 }));
    const [row] = await until(
      () => stage.lango.asOwner(`SELECT state FROM hook_event WHERE convert_from(body, 'UTF8') LIKE '%cart-7%'`),
      ([one]) => one?.['state'] !== 'waiting',
    );
    expect(row).toEqual({ state: 'ignored' });
  });

  it('that never come are made up for by the customer who comes back: the page asks, and believes nobody', async () => {
    const { lango } = stage;
    const [company] = await lango.asOwner<{ slug: string }>('SELECT slug FROM tenant WHERE id = $1', [
      lango.company.tenantId.toString(),
    ]);
    const page = async (query: string): Promise<string> =>
      (await fetch(`${lango.baseUrl}/payments/done/${company!.slug}${query}`)).text();
    const { sub, order } = await stage.taken();
    const back = `?order=${order.id}`;
    expect(new URL(order.success_url.replace('{CHECKOUT_SESSION_ID}', order.id)).pathname + back).toBe(
      `/payments/done/${company!.slug}${back}`,
    );
    expect(await page(back)).toContain('Your bank has not told us yet');
    expect(await stage.booked(sub)).toEqual(nothing);
    sim.pay(order);
    await until(
      () => page(back),
      (html) => html.includes('Your internet runs until'),
      PATIENCE_MS,
    );
    expect(await stage.booked(sub)).toEqual(once);
    expect(await page('')).toContain('without paying');
    expect(await page('?order=cs_test_nobody')).toContain('No payment of this page is known');
  });

  it('have an address of each company’s own, registered with Stripe once, whose secret opens no other', async () => {
    const { lango } = stage;
    const other = await lango.addCompany();
    await other.api.put('/settings/payments/stripe', { secret_key: sim.key });
    await until(
      () => sim.endpoints,
      (endpoints) => endpoints.length === 2,
    );
    const [mine, theirs] = sim.endpoints;
    await until(
      () => other.api.get<Json>('/settings/payments/stripe'),
      ({ body }) => body['registered_at'] !== null,
    );
    await other.api.put('/settings/payments/stripe', {});
    await until(
      () => sim.requests.filter((one) => one.path === `/v1/webhook_endpoints/${theirs!.id}`),
      (updates) => updates.length > 0,
    );
    expect(sim.endpoints).toHaveLength(2);
    const { order, payment } = await stage.taken();
    const body = sim.pay(order);
    // Signed by the one, sent to the other.
    expect(await sim.tellSession(body, { secret: theirs!.secret, to: mine!.url })).toEqual(
      expect.objectContaining({ status: 400 }),
    );
    expect(await stage.show(payment['id'])).toMatchObject({ state: 'prompted' });
  });
});
