import { scenarios, startDaraja, type Push, type Scenario, type SimulatedDaraja } from '../test-kit/daraja';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, makeSubscription, shiftClock, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

let daraja: SimulatedDaraja;
let lango: TestLango;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  daraja = await startDaraja();
  lango = await startTestLango({ parts: ['jobs'], urls: { daraja: daraja.baseUrl }, publicUrl: 'http://isp.example' });
  daraja.reach = lango.baseUrl;
  const { consumerKey, consumerSecret, shortcode, passkey } = daraja.options;
  const saved = await lango.api.put<Json>('/settings/payments/mpesa', {
    environment: 'sandbox',
    consumer_key: consumerKey,
    consumer_secret: consumerSecret,
    shortcode,
    passkey,
    type: 'paybill',
    nominated_phone: '254700000000',
    per_second: 100,
  });
  if (saved.status !== 200) throw new Error(JSON.stringify(saved.body));
  await until(
    () => daraja.registered,
    (registered) => registered !== undefined,
  );
}, 60_000);
afterAll(async () => {
  await lango.stop();
  await daraja.stop();
});
afterEach(() => shiftClock(lango.db, '0'));

let phones = 10_000_000;
const nextPhone = (): string => `07${(phones += 1)}`;
const msisdnOf = (phone: string): string => `254${phone.slice(1)}`;

const ask = (subscription_id: string, phone: string, fields: Json = {}) =>
  lango.api.post<Json>('/billing/payments', { subscription_id, phone, provider: 'mpesa', ...fields });
const show = async (id: string): Promise<Json> => (await lango.api.get<Json>(`/billing/payments/${id}`)).body;
const service = async (id: string): Promise<Json> => (await lango.api.get<Json>(`/subscriptions/${id}`)).body;
const inState = (id: string, ...states: string[]): Promise<Json> =>
  until(
    () => show(id),
    (payment) => states.includes(payment['state']),
  );
const steps = (payment: Json): string[] => payment['timeline'].map((one: Json) => one['step']);
const pushOf = (payment: Json): Push => {
  const push = daraja.pushes.find((one) => one.checkoutId === payment['provider_ref']);
  if (!push) throw new Error(`no prompt for ${JSON.stringify(payment)}`);
  return push;
};

/** A pending service of KES 100, and a prompt for it that meets a scenario. */
async function prompted(scenario: Scenario): Promise<{ sub: Json; phone: string; payment: Json }> {
  const sub = await makeSubscription(lango.api);
  const phone = nextPhone();
  daraja.script(scenario, msisdnOf(phone));
  const answer = await ask(sub['id'], phone);
  expect(answer.status).toBe(201);
  // Answered once it is sent; on a machine that has no time for the queue, before.
  const payment = await until(
    () => show(answer.body['id']),
    (one) => one['state'] !== 'created',
  );
  return { sub, phone, payment };
}

/** Moves the clock, and has the queue look at once rather than within seconds. */
async function later(shift: string): Promise<void> {
  await shiftClock(lango.db, shift);
  await lango.asOwner(`SELECT job_enqueue('payments.work')`);
}

/** Everything about one payment is worked on, and nothing more comes by itself. */
const quiet = () =>
  until(
    () =>
      lango.asOwner<{ n: number }>(
        `SELECT count(*)::int AS n FROM hook_event WHERE state = 'waiting' AND convert_from(body, 'UTF8') NOT LIKE '%ws_CO_nobody%'`,
      ),
    ([row]) => row?.n === 0,
  );
/** Money of this service: payments settled, and cents that came into the books. */
async function booked(sub: Json): Promise<{ settled: number; cents: number; cycles: number }> {
  const [row] = await lango.asOwner<{ settled: number; cents: number; cycles: number }>(
    `SELECT (SELECT count(*)::int FROM payment WHERE subscription_id = $1 AND state = 'settled') AS settled,
       (SELECT coalesce(sum(t.amount_cents), 0)::int FROM ledger_transfer t JOIN payment p ON p.id = t.payment_id WHERE p.subscription_id = $1 AND t.kind = 'payment') AS cents,
       (SELECT cycle_no FROM subscription WHERE id = $1) AS cycles`,
    [sub['id']],
  );
  return row!;
}
const once = { settled: 1, cents: 10_000, cycles: 1 };

