import { signedInBrowser, type FormBrowser } from '../imports/testing/form-browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makePackage, makeSubscription, make, unique, type Json } from '../test-kit/story';

/** What somebody types into the form that has a customer's phone rung: refused in words, kept as it was typed, and nobody is asked for anything. */
let lango: TestLango;
let staff: FormBrowser;
let sub: Json;
beforeAll(async () => {
  lango = await startTestLango();
  staff = await signedInBrowser(lango);
  sub = await makeSubscription(lango.api, { price_cents: 150_000 });
  const account = {
    environment: 'sandbox',
    shortcode: '600584',
    consumer_key: 'k',
    consumer_secret: 's',
    passkey: 'p',
  };
  expect((await lango.api.put('/settings/payments/mpesa', { ...account, type: 'paybill' })).status).toBe(200);
}, 60_000);
afterAll(() => lango?.stop());

const page = (of: Json = sub) => staff.get(`/payments/prompt?subscription_id=${of['id']}`);
const send = (values: Record<string, string>, of: Json = sub) =>
  staff.post('/payments/prompt', {
    subscription_id: String(of['id']),
    provider: 'mpesa',
    phone: '0712000111',
    amount: '',
    ...values,
  });
const orders = () =>
  lango.asOwner<{ amount_cents: string; currency: string }>(
    `SELECT amount_cents, currency FROM payment WHERE account_ref IS NOT NULL ORDER BY id`,
  );
const errorOf = (html: string, field: string): string =>
  new RegExp(`id="e-${field}"[^>]*>([^<]*)`).exec(html)?.[1]?.replaceAll('&#x27;', "'") ?? '';

test.each([
  'abc',
  '-5',
  '0',
  '0.00',
  '1e3',
  '12,50',
  '1 00',
  '1.005',
  '1,00,0',
  'KES 100',
  '٣',
  '99999999999999',
  '.5',
  '5.',
  '1.2.3',
  '\u202e5',
])('an amount of %j is refused in words', async (amount) => {
  const answer = await send({ amount });
  expect([answer.status, errorOf(answer.html, 'amount')]).toEqual([422, expect.stringContaining('Give')]);
  expect(await orders()).toEqual([]);
});

test('cents, and more than M-Pesa moves at once, are refused by the form; what was typed stays', async () => {
  for (const amount of ['100.50', '250,001', '1000000'])
    expect([amount, (await send({ amount })).status]).toEqual([amount, 422]);
  const answer = await send({ amount: '100.50', phone: '0712 999 888' });
  expect(errorOf(answer.html, 'amount')).toContain('whole shillings');
  expect(['value="100.50"', 'value="0712 999 888"'].filter((text) => !answer.html.includes(text))).toEqual([]);
  expect(await orders()).toEqual([]);
});

test('a way that there is not is said to be none of a prompt', async () => {
  const answer = await send({ provider: 'cash' });
  expect(answer.status).toBe(422);
  expect([answer.html.includes('goes back'), answer.html.includes('Choose how the customer pays')]).toEqual([
    false,
    true,
  ]);
  const unset = await send({ provider: 'familybank' });
  expect([unset.status, unset.html.includes('is not set up yet')]).toEqual([422, true]);
  expect(await orders()).toEqual([]);
});

test('a service that costs nothing has nothing to be asked for, and is not said to want whole shillings', async () => {
  const free = await makeSubscription(lango.api, { price_cents: 0 });
  const answer = await send({}, free);
  expect([answer.status, errorOf(answer.html, 'amount')]).toEqual([
    422,
    expect.stringContaining('There is nothing to pay'),
  ]);
  expect(await orders()).toEqual([]);
});

test('a service of nobody, of another company and one that has ended are none', async () => {
  const company = await lango.addCompany();
  const theirs = await makeSubscription(company.api);
  for (const id of ['', 'x', '0', '-1', '999999999', String(theirs['id']), '99999999999999999999999'])
    expect([id, (await send({ subscription_id: id })).status, (await page({ id })).status]).toEqual([id, 404, 404]);
});

test('what is right is asked for, to the cent', async () => {
  expect((await page()).status).toBe(200);
  const client = await make(lango.api, '/clients', { name: 'Otieno', phone: '0733000222' });
  const sold = await makePackage(lango.api, { price_cents: 150_000 });
  const other = await make(lango.api, '/subscriptions', {
    client_id: client['id'],
    package_id: sold['id'],
    username: unique('other'),
    password: 'open-sesame',
  });
  expect((await send({ amount: ' 2,500 ' })).status).toBe(303);
  expect((await send({ amount: '', phone: '0733000222' }, other)).status).toBe(303);
  expect(await orders()).toEqual([
    { amount_cents: '250000', currency: 'KES' },
    { amount_cents: '150000', currency: 'KES' },
  ]);
});
