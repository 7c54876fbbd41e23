import africastalking from 'africastalking';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startAfricasTalking, type FakeAfricasTalking } from '../test-kit/messaging/africastalking';
import { startResend, type FakeResend } from '../test-kit/messaging/resend';
import { startSendgrid, type FakeSendgrid } from '../test-kit/messaging/sendgrid';
import { startSmtp, type FakeSmtp } from '../test-kit/messaging/smtp';
import { startTwilio, type FakeTwilio } from '../test-kit/messaging/twilio';
import { africasTalking } from './providers/africastalking';
import { saidBy, type CarrierTools, type Outgoing } from './providers/carrier';
import { resend } from './providers/resend';
import { sendgrid } from './providers/sendgrid';
import { smtp } from './providers/smtp';
import { twilio } from './providers/twilio';
import { verifySvix, verifyTwilio } from './providers/verify';

const KEY = 'a-key-that-nobody-may-read';
const SID = `AC${'0'.repeat(32)}`;
/** Nobody listens there any more. */
let AWAY: string;

let at: FakeAfricasTalking;
let tw: FakeTwilio;
let sg: FakeSendgrid;
let re: FakeResend;
let mail: FakeSmtp;
beforeAll(async () => {
  const gone = await startSmtp();
  await gone.stop();
  AWAY = `http://127.0.0.1:${gone.port}`;
  at = await startAfricasTalking({ username: 'kisima', apiKey: KEY });
  tw = await startTwilio({ sid: SID, token: KEY });
  sg = await startSendgrid({ apiKey: KEY });
  re = await startResend({ apiKey: KEY });
  mail = await startSmtp({ user: 'lango', password: KEY });
});
afterAll(() => Promise.all([at, tw, sg, re, mail].map((one) => one?.stop())));

const sms: Outgoing = { id: '7', to: '+254712345678', subject: null, text: 'Habari & karibu', html: null };
const letter: Outgoing = { id: '8', to: 'njeri@example.net', subject: 'Karibu', text: 'Habari', html: '<p>Habari</p>' };
const tools = (more: Partial<CarrierTools> = {}): CarrierTools => ({
  urls: { africastalking: at.url, twilio: tw.url, sendgrid: sg.url, resend: re.url },
  reportUrl: undefined,
  networks: [],
  timeoutMs: 5_000,
  ...more,
});
/** Long enough to be asked, short enough to wait for. */
const IMPATIENT = { timeoutMs: 400 };

