import { startTestLango, type TestLango } from '../../test-kit/lango';
import { make, makeActive, unique, type Json } from '../../test-kit/story';
import { faultsOf, openBrowser, signedIn } from '../../admin/testing/browser';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
}, 300_000);
afterAll(() => lango?.stop());

const cheque = (sub: Json, cents: number, more: Json = {}): Promise<Json> =>
  make(lango.api, '/billing/transactions', {
    subscription_id: sub['id'],
    amount_cents: cents,
    method: 'cheque',
    reference: unique('CHQ'),
    ...more,
  });
const say = (payment: Json, what: 'clear' | 'bounce') =>
  lango.api.post<Json>(
    `/billing/payments/${payment['id']}/${what}`,
    what === 'bounce' ? { reason: 'refer to drawer' } : {},
  );
const rule = (service: 'at_once' | 'cleared') =>
  lango.asOwner(
    `INSERT INTO payment_rule (tenant_id, cheque_service, cheque_days) VALUES ($1, $2, 4) ON CONFLICT (tenant_id) DO UPDATE SET cheque_service = excluded.cheque_service`,
    [lango.company.tenantId.toString(), service],
  );
const subscription = async (sub: Json): Promise<Json> =>
  (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
const steps = (payment: Json): string[] => (payment['timeline'] as Json[]).map((one) => one['step'] as string);
/** As people read them: money in the till or the bank is positive. */
async function books(): Promise<Record<string, number>> {
  const { body } = await lango.api.get<Json>('/billing/ledger/accounts?limit=100');
  return Object.fromEntries((body['items'] as Json[]).map((one) => [one['code'], one['balance_cents']]));
}
async function moved(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await books();
  await work();
  const after = await books();
  const codes = Object.keys(after).filter((code) => (after[code] ?? 0) !== (before[code] ?? 0));
  return Object.fromEntries(codes.map((code) => [code.split(':')[0], (after[code] ?? 0) - (before[code] ?? 0)]));
}
const verified = () => lango.asOwner('SELECT * FROM payment_cheque_verify()');

test('credited at once: it buys, clears into the bank once, and comes back out of it', async () => {
  await rule('at_once');
  const sub = await makeActive(lango.api);
  let paid: Json = {};
  expect(await moved(async () => (paid = await cheque(sub, 10_000)))).toMatchObject({ cheques: 10_000, sales: 10_000 });
  expect(paid).toMatchObject({ state: 'settled', outcome: 'renewed', cleared_at: null });
  expect(paid['clears_on']).toMatch(/^\d{4}-\d\d-\d\d$/);
  const both = await moved(async () => {
    const answers = await Promise.all([say(paid, 'clear'), say(paid, 'clear')]);
    expect(answers.map((one) => one.status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });
  expect(both).toEqual({ cheques: -10_000, bank: 10_000 });
  expect(await moved(() => say(paid, 'bounce'))).toMatchObject({ bank: -10_000, sales: -10_000 });
  const after = (await lango.api.get<Json>(`/billing/payments/${paid['id']}`)).body;
  expect(after['state']).toBe('refunded');
  expect(steps(after)).toEqual(expect.arrayContaining(['cheque_cleared', 'cheque_bounced', 'refunded']));
  expect((await say(paid, 'bounce')).status).toBe(409);
  expect(await verified()).toEqual([]);
});

test('a cheque that comes back before it is cleared leaves the account of those being cleared, and what was used is owed', async () => {
  await rule('at_once');
  const sub = await makeActive(lango.api);
  const paid = await cheque(sub, 25_000);
  // 150.00 of it lay in the wallet, and is given to somebody else.
  const other = await makeActive(lango.api);
  const given = await lango.api.post(`/wallets/${sub['client_id']}/transfer`, {
    to_client_id: other['client_id'],
    amount_cents: 15_000,
    reason: 'a gift',
  });
  expect(given.status).toBe(201);
  expect(await moved(() => say(paid, 'bounce'))).toMatchObject({ cheques: -25_000, sales: -10_000, reversals: 15_000 });
  expect((await say(paid, 'clear')).status).toBe(409);
  expect(await verified()).toEqual([]);
});

test('by the other rule it buys when the bank has paid it, not before; one that came back may be presented again', async () => {
  await rule('cleared');
  const sub = await makeActive(lango.api);
  const before = await subscription(sub);
  let paid: Json = {};
  expect(await moved(async () => (paid = await cheque(sub, 10_000, { clears_on: '2031-02-28' })))).toEqual({});
  expect(paid).toMatchObject({ state: 'created', outcome: null, clears_on: '2031-02-28', applied_cents: 0 });
  expect(paid['message']).toContain('nothing is credited yet');
  expect((await subscription(sub))['expires_at']).toBe(before['expires_at']);
  expect(await moved(() => say(paid, 'bounce'))).toEqual({});
  const back = (await lango.api.get<Json>(`/billing/payments/${paid['id']}`)).body;
  expect(back).toMatchObject({ state: 'failed', failure: { code: 'bounced', text: 'refer to drawer' } });
  expect(await moved(() => say(paid, 'clear'))).toEqual({ bank: 10_000, sales: 10_000 });
  expect((await subscription(sub))['expires_at'] > before['expires_at']).toBe(true);
  expect((await say(paid, 'clear')).status).toBe(409);
  expect(await verified()).toEqual([]);
});

test('money that has come in has a receipt on paper, a cheque that waits has none', async () => {
  await rule('cleared');
  const sub = await makeActive(lango.api);
  const paid = await cheque(sub, 10_000);
  const paper = () => lango.api.get(`/billing/payments/${paid['id']}/receipt.pdf?lang=sw`);
  expect((await paper()).status).toBe(404);
  await say(paid, 'clear');
  expect(await paper()).toMatchObject({ status: 200 });
});

test('who may not refund may not say that one came back; other money is no cheque', async () => {
  await rule('at_once');
  const sub = await makeActive(lango.api);
  const cash = await cheque(sub, 10_000, { method: 'cash' });
  expect((await say(cash, 'clear')).status).toBe(404);
  expect((await say(cash, 'bounce')).status).toBe(404);
  const dated = await lango.api.post<Json>('/billing/transactions', {
    subscription_id: sub['id'],
    amount_cents: 1,
    method: 'cash',
    reference: unique('D'),
    clears_on: '2031-01-01',
  });
  expect(dated.status).toBe(422);
});

test.each([
  ['dark', 360],
  ['light', 1280],
] as const)('on the console, in %s at %i px', async (colorScheme, width) => {
  const company = await lango.addCompany();
  const sub = await makeActive(company.api);
  const browser = await openBrowser();
  try {
    const { page } = await signedIn(browser, lango, company, { colorScheme, viewport: { width, height: 800 } });
    const faults = (name: string) => faultsOf(page, `${name}-${width}`);
    await page.goto(`${lango.baseUrl}/payments/cheques`);
    expect(await page.textContent('main')).toContain('No cheques');
    await page.click('.page-head a[href="/payments/rules"]');
    await page.selectOption('[name=cheque_service]', 'cleared');
    await page.fill('[name=cheque_days]', '5');
    await page.click('form .is-action');
    expect(await page.inputValue('[name=cheque_service]')).toBe('cleared');
    expect(await faults('cheque-rule')).toEqual([]);
    const paid = await make(company.api, '/billing/transactions', {
      subscription_id: sub['id'],
      amount_cents: 10_000,
      method: 'cheque',
      reference: unique('CHQ'),
    });
    await page.goto(`${lango.baseUrl}/payments/cheques?state=waiting`);
    expect(await page.textContent('table')).toContain('not credited yet');
    expect(await faults('cheques')).toEqual([]);
    await page.goto(`${lango.baseUrl}/payments/${paid['id']}`);
    expect(await faults('cheque-one')).toEqual([]);
    await page.click('.page-head a[href$="/bounced"]');
    await page.click('form .is-cut');
    expect(await page.textContent('.errors')).toContain('three letters');
    expect(await faults('cheque-bounced')).toEqual([]);
    await page.goto(`${lango.baseUrl}/payments/${paid['id']}`);
    await page.click('.page-head a[href$="/cleared"]');
    expect(await faults('cheque-cleared')).toEqual([]);
    await page.click('form .is-pay');
    await page.waitForURL(`**/payments/${paid['id']}`);
    expect(await page.textContent('main')).toContain('Cheque cleared');
  } finally {
    await browser.close();
  }
});
