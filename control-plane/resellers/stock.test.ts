import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makePackage, shiftClock, type Json } from '../test-kit/story';
import { makeReseller, type TestReseller } from './testing/make-reseller';

let lango: TestLango;
let day: Json;
let browser: Browser | undefined;

beforeAll(async () => {
  lango = await startTestLango();
  day = await makePackage(lango.api, { price_cents: 10_000, name: 'Day 10 Mbit/s' });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});
afterEach(() => shiftClock(lango.db, '0'));
jest.setTimeout(120_000);

const aBatch = (count: number, more: Json = {}): Promise<Json> =>
  make(lango.api, '/vouchers/batches', { package_id: day['id'], count, ...more });
const give = (who: TestReseller, batch: Json, more: Json = {}) =>
  lango.api.post<Json>(`/resellers/${who.id}/stock`, {
    batch_id: batch['id'],
    wholesale_cents: 800,
    charged: 'assignment',
    ...more,
  });
const stockOf = async (who: TestReseller): Promise<Json[]> => (await who.api.get<Json[]>('/resellers/own/stock')).body;
const floatOf = async (who: TestReseller): Promise<number> =>
  (await lango.api.get<Json>(`/resellers/${who.id}`)).body['float_cents'];
const takeBack = (who: TestReseller, id: string) => lango.api.post<Json>(`/resellers/${who.id}/stock/${id}/take-back`);
const redeem = (code: string) => lango.api.post<Json>('/vouchers/redeem', { code });
const booksHold = async (): Promise<void> =>
  expect(await lango.asOwner('SELECT problem FROM ledger_verify()')).toEqual([]);
/** Which batch each code of these is of. */
const batchOf = async (codes: string[]): Promise<Map<string, string>> =>
  new Map(
    (
      await lango.asOwner<{ code: string; id: string }>(
        'SELECT code, batch_id::text AS id FROM voucher WHERE code = ANY ($1)',
        [codes],
      )
    ).map(({ code, id }) => [code, id]),
  );

test('so many codes out of a batch are a reseller’s own stock, paid for at their price; the rest stays the company’s', async () => {
  const otieno = await makeReseller(lango, { float_cents: 30_000 });
  const batch = await aBatch(20);
  expect((await give(otieno, batch, { count: 21 })).status).toBe(422);
  expect((await give(otieno, batch, { count: 20, wholesale_cents: 5_000 })).status).toBe(409);
  expect((await give(otieno, batch, { count: 12 })).status).toBe(201);
  expect(await floatOf(otieno)).toBe(30_000 - 12 * 800);
  const [stock] = await stockOf(otieno);
  expect(stock).toMatchObject({ count: 12, remaining: 12, sold: 0, state: 'open' });
  expect((await lango.api.get<Json>(`/vouchers/batches/${batch['id']}`)).body).toMatchObject({ count: 8 });
  const codes = [...(await batchOf(batch['codes'])).values()];
  expect([stock!['batch_id'], batch['id']].map((id) => codes.filter((one) => one === id).length)).toEqual([12, 8]);
  // They read their own and nobody else's.
  const seen = (await otieno.api.get<Json>('/vouchers?limit=100')).body['items'] as Json[];
  expect(seen.map((one) => one['batch_id'])).toEqual(Array(12).fill(stock!['batch_id']));
  expect((await otieno.api.post(`/resellers/${otieno.id}/stock`, { batch_id: batch['id'] })).status).toBe(403);
  // A code that was used in the meantime is given to nobody.
  const left = [...(await batchOf(batch['codes']))].filter(([, id]) => id === batch['id']).map(([code]) => code);
  expect((await redeem(left[0]!)).status).toBeLessThan(300);
  expect((await give(otieno, batch, { count: 8 })).status).toBe(422);
  expect((await give(otieno, batch, { count: 7 })).status).toBe(201);
  await booksHold();
});

test('one batch asked for by many at once gives each code once', async () => {
  const [one, two] = await Promise.all([
    makeReseller(lango, { float_cents: 90_000 }),
    makeReseller(lango, { float_cents: 90_000 }),
  ]);
  const whole = await aBatch(5);
  const answers = await Promise.all([give(one, whole), give(two, whole), give(one, whole), give(two, whole)]);
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 422, 422, 422]);
  const parts = await aBatch(30);
  const many = await Promise.all(
    Array.from({ length: 6 }, (_, n) => give(n % 2 === 0 ? one : two, parts, { count: 9 })),
  );
  expect(many.filter(({ status }) => status === 201)).toHaveLength(3);
  const owners = await batchOf(parts['codes']);
  expect(owners.size).toBe(30);
  const sizes = [...new Set(owners.values())].map((id) => [...owners.values()].filter((other) => other === id).length);
  expect(sizes.sort((a, b) => a - b)).toEqual([3, 9, 9, 9]);
  expect((await floatOf(one)) + (await floatOf(two))).toBe(180_000 - (5 + 27) * 800);
  await booksHold();
});