describe('Africa’s Talking', () => {
  const account = { username: 'kisima', api_key: KEY, sender_id: 'KISIMA' };
  const send = (more: Partial<CarrierTools> = {}, message = sms) => africasTalking(account, tools(more))(message);

  test('takes a message and tells its id and price', async () => {
    expect(await send()).toEqual({
      kind: 'accepted',
      ref: expect.stringMatching(/^ATXid_/),
      status: 'Success',
      cost: { micros: 800_000, currency: 'KES' },
    });
    expect(at.sent.at(-1)).toMatchObject({ to: '+254712345678', text: 'Habari & karibu', from: 'KISIMA' });
    expect(at.asked.at(-1)?.headers['apikey']).toBe(KEY);
  });

  test.each([
    [401, 'RiskHold', 'refused', 'rejected'],
    [402, 'InvalidSenderId', 'again', 'sender'],
    [403, 'InvalidPhoneNumber', 'refused', 'address'],
    [404, 'UnsupportedNumberType', 'refused', 'address'],
    [405, 'InsufficientBalance', 'again', 'balance'],
    [406, 'UserInBlacklist', 'refused', 'blocked'],
    [407, 'CouldNotRoute', 'again', 'unreachable'],
    [500, 'InternalServerError', 'again', 'provider'],
    [501, 'GatewayError', 'again', 'provider'],
    [502, 'RejectedByGateway', 'refused', 'rejected'],
    [999, 'Novelty', 'refused', 'rejected'],
  ])(
    '201 whose recipient has %s (%s) is %s, %s: the request was understood and the message not taken',
    async (code, name, kind, error) => {
      at.next(at.recipient(code, name));
      expect(await send()).toMatchObject({ kind, error, detail: name });
    },
  );

  test('201 without recipients is read by its words', async () => {
    const empty = (Message: string) => ({
      status: 201,
      body: JSON.stringify({ SMSMessageData: { Message, Recipients: [] } }),
    });
    at.next(empty('InvalidSenderId'), empty('Something else'));
    expect(await send()).toMatchObject({ kind: 'again', error: 'sender' });
    expect(await send()).toMatchObject({ kind: 'unknown' });
  });

  test('a wrong key is told without the key', async () => {
    const wrong = await africasTalking({ ...account, api_key: 'another-secret-key' }, tools())(sms);
    expect(wrong).toMatchObject({
      kind: 'again',
      error: 'credentials',
      detail: 'The supplied authentication is invalid',
    });
    expect(JSON.stringify(wrong)).not.toContain('another-secret-key');
  });

  test('silence ends after the time allowed, and is no reason to send again', async () => {
    at.next('silent');
    expect(await send(IMPATIENT)).toMatchObject({ kind: 'unknown', error: 'timeout' });
  });

  test('a connection that breaks off is unknown; one that never stood is tried again', async () => {
    at.next('cut');
    expect(await send()).toMatchObject({ kind: 'unknown', error: 'no_answer' });
    expect(await send({ urls: { africastalking: AWAY } })).toMatchObject({ kind: 'again', error: 'connection' });
  });

  test('a number that the package refuses is an outcome, not a throw', async () => {
    expect(await send({}, { ...sms, to: '0712345678' })).toMatchObject({ kind: 'refused', error: 'address' });
    expect(await send({}, { ...sms, to: '+12' })).toMatchObject({ kind: 'refused', error: 'address' });
  });

  test('an answer in HTML, 200 instead of 201, and being redirected are no success', async () => {
    at.next(
      { status: 502, body: '<html>Bad gateway</html>' },
      { status: 200, body: '{}' },
      { status: 302, body: '', headers: { location: tw.url } },
    );
    const before = tw.asked.length;
    expect(await send()).toMatchObject({ kind: 'again', error: 'provider' });
    expect(await send()).toMatchObject({ kind: 'unknown' });
    expect(await send()).toMatchObject({ kind: 'again', error: 'provider' });
    expect(tw.asked).toHaveLength(before);
  });

  test('an account of the sandbox turns the addresses of the package over for all, and ours not', async () => {
    const other = await startAfricasTalking({ username: 'sandbox', apiKey: KEY });
    const sandbox = africasTalking(
      { username: 'sandbox', api_key: KEY },
      tools({ urls: { africastalking: other.url } }),
    );
    // As another company's account, made at any moment, would.
    africastalking({ username: 'sandbox', apiKey: KEY });
    const both = await Promise.all([send(), sandbox(sms), send(), sandbox(sms)]);
    expect(both.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect(other.sent.map(({ username }) => username)).toEqual(['sandbox', 'sandbox']);
    await other.stop();
  });
});

describe('Twilio', () => {
  const account = { account_sid: SID, auth_token: KEY, from: '+15005550006' };
  const send = (more: Partial<CarrierTools> = {}) => twilio(account, tools(more))(sms);

  test('takes a message, from a number or a service', async () => {
    expect(await send({ reportUrl: 'https://isp.example/hooks/twilio/x' })).toMatchObject({
      kind: 'accepted',
      status: 'queued',
      segments: 1,
    });
    expect(tw.sent.at(-1)).toMatchObject({
      text: 'Habari & karibu',
      from: '+15005550006',
      callback: 'https://isp.example/hooks/twilio/x',
    });
    await twilio({ account_sid: SID, auth_token: KEY, messaging_service_sid: 'MG1' }, tools())(sms);
    expect(tw.sent.at(-1)?.from).toBe('MG1');
  });

  test.each([
    [400, 21211, 'refused', 'address'],
    [400, 21610, 'refused', 'blocked'],
    [400, 21408, 'again', 'sender'],
    [429, 20429, 'again', 'busy'],
    [500, 20500, 'again', 'provider'],
    [400, 11111, 'refused', 'rejected'],
  ])('%s with code %s is %s, %s', async (status, code, kind, error) => {
    tw.next(tw.refusal(status, code, "The 'To' number +254712345678 is not right."));
    const outcome = await send();
    expect(outcome).toMatchObject({ kind, error });
    expect(JSON.stringify(outcome)).not.toContain('712345678');
  });

  test('a wrong token, silence, a cut and nobody there', async () => {
    expect(await twilio({ ...account, auth_token: 'wrong' }, tools())(sms)).toMatchObject({
      kind: 'again',
      error: 'credentials',
    });
    tw.next('silent', 'cut');
    expect(await send(IMPATIENT)).toMatchObject({ kind: 'unknown', error: 'timeout' });
    expect(await send()).toMatchObject({ kind: 'unknown', error: 'no_answer' });
    expect(await send({ urls: { twilio: AWAY } })).toMatchObject({ kind: 'again', error: 'connection' });
  });
});

describe('SendGrid', () => {
  const send = (more: Partial<CarrierTools> = {}) =>
    sendgrid({ api_key: KEY, from_email: 'isp@example.net', from_name: 'Kisima' }, tools(more))(letter);

  test('takes a letter', async () => {
    expect(await send()).toEqual({ kind: 'accepted', ref: 'sg-1', status: 'processed' });
    expect(sg.sent.at(-1)).toMatchObject({
      to: 'njeri@example.net',
      subject: 'Karibu',
      text: 'Habari',
      from: 'isp@example.net',
    });
  });

  test.each([
    [400, 'personalizations.0.to.0.email', 'refused', 'address'],
    [403, 'from', 'again', 'sender'],
    [401, undefined, 'again', 'credentials'],
    [429, undefined, 'again', 'busy'],
    [413, undefined, 'refused', 'content'],
    [503, undefined, 'again', 'provider'],
  ])('%s about %s is %s, %s', async (status, field, kind, error) => {
    sg.next(sg.refusal(status, 'not so', field));
    expect(await send()).toMatchObject({ kind, error });
  });

  test('silence is unknown', async () => {
    sg.next('silent');
    expect(await send(IMPATIENT)).toMatchObject({ kind: 'unknown', error: 'timeout' });
  });
});

describe('Resend', () => {
  const send = (more: Partial<CarrierTools> = {}) =>
    resend({ api_key: KEY, from_email: 'isp@example.net' }, tools(more))(letter);

  test('takes a letter once under its key, so that silence is simply asked again', async () => {
    const first = await send();
    expect(first).toEqual({ kind: 'accepted', ref: 're-1', status: 'sent' });
    re.next('silent');
    expect(await send(IMPATIENT)).toMatchObject({ kind: 'again', error: 'timeout' });
    expect(await send()).toEqual(first);
    expect(re.sent).toHaveLength(1);
  });

  test.each([
    [401, 'invalid_api_key', 'again', 'credentials'],
    [429, 'rate_limit_exceeded', 'again', 'busy'],
    [429, 'daily_quota_exceeded', 'again', 'balance'],
    [403, 'validation_error', 'again', 'sender'],
    [422, 'validation_error', 'refused', 'rejected'],
    [500, 'application_error', 'again', 'provider'],
  ])('%s %s is %s, %s', async (status, name, kind, error) => {
    re.next(re.refusal(status, name, 'not so'));
    expect(await send()).toMatchObject({ kind, error });
  });
});

describe('a mail server', () => {
  const account = {
    host: '127.0.0.1',
    security: 'insecure_none' as const,
    username: 'lango',
    password: KEY,
    from_email: 'isp@example.net',
    from_name: 'Kisima',
  };
  const send = (more: Partial<CarrierTools> = {}, message = letter) =>
    smtp({ ...account, port: mail.port }, tools({ networks: ['127.0.0.1/32'], ...more }))(message);

  test('takes a letter from who signs in', async () => {
    expect(await send()).toMatchObject({ kind: 'accepted', ref: '<lango.8@example.net>' });
    expect(mail.letters.at(-1)).toMatchObject({
      from: 'isp@example.net',
      to: ['njeri@example.net'],
      auth: `lango:${KEY}`,
    });
    expect(mail.letters.at(-1)?.message).toMatch(/^Subject: Karibu/m);
  });

  test('at a private address is not called, unless the operator opened that network', async () => {
    expect(await send({ networks: [] })).toMatchObject({ kind: 'again', error: 'refused_address' });
  });

  test.each([
    ['AUTH', '535 5.7.8 no', 'again', 'credentials'],
    ['MAIL', '550 5.7.1 not your domain', 'again', 'sender'],
    ['RCPT', '550 5.1.1 no such user', 'refused', 'address'],
    ['RCPT', '451 4.7.1 greylisted', 'again', 'busy'],
    ['.', '554 5.7.1 spam', 'refused', 'content'],
    ['.', '452 4.3.1 full', 'again', 'busy'],
  ] as const)('that answers %s with %s: %s, %s', async (command, line, kind, error) => {
    mail.next(command, line);
    expect(await send()).toMatchObject({ kind, error });
  });

  test('that falls silent after the letter may have taken it; before it, it has not', async () => {
    mail.next('.', 'silent');
    expect(await send(IMPATIENT)).toMatchObject({ kind: 'unknown' });
    mail.next('RCPT', 'silent');
    expect(await send(IMPATIENT)).toMatchObject({ kind: 'again' });
  });

  test('that goes on talking without ever coming to an end is left in time', async () => {
    const talker = createServer((socket) => {
      socket.on('error', () => undefined).write('220 talker\r\n');
      const talk = setInterval(() => socket.write('250-and more\r\n'), 50);
      socket.on('close', () => clearInterval(talk));
    }).listen(0, '127.0.0.1');
    await once(talker, 'listening');
    const { port } = talker.address() as AddressInfo;
    const left = smtp({ ...account, port }, tools({ networks: ['127.0.0.1/32'], ...IMPATIENT }))(letter);
    expect(await left).toMatchObject({ kind: 'again', error: 'timeout' });
    // Nobody holds the line any more.
    await new Promise((closed) => talker.close(closed));
  });

  test('gets no header that a subject or address brought along', async () => {
    await send({}, { ...letter, subject: 'Karibu\r\nBcc: thief@example.org' });
    expect(mail.letters.at(-1)?.to).toEqual(['njeri@example.net']);
    expect(mail.letters.at(-1)?.message).not.toMatch(/^Bcc:/m);
  });
});

test('Twilio’s and Svix’s own examples verify, and altered ones do not', () => {
  const url = 'https://example.com/hooks/sms?x=1';
  const form = new URLSearchParams({
    MessageSid: 'SM0123456789abcdef0123456789abcdef',
    MessageStatus: 'delivered',
    To: '+254712345678',
  });
  const signature = 'xvXuwZy76ZXvr+nF+18dvgRb2kM=';
  expect(verifyTwilio('12345', url, form, signature)).toBe(true);
  expect(verifyTwilio('12346', url, form, signature)).toBe(false);
  expect(
    verifyTwilio(
      '12345',
      url,
      new URLSearchParams({ ...Object.fromEntries(form), MessageStatus: 'failed' }),
      signature,
    ),
  ).toBe(false);
  const headers = {
    'svix-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'svix-timestamp': '1614265330',
    'svix-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const body = Buffer.from('{"test": 2432232314}');
  const then = new Date(1_614_265_330_000);
  expect(verifySvix(secret, headers, body, then)).toBe(true);
  expect(verifySvix(secret, headers, Buffer.from('{"test": 2432232315}'), then)).toBe(false);
  // Caught and sent again an hour later.
  expect(verifySvix(secret, headers, body, new Date(1_614_268_930_000))).toBe(false);
});

test('what a carrier says is kept without numbers, addresses and keys', () => {
  expect(saidBy('To +254 712 345 678 or x@y.z with key abcdefabcdefabcdefabcdefabcdefab\nfailed 21211')).toBe(
    'To … or … with key … failed 21211',
  );
});
