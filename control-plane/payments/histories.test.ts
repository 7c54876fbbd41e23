import fc from 'fast-check';
import { startDaraja, type HandPayment, type Push, type SimulatedDaraja } from '../test-kit/daraja';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeSubscription, shiftClock, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

/** Whatever is told, how often, in what order and by whom: the books hold each true receipt once, and each of them bought once. */
let daraja: SimulatedDaraja;
let lango: TestLango;
beforeAll(async () => {
  daraja = await startDaraja();
  lango = await startTestLango({ parts: ['jobs'], urls: { daraja: daraja.baseUrl }, publicUrl: 'http://isp.example' });
  daraja.reach = lango.baseUrl;
  const { consumerKey: consumer_key, consumerSecret: consumer_secret, shortcode, passkey } = daraja.options;
  await lango.api.put('/settings/payments/mpesa', {
    environment: 'sandbox',
    type: 'paybill',
    consumer_key,
    consumer_secret,
    shortcode,
    passkey,
    nominated_phone: '254700000000',
    per_second: 100,
  });
  await until(
    () => daraja.registered,
    (registered) => registered !== undefined,
  );
}, 60_000);
afterAll(async () => {
  await lango?.stop();
  await daraja?.stop();
});

let phones = 20_000_000;

/** What is done to one prompt: whether it is truly paid, and all that is told of it. */
const told = fc.record({
  paid: fc.boolean(),
  callbacks: fc.nat(3),
  confirmations: fc.nat(2),
  failureFirst: fc.boolean(),
  forgedAmount: fc.boolean(),
  forgedOpen: fc.boolean(),
});
const history = fc.record({
  prompts: fc.array(told, { minLength: 3, maxLength: 6 }),
  byHand: fc.array(fc.record({ known: fc.boolean(), confirmations: fc.nat(3) }), { minLength: 1, maxLength: 4 }),
  order: fc.array(fc.nat(1_000), { minLength: 60, maxLength: 60 }),
});

type Told = typeof told extends fc.Arbitrary<infer T> ? T : never;
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;
interface Expected {
  sub: Json;
  receipts: number;
}

async function prompt(): Promise<{ sub: Json; push: Push }> {
  const sub = await makeSubscription(lango.api);
  const phone = `07${(phones += 1)}`;
  await lango.api.post('/billing/payments', { subscription_id: sub['id'], phone, provider: 'mpesa' });
  const push = await until(
    () => daraja.pushes.find((one) => one.msisdn === `254${phone.slice(1)}`),
    (one) => one !== undefined,
  );
  return { sub, push: push! };
}

const forged = (push: Push, change: Partial<Push>): Push => ({
  ...push,
  truth: { kind: 'paid', receipt: `F${String((phones += 1))}X`, at: new Date() },
  ...change,
});

/** Everything that will be told of a prompt, as calls to be made in any order. */
function deliveriesOf(push: Push, plan: Told): (() => Promise<unknown>)[] {
  const open = `${lango.baseUrl}/api/webhooks/mpesa-callback`;
  const truth = plan.paid ? daraja.pay(push) : daraja.fail(push, 1032);
  const failure: Push = { ...push, truth: { kind: 'failed', code: 1037, text: 'no answer' } };
  return [
    ...Array.from({ length: plan.callbacks }, () => () => daraja.callback(truth)),
    ...(plan.paid ? Array.from({ length: plan.confirmations }, () => () => daraja.confirm(truth)) : []),
    ...(plan.failureFirst ? [() => daraja.callback(failure)] : []),
    ...(plan.forgedAmount ? [() => daraja.callback(forged(push, { amount: 1 }))] : []),
    ...(plan.forgedOpen ? [() => daraja.callback(forged(push, { merchantId: 'guessed' }), undefined, open)] : []),
  ];
}

