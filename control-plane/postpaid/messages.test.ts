import { startTestLango, type TestLango } from '../test-kit/lango';
import { startSmtp, type FakeSmtp } from '../test-kit/messaging/smtp';
import { make, makeClient, makePackage, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

let lango: TestLango;
let mail: FakeSmtp;
beforeAll(async () => {
  mail = await startSmtp();
  lango = await startTestLango({ parts: ['jobs'], urls: { smtp: mail.url } });
  // No quiet hours: reminders and invoices wait for the morning otherwise.
  await lango.asOwner(
    `INSERT INTO message_setting (tenant_id, quiet_from, quiet_until) VALUES ($1, '07:00', '07:00')`,
    [lango.company.tenantId.toString()],
  );
}, 60_000);
afterAll(async () => {
  await lango?.stop();
  await mail?.stop();
});

/** A customer with an e-mail address, of whom the month before this one is billed, and no other. */
async function billed(): Promise<{ client: Json; sub: Json }> {
  const client = await makeClient(lango.api, { email: 'njeri@example.net' });
  const plan = await makePackage(lango.api, { price_cents: 300_000, validity: { count: 1, unit: 'month' } });
  const sub = await make(lango.api, '/subscriptions', {
    client_id: client['id'],
    package_id: plan['id'],
    username: unique('post'),
    password: 'open-sesame',
  });
  await make(lango.api, '/postpaid/accounts', { subscription_id: sub['id'] });
  await lango.asOwner(
    `UPDATE postpaid_span SET starts_at = starts_at - interval '70 days' WHERE subscription_id = $1`,
    [sub['id']],
  );
  await lango.asOwner(
    `UPDATE postpaid_account SET billed_until = (m.first - interval '1 month') AT TIME ZONE 'Africa/Nairobi', bill_at = m.first AT TIME ZONE 'Africa/Nairobi'
     FROM (SELECT date_trunc('month', lango_now() AT TIME ZONE 'Africa/Nairobi') AS first) m WHERE subscriber_id = $1`,
    [client['id']],
  );
  const run = (
    await lango.asOwner<{ id: string }>('SELECT postpaid_run_open($1) AS id', [lango.company.tenantId.toString()])
  )[0];
  await lango.asOwner('SELECT postpaid_run_some($1, 100)', [run?.id]);
  return { client, sub };
}

const messages = (client: Json): Promise<Json[]> =>
  lango.asOwner<Json>('SELECT kind, state, channel FROM message WHERE subscriber_id = $1 ORDER BY id', [client['id']]);

test('the invoice goes along with the e-mail that tells of it, and what is over is told when service is shut', async () => {
  const { client, sub } = await billed();
  await until(
    () => messages(client),
    (all) => all.some((one) => one['kind'] === 'invoice_issued' && one['state'] === 'sent'),
  );
  const letter = mail.letters.find((one) => one.message.includes('application/pdf'))?.message ?? '';
  expect(letter).toMatch(/filename="?INV-\d{6}\.pdf/);
  // A PDF in base64 begins so.
  expect(letter).toContain('JVBERi');
  expect(letter).toContain('KES 3,000');

  // The mail server is gone: what must happen happens all the same.
  await mail.stop();
  expect((await lango.api.patch(`/postpaid/accounts/${client['id']}`, { credit_limit_cents: 1 })).status).toBe(200);
  await lango.asOwner('UPDATE postpaid_account SET look_at = lango_now() WHERE subscriber_id = $1', [client['id']]);
  await lango.asOwner('SELECT postpaid_look(100)');
  const state = async () => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body['state'];
  expect(await state()).toBe('expired');
  expect((await messages(client)).map((one) => one['kind'])).toContain('service_cut');
  await make(lango.api, '/billing/transactions', {
    subscription_id: sub['id'],
    amount_cents: 900_000,
    method: 'cash',
    reference: unique('R'),
  });
  expect(await state()).toBe('active');
});

test('words that cannot be written stop no bill and no cut', async () => {
  // Whatever goes wrong with a message: here the table itself refuses it.
  await lango.asOwner(
    `ALTER TABLE message ADD CONSTRAINT no_words CHECK (kind NOT IN ('invoice_issued', 'service_cut')) NOT VALID`,
  );
  try {
    const { client, sub } = await billed();
    expect((await lango.api.get<Json>(`/postpaid/accounts/${client['id']}`)).body['open']).toHaveLength(1);
    await lango.api.patch(`/postpaid/accounts/${client['id']}`, { credit_limit_cents: 1 });
    await lango.asOwner('UPDATE postpaid_account SET look_at = lango_now() WHERE subscriber_id = $1', [client['id']]);
    await lango.asOwner('SELECT postpaid_look(100)');
    expect((await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body['state']).toBe('expired');
    expect((await messages(client)).map((one) => one['kind'])).toEqual(['welcome']);
  } finally {
    await lango.asOwner(`ALTER TABLE message DROP CONSTRAINT no_words`);
  }
});