describe('a prompt that is paid', () => {
  it('is answered with its name at the provider, and begins the service when it is paid', async () => {
    const { sub, payment } = await prompted(scenarios.nothing);
    expect(payment).toMatchObject({ state: 'prompted', provider: 'mpesa', amount_cents: 10_000, receipt: null });
    expect(payment['provider_ref']).toMatch(/^ws_CO_/);
    const push = daraja.pay(pushOf(payment));
    const answer = await daraja.callback(push);
    expect(answer).toEqual({ status: 200, body: { ResultCode: 0, ResultDesc: 'Accepted' } });
    const settled = await inState(payment['id'], 'settled');
    expect(settled).toMatchObject({
      outcome: 'activated',
      receipt: expect.stringMatching(/^S\w{9}$/),
      applied_cents: 10_000,
    });
    expect(steps(settled)).toEqual(['created', 'sent', 'prompted', 'called_back', 'credited', 'activated', 'settled']);
    const moments = settled['timeline'].map((one: Json) => Date.parse(one['at']));
    expect(moments).toEqual([...moments].sort((a, b) => a - b));
    expect((await service(sub['id']))['state']).toBe('active');
    expect(await booked(sub)).toEqual(once);
    const [raw] = await lango.asOwner<{ body: Buffer; state: string }>(
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
    const { sub, payment } = await prompted(scenarios[name]);
    const settled = await inState(payment['id'], 'settled');
    await quiet();
    expect(await booked(sub)).toEqual(once);
    expect(settled['receipt']).toBe((pushOf(payment).truth as { receipt: string }).receipt);
  });

  it('told a hundred times at once gives one credit and one extension', async () => {
    const { sub, payment } = await prompted(scenarios.nothing);
    const push = daraja.pay(pushOf(payment));
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => (n % 3 === 0 ? daraja.confirm(push) : daraja.callback(push))),
    );
    await inState(payment['id'], 'settled');
    await quiet();
    expect(await booked(sub)).toEqual(once);
  });

  it('asked for twice is one prompt; another wish within the minute is told to wait', async () => {
    const { sub, phone, payment } = await prompted(scenarios.nothing);
    const again = await ask(sub['id'], phone);
    expect(again.body['id']).toBe(payment['id']);
    const other = await makeSubscription(lango.api);
    const refused = await ask(other['id'], phone);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(daraja.pushes.filter((one) => one.msisdn === msisdnOf(phone))).toHaveLength(1);
  });

  it('bought by package and phone alone makes the customer and the service', async () => {
    const sold = await makeSubscription(lango.api);
    const phone = nextPhone();
    daraja.script(scenarios.success, msisdnOf(phone));
    const answer = await lango.api.post<Json>('/billing/payments', {
      package_id: sold['package_id'],
      phone,
      provider: 'mpesa',
    });
    expect(answer.status).toBe(201);
    const settled = await inState(answer.body['id'], 'settled');
    expect(await service(settled['subscription_id'])).toMatchObject({ state: 'active', username: phone });
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
    const { sub, payment } = await prompted(scenarios[name]);
    expect(await inState(payment['id'], 'failed')).toMatchObject({ failure: { code } });
    expect(await booked(sub)).toEqual({ settled: 0, cents: 0, cycles: 0 });
  });

  it('with a code that nobody knows is asked about, and stays open until it is known', async () => {
    const { payment } = await prompted(scenarios.unknownCode);
    const seen = await until(
      () => show(payment['id']),
      (one) => steps(one).includes('asked'),
    );
    expect(seen['state']).toBe('unknown');
    daraja.pay(Object.assign(pushOf(payment), { truth: { kind: 'pending' } }));
    await later('15 seconds');
    await inState(payment['id'], 'settled');
  });
});