test('what was sold is its buyer’s: only the rest is taken back, void and paid back where it was paid for', async () => {
  const duka = await makeReseller(lango, { float_cents: 10_000 });
  const batch = await aBatch(6);
  expect((await give(duka, batch)).status).toBe(201);
  const [printed, other] = batch['codes'] as string[];
  const mark = (code: string) => duka.api.post<Json>('/resellers/own/stock/mark-sold', { code });
  expect((await mark(printed!.toLowerCase())).body).toEqual({ outcome: 'done' });
  expect((await mark(printed!)).body).toEqual({ outcome: 'sold' });
  expect((await mark('NOSUCHCODE')).status).toBe(422);
  const rival = await makeReseller(lango, { float_cents: 1_000 });
  expect((await rival.api.post('/resellers/own/stock/mark-sold', { code: other })).status).toBe(422);
  const next = await duka.api.post<Json>(`/resellers/own/stock/${batch['id']}/sell`);
  expect(next).toMatchObject({ status: 201, body: { wholesale_cents: 0 } });
  expect(await floatOf(duka)).toBe(10_000 - 6 * 800);

  expect((await takeBack(duka, batch['id'])).status).toBe(200);
  expect(await floatOf(duka)).toBe(10_000 - 2 * 800);
  const sold = [printed, next.body['code'] as string];
  for (const code of sold) expect((await redeem(code!)).status).toBeLessThan(300);
  const gone = (batch['codes'] as string[]).filter((code) => !sold.includes(code));
  expect((await redeem(gone[0]!)).status).toBeGreaterThanOrEqual(400);
  expect((await takeBack(duka, batch['id'])).status).toBe(422);
  await booksHold();
});

test('codes that nobody has seen are the company’s again, as good as new', async () => {
  const [duka, kiosk] = await Promise.all([
    makeReseller(lango, { float_cents: 5_000 }),
    makeReseller(lango, { float_cents: 5_000 }),
  ]);
  const batch = await aBatch(4);
  expect((await give(duka, batch, { charged: 'sale' })).status).toBe(201);
  const sold = await duka.api.post<Json>(`/resellers/own/stock/${batch['id']}/sell`);
  expect((await takeBack(duka, batch['id'])).status).toBe(200);
  expect(await floatOf(duka)).toBe(4_200);
  expect((await redeem(sold.body['code'])).status).toBeLessThan(300);
  expect((await stockOf(duka)).map((one) => [one['count'], one['remaining']])).toEqual([[1, 0]]);
  const free = [...(await batchOf(batch['codes'])).values()].find((id) => id !== batch['id'])!;
  expect((await give(kiosk, { id: free }, { charged: 'sale' })).status).toBe(201);
  expect((await kiosk.api.post(`/resellers/own/stock/${free}/sell`)).status).toBe(201);
  // The page of the code tells where it was made, though it was moved since.
  const [code] = [...(await batchOf(batch['codes']))].find(([, id]) => id === free)!;
  expect((await lango.api.get<Json>(`/vouchers?q=${code}`)).status).toBe(200);
  await booksHold();
});

test('unsold codes end with their last day, and are paid back only if the company takes them back', async () => {
  const duka = await makeReseller(lango, { float_cents: 5_000 });
  const until = new Date(Date.now() + 2 * 86_400_000).toISOString();
  const batch = await aBatch(3, { valid_until: until });
  expect((await give(duka, batch)).status).toBe(201);
  await shiftClock(lango.db, '3 days');
  expect((await stockOf(duka))[0]).toMatchObject({ state: 'expired', remaining: 3 });
  expect((await duka.api.post(`/resellers/own/stock/${batch['id']}/sell`)).status).toBe(404);
  const mark = await duka.api.post<Json>('/resellers/own/stock/mark-sold', { code: batch['codes'][0] });
  expect(mark.body).toEqual({ outcome: 'over' });
  expect(await floatOf(duka)).toBe(2_600);
  expect((await takeBack(duka, batch['id'])).status).toBe(200);
  expect(await floatOf(duka)).toBe(5_000);
  await booksHold();
});

test('in the console: the company hands over a number of codes, the reseller marks a printed one on a phone', async () => {
  browser = await openBrowser();
  const duka = await makeReseller(lango, { float_cents: 50_000, name: 'Duka la Achieng' });
  const batch = await aBatch(40);
  const staff = await signedIn(browser, lango);
  await staff.page.goto(`${lango.baseUrl}/resellers/${duka.id}`);
  await staff.page.selectOption('[name=batch]', String(batch['id']));
  await staff.page.fill('[name=codes]', '41');
  await staff.page.fill('[name=wholesale]', '8');
  await staff.page.click('form[action$="/stock"] button');
  expect(await staff.page.innerText('.errors')).toContain('Give a number of codes');
  expect(await staff.page.inputValue('[name=codes]')).toBe('41');
  await staff.page.fill('[name=codes]', '25');
  await staff.page.click('form[action$="/stock"] button');
  expect(await staff.page.innerText('.told')).toContain('The vouchers are the reseller’s now.');
  expect(await faultsOf(staff.page, 'reseller-stock-1280')).toEqual([]);
  await staff.context.close();

  const { page, context } = await signedIn(browser, lango, duka, {
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
  });
  await page.click('text=25 codes left');
  const own = [...(await batchOf(batch['codes']))].filter(([, id]) => id !== batch['id']).map(([code]) => code);
  await page.fill('[name=mark_code]', 'WRONG');
  await page.click('text=Mark as sold');
  expect(await page.innerText('.errors')).toContain('This is no code of this stock');
  expect(await page.inputValue('[name=mark_code]')).toBe('WRONG');
  expect(await faultsOf(page, 'own-stock-refused-360')).toEqual([]);
  await page.fill('[name=mark_code]', own[3]!);
  await page.click('text=Mark as sold');
  expect(await page.innerText('.told')).toContain('marked as sold');
  expect(await page.innerText('.strip')).toMatch(/24[^]*1[^]*\/ 25/);
  expect(await faultsOf(page, 'own-stock-360')).toEqual([]);
  await page.click('main .button.is-action');
  expect(await page.innerText('main')).toMatch(/[A-Z2-9]{4} [A-Z2-9]{4}/);
  await context.close();
});
