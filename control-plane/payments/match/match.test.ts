import { consoleClient, type ConsoleClient } from '../../test-kit/console-client';
import { startDaraja, type SimulatedDaraja } from '../../test-kit/daraja';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { makeSubscription, unique, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import { momentOf, readMpesaStatement } from './read-statement';

/** A provider's statement held against the books: every shilling matched or named. */
let daraja: SimulatedDaraja;
let lango: TestLango;
let staff: ConsoleClient;
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
  });
  await until(
    () => daraja.registered,
    (registered) => registered !== undefined,
  );
  await lango.api.put('/approvals/limits', { kind: 'payments.refund', limit_cents: 100_000_000 });
  staff = await consoleClient(lango);
}, 60_000);
afterAll(async () => {
  await lango?.stop();
  await daraja?.stop();
});
afterEach(async () => {
  expect(await lango.asOwner('SELECT * FROM payment_match_verify()')).toEqual([]);
  expect(await lango.asOwner('SELECT * FROM payment_refund_verify()')).toEqual([]);
});

const HEAD =
  'Receipt No.,Completion Time,Initiation Time,Details,Transaction Status,Paid In,Withdrawn,Balance,Balance Confirmed,Reason Type,Other Party Info,Linked Transaction ID,A/C No.';
const stamp = (at: Date) => {
  const text = new Date(at.getTime() + 3 * 3_600_000).toISOString();
  return `${text.slice(8, 10)}-${text.slice(5, 7)}-${text.slice(0, 4)} ${text.slice(11, 19)}`;
};
interface Row {
  receipt: string;
  in?: string;
  out?: string;
  reason: string;
  status?: string;
  payer?: string;
  linked?: string;
  account?: string;
  at?: Date;
}
const lineOf = (row: Row) =>
  [
    row.receipt,
    stamp(row.at ?? new Date()),
    stamp(row.at ?? new Date()),
    row.reason,
    row.status ?? 'Completed',
    row.in ? `"${row.in}"` : '',
    row.out ? `"${row.out}"` : '',
    '"1,000.00"',
    'true',
    row.reason,
    row.payer ?? '',
    row.linked ?? '',
    row.account ?? '',
  ].join(',');
const fileOf = (...rows: Row[]) =>
  [
    'Short Code:,174379',
    'Organization Name:,Upendo',
    `Time Period:,${unique('made')}`,
    '',
    HEAD,
    ...rows.map(lineOf),
  ].join('\r\n');

async function bring(bytes: string | Buffer): Promise<{ status: number; location: string; text: string }> {
  const form = new FormData();
  form.append('file', new Blob([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)]), 'statement.csv');
  const signIn = await fetch(`${lango.baseUrl}/login`, {
    method: 'POST',
    body: new URLSearchParams({ email: lango.company.email, password: lango.company.password }),
    redirect: 'manual',
  });
  const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const first = await fetch(`${lango.baseUrl}/payments/match/new`, { headers: { cookie } });
  form.set('_csrf', /data-csrf="([^"]+)"/.exec(await first.text())?.[1] ?? '');
  const answer = await fetch(`${lango.baseUrl}/payments/match/new`, {
    method: 'POST',
    headers: { cookie },
    body: form,
    redirect: 'manual',
  });
  return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() };
}
const lines = async (id: string, all = true) =>
  (await lango.api.get<{ items: Json[] }>(`/billing/statements/${id}/lines?all=${all}&limit=200`)).body.items;
const stateOf = async (id: string, receipt: string) =>
  (await lines(id)).find((line) => line['receipt'] === receipt)?.['state'];
const account = async (code: string) => {
  const [row] = await lango.asOwner<{ cents: number }>(
    `SELECT coalesce(sum(balance_cents), 0)::int AS cents FROM ledger_account WHERE code = $1`,
    [code],
  );
  return row!.cents;
};

async function paid(): Promise<{ receipt: string; payment: Json }> {
  const sub = await makeSubscription(lango.api);
  const hand = daraja.payByHand({ msisdn: '254711111111', amount: 100, account: sub['username'] });
  await daraja.confirm(hand);
  const { items } = await until(
    async () =>
      (await lango.api.get<{ items: Json[] }>(`/billing/payments?subscription_id=${sub['id']}&state=settled`)).body,
    (page) => page.items.length === 1,
  );
  return { receipt: hand.receipt, payment: items[0]! };
}