describe('silence', () => {
  it('is broken by asking: while pending in both shapes, and through an error page, until the answer is yes', async () => {
    const { sub, payment } = await prompted((push, sim) => {
      sim.pay(push);
      sim.lie(push, 'pending', 'pending_500', 'html');
    });
    for (const shift of ['11 seconds', '21 seconds', '36 seconds', '61 seconds']) {
      const asked = steps(await show(payment['id'])).filter((step) => step === 'asked').length;
      await later(shift);
      await until(
        () => show(payment['id']),
        (one) => steps(one).filter((step) => step === 'asked').length > asked,
      );
    }
    expect(await inState(payment['id'], 'settled')).toMatchObject({ receipt: null });
    // The receipt comes in the end, and is no second payment.
    await daraja.callback(pushOf(payment));
    expect(
      await until(
        () => show(payment['id']),
        (one) => one['receipt'] !== null,
      ),
    ).toMatchObject({ state: 'settled' });
    await daraja.confirm(pushOf(payment));
    await quiet();
    expect(await booked(sub)).toEqual(once);
  });

  it('of an answer that says failed does not stand against the call that says paid', async () => {
    const { sub, payment } = await prompted((push, sim) => {
      sim.pay(push);
      sim.lie(push, 'failed');
    });
    await later('11 seconds');
    await inState(payment['id'], 'failed');
    await daraja.callback(pushOf(payment));
    await inState(payment['id'], 'settled');
    expect(await booked(sub)).toEqual(once);
  });

  it('instead of an answer to the prompt itself: it is not sent again, and the confirmation settles it', async () => {
    daraja.failNext('html');
    const { sub, payment } = await prompted(scenarios.nothing);
    expect(payment).toMatchObject({ state: 'unknown', provider_ref: null });
    await daraja.confirm(daraja.payByHand({ msisdn: '254700000001', amount: 100, account: payment['reference'] }));
    await inState(payment['id'], 'settled');
    expect(await booked(sub)).toEqual(once);
  });

  it('of a spike is waited out', async () => {
    daraja.failNext('spike');
    const { payment } = await prompted(scenarios.success);
    const settled = await inState(payment['id'], 'settled');
    expect(steps(settled)).toContain('not_sent');
  });
});

describe('a forgery', () => {
  it('at an address that nobody has leaves nothing; at the open one it is asked about, and gives nothing', async () => {
    const { sub, payment } = await prompted(scenarios.nothing);
    const push = pushOf(payment);
    const forged: Push = { ...push, truth: { kind: 'paid', receipt: 'FORGED1234', at: new Date() } };
    const nowhere = await daraja.callback(forged, undefined, `${lango.baseUrl}/hooks/pay/${'0'.repeat(32)}`);
    expect(nowhere.status).toBe(404);
    const open = await daraja.callback(forged, undefined, `${lango.baseUrl}/api/webhooks/mpesa-callback`);
    expect(open.status).toBe(200);
    await until(
      () => show(payment['id']),
      (one) => steps(one).includes('asked'),
    );
    expect(await booked(sub)).toEqual({ settled: 0, cents: 0, cycles: 0 });
    // The truth settles it: by the open address as well, once Safaricom has said so.
    await daraja.callback(daraja.pay(push), undefined, `${lango.baseUrl}/api/webhooks/mpesa-callback`);
    await inState(payment['id'], 'settled');
    expect(await booked(sub)).toEqual(once);
  });

  it.each([
    ['amount', (push: Push): Push => ({ ...push, amount: 1 })],
    ['phone', (push: Push): Push => ({ ...push, msisdn: '254799999999' })],
    ['order', (push: Push): Push => ({ ...push, merchantId: 'another' })],
  ])('with another %s is asked about before it is believed', async (what, change) => {
    const { sub, payment } = await prompted(scenarios.nothing);
    const push = pushOf(payment);
    await daraja.callback(
      change({ ...push, truth: { kind: 'paid', receipt: `F0${what.toUpperCase()}9`, at: new Date() } }),
    );
    const seen = await until(
      () => show(payment['id']),
      (one) => steps(one).includes('asked'),
    );
    expect(seen['timeline'].find((one: Json) => one['step'] === 'doubted')['detail']).toBe(what);
    expect(await booked(sub)).toEqual({ settled: 0, cents: 0, cycles: 0 });
  });

  it.each([
    ['smaller', 'before', 1],
    ['smaller', 'after', 1],
    ['larger', 'before', 300],
    ['larger', 'after', 300],
  ] as const)('of a %s amount, told %s the payment, makes it neither less nor more', async (_size, when, amount) => {
    const { sub, payment } = await prompted(scenarios.nothing);
    const push = pushOf(payment);
    const forged: Push = { ...push, amount, truth: { kind: 'paid', receipt: `FORGED${amount}`, at: new Date() } };
    if (when === 'after') daraja.pay(push);
    await daraja.callback(forged);
    await until(
      () => show(payment['id']),
      (one) => steps(one).includes('asked'),
    );
    daraja.pay(push);
    await later('1 minute');
    const settled = await inState(payment['id'], 'settled');
    expect(settled).toMatchObject({ amount_cents: 10_000, receipt: null, outcome: 'activated' });
    expect(steps(settled)).not.toContain('amount_differs');
    // Its own receipt is still free to be told.
    await daraja.callback(push);
    const known = await until(
      () => show(payment['id']),
      (one) => one['receipt'] !== null,
    );
    expect(known['receipt']).toBe((push.truth as { receipt: string }).receipt);
    await quiet();
    expect(await booked(sub)).toEqual(once);
  });

  it('of a prompt that there never was is kept for a person', async () => {
    const { payment } = await prompted(scenarios.nothing);
    const push = pushOf(payment);
    await daraja.callback({
      ...push,
      checkoutId: 'ws_CO_nobody',
      truth: { kind: 'paid', receipt: 'NOBODY1234', at: new Date() },
    });
    const [event] = await lango.asOwner(
      `SELECT state, note FROM hook_event WHERE convert_from(body, 'UTF8') LIKE '%ws_CO_nobody%'`,
    );
    expect(event).toMatchObject({ state: 'waiting' });
  });
});

