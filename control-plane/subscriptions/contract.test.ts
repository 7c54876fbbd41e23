import { consoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makePackage, makeSubscription, shiftClock, unique, type Json } from '../test-kit/story';

jest.setTimeout(120_000);

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterEach(() => shiftClock(lango.db, '0'));
afterAll(() => lango.stop());

const contract = { months: 12, early_fee_cents: 50_000 };
const read = async (id: string) => (await lango.api.get<Json>(`/subscriptions/${id}`)).body;
const pay = (subscription_id: string, amount_cents: number) =>
  lango.api.post<Json>('/billing/transactions', {
    subscription_id,
    amount_cents,
    method: 'cash',
    reference: unique('R'),
  });
const end = (id: string, early_fee: string) => lango.api.post<Json>(`/subscriptions/${id}/end`, { early_fee });
const sales = async () =>
  Number(
    (
      await lango.asOwner<{ s: string }>(
        `SELECT coalesce(sum(balance_cents), 0) AS s FROM ledger_account WHERE code = 'sales'`,
      )
    )[0]?.s,
  );

it('begins with the first purchase, for so many months of the company’s calendar, and no renewal begins another', async () => {
  const sub = await makeSubscription(lango.api, { contract });
  expect(await read(sub['id'])).toMatchObject({ contract: null });
  await pay(sub['id'], 10_000);
  const begun = (await read(sub['id']))['contract'];
  expect(begun).toMatchObject({ early_fee_cents: 50_000 });
  const months = (Date.parse(begun.ends_at) - Date.now()) / 86_400_000;
  expect(months).toBeGreaterThan(364);
  expect(months).toBeLessThan(367);
  await shiftClock(lango.db, '20 days');
  await pay(sub['id'], 10_000);
  expect((await read(sub['id']))['contract']).toEqual(begun);
  await shiftClock(lango.db, '400 days');
  await pay(sub['id'], 10_000);
  expect((await read(sub['id']))['contract']).toEqual(begun);
});

it('keeps the fee that it began with, and is not made shorter by another plan', async () => {
  const sub = await makeSubscription(lango.api, { contract });
  await pay(sub['id'], 10_000);
  const begun = (await read(sub['id']))['contract'];
  await lango.api.patch(`/packages/${sub['package_id']}`, {
    contract: { months: 24, early_fee_cents: 1 },
    existing: 'renewal',
  });
  await pay(sub['id'], 10_000);
  expect((await read(sub['id']))['contract']).toEqual(begun);
  const short = await makePackage(lango.api, { contract: { months: 1, early_fee_cents: 1 } });
  await lango.api.post(`/subscriptions/${sub['id']}/change-plan`, { package_id: short['id'], when: 'renewal' });
  await pay(sub['id'], 10_000);
  expect(await read(sub['id'])).toMatchObject({ package_id: short['id'], contract: begun });
});

it('that is left early costs the fee, from a wallet that holds it, or is waived with the audit telling so', async () => {
  const [rich, poor] = [
    await makeSubscription(lango.api, { contract }),
    await makeSubscription(lango.api, { contract }),
  ];
  await pay(rich['id'], 65_000);
  await pay(poor['id'], 10_000);
  const before = await sales();
  const refused = await end(poor['id'], 'charge');
  expect([refused.status, refused.body['error'].code, (await read(poor['id']))['state']]).toEqual([
    409,
    'early_fee_short',
    'active',
  ]);
  expect((await end(rich['id'], 'charge')).body).toMatchObject({ state: 'ended' });
  expect((await sales()) - before).toBe(50_000);
  await end(poor['id'], 'waive');
  expect((await sales()) - before).toBe(50_000);
  const events = await lango.asOwner<{ detail: Json }>(
    `SELECT detail FROM audit_event WHERE action = 'subscriptions.end' ORDER BY id`,
  );
  expect(events.map((one) => one.detail['early_fee'])).toEqual(['taken', 'waived']);
});

it('that is over costs nothing to leave', async () => {
  const sub = await makeSubscription(lango.api, { contract });
  await pay(sub['id'], 65_000);
  await shiftClock(lango.db, '370 days');
  const before = await sales();
  expect((await end(sub['id'], 'charge')).body).toMatchObject({ state: 'ended' });
  expect(await sales()).toBe(before);
});

it('is shown with its fee before the service is ended at the console', async () => {
  const staff = await consoleClient(lango);
  const sub = await makeSubscription(lango.api, { contract });
  await pay(sub['id'], 10_000);
  expect((await staff.get(`/subscribers/${sub['client_id']}`)).text).toContain(`/subscriptions/${sub['id']}/end`);
  const page = await staff.get(`/subscriptions/${sub['id']}/end`);
  expect([page.text.includes('KES 500'), page.text.includes('The wallet does not hold the fee')]).toEqual([true, true]);
  const refused = await staff.post(`/subscriptions/${sub['id']}/end`, { early_fee: 'charge' });
  expect([refused.status, (await read(sub['id']))['state']]).toEqual([409, 'active']);
  await pay(sub['id'], 45_000);
  await pay(sub['id'], 5_000);
  await staff.post(`/subscriptions/${sub['id']}/end`, { early_fee: 'waive' });
  expect((await read(sub['id']))['state']).toBe('ended');
  const plain = await makeSubscription(lango.api);
  expect((await staff.get(`/subscriptions/${plain['id']}/end`)).text).not.toContain('Fee for leaving early');
});