test('every line of a portal’s statement is matched, booked, or waits for somebody by name', async () => {
  const good = await paid();
  const differs = await paid();
  const reversed = await paid();
  const fees = await account('fees');
  const made = await bring(
    fileOf(
      { receipt: good.receipt, in: '100.00', reason: 'Pay Bill Online' },
      { receipt: good.receipt, out: '-0.55', reason: 'Pay Bill Charge' },
      { receipt: differs.receipt, in: '150.00', reason: 'Pay Bill Online' },
      {
        receipt: 'SMISSING01',
        in: '2,500.00',
        reason: 'Pay Bill Online',
        payer: '254722000111 - JANE DOE',
        account: 'NOBODY',
      },
      { receipt: 'SREVERSED1', out: '-100.00', reason: 'Pay Utility Reversal', linked: reversed.receipt },
      { receipt: reversed.receipt, in: '100.00', reason: 'Pay Bill Online' },
      { receipt: 'SMOVED0001', out: '-1,000.00', reason: 'Organization Settlement' },
      { receipt: 'SFAILED001', in: '9.00', reason: 'Pay Bill Online', status: 'Failed' },
    ),
  );
  expect(made.status).toBe(303);
  const id = made.location.split('/').at(-1)!;
  await until(
    async () => [await stateOf(id, 'SMISSING01'), (await account('fees')) - fees],
    ([state, booked]) => state === 'unproven' && booked === -55,
  );
  expect((await lines(id)).map((line) => `${line['receipt']} ${line['kind']} ${line['state']}`).sort()).toEqual(
    [
      `${good.receipt} payment matched`,
      `${good.receipt} fee matched`,
      `${differs.receipt} payment differs`,
      'SMISSING01 payment unproven',
      'SREVERSED1 reversal missing',
      `${reversed.receipt} payment matched`,
      'SMOVED0001 moved open',
    ].sort(),
  );
  expect(await lango.asOwner(`SELECT 1 FROM payment WHERE receipt = 'SMISSING01'`)).toEqual([]);
  // The reversal is booked from where its line leads to, as a refund that was done in the portal.
  const page = await staff.get(`/payments/match/${id}`);
  const leads =
    /href="(\/payments\/\d+\/refund\?[^"]+)"/
      .exec(page.text)?.[1]
      ?.replaceAll('&amp;', '&')
      .replaceAll('&#x3D;', '=') ?? '';
  expect(leads).toContain(`/payments/${reversed.payment['id']}/refund?`);
  expect((await staff.get(leads)).text).toContain('The customer gets');
  const told = await lango.api.post<Json>(`/billing/payments/${reversed.payment['id']}/refunds`, {
    way: 'told',
    reason: 'reversed in the portal',
    reference: 'SREVERSED1',
  });
  expect(told.status).toBe(201);
  expect(await stateOf(id, 'SREVERSED1')).toBe('matched');
  const moved = (await lines(id)).find((line) => line['receipt'] === 'SMOVED0001')!;
  const bank = await account('bank');
  const name = () =>
    lango.api.post<Json>(`/billing/statements/${id}/lines`, { line_id: moved['id'], use: 'bank', note: 'to our bank' });
  expect((await Promise.all([name(), name()])).map((answer) => answer.status).sort((a, b) => a - b)).toEqual([
    201, 409,
  ]);
  expect([await stateOf(id, 'SMOVED0001'), (await account('bank')) - bank]).toEqual(['matched', -100_000]);
  expect((await staff.get(`/payments/match/${id}`)).text).toContain('Another amount in the books');
}, 60_000);

test('brought again it is the same statement; lines of an overlapping one are counted once', async () => {
  const { receipt } = await paid();
  const row = { receipt, in: '100.00', reason: 'Pay Bill Online' };
  const charge = { receipt, out: '1.00', reason: 'Business Charge' };
  const file = fileOf(row, charge);
  const first = await bring(file);
  const again = await bring(file);
  expect(again.location).toBe(`${first.location}?told=known`);
  await until(
    () => lines(first.location.split('/').at(-1)!, false),
    (open) => open.length === 0,
  );
  const fees = await account('fees');
  const other = await bring(fileOf(row, charge, { receipt: 'SOTHER0001', out: '5.00', reason: 'Business Charge' }));
  await until(
    async () => (await account('fees')) - fees,
    (more) => more === -500,
  );
  expect((await staff.get(other.location)).text).toContain('2 lines of it stand on an earlier statement');
}, 60_000);