describe('money by hand', () => {
  const pay = (account: string, amount = 100) => daraja.payByHand({ msisdn: '254700000009', amount, account });

  it.each([
    ['login', async (sub: Json) => ` ${String(sub['username']).toUpperCase()} `],
    [
      'account number',
      async (sub: Json) =>
        (await lango.asOwner<{ no: string }>('SELECT payment_account_no($1) AS no', [sub['id']]))[0]!.no,
    ],
  ])('by %s renews the service, once however often it is told', async (_what, accountOf) => {
    const sub = await makeActive(lango.api);
    const before = Date.parse((await service(sub['id']))['expires_at']);
    const paid = pay(await accountOf(sub));
    await Promise.all([daraja.confirm(paid), daraja.confirm(paid), daraja.confirm(paid)]);
    await until(
      () => service(sub['id']),
      (one) => Date.parse(one['expires_at']) === before + DAY_MS,
    );
    await quiet();
    expect(await booked(sub)).toMatchObject({ settled: 1, cents: 10_000 });
  });

  it('of a phone goes to the service of its owner', async () => {
    const phone = nextPhone();
    const client = await lango.api.post<Json>('/clients', { name: 'Otieno', phone });
    const sold = await makeSubscription(lango.api);
    const sub = await lango.api.post<Json>(`/clients/${client.body['id']}/subscriptions`, {
      package_id: sold['package_id'],
      username: phone,
      password: 'open-sesame',
    });
    await daraja.confirm(pay(`0${phone.slice(1, 4)} ${phone.slice(4)}`));
    await until(
      () => service(sub.body['id']),
      (one) => one['state'] === 'active',
    );
  });

  it('to nobody waits in suspense, stands in the books, and is nobody’s until somebody says whose', async () => {
    const paid = pay('NO SUCH THING', 70);
    await daraja.confirm(paid);
    await daraja.confirm(paid);
    const [row] = await until(
      () =>
        lango.asOwner(`SELECT state, amount_cents::int, bill_ref FROM payment_notice WHERE receipt = $1`, [
          paid.receipt,
        ]),
      (rows) => rows.length > 0,
    );
    expect(row).toEqual({ state: 'waiting', amount_cents: 7_000, bill_ref: 'NO SUCH THING' });
    const [suspense] = await lango.asOwner<{ cents: number }>(
      `SELECT balance_cents::int AS cents FROM ledger_account WHERE code = 'suspense'`,
    );
    expect(suspense!.cents).toBe(7_000);
  });

  it('is found in the list when its confirmation never came, page by page, and nothing is booked twice', async () => {
    const subs = await Promise.all([1, 2, 3].map(() => makeActive(lango.api)));
    for (const sub of subs) pay(sub['username']);
    await lango.asOwner(
      `SELECT job_enqueue('payments.list', json_build_object('tenant', $1::text, 'provider', 'mpesa', 'hours', 2))`,
      [lango.company.tenantId.toString()],
    );
    for (const sub of subs)
      await until(
        () => booked(sub),
        (now) => now.settled === 1,
      );
    await lango.asOwner(
      `SELECT job_enqueue('payments.list', json_build_object('tenant', $1::text, 'provider', 'mpesa', 'hours', 2))`,
      [lango.company.tenantId.toString()],
    );
    await until(
      () => daraja.calls.filter((call) => call.path === '/pulltransactions/v1/query').length,
      (n) => n > 6,
    );
    for (const sub of subs) expect(await booked(sub)).toMatchObject({ settled: 1, cents: 10_000 });
  });

  it('is let through before the money moves, unless the company refuses accounts that nobody has', async () => {
    expect((await daraja.validate(pay('NOBODY'))).body).toMatchObject({ ResultCode: '0' });
    const saved = await lango.api.put('/settings/payments/mpesa', {
      ...(await lango.api.get<Json>('/settings/payments/mpesa')).body,
      refuse_unknown_accounts: true,
    });
    expect(saved.status).toBe(200);
    expect((await daraja.validate(pay('NOBODY'))).body).toMatchObject({ ResultCode: 'C2B00012' });
    const sub = await makeActive(lango.api);
    expect((await daraja.validate(pay(sub['username']))).body).toMatchObject({ ResultCode: '0' });
  });
});

