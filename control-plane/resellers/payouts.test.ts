import { consoleClient } from '../test-kit/console-client';
import { startDaraja, type SimulatedDaraja } from '../test-kit/daraja';
import { startTestLango, type TestLango } from '../test-kit/lango';
import type { ApiClient } from '../test-kit/api-client';
import { make, makePackage, shiftClock, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { makeReseller, makeSecondPerson, type TestReseller } from './testing/make-reseller';

/** Commission that M-Pesa pays out: agreed to by a second person, sent once, believed when it is told by it, and never lost from sight. */
let daraja: SimulatedDaraja;
let lango: TestLango;
let second: ApiClient;
let day: Json;

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
    initiator_name: 'api',
    security_credential: 'c2VhbGVk',
    per_second: 100,
  });
  second = await makeSecondPerson(lango);
  day = await makePackage(lango.api, { price_cents: 20_000 });
  await make(lango.api, '/resellers/rules', { percent_bp: 5_000 });
}, 120_000);
afterAll(async () => {
  await lango?.stop();
  await daraja?.stop();
});
beforeEach(() => {
  daraja.payouts.usual = (one, desk) => desk.tell(desk.pay(one));
});

/** Somebody with a hundred shillings earned. */
async function earner(): Promise<TestReseller> {
  const one = await makeReseller(lango, { float_cents: 20_000 });
  const sold = await one.api.post('/resellers/own/sales', { package_id: day['id'], phone: '0722111333' });
  expect(sold.status).toBe(201);
  return one;
}
const plan = (who: TestReseller, method = 'mpesa') =>
  make(lango.api, '/resellers/payouts', { method, reseller_ids: [who.id] });
const agree = async (run: Json, verb = 'approve') =>
  expect((await second.post(`/approvals/${run['approval_id']}/${verb}`, {})).status).toBe(201);
const read = async (run: Json): Promise<Json> =>
  (await lango.api.get<Json>(`/resellers/payouts/${run['id']}`)).body['payouts'][0];
const becomes = (run: Json, state: string): Promise<Json> =>
  until(
    () => read(run),
    (one) => one['state'] === state,
    60_000,
  );
const msisdn = (who: TestReseller) => who.phone.replace(/^\+/, '');
const owed = async (who: TestReseller): Promise<number> =>
  (await lango.api.get<Json>(`/resellers/${who.id}`)).body['commission_cents'];
const setAside = async (): Promise<number> => {
  const [row] = await lango.asOwner<{ cents: number }>(
    `SELECT coalesce(sum(balance_cents), 0)::int AS cents FROM ledger_account WHERE code = 'payouts'`,
  );
  return row?.cents ?? -1;
};

test('agreed to by somebody else, it is paid once, however often Safaricom says so', async () => {
  const who = await earner();
  const run = await plan(who);
  expect(run).toMatchObject({ state: 'asked', total_cents: 10_000 });
  // The one who asked may not agree; nothing is sent; nobody is planned for twice.
  expect((await lango.api.post(`/approvals/${run['approval_id']}/approve`, {})).status).toBe(409);
  expect(await owed(who)).toBe(10_000);
  expect((await lango.api.post('/resellers/payouts', { method: 'mpesa', reseller_ids: [who.id] })).status).toBe(409);
  await agree(run);
  const paid = await becomes(run, 'paid');
  expect(paid['timeline'].map((one: Json) => one['step'])).toEqual(
    expect.arrayContaining(['planned', 'approved', 'sent', 'accepted', 'called_back', 'paid']),
  );
  const one = daraja.payouts.taken.find(({ phone }) => phone === msisdn(who))!;
  expect(paid['reference']).toBe(one.truth.kind === 'paid' ? one.truth.receipt : '');
  await Promise.all(Array.from({ length: 10 }, () => daraja.payouts.tell(one)));
  await until(
    () => lango.asOwner<{ n: number }>(`SELECT count(*)::int AS n FROM hook_event WHERE state = 'waiting'`),
    ([row]) => row?.n === 0,
  );
  expect([daraja.payouts.arrived(msisdn(who)), await owed(who), await setAside()]).toEqual([100, 0, 0]);
}, 120_000);

