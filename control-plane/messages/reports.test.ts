/** What carriers tell afterwards, which of them is asked, and how much goes out: through the API, the hooks and the queue. */
import { startTestLango, type TestLango } from '../test-kit/lango';
import { startAfricasTalking, type FakeAfricasTalking } from '../test-kit/messaging/africastalking';
import { startResend, type FakeResend } from '../test-kit/messaging/resend';
import { startSendgrid, type FakeSendgrid } from '../test-kit/messaging/sendgrid';
import { startTwilio, type FakeTwilio } from '../test-kit/messaging/twilio';
import { makeClient, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

const SID = `AC${'1'.repeat(32)}`;
let at: FakeAfricasTalking;
let tw: FakeTwilio;
let sg: FakeSendgrid;
let re: FakeResend;
let lango: TestLango;
let tenant: string;

beforeAll(async () => {
  at = await startAfricasTalking({ username: 'kisima', apiKey: 'atsk_key' });
  tw = await startTwilio({ sid: SID, token: 'twilio-token' });
  sg = await startSendgrid({ apiKey: 'SG.key' });
  re = await startResend({ apiKey: 're_key' });
  const urls = { africastalking: at.url, twilio: tw.url, sendgrid: sg.url, resend: re.url };
  lango = await startTestLango({ parts: ['jobs'], urls, publicUrl: 'https://isp.example' });
  tenant = lango.company.tenantId.toString();
  await lango.asOwner(
    `INSERT INTO message_setting (tenant_id, quiet_from, quiet_until) VALUES ($1, '00:00', '00:00')`,
    [tenant],
  );
});
afterAll(async () => {
  await lango?.stop();
  await Promise.all([at, tw, sg, re].map((one) => one?.stop()));
});

const put = (provider: string, body: Json) => lango.api.put<Json>(`/settings/messages/${provider}`, body);
const remove = (provider: string) => lango.api.delete(`/settings/messages/${provider}`);
const send = async (phone = '0712345678', message = unique('habari')): Promise<Json> => {
  const { status, body } = await lango.api.post<Json>('/sms/send', { phone, message });
  if (status !== 201) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  return body;
};
const read = async (id: string): Promise<Json> => (await lango.api.get<Json>(`/sms/logs/${id}`)).body;
const isIn = (id: string, ...states: string[]): Promise<Json> =>
  until(
    () => read(id),
    (one) => states.includes(one['state']),
  );
/** The address that a person of the company would enter at the provider; as this test reaches it. */
async function hookOf(provider: string): Promise<string> {
  const form = new URLSearchParams({ email: lango.company.email, password: lango.company.password });
  const signed = await fetch(`${lango.baseUrl}/login`, { method: 'POST', body: form, redirect: 'manual' });
  const cookie = signed.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const page = await (await fetch(`${lango.baseUrl}/messages/settings/${provider}`, { headers: { cookie } })).text();
  const [, path] = /https:\/\/isp\.example(\/hooks\/\w+\/[0-9a-f]{32})/.exec(page) ?? [];
  if (!path) throw new Error(`${provider} shows no address to report to`);
  return lango.baseUrl + path;
}

describe('settings', () => {
  test('take an account, and never tell a secret again', async () => {
    const wrong = await put('africastalking', { username: '', sender_id: 'x' });
    expect(wrong).toMatchObject({ status: 422 });
    expect(Object.keys(wrong.body['error'].fields).sort()).toEqual(['api_key', 'sender_id', 'username']);
    expect((await put('africastalking', { username: 'kisima', api_key: 'atsk_key' })).status).toBe(200);
    const { body } = await lango.api.get<Json>('/settings/messages/africastalking');
    expect(body).toMatchObject({
      provider: 'africastalking',
      channel: 'sms',
      configured: true,
      enabled: true,
      username: 'kisima',
      secrets: ['api_key'],
    });
    expect(JSON.stringify(body)).not.toContain('atsk_key');
    // Left out, it stays; and nothing of it stands readable in the table or the audit.
    expect((await put('africastalking', { username: 'kisima', sender_id: 'KISIMA' })).status).toBe(200);
    expect((await isIn((await send())['id'], 'sent'))['provider']).toBe('africastalking');
    const rows = await lango.asOwner<Json>(
      `SELECT p::text || (SELECT string_agg(a::text, ' ') FROM audit_event a) AS all FROM message_provider p`,
    );
    expect(rows[0]?.['all']).toContain('KISIMA');
    expect(rows[0]?.['all']).not.toContain('atsk_key');
    expect((await put('nobody', {})).status).toBe(404);
  });

  test('are their company’s alone', async () => {
    const other = await lango.addCompany();
    const { body } = await other.api.get<Json>('/settings/messages/africastalking');
    expect(body).toMatchObject({ configured: false, secrets: [] });
    expect((await other.api.post<Json>('/sms/send', { phone: '0712345678', message: 'x' })).body['error']['code']).toBe(
      'no_provider',
    );
  });
});

describe('Africa’s Talking', () => {
  const tell = async (body: string, address?: string) =>
    (
      await fetch(address ?? (await hookOf('africastalking')), {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      })
    ).status;

  test('reports twice, late and out of order only ever better what is known', async () => {
    const { id } = await send();
    const ref = (await isIn(id, 'sent'))['provider_ref'];
    expect(await tell(at.report(ref, 'Success'))).toBe(200);
    await isIn(id, 'delivered');
    for (const status of ['Buffered', 'Success', 'Failed', 'Sent'])
      expect(await tell(at.report(ref, status))).toBe(200);
    await until(
      async () => (await read(id))['reports'].length,
      (count) => count === 4,
    );
    expect(await read(id)).toMatchObject({ state: 'delivered', error: null, cost: '0.8', cost_currency: 'KES' });
  });

  test('failed for a reason is said in our words', async () => {
    const { id } = await send();
    const ref = (await isIn(id, 'sent'))['provider_ref'];
    await tell(at.report(ref, 'Rejected', 'UserInBlackList'));
    expect(await isIn(id, 'failed')).toMatchObject({ error: 'blocked', error_detail: 'UserInBlackList' });
  });

  test('a report that overtakes the answer waits for it', async () => {
    const address = await hookOf('africastalking');
    const ref = `ATXid_${String(at.sent.length + 1).padStart(6, '0')}`;
    await tell(at.report(ref, 'Success'), address);
    await until(
      () => lango.asOwner('SELECT 1 FROM message_report WHERE provider_ref = $1', [ref]),
      (rows) => rows.length === 1,
    );
    const { id } = await send();
    expect(await isIn(id, 'delivered')).toMatchObject({ provider_ref: ref });
  });

  test('nobody without the token is heard, and a stranger’s token tells of no message of ours', async () => {
    const { id } = await send();
    const ref = (await isIn(id, 'sent'))['provider_ref'];
    expect(await tell(at.report(ref, 'Failed'), `${lango.baseUrl}/hooks/africastalking/${'0'.repeat(32)}`)).toBe(404);
    expect(await tell('id=&status=Success')).toBe(200);
    expect((await read(id))['state']).toBe('sent');
  });
});

describe('two carriers', () => {
  beforeAll(async () => {
    await put('twilio', { account_sid: SID, auth_token: 'twilio-token', from: '+15005550006', position: 2 });
  });
  afterAll(() => remove('twilio'));

  test('what the first certainly did not take goes by the second at once, and both are told', async () => {
    at.next(at.recipient(405, 'InsufficientBalance'));
    const { id } = await send();
    const sent = await isIn(id, 'sent');
    expect(sent).toMatchObject({
      provider: 'twilio',
      attempts: [
        { provider: 'africastalking', error: 'balance' },
        { provider: 'twilio', outcome: 'accepted' },
      ],
    });
    expect((await lango.api.get<Json>('/settings/messages/africastalking')).body).toMatchObject({ fault: 'balance' });
    const sid = tw.sent.at(-1)?.sid ?? '';
    const here = (tw.sent.at(-1)?.callback ?? '').replace('https://isp.example', lango.baseUrl);
    // Signed by another account: not believed.
    expect(await tw.report(sid, 'failed', { to: here, token: 'another' })).toBe(200);
    await until(
      () => lango.asOwner<Json>(`SELECT state FROM hook_event WHERE kind = 'twilio'`),
      (rows) => rows[0]?.['state'] === 'ignored',
    );
    expect((await read(id))['state']).toBe('sent');
    expect(await tw.report(sid, 'delivered', { to: here })).toBe(200);
    await isIn(id, 'delivered');
    // The next one that it takes clears the fault.
    await isIn((await send())['id'], 'sent');
    expect((await lango.api.get<Json>('/settings/messages/africastalking')).body).toMatchObject({ fault: null });
  });

  test('what the first may have taken is not given to the second', async () => {
    const before = tw.sent.length;
    at.next('cut');
    const { id } = await send();
    expect(await isIn(id, 'unknown', 'sent')).toMatchObject({
      state: 'unknown',
      provider: 'africastalking',
      error: 'no_answer',
    });
    expect(tw.sent).toHaveLength(before);
    // A person may decide otherwise.
    expect((await lango.api.post(`/sms/logs/${id}/retry`)).status).toBe(200);
    await isIn(id, 'sent');
    expect((await lango.api.post<Json>(`/sms/logs/${id}/retry`)).body['error']['code']).toBe('not_again');
  });

  test('what is no number is no reason to ask another', async () => {
    const before = tw.sent.length;
    at.next(at.recipient(403, 'InvalidPhoneNumber'));
    expect(await isIn((await send())['id'], 'failed')).toMatchObject({ error: 'address', tries: 1 });
    expect(tw.sent).toHaveLength(before);
  });
});

describe('e-mail', () => {
  const letter = async (client: Json): Promise<Json> =>
    (await lango.api.post<Json>('/sms/send', { client_id: client['id'], message: 'Habari' })).body;
  let client: Json;
  beforeAll(async () => {
    await remove('africastalking');
    client = await makeClient(lango.api, { email: 'njeri@example.net' });
  });

  test('by SendGrid, with its signed events', async () => {
    const { status } = await put('sendgrid', {
      api_key: 'SG.key',
      from_email: 'isp@example.net',
      from_name: 'Kisima',
      webhook_public_key: sg.publicKey,
    });
    expect(status).toBe(200);
    const { id } = await letter(client);
    const ref = (await isIn(id, 'sent'))['provider_ref'];
    const address = await hookOf('sendgrid');
    const forged = await fetch(address, {
      method: 'POST',
      body: JSON.stringify([{ event: 'bounce', sg_message_id: ref }]),
    });
    expect(forged.status).toBe(200);
    await sg.report(address, [
      { event: 'processed', id: ref },
      { event: 'open', id: ref },
      { event: 'delivered', id: ref },
    ]);
    expect(await isIn(id, 'delivered', 'failed')).toMatchObject({ state: 'delivered' });
    await remove('sendgrid');
  });

  test('by Resend, with its signed webhooks', async () => {
    await put('resend', { api_key: 're_key', from_email: 'isp@example.net', webhook_secret: re.webhookSecret });
    const { id } = await letter(client);
    const ref = (await isIn(id, 'sent'))['provider_ref'];
    const address = await hookOf('resend');
    await re.report(address, 'email.delivered', ref, { secret: `whsec_${Buffer.alloc(24, 6).toString('base64')}` });
    await re.report(address, 'email.bounced', ref);
    expect(await isIn(id, 'delivered', 'failed')).toMatchObject({ state: 'failed', error: 'address' });
    await remove('resend');
  });
});

describe('limits', () => {
  beforeAll(() => put('africastalking', { username: 'kisima', api_key: 'atsk_key' }));

  test('hold back what is more than a company allows itself, the urgent ones first', async () => {
    const waiting = () => lango.asOwner<Json>(`SELECT kind FROM message WHERE state = 'waiting' ORDER BY id`);
    await lango.asOwner('UPDATE message_setting SET per_day = 1 WHERE tenant_id = $1', [tenant]);
    await lango.asOwner('DELETE FROM message_meter');
    // One claim sees all three: the queue is told after they stand.
    await lango.asOwner(
      `INSERT INTO message (tenant_id, kind, urgency, channel, recipient, locale, data)
       VALUES ($1, 'notice', 'day', 'sms', '+254712345678', 'en', '{"text": "a"}'), ($1, 'notice', 'day', 'sms', '+254712345678', 'en', '{"text": "b"}'),
              ($1, 'test', 'now', 'sms', '+254712345678', 'en', '{}')`,
      [tenant],
    );
    await lango.asOwner(`SELECT job_enqueue('messages.send')`);
    await until(waiting, (rows) => rows.length === 2);
    expect((await waiting()).map((row) => row['kind'])).toEqual(['notice', 'notice']);
    await lango.asOwner('UPDATE message_setting SET per_day = 1000 WHERE tenant_id = $1', [tenant]);
    await lango.asOwner(`SELECT job_enqueue('messages.send')`);
    await until(waiting, (rows) => rows.length === 0);
  });

  test('a sender that died in the middle of a call leaves it unknown, and what it had not begun is sent', async () => {
    const one = (begun: boolean) =>
      lango.asOwner<{ id: string }>(
        `INSERT INTO message (tenant_id, kind, urgency, channel, recipient, locale, begun, claimed_until) VALUES ($1, 'test', 'now', 'sms', '+254712345678', 'en', $2, now() - interval '1 second') RETURNING id`,
        [tenant, begun],
      );
    const [begun] = await one(true);
    const [not] = await one(false);
    await lango.asOwner(`SELECT job_enqueue('messages.send')`);
    expect(await isIn(begun?.id ?? '', 'unknown', 'sent')).toMatchObject({ state: 'unknown', error: 'interrupted' });
    expect(await isIn(not?.id ?? '', 'unknown', 'sent')).toMatchObject({ state: 'sent' });
  });
});

test('words are read, refused with the reason, set and reset', async () => {
  const path = '/sms/templates/payment_received.sms.en';
  const refused = await lango.api.patch<Json>(path, { body: 'Hi {{#each x}}{{constructor.constructor}}{{/each}}' });
  expect(refused).toMatchObject({
    status: 422,
    body: { error: { fields: { body: expect.stringContaining('may only name values') } } },
  });
  expect((await lango.api.patch(path, { body: '{{name' })).status).toBe(422);
  expect((await lango.api.patch<Json>(path, { body: 'Asante {{name}}' })).body).toMatchObject({
    own: true,
    body: 'Asante {{name}}',
  });
  expect((await lango.api.delete(path)).status).toBe(204);
  expect((await lango.api.get<Json>(path)).body).toMatchObject({ own: false });
  expect((await lango.api.get('/sms/templates/nothing.sms.en')).status).toBe(404);
});