async function books(sub: Json) {
  const [row] = await lango.asOwner<{ credits: number; cents: number; cycles: number }>(
    `SELECT (SELECT count(*)::int FROM payment WHERE subscription_id = $1 AND state = 'settled') AS credits, (SELECT cycle_no FROM subscription WHERE id = $1) AS cycles,
       (SELECT coalesce(sum(t.amount_cents), 0)::int FROM ledger_transfer t JOIN payment p ON p.id = t.payment_id WHERE p.subscription_id = $1 AND t.kind = 'payment') AS cents`,
    [sub['id']],
  );
  return row!;
}

async function play({ prompts, byHand, order }: History): Promise<void> {
  const expected: Expected[] = [];
  const deliveries: (() => Promise<unknown>)[] = [];
  for (const plan of prompts) {
    const { sub, push } = await prompt();
    deliveries.push(...deliveriesOf(push, plan));
    expected.push({ sub, receipts: plan.paid ? 1 : 0 });
  }
  const unknown: HandPayment[] = [];
  for (const plan of byHand) {
    const sub = plan.known ? await makeSubscription(lango.api) : undefined;
    const paid = daraja.payByHand({
      msisdn: '254711111111',
      amount: 100,
      account: sub ? sub['username'] : 'NOBODY AT ALL',
    });
    deliveries.push(...Array.from({ length: plan.confirmations }, () => () => daraja.confirm(paid)));
    if (sub) expected.push({ sub, receipts: 1 });
    else unknown.push(paid);
  }
  const mixed = deliveries.map((call, n) => ({ call, at: order[n % order.length]! })).sort((a, b) => a.at - b.at);
  await Promise.all(mixed.map(({ call }) => call()));
  // Who was told nothing asks, and the list tells the rest.
  await shiftClock(lango.db, '30 seconds');
  const list = `SELECT job_enqueue('payments.work'), job_enqueue('payments.list', json_build_object('tenant', $1::text, 'provider', 'mpesa', 'hours', 48))`;
  await lango.asOwner(list, [lango.company.tenantId.toString()]);
  for (const { sub, receipts } of expected)
    await until(
      () => books(sub),
      (now) => now.credits >= receipts,
      60_000,
    );
  await until(
    () =>
      lango.asOwner<{ n: number }>(
        `SELECT count(*)::int AS n FROM payment_notice WHERE state = 'waiting' AND receipt = ANY ($1)`,
        [unknown.map((one) => one.receipt)],
      ),
    ([row]) => row?.n === unknown.length,
    60_000,
  );
  await until(
    () => lango.asOwner<{ n: number }>(`SELECT count(*)::int AS n FROM hook_event WHERE state = 'waiting'`),
    ([row]) => row?.n === 0,
    60_000,
  );
  for (const { sub, receipts } of expected)
    expect(await books(sub)).toEqual({ credits: receipts, cents: receipts * 10_000, cycles: receipts });
  await shiftClock(lango.db, '0');
}

test('each true receipt is credited once and buys once; what is forged gives nothing; what is nobody’s waits in the books', async () => {
  await fc.assert(fc.asyncProperty(history, play), { numRuns: 4, endOnFailure: true });
  const [sum] = await lango.asOwner<{ suspense: number; waiting: number; claimed: number; receipts: number }>(
    `SELECT (SELECT coalesce(sum(balance_cents), 0)::int FROM ledger_account WHERE code = 'suspense') AS suspense,
       (SELECT coalesce(sum(amount_cents), 0)::int FROM payment_notice WHERE state = 'waiting') AS waiting,
       (SELECT -coalesce(sum(balance_cents), 0)::int FROM ledger_account WHERE code = 'mpesa') AS claimed, 0 AS receipts`,
  );
  const truly = 10_000 * (daraja.byHand.length + daraja.pushes.filter((one) => one.truth.kind === 'paid').length);
  // What the books say that Safaricom holds for us is what it holds.
  expect({ suspense: sum!.suspense, mpesa: sum!.claimed }).toEqual({ suspense: sum!.waiting, mpesa: truly });
}, 240_000);
