import { startDaraja, type SimulatedDaraja } from '../../test-kit/daraja';
import { isPayer, msisdnHash, readPayer } from '../msisdn';
import { darajaPassword, darajaPull, darajaPush, darajaQuery, type DarajaAccount, type PushRequest } from './daraja';

let daraja: SimulatedDaraja;
let account: DarajaAccount;
const request: PushRequest = {
  msisdn: '254712345678',
  amount: 100,
  reference: 'L12AB',
  description: 'Internet',
  callbackUrl: 'https://isp.example/hooks/pay/abc',
  at: new Date(),
};
beforeEach(async () => {
  daraja = await startDaraja();
  const { consumerKey, consumerSecret, shortcode, passkey } = daraja.options;
  account = {
    baseUrl: daraja.baseUrl,
    consumerKey,
    consumerSecret,
    shortcode,
    passkey,
    type: 'paybill',
    till: undefined,
  };
});
afterEach(() => daraja.stop());

test('the password is the published one, with the timestamp of Nairobi inside', () => {
  const passkey = 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919';
  expect(darajaPassword('174379', passkey, new Date('2021-06-28T06:24:08Z'))).toEqual({
    Timestamp: '20210628092408',
    Password:
      'MTc0Mzc5YmZiMjc5ZjlhYTliZGJjZjE1OGU5N2RkNzFhNDY3Y2QyZTBjODkzMDU5YjEwZjc4ZTZiNzJhZGExZWQyYzkxOTIwMjEwNjI4MDkyNDA4',
  });
});

test('a push is taken under its ids; numbers go as numbers', async () => {
  const answer = await darajaPush(account, request);
  expect(answer).toMatchObject({
    kind: 'ok',
    body: { ResponseCode: '0', CheckoutRequestID: daraja.pushes[0]?.checkoutId },
  });
  expect(daraja.calls[0]?.body).toMatchObject({
    PhoneNumber: 254712345678,
    PartyB: 174379,
    Amount: 100,
    AccountReference: 'L12AB',
  });
});

test('many who ask at once share one token, and a token that is forgotten is replaced once', async () => {
  let fetched = 0;
  const real = globalThis.fetch;
  const counting = jest.spyOn(globalThis, 'fetch').mockImplementation((url, init) => {
    if (typeof url === 'string' && url.includes('/oauth/')) fetched += 1;
    return real(url, init);
  });
  try {
    const answers = await Promise.all([1, 2, 3, 4].map(() => darajaPush(account, request)));
    expect(answers.map((one) => one.kind)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(fetched).toBe(1);
    daraja.forgetTokens();
    expect((await darajaPush(account, request)).kind).toBe('ok');
    expect(fetched).toBe(2);
  } finally {
    counting.mockRestore();
  }
});

test('what was certainly not done, what was refused and what nobody knows are three things', async () => {
  daraja.failNext('spike', 'locked', 'html', 'empty');
  expect(await darajaPush(account, request)).toMatchObject({ kind: 'refused', code: '500.003.02' });
  expect(await darajaPush(account, request)).toMatchObject({ kind: 'refused', code: '500.001.1001' });
  expect(await darajaPush(account, request)).toMatchObject({ kind: 'silent' });
  expect(await darajaPush(account, request)).toMatchObject({ kind: 'refused', code: 'http_400' });
  expect(daraja.pushes).toHaveLength(0);
  expect(await darajaPush({ ...account, passkey: 'wrong' }, request)).toMatchObject({
    kind: 'refused',
    text: expect.stringContaining('Wrong credentials'),
  });
  expect(await darajaPush({ ...account, consumerSecret: 'wrong' }, request)).toMatchObject({
    kind: 'refused',
    code: 'credentials',
  });
  expect(await darajaPush({ ...account, baseUrl: 'http://127.0.0.1:1' }, request)).toMatchObject({ kind: 'unreached' });
});

test('a prompt that was taken and is never answered is silence after the time for it, and nothing is sent again', async () => {
  const real = AbortSignal.timeout.bind(AbortSignal);
  const asked: number[] = [];
  const shorter = jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    asked.push(ms);
    return real(daraja.pushes.length === 0 && asked.length === 1 ? ms : 500);
  });
  try {
    daraja.failNext('silent');
    expect(await darajaPush(account, request)).toMatchObject({ kind: 'silent' });
    expect(daraja.pushes).toHaveLength(1);
    expect(Math.max(...asked)).toBeLessThanOrEqual(20_000);
  } finally {
    shorter.mockRestore();
  }
});

test('a query tells both shapes of not yet, and the list comes nested and in pages', async () => {
  await darajaPush(account, request);
  const push = daraja.pushes[0]!;
  expect(await darajaQuery(account, push.checkoutId, new Date())).toMatchObject({
    kind: 'ok',
    body: { ResultCode: '4999' },
  });
  daraja.lie(push, 'pending_500');
  expect(await darajaQuery(account, push.checkoutId, new Date())).toMatchObject({
    kind: 'refused',
    text: 'The transaction is being processed',
  });
  daraja.pay(push);
  expect(await darajaQuery(account, push.checkoutId, new Date())).toMatchObject({
    kind: 'ok',
    body: { ResultCode: '0' },
  });
  const pulled = await darajaPull(account, new Date(Date.now() - 3_600_000), new Date(), 0);
  expect(pulled).toMatchObject({
    kind: 'ok',
    body: { Response: [[{ transactionId: expect.any(String), amount: '100.00' }]] },
  });
});

test('a payer is known in clear and by the hash; stars only speak against', () => {
  expect(msisdnHash('254712345678')).toBe('7132104d6aae9c3fac82095a42c2817952bca48e09d98d5bf4ac08218982fb90');
  const phone = '+254712345678';
  expect(isPayer(readPayer(254712345678), phone)).toBe(true);
  expect(isPayer(readPayer('0712 345 678'), phone)).toBe(true);
  expect(isPayer(readPayer(msisdnHash('254712345678')), phone)).toBe(true);
  expect(isPayer(readPayer(msisdnHash('254712345679')), phone)).toBe(false);
  expect(isPayer(readPayer('2547 ***** 678'), phone)).toBeUndefined();
  expect(isPayer(readPayer('2547 ***** 126'), phone)).toBe(false);
  expect(isPayer(readPayer(undefined), phone)).toBeUndefined();
});
