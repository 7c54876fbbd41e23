import {
  makeActive,
  makeClient,
  makePackage,
  makeSubscription,
  shiftClock,
  unique,
  type Json,
} from '../test-kit/story';
import { startTestLango, type TestLango } from '../test-kit/lango';

let lango: TestLango;
let tenant: string;

beforeAll(async () => {
  lango = await startTestLango();
  tenant = lango.company.tenantId.toString();
  await lango.asOwner(`INSERT INTO message_provider (tenant_id, provider) VALUES ($1, 'africastalking')`, [tenant]);
});
afterAll(() => lango?.stop());

interface Said {
  kind: string;
  channel: string;
  recipient: string;
  locale: string;
  data: Json;
}
/** What was said about a service, oldest first. */
const said = (subscription: Json): Promise<Said[]> =>
  lango.asOwner<Said>(
    'SELECT kind, channel, recipient, locale, data FROM message WHERE subscription_id = $1 ORDER BY id',
    [subscription['id']],
  );
const kinds = async (subscription: Json): Promise<string[]> => (await said(subscription)).map(({ kind }) => kind);
const pay = (subscription: Json, amount_cents: number) =>
  lango.api.post<Json>('/billing/transactions', {
    subscription_id: subscription['id'],
    amount_cents,
    method: 'cash',
    reference: unique('R'),
  });

test('a first payment welcomes and is receipted, one that is too little says what lies in the wallet', async () => {
  const subscription = await makeSubscription(lango.api);
  await pay(subscription, 4_000);
  await pay(subscription, 6_000);
  const [kept, ...rest] = await said(subscription);
  expect(kept).toMatchObject({
    kind: 'payment_kept',
    channel: 'sms',
    recipient: '+254712345678',
    data: { amount: { cents: 4_000, currency: 'KES' }, balance: { cents: 4_000 }, price: { cents: 10_000 } },
  });
  expect(rest.map(({ kind }) => kind).sort()).toEqual(['payment_received', 'welcome']);
  const receipt = rest.find(({ kind }) => kind === 'payment_received');
  expect(receipt?.data).toMatchObject({
    name: 'Wanjiru Kamau',
    amount: { cents: 6_000 },
    username: subscription['username'],
  });
  expect(Date.parse(receipt?.data['expires'])).toBeGreaterThan(Date.now());
});

test('money given back is told once it has left', async () => {
  const subscription = await makeSubscription(lango.api);
  const paid = await pay(subscription, 10_000);
  await lango.api.post(`/billing/payments/${paid.body['id']}/refunds`, {
    way: 'cash',
    reason: 'moved',
    amount_cents: 2_500,
  });
  const told = (await said(subscription)).filter(({ kind }) => kind === 'payment_refunded');
  expect(told).toMatchObject([{ data: { amount: { cents: 2_500, currency: 'KES' }, name: 'Wanjiru Kamau' } }]);
});

test('suspending, resuming and a renewal without money are told; what was refused or taken back is not', async () => {
  const subscription = await makeActive(lango.api);
  await lango.api.post(`/subscriptions/${subscription['id']}/suspend`, { reason: 'unpaid' });
  await lango.api.post(`/subscriptions/${subscription['id']}/suspend`, { reason: 'again' });
  await lango.api.post(`/subscriptions/${subscription['id']}/resume`);
  await lango.api.post(`/subscriptions/${subscription['id']}/renew`);
  expect(await kinds(subscription)).toEqual(['welcome', 'suspended', 'resumed', 'renewed']);
});

test('nothing is said that a person muted, a company switched off, or to a company’s guests', async () => {
  const client = await makeClient(lango.api, { phone: '0722000001', email: 'otieno@example.net' });
  await lango.asOwner(
    `INSERT INTO message_preference (tenant_id, subscriber_id, locale, channel, muted) VALUES ($1, $2, 'sw', 'sms', '{payments}')`,
    [tenant, client['id']],
  );
  await lango.asOwner(`INSERT INTO message_setting (tenant_id, silent) VALUES ($1, '{suspended}')`, [tenant]);
  const sold = await makePackage(lango.api);
  const { body } = await lango.api.post<Json>('/subscriptions', {
    client_id: client['id'],
    package_id: sold['id'],
    username: unique('user'),
    password: 'open-sesame',
  });
  await pay(body, 10_000);
  await lango.api.post(`/subscriptions/${body['id']}/suspend`, { reason: 'x' });
  await lango.api.post(`/subscriptions/${body['id']}/resume`);
  expect((await said(body)).map(({ kind, locale }) => [kind, locale])).toEqual([
    ['welcome', 'sw'],
    ['resumed', 'sw'],
  ]);
  await lango.asOwner('DELETE FROM message_setting WHERE tenant_id = $1', [tenant]);
});