test('refused by the second person nothing is sent; refused by Safaricom the commission stands again', async () => {
  const who = await earner();
  const no = await plan(who);
  await agree(no, 'refuse');
  await becomes(no, 'cancelled');
  expect(await owed(who)).toBe(10_000);
  daraja.payouts.usual = (one, desk) => desk.tell(desk.refuse(one, '2040', 'Receiver is not registered.'));
  const run = await plan(who);
  await agree(run);
  expect(await becomes(run, 'failed')).toMatchObject({ failure: { code: '2040' } });
  expect([await owed(who), await setAside(), daraja.payouts.arrived(msisdn(who))]).toEqual([10_000, 0, 0]);
}, 120_000);

test('turned away it is sent again; without an answer it is asked about, by our name for it, and never sent again', async () => {
  const who = await earner();
  daraja.payouts.usual = (one, desk) => desk.pay(one);
  daraja.payouts.failNext('spike', 'broken');
  const before = daraja.payouts.taken.length;
  const run = await plan(who);
  await agree(run);
  await becomes(run, 'unknown');
  await shiftClock(lango.db, '2 minutes');
  await becomes(run, 'paid');
  await shiftClock(lango.db, '0');
  expect(daraja.payouts.taken).toHaveLength(before + 1);
  expect([daraja.payouts.repeats, daraja.payouts.arrived(msisdn(who)), await owed(who)]).toEqual([0, 100, 0]);
  expect(daraja.payouts.questions).toBeGreaterThan(0);
}, 120_000);

test('a notice that its queue took too long decides nothing; the outcome told later does', async () => {
  const who = await earner();
  daraja.payouts.usual = (one, desk) => desk.tellTimeout(one);
  const run = await plan(who);
  await agree(run);
  const one = await until(
    () => daraja.payouts.taken.find(({ phone }) => phone === msisdn(who)),
    (found) => found !== undefined,
  );
  await until(
    () => lango.asOwner<{ n: number }>(`SELECT count(*)::int AS n FROM hook_event WHERE state = 'waiting'`),
    ([row]) => row?.n === 0,
  );
  expect(['sending', 'unknown']).toContain((await read(run))['state']);
  await daraja.payouts.tell(daraja.payouts.pay(one!));
  await becomes(run, 'paid');
  expect(await owed(who)).toBe(0);
}, 120_000);

test('by hand: marked paid with the receipt, from the account that it came from', async () => {
  const who = await earner();
  const run = await plan(who, 'hand');
  await agree(run);
  const open = await becomes(run, 'sending');
  expect(await setAside()).toBe(10_000);
  const mark = (body: Json) => lango.api.post<Json>(`/resellers/payouts/each/${open['id']}/mark`, body);
  expect((await mark({ outcome: 'paid', from: 'bank', reference: '' })).status).toBe(422);
  expect((await mark({ outcome: 'paid', from: 'bank', reference: 'EFT 77' })).status).toBe(204);
  expect(await becomes(run, 'paid')).toMatchObject({ reference: 'EFT 77' });
  expect((await mark({ outcome: 'paid', from: 'bank', reference: 'EFT 77' })).status).toBe(409);
  expect([await owed(who), await setAside()]).toEqual([0, 0]);
}, 120_000);

test('on the page of a payout: what is missing is said beside its field, what was typed stays, and it is marked once', async () => {
  const who = await earner();
  const run = await plan(who, 'hand');
  await agree(run);
  const open = await becomes(run, 'sending');
  const admin = await consoleClient(lango);
  const path = `/resellers/payouts/${run['id']}/mark/${open['id']}`;
  expect((await admin.get(`/resellers/payouts/${run['id']}`)).text).toContain(`href="${path}"`);
  const refused = await admin.post(path, { outcome: 'paid', from: 'bank', reference: ' ' });
  expect(refused.status).toBe(422);
  expect(refused.text).toMatch(/href="#f-reference">Give the receipt\.[^]*id="e-reference">Give the receipt\./);
  expect(refused.text).toContain('<option value="bank" selected>');
  expect((await admin.post(path, { outcome: 'nonsense', from: 'bank', reference: 'EFT 78' })).text).toMatch(
    /Say whether it was paid\.[^]*value="EFT 78"/,
  );
  expect((await admin.post(path, { outcome: 'failed', from: 'cash', reference: 'Wrong number' })).status).toBe(303);
  expect(await becomes(run, 'failed')).toMatchObject({ failure: { text: 'Wrong number' } });
  expect((await admin.post(path, { outcome: 'paid', from: 'cash', reference: 'EFT 79' })).status).toBe(422);
  expect((await admin.get(path)).text).not.toContain('<form class="panel-body form"');
}, 120_000);
