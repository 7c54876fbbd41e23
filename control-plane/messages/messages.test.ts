import { pino } from 'pino';
import { startJobs } from '../jobs';
import { systemActor, type Context } from '../platform/context';
import { createSecretBox } from '../platform/crypto';
import { createDatabase, type Database } from '../platform/db/prisma';
import { createLog } from '../platform/log';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { startAfricasTalking, type FakeAfricasTalking } from '../test-kit/messaging/africastalking';
import { startSmtp, type FakeSmtp } from '../test-kit/messaging/smtp';
import type { Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { catalogue, messageKinds } from './catalogue';
import { enqueueMessage, type NewMessage } from './enqueue-message';
import { ACCOUNT_PURPOSE } from './accounts';

let at: FakeAfricasTalking;
let mail: FakeSmtp;
let lango: TestLango;
let db: Database;
let jobs: { stop(): Promise<void> };
/** Everything that the sender wrote to its log. */
const lines: string[] = [];

beforeAll(async () => {
  at = await startAfricasTalking({ username: 'kisima', apiKey: 'atsk_live_key' });
  mail = await startSmtp();
  lango = await startTestLango();
  jobs = await startJobs({
    databaseUrl: lango.db.urls.jobs,
    masterKey: lango.db.masterKey,
    urls: { africastalking: at.url, smtp: mail.url },
    publicUrl: 'https://isp.example',
    dataDir: '/nonexistent',
    log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
  });
  const secrets = createSecretBox(lango.db.masterKey);
  db = createDatabase(lango.db.urls.web, secrets, createLog('test', 'silent'), 2);
  const sealed = secrets.seal(ACCOUNT_PURPOSE, lango.company.tenantId, JSON.stringify({ api_key: 'atsk_live_key' }));
  await lango.asOwner(
    `INSERT INTO message_provider (tenant_id, provider, settings, secrets_enc) VALUES ($1, 'africastalking', '{"username": "kisima"}', $2)`,
    [lango.company.tenantId.toString(), sealed],
  );
});
afterAll(async () => {
  await jobs?.stop();
  await db?.close();
  await lango?.stop();
  await Promise.all([at?.stop(), mail?.stop()]);
});

const inTenant = <T>(work: (ctx: Context) => Promise<T>): Promise<T> =>
  db.inTenant({ tenantId: lango.company.tenantId, actor: systemActor('test'), requestId: 'test' }, work);
const say = (message: NewMessage) => inTenant((ctx) => enqueueMessage(ctx, message));

interface Row {
  state: string;
  error: string | null;
  body: string | null;
  data: unknown;
  data_enc: unknown;
  provider: string;
  provider_ref: string | null;
  cost_micros: string | null;
  segments: number | null;
  tries: number;
}
const ended = async (outcome: Awaited<ReturnType<typeof say>>): Promise<Row> => {
  if (outcome.kind !== 'queued') throw new Error(`not queued: ${outcome.kind}`);
  return until(
    async () => (await lango.asOwner<Row>('SELECT * FROM message WHERE id = $1', [outcome.id.toString()]))[0] as Row,
    (row) => row.state !== 'waiting',
  );
};

test('the catalogue and the database know the same kinds', async () => {
  const rows = await lango.asOwner('SELECT kind, topic, urgency, automatic FROM message_kinds() ORDER BY kind');
  expect(rows).toEqual(
    [...messageKinds].sort().map((kind) => {
      const { topic, urgency, automatic } = catalogue[kind];
      return { kind, topic, urgency, automatic };
    }),
  );
});

test('an SMS is sent once the transaction commits, once under its key, with what it cost', async () => {
  const notice: NewMessage = {
    kind: 'notice',
    channel: 'sms',
    recipient: '+254712345678',
    values: { name: 'Wanjiru', text: 'The mast of Kisima rests tonight. {{company}}' },
    key: 'mast:1',
    // At night too, in a test that runs whenever.
  };
  await lango.asOwner(
    `INSERT INTO message_setting (tenant_id, quiet_from, quiet_until) VALUES ($1, '00:00', '00:00')`,
    [lango.company.tenantId.toString()],
  );
  await expect(
    inTenant(async (ctx) => {
      await enqueueMessage(ctx, { ...notice, values: { text: 'taken back' } });
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  const first = await say(notice);
  const row = await ended(first);
  expect(await say(notice)).toEqual({ kind: 'said_already', id: (first as { id: bigint }).id });
  expect(row).toMatchObject({
    state: 'sent',
    provider: 'africastalking',
    provider_ref: 'ATXid_000001',
    cost_micros: '800000',
    segments: 1,
  });
  // What looks like a template in a value stays what it is.
  expect(at.sent.map(({ to, text }) => [to, text])).toEqual([
    ['+254712345678', 'The mast of Kisima rests tonight. {{company}}'],
  ]);
});

test('who is told that their service has ended is told where to pay, once the company can have phones rung', async () => {
  const tenant = lango.company.tenantId.toString();
  const notice: NewMessage = {
    kind: 'expired',
    channel: 'sms',
    recipient: '+254712345679',
    values: { name: 'Wanjiru', package: 'Home', username: 'w', price: { cents: 150_000, currency: 'KES' } },
    key: 'over:1',
  };
  expect((await ended(await say(notice))).body).toMatch(/online again at once\.$/);
  const [company] = await lango.asOwner<{ slug: string }>(
    `WITH p AS (INSERT INTO payment_provider (tenant_id, provider, secrets_enc) VALUES ($1, 'mpesa', ''))
     SELECT slug FROM tenant WHERE id = $1`,
    [tenant],
  );
  const told = (await ended(await say({ ...notice, key: 'over:2' }))).body;
  expect(told).toContain(`at once: https://isp.example/payments/pay/${company!.slug}`);
});

test('a code is sealed until it is sent, and stands nowhere afterwards', async () => {
  const code: NewMessage = {
    kind: 'code',
    channel: 'sms',
    recipient: '+254712345679',
    values: { code: '903114', minutes: 10 },
  };
  const row = await ended(await say(code));
  expect(row).toMatchObject({ state: 'sent', body: null, data: {}, data_enc: null });
  expect(at.sent.at(-1)?.text).toMatch(/^903114 is your code for /);
});

test('a code that no longer opens is given up with its reason, and is not tried for ever', async () => {
  const later = new Date(Date.now() + 3_600_000);
  const code = {
    kind: 'code',
    channel: 'sms',
    recipient: '+254712345670',
    values: { code: '551155', minutes: 10 },
  } as const;
  const said = await say({ ...code, dueAt: later });
  expect(said.kind).toBe('queued');
  await lango.asOwner(`UPDATE message SET data_enc = '\\x00', due_at = lango_now() WHERE recipient = $1`, [
    '+254712345670',
  ]);
  await lango.asOwner(`SELECT job_enqueue('messages.send')`);
  expect(await ended(said)).toMatchObject({ state: 'failed', error: 'sealed', data_enc: null, tries: 1 });
  expect(at.sent.some((one) => one.to === '+254712345670')).toBe(false);
});

test('e-mail goes through the mail server of the installation where the company has none', async () => {
  const message: NewMessage = {
    kind: 'invitation',
    channel: 'email',
    recipient: 'njeri@example.net',
    locale: 'sw',
    values: { name: 'Njeri <b>', inviter: 'Amina', link: 'https://isp.example/join?k=a&b=c', hours: 48 },
  };
  expect(await ended(await say(message))).toMatchObject({ state: 'sent', provider: 'smtp' });
  const letter = mail.letters.at(-1);
  expect(letter).toMatchObject({ to: ['njeri@example.net'] });
  expect(letter?.message).toContain('Njeri &lt;b&gt;');
});

test('the password of a mail server is kept for that server alone', async () => {
  const account = { host: 'mail.isp.example', username: 'lango', from_email: 'isp@example.net', enabled: false };
  const put = (more: object) => lango.api.put<Json>('/settings/messages/smtp', { ...account, ...more });
  expect((await put({ password: 'mail-pass-word' })).body).toMatchObject({ secrets: ['password'] });
  expect((await put({ from_name: 'Kisima' })).body).toMatchObject({ secrets: ['password'], from_name: 'Kisima' });
  const moved = await put({ host: 'mail.thief.example' });
  expect(moved).toMatchObject({ status: 422, body: { error: { fields: { password: expect.any(String) } } } });
  expect((await lango.api.get<Json>('/settings/messages/smtp')).body).toMatchObject({ host: 'mail.isp.example' });
  expect((await put({ host: 'mail2.isp.example', password: 'another-word' })).status).toBe(200);
  expect((await lango.api.delete('/settings/messages/smtp')).status).toBe(204);
});

test('what is no address, and what nobody carries, is said to the caller and stops nothing', async () => {
  const sms: NewMessage = { kind: 'test', channel: 'sms', recipient: '0712345678', values: {} };
  expect(await say(sms)).toEqual({ kind: 'bad_address' });
  expect(await say({ ...sms, channel: 'email', recipient: 'a@b.c\r\nBcc: x@y.z' })).toEqual({ kind: 'bad_address' });
  const other = await lango.addCompany();
  const outcome = await db.inTenant(
    { tenantId: other.tenantId, actor: systemActor('test'), requestId: 'test' },
    (ctx) => enqueueMessage(ctx, { ...sms, recipient: '+254712345678' }),
  );
  expect(outcome).toEqual({ kind: 'no_provider' });
});

test('no phone number, address, code or key stands in a log, whatever went wrong', async () => {
  const sms = (code: string): NewMessage => ({
    kind: 'code',
    channel: 'sms',
    recipient: '+254712345678',
    values: { code, minutes: 5 },
  });
  at.next('cut');
  expect(await ended(await say(sms('771177')))).toMatchObject({ state: 'unknown', data_enc: null });
  at.next(at.recipient(403, 'InvalidPhoneNumber'));
  expect(await ended(await say(sms('991199')))).toMatchObject({ state: 'failed', data_enc: null });
  mail.next('RCPT', '550 5.1.1 <njeri@example.net> unknown');
  const letter: NewMessage = { kind: 'test', channel: 'email', recipient: 'njeri@example.net', values: {} };
  expect(await ended(await say(letter))).toMatchObject({ state: 'failed', error: 'address' });
  // One that must be tried again keeps its code, sealed.
  at.next({ status: 500, body: 'no +254712345678 atsk_live_key' });
  await say(sms('881188'));
  await until(
    () => lango.asOwner<Row>('SELECT * FROM message WHERE state = $1', ['waiting']),
    (rows) => rows.length === 1 && rows[0]?.tries === 1 && rows[0].data_enc !== null,
  );
  // By chance a time in milliseconds holds any code.
  const log = lines.join('').replaceAll(/"time":\d+/g, '');
  expect(lines.length).toBeGreaterThan(0);
  for (const word of ['712345678', '712345679', '771177', '881188', '991199', '903114', 'njeri', 'atsk_live_key'])
    expect({ word, there: log.includes(word) }).toEqual({ word, there: false });
  // Nor in what was written down of the calls.
  const [kept] = await lango.asOwner<{ all: string }>(
    'SELECT string_agg(a::text, chr(10)) AS all FROM message_attempt a',
  );
  for (const word of ['712345678', 'njeri', 'atsk_live_key'])
    expect({ word, there: kept?.all.includes(word) }).toEqual({ word, there: false });
});