test('a fault in what is said undoes nothing of what it tells', async () => {
  // A name that no message may hold: the row is refused by the table, the payment is not.
  await lango.asOwner(`ALTER TABLE message ADD CONSTRAINT never CHECK (kind <> 'suspended') NOT VALID`);
  const subscription = await makeActive(lango.api);
  const answer = await lango.api.post<Json>(`/subscriptions/${subscription['id']}/suspend`, { reason: 'unpaid' });
  await lango.asOwner('ALTER TABLE message DROP CONSTRAINT never');
  expect(answer.status).toBe(200);
  expect(answer.body['state']).toBe('suspended');
  expect(await kinds(subscription)).toEqual(['welcome']);
});

describe('reminders', () => {
  const remind = () => lango.asOwner('SELECT message_remind()');
  const days = async (subscription: Json): Promise<unknown[]> =>
    (await said(subscription)).filter(({ kind }) => kind === 'expiry_soon').map(({ data }) => data['days']);
  afterEach(() => shiftClock(lango.db, '0'));

  test('come 7, 3 and 1 day before, once each, and fall away when it is renewed', async () => {
    const month = await makeActive(lango.api, { validity: { count: 30, unit: 'day' } });
    const week = await makeActive(lango.api, { validity: { count: 1, unit: 'week' } });
    const day = await makeActive(lango.api);
    const hour = await makeActive(lango.api, { validity: { count: 1, unit: 'hour' } });
    for (const shift of [
      '30 minutes',
      '22 hours 30 minutes',
      '4 days 1 hour',
      '6 days 1 hour',
      '23 days 1 hour',
      '23 days 2 hours',
      '27 days 1 hour',
      '29 days 1 hour',
    ]) {
      await shiftClock(lango.db, shift);
      await remind();
    }
    expect(await days(month)).toEqual([7, 3, 1]);
    expect(await days(week)).toEqual([3, 1]);
    // Two hours before, because a day before is when it was bought.
    expect(await days(day)).toEqual([0]);
    expect(await days(hour)).toEqual([]);
    // Renewed: what waits for the morning says what is no longer so.
    await lango.api.post(`/subscriptions/${month['id']}/renew`);
    const before = await lango.asOwner<Json>(
      `SELECT state FROM message WHERE subscription_id = $1 AND kind = 'expiry_soon'`,
      [month['id']],
    );
    expect(before.map((row) => row['state'])).toEqual(['waiting', 'waiting', 'waiting']);
    await lango.asOwner(`SELECT * FROM message_claim(1000)`);
    const after = await lango.asOwner<Json>(
      `SELECT DISTINCT state, error FROM message WHERE subscription_id = $1 AND kind = 'expiry_soon'`,
      [month['id']],
    );
    expect(after).toEqual([{ state: 'dropped', error: 'outdated' }]);
  });

  test('wait for the end of the quiet hours of the company, receipts do not', async () => {
    const at = (time: string) =>
      lango
        .asOwner<{ at: Date }>(`SELECT message_open_at($1, $2) AS at`, [tenant, time])
        .then(([row]) => row?.at.toISOString());
    // 21:00 to 07:00 in Nairobi is 18:00 to 04:00 in UTC.
    expect(await at('2026-03-01T17:59:00Z')).toBe('2026-03-01T17:59:00.000Z');
    expect(await at('2026-03-01T18:00:00Z')).toBe('2026-03-02T04:00:00.000Z');
    expect(await at('2026-03-02T02:00:00Z')).toBe('2026-03-02T04:00:00.000Z');
    expect(await at('2026-03-02T04:00:00Z')).toBe('2026-03-02T04:00:00.000Z');
  });
});

test('the end is told once it has come and nobody paid', async () => {
  const subscription = await makeActive(lango.api);
  await lango.asOwner(
    `UPDATE subscription SET expires_at = lango_now() - interval '1 second', starts_at = lango_now() - interval '1 day' WHERE id = $1`,
    [subscription['id']],
  );
  await lango.asOwner('UPDATE subscription SET expiry_due_at = NULL WHERE id = $1', [subscription['id']]);
  expect(await kinds(subscription)).toEqual(['welcome', 'expired']);
});

test('a company that has its share with the sender leaves the rest of the room to others', async () => {
  const other = (await lango.addCompany()).tenantId.toString();
  await lango.asOwner(
    `UPDATE message SET state = 'dropped', due_at = NULL, error = 'too_late' WHERE state = 'waiting'`,
  );
  for (const company of [tenant, other])
    await lango.asOwner(
      `INSERT INTO message (id, tenant_id, kind, urgency, channel, recipient, locale, due_at)
       SELECT nextval('message_id_seq'), $1, 'test', 'now', 'sms', '+254712345678', 'en', lango_now() FROM generate_series(1, 20)`,
      [company],
    );
  const claim = async (limit: number, held: object) => {
    const rows = await lango.asOwner<{ tenant_id: string }>('SELECT tenant_id FROM message_claim($1, 6, $2)', [
      limit,
      JSON.stringify(held),
    ]);
    return [tenant, other].map((company) => rows.filter(({ tenant_id }) => tenant_id === company).length);
  };
  expect(await claim(8, { [tenant]: 6 })).toEqual([0, 6]);
  expect(await claim(16, { [tenant]: 4, [other]: 6 })).toEqual([2, 0]);
  expect(await claim(16, {})).toEqual([6, 6]);
});