test('the provider’s own list of a day books what is missing, and tells what it does not know', async () => {
  const sub = await makeSubscription(lango.api);
  const hand = daraja.payByHand({ msisdn: '254711111111', amount: 100, account: sub['username'] });
  const [row] = await lango.asOwner<{ day: string }>(
    `SELECT to_char(lango_now() AT TIME ZONE 'Africa/Nairobi', 'YYYY-MM-DD') AS day`,
  );
  // In the books, and unknown to Safaricom: its confirmation was believed and its list does not have it.
  const lost = await paid();
  daraja.byHand.splice(
    daraja.byHand.findIndex((one) => one.receipt === lost.receipt),
    1,
  );
  await lango.asOwner(
    `SELECT job_enqueue('payments.match-day', json_build_object('tenant', $1::text, 'provider', 'mpesa', 'day', $2::text))`,
    [lango.company.tenantId.toString(), row!.day],
  );
  const statement = await until(
    async () =>
      (await lango.api.get<{ items: Json[] }>('/billing/statements')).body.items.find(
        (one) => one['source'] === 'list',
      ),
    (one) => one !== undefined,
  );
  await until(
    () => stateOf(statement!['id'], hand.receipt),
    (state) => state === 'matched',
  );
  const shown = (await lango.api.get<Json>(`/billing/statements/${statement!['id']}`)).body;
  expect(shown['unheard']).toContainEqual(expect.objectContaining({ receipt: lost.receipt, kind: 'payment' }));
  expect((await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body['state']).toBe('active');
}, 60_000);

test.each([
  ['no text', Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0, 0]), 'This is no text'],
  ['another list', 'Name,Phone\r\nJane,0712', 'Completion Time'],
  ['nothing', '', 'completed line'],
  ['no amount', fileOf({ receipt: 'SBAD000001', reason: 'Pay Bill Online' }), 'Line 6'],
  ['both amounts', fileOf({ receipt: 'SBAD000001', in: '1.00', out: '1.00', reason: 'x' }), 'has no amount'],
  ['a formula for a receipt', fileOf({ receipt: '=HYPERLINK(1)', in: '1.00', reason: 'x' }), 'no receipt'],
])('%s is refused in words', async (_what, bytes, words) => {
  const refused = await bring(bytes);
  expect(refused.status).toBe(422);
  expect(refused.text).toContain(words);
});

describe('a file', () => {
  const text = fileOf({ receipt: 'SREAD00001', in: '1,234.50', reason: 'Pay Bill Online', payer: '2547 - Wanjirũ' });
  test.each<[string, Buffer]>([
    ['in UTF-8', Buffer.from(text)],
    ['with a mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)])],
    ['in UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])],
    ['with semicolons', Buffer.from(text.replaceAll(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/g, ';'))],
  ])('%s reads the same', (_how, bytes) => {
    expect(readMpesaStatement(bytes)).toMatchObject({
      kind: 'done',
      lines: [{ receipt: 'SREAD00001', amount_cents: 123_450n, kind: 'payment' }],
    });
  });
  test.each([
    ['21-11-2026 10:05:06', '2026-11-21T07:05:06.000Z'],
    ['2026-11-21 10:05:06', '2026-11-21T07:05:06.000Z'],
    ['21/11/2026 10:05', '2026-11-21T07:05:00.000Z'],
    ['yesterday', undefined],
  ])('tells %s', (written, meant) => {
    expect(momentOf(written)?.toISOString()).toBe(meant);
  });
});

test('a list of very long statements is there at once: what is left of the newest is told, of the others on their own pages', async () => {
  const company = await lango.addCompany();
  await lango.asOwner(
    `WITH s AS (INSERT INTO payment_statement (tenant_id, method, source, name, mark, from_at, to_at, created_name)
        SELECT $1, 'mpesa', 'file', 'Long ' || n, 'long ' || n, now(), now(), 'Amina' FROM generate_series(1, 3) n RETURNING id)
     INSERT INTO payment_statement_row (tenant_id, statement_id, method, kind, receipt, amount_cents, currency, at)
     SELECT $1, s.id, 'mpesa', 'moved', format('L%s-%s', s.id, n), -100, 'KES', now() FROM s, generate_series(1, 20001) n`,
    [company.tenantId.toString()],
  );
  const { items } = (await company.api.get<{ items: Json[] }>('/billing/statements')).body;
  expect(items.map((one) => [one['lines'], one['to_do'], one['unheard']])).toEqual([
    [20_001, 20_001, 0],
    [20_001, 20_001, 0],
    [20_001, null, null],
  ]);
  const one = (await company.api.get<{ items: Json[] }>('/billing/statements?limit=1')).body;
  expect(one.items[0]!['to_do']).toBe(20_001);
  const page = await (await consoleClient(lango, company)).get('/payments/match');
  expect([page.status, page.text.includes('Open it to see')]).toEqual([200, true]);
}, 60_000);
