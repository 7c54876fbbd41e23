import fc from 'fast-check';
import { make, makeActive, makePackage, unique, type Json } from '../test-kit/story';
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
const numbered = (subscriptionId: string): Promise<Json[]> =>
  until(
    () => documents(subscriptionId),
    (all) => all.length > 0 && all.every((one) => one['number'] !== null),
  );
const charge = (tax: string): Promise<unknown> =>
  lango.asOwner(
    `INSERT INTO invoice_tax (tenant_id, tax, starts_on) VALUES ($1, $2, '2024-01-01') ON CONFLICT DO NOTHING`,
    [lango.company.tenantId.toString(), tax],
  );

test('a payment that buys issues its invoice, which gets a number of its own within moments', async () => {
  const sub = await makeActive(lango.api);
  await pay(sub['id'], 25_000);
  const [invoice, more] = await numbered(sub['id']);
  expect(more).toBeUndefined();
  expect(invoice).toMatchObject({ kind: 'invoice', total_cents: '10000', currency: 'KES', vat_cents: '0' });
  expect(invoice?.['subscriber_id']).toBe(sub['client_id']);
  expect(invoice?.['number_text']).toMatch(/^INV-\d{6}$/);
  const { body } = await lango.api.get<Json>(`/billing/invoices/${invoice?.['id']}`);
  expect(body['lines']).toHaveLength(1);
  const [line] = body['lines'];
  expect(line).toMatchObject({ kind: 'service', quantity: 1, unit_cents: 10_000, discount_cents: 0, tax_type: 'D' });
  expect(line.description).toMatch(/^Daily/);
  // Paid while a day was running: it gives the day after that one.
  expect(line.period_from).toBe(sub['expires_at']);
  expect(Date.parse(line.period_to) - Date.parse(line.period_from)).toBe(86_400_000);
});

test('too little in the wallet issues nothing; what the wallet pays later does, and a change of plan is invoiced or credited by the difference', async () => {
  const sub = await makeActive(lango.api, { price_cents: 30_000, validity: { count: 30, unit: 'day' } });
  await pay(sub['id'], 20_000);
  expect(await documents(sub['id'])).toEqual([]);
  await pay(sub['id'], 200_000);
  const dearer = await makePackage(lango.api, { price_cents: 90_000, validity: { count: 30, unit: 'day' } });
  const cheaper = await makePackage(lango.api, { price_cents: 15_000, validity: { count: 30, unit: 'day' } });
  for (const one of [dearer, cheaper]) {
    const answer = await lango.api.post(`/subscriptions/${sub['id']}/change-plan`, {
      package_id: one['id'],
      when: 'now',
      settle: 'money',
    });
    expect(answer.status).toBe(200);
  }
  const [bought, up, ...back] = await numbered(sub['id']);
  expect([bought?.['kind'], up?.['kind']]).toEqual(['invoice', 'invoice']);
  expect(back.length).toBeGreaterThan(0);
  for (const one of back) {
    expect(one).toMatchObject({ kind: 'credit_note', number_text: expect.stringMatching(/^CN-\d{6}$/) });
    expect([bought?.['id'], up?.['id']]).toContain(one['credits_invoice_id']);
  }
  expect(await faults()).toEqual([]);
});

test('an invoice is taken back in parts until nothing of it is left, taxes too, and never more, also by two at once', async () => {
  await charge('vat');
  await charge('excise');
  const sub = await makeActive(lango.api, { price_cents: 150_000 });
  await pay(sub['id'], 150_000);
  const [invoice] = await documents(sub['id']);
  expect(invoice).toMatchObject({
    net_cents: '112443',
    excise_cents: '16867',
    vat_cents: '20690',
    excise_bp: 1500,
    vat_bp: 1600,
  });
  const credit = (amount_cents?: number) =>
    lango.api.post<Json>(`/billing/invoices/${invoice?.['id']}/credit`, {
      amount_cents,
      reason: 'An outage of two days',
    });
  expect((await credit(150_001)).status).toBe(422);
  expect((await credit(33_333)).body).toMatchObject({
    kind: 'credit_note',
    total_cents: 33_333,
    credits_invoice_id: invoice?.['id'],
  });
  const two = await Promise.all([credit(100_000), credit(100_000)]);
  expect(two.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 422]);
  expect((await credit()).body['total_cents']).toBe(16_667);
  expect((await credit()).status).toBe(422);
  const [sum] = await lango.asOwner<Json>(
    `SELECT sum(net_cents)::int AS net, sum(excise_cents)::int AS excise, sum(vat_cents)::int AS vat FROM invoice WHERE credits_invoice_id = $1`,
    [invoice?.['id']],
  );
  expect(sum).toEqual({ net: 112_443, excise: 16_867, vat: 20_690 });
  const wallet = await lango.api.get<Json>(`/billing/ledger/accounts?client_id=${sub['client_id']}`);
  expect(wallet.body['items'][0].balance_cents).toBe(150_000);
  expect(await faults()).toEqual([]);
});

