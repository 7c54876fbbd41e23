import { Client } from 'pg';
import { makeActive, makeClient, makePackage, make, unique, type Json } from '../test-kit/story';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { until } from '../test-kit/until';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
}, 60_000);
afterAll(() => lango?.stop());

const documents = (subscriptionId: string): Promise<Json[]> =>
  lango.asOwner<Json>('SELECT * FROM invoice WHERE subscription_id = $1 ORDER BY id', [subscriptionId]);
const pay = async (subscriptionId: string, cents: number): Promise<void> => {
  await make(lango.api, '/billing/transactions', {
    subscription_id: subscriptionId,
    amount_cents: cents,
    method: 'cash',
    reference: unique('R'),
  });
};
const faults = (): Promise<Json[]> => lango.asOwner('SELECT * FROM invoice_verify()');

test('a payment that buys issues its invoice, which gets a number of its own within moments', async () => {
  const sub = await makeActive(lango.api);
  await pay(sub['id'], 25_000);
  const [invoice, more] = await documents(sub['id']);
  expect(more).toBeUndefined();
  expect(invoice).toMatchObject({
    kind: 'invoice',
    total_cents: '10000',
    currency: 'KES',
    subscriber_id: sub['client_id'],
  });
  const [line] = await lango.asOwner<Json>('SELECT * FROM invoice_line WHERE invoice_id = $1', [invoice?.['id']]);
  expect(line).toMatchObject({ kind: 'service', quantity: 1, unit_cents: '10000', tax_type: 'D' });
  expect(line?.['description']).toMatch(/^Daily/);
  expect(line?.['period_to'].getTime() - line?.['period_from'].getTime()).toBe(86_400_000);
  const [numbered] = await until(
    () => documents(sub['id']),
    ([one]) => one?.['number'] !== null,
  );
  expect(numbered?.['number_text']).toMatch(/^INV-\d{6}$/);
  expect(await faults()).toEqual([]);
});