describe('the account', () => {
  it('tells no secret, and keeps those that are left out', async () => {
    const seen = await lango.api.get<Json>('/settings/payments/mpesa');
    expect(seen.body).toMatchObject({
      configured: true,
      environment: 'sandbox',
      shortcode: '174379',
      secrets: ['consumer_secret', 'passkey'],
    });
    expect(JSON.stringify(seen.body)).not.toContain(daraja.options.passkey);
    expect(JSON.stringify(seen.body)).not.toContain(daraja.options.consumerSecret);
    const [row] = await lango.asOwner<{ all: string }>(`SELECT payment_provider::text AS all FROM payment_provider`);
    expect(row!.all).not.toContain(daraja.options.passkey);
    expect(
      (
        await lango.api.put('/settings/payments/mpesa', {
          environment: 'sandbox',
          consumer_key: 'k',
          shortcode: '1',
          type: 'paybill',
        })
      ).status,
    ).toBe(422);
    expect((await lango.api.get('/settings/payments/nobody')).status).toBe(404);
  });

  it('that is not set up is said at once, and one that is refused says so on its page', async () => {
    const other = await lango.addCompany();
    const sub = await makeSubscription(other.api);
    const answer = await other.api.post<Json>('/billing/payments', {
      subscription_id: sub['id'],
      phone: '0712000000',
      provider: 'mpesa',
    });
    expect(answer.status).toBe(422);
    await other.api.put('/settings/payments/mpesa', {
      environment: 'sandbox',
      consumer_key: 'wrong',
      consumer_secret: 'wrong',
      shortcode: '174379',
      passkey: 'wrong',
      type: 'paybill',
    });
    const refused = await other.api.post<Json>('/billing/payments', {
      subscription_id: sub['id'],
      phone: '0712000000',
      provider: 'mpesa',
    });
    expect(refused.body).toMatchObject({ state: 'failed', failure: { code: 'credentials' } });
    expect((await other.api.get<Json>('/settings/payments/mpesa')).body['fault']).toBeTruthy();
  });
});