test('it is found by its number, listed with its customer, and comes as PDF in two languages under the company that it was sold by', async () => {
  const tenant = lango.company.tenantId.toString();
  await lango.asOwner(
    `INSERT INTO invoice_seller (tenant_id, legal_name, pin, invoice_prefix) VALUES ($1, 'Lango Test Limited', 'P051234567X', 'LT/')`,
    [tenant],
  );
  const sub = await makeActive(lango.api);
  await lango.asOwner(
    `INSERT INTO invoice_buyer (subscriber_id, tenant_id, name, pin) VALUES ($1, $2, 'Ngũgĩ & Sons', 'P000111222Z')`,
    [sub['client_id'], tenant],
  );
  await pay(sub['id'], 10_000);
  const [row] = await numbered(sub['id']);
  expect(row?.['number_text']).toMatch(/^LT\/\d{6}$/);
  for (const q of [row?.['number_text'].toLowerCase(), row?.['number'], 'wanjiru'])
    expect((await lango.api.get<Json>(`/billing/invoices?q=${encodeURIComponent(q)}`)).body['items']).toContainEqual(
      expect.objectContaining({ id: row?.['id'], number: row?.['number_text'], client_id: sub['client_id'] }),
    );
  expect((await lango.api.get<Json>('/billing/invoices?q=LT/999')).body['items']).toEqual([]);
  const search = await lango.api.get<Json>(`/search?q=${encodeURIComponent(row?.['number_text'])}`);
  expect(search.body['items']).toContainEqual(
    expect.objectContaining({ kind: 'invoices', id: row?.['id'], code: row?.['number_text'], exact: true }),
  );
  await lango.asOwner(`UPDATE invoice_seller SET legal_name = 'Renamed' WHERE tenant_id = $1`, [tenant]);
  const whole = (await lango.api.get<Json>(`/billing/invoices/${row?.['id']}`)).body;
  expect(whole).toMatchObject({
    seller: { name: 'Lango Test Limited', pin: 'P051234567X' },
    buyer: { name: 'Ngũgĩ & Sons', pin: 'P000111222Z' },
  });
  const pdf = async (lang: string): Promise<Buffer> => {
    const answer = await fetch(`${lango.baseUrl}/api/billing/invoices/${row?.['id']}.pdf?lang=${lang}`, {
      headers: { authorization: `Bearer ${lango.api.token}` },
    });
    expect(answer.headers.get('content-type')).toBe('application/pdf');
    return Buffer.from(await answer.arrayBuffer());
  };
  const [en, sw] = [await pdf('en'), await pdf('sw')];
  expect(en.subarray(0, 5).toString()).toBe('%PDF-');
  // Text that can be searched and copied, with the font in it.
  expect(en.toString('latin1')).toMatch(/ToUnicode[\s\S]*FontFile2|FontFile2[\s\S]*ToUnicode/);
  expect(en.equals(sw)).toBe(false);
});

test('revenue is what the invoices say less what was taken back, with the taxes inside, and is the ledger’s sales', async () => {
  const { body } = await lango.api.get<Json>('/billing/revenue?by=month');
  const [sales] = await lango.asOwner<{ cents: number }>(
    `SELECT balance_cents::int AS cents FROM ledger_account WHERE tenant_id = $1 AND code = 'sales' AND currency = 'KES'`,
    [lango.company.tenantId.toString()],
  );
  const sum = (name: string) => body['items'].reduce((all: number, item: Json) => all + item[name], 0);
  expect(sum('total_cents')).toBe(sales?.cents);
  expect(sum('net_cents') + sum('excise_cents') + sum('vat_cents')).toBe(sum('total_cents'));
  expect(sum('vat_cents')).toBeGreaterThan(0);
  expect((await lango.api.get('/billing/revenue?from=2026-02-02&to=2026-02-01')).status).toBe(422);
});

test('whatever happens, documents are the ledger’s sales', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('pay' as const), cents: fc.integer({ min: 1, max: 30_000 }) }),
    fc.record({ kind: fc.constant('credit' as const), part: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ kind: fc.constant('plan' as const), which: fc.integer({ min: 0, max: 1 }) }),
  );
  const company = await lango.addCompany();
  const plans: Json[] = [];
  for (const price_cents of [7_001, 19_999])
    plans.push(await makePackage(company.api, { price_cents, validity: { count: 7, unit: 'day' } }));
  await lango.asOwner(
    `INSERT INTO invoice_tax (tenant_id, tax, starts_on) VALUES ($1, 'vat', '2024-01-01'), ($1, 'excise', '2024-01-01')`,
    [company.tenantId.toString()],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
      const sub = await makeActive(company.api, { price_cents: 10_000, validity: { count: 7, unit: 'day' } });
      for (const one of steps) {
        if (one.kind === 'pay')
          await make(company.api, '/billing/transactions', {
            subscription_id: sub['id'],
            amount_cents: one.cents,
            method: 'cash',
            reference: unique('P'),
          });
        else if (one.kind === 'plan')
          await company.api.post(`/subscriptions/${sub['id']}/change-plan`, {
            package_id: plans[one.which]?.['id'],
            when: 'now',
            settle: 'money',
          });
        else {
          const [last] = (await company.api.get<Json>(`/billing/invoices?subscription_id=${sub['id']}&kind=invoice`))
            .body['items'];
          if (!last) continue;
          const amount_cents = Math.ceil(((last.total_cents - last.credited_cents) * one.part) / 100);
          if (amount_cents === 0) continue;
          const answer = await company.api.post(`/billing/invoices/${last.id}/credit`, {
            amount_cents,
            reason: 'By chance',
          });
          expect(answer.status).toBe(201);
        }
      }
      const [books] = await lango.asOwner<{ sales: string; papers: string; parts: string }>(
        `SELECT (SELECT coalesce(sum(balance_cents), 0) FROM ledger_account WHERE tenant_id = $1 AND code = 'sales') AS sales,
           coalesce(sum(CASE kind WHEN 'invoice' THEN total_cents ELSE -total_cents END), 0) AS papers,
           coalesce(sum((net_cents + vat_cents + excise_cents) * CASE kind WHEN 'invoice' THEN 1 ELSE -1 END), 0) AS parts FROM invoice WHERE tenant_id = $1`,
        [company.tenantId.toString()],
      );
      expect(books?.papers).toBe(books?.sales);
      expect(books?.parts).toBe(books?.sales);
    }),
    { numRuns: 6 },
  );
  expect(await faults()).toEqual([]);
}, 60_000);
