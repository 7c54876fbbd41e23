import fc from 'fast-check';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { makePackage, makeSubscription, unique, type Json } from '../../test-kit/story';

/** Random histories of payments, refunds, wallets and plan changes: the books hold after each, and come to what a reckoning beside them comes to. */
let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
}, 60_000);
afterAll(() => lango?.stop());

const PRICE = 10_000;
const amount = fc.constantFrom(1, 2_500, 4_000, 9_999, 10_000, 10_001, 15_000, 30_000);
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pay' as const), amount }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('refund' as const),
      which: fc.nat(20),
      amount: fc.option(amount, { nil: undefined }),
      keep: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wallet' as const), amount }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('credit' as const), which: fc.nat(20), amount }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('plan' as const) }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** One payment as the reckoning knows it: what it brought, what of it was never used, what its sale still holds, what was given back. */
interface Paid {
  id: string;
  brought: number;
  unused: number;
  sale: number;
  given: number;
}
interface Reckoning {
  cash: number;
  wallet: number;
  paid: Paid[];
}

/** What giving so much of a payment back takes from where; undefined where it cannot be. */
function give(books: Reckoning, one: Paid, wanted: number | undefined): { sale: number; wallet: number } | undefined {
  const left = one.brought - one.given;
  const sum = wanted ?? left;
  if (left === 0 || sum > left) return undefined;
  const loose = Math.min(sum, one.unused, books.wallet);
  const sale = Math.min(sum - loose, one.sale);
  const wallet = sum - sale;
  return wallet > books.wallet ? undefined : { sale, wallet };
}

async function balance(code: string): Promise<number> {
  const [row] = await lango.asOwner<{ cents: number }>(
    'SELECT coalesce(sum(balance_cents), 0)::int AS cents FROM ledger_account WHERE tenant_id = $1 AND code LIKE $2',
    [company.tenantId.toString(), code],
  );
  return row!.cents;
}
let company: TestLango['company'];

async function play(history: Act[]): Promise<void> {
  company = await lango.addCompany();
  const { api } = company;
  await api.put('/approvals/limits', { kind: 'payments.refund', limit_cents: 1_000_000_000 });
  const sub = await makeSubscription(api, { price_cents: PRICE });
  const other = await makePackage(api, { price_cents: PRICE });
  const books: Reckoning = { cash: 0, wallet: 0, paid: [] };
  const client_id = sub['client_id'] as string;
  for (const step of history) {
    switch (step.do) {
      case 'pay': {
        const made = await api.post<Json>('/billing/transactions', {
          subscription_id: sub['id'],
          amount_cents: step.amount,
          method: 'cash',
          reference: unique('H'),
        });
        expect(made.status).toBe(201);
        const sale = books.wallet + step.amount >= PRICE ? PRICE : 0;
        books.cash += step.amount;
        books.wallet += step.amount - sale;
        const unused = step.amount - Math.min(sale, step.amount);
        books.paid.push({ id: made.body['id'], brought: step.amount, unused, sale, given: 0 });
        break;
      }
      case 'refund': {
        const one = books.paid[step.which % Math.max(1, books.paid.length)];
        if (!one) break;
        const expected = give(books, one, step.amount);
        const made = await api.post<Json>(`/billing/payments/${one.id}/refunds`, {
          way: 'cash',
          reason: 'history',
          service: step.keep ? 'keep' : 'take_back',
          ...(step.amount === undefined ? {} : { amount_cents: step.amount }),
        });
        expect([made.status === 201, made.body['credit_cents'] ?? null]).toEqual([
          expected !== undefined,
          expected?.sale ?? null,
        ]);
        if (!expected) break;
        const sum = expected.sale + expected.wallet;
        books.cash -= sum;
        books.wallet -= expected.wallet;
        one.sale -= expected.sale;
        one.given += sum;
        one.unused = Math.max(0, one.unused - expected.wallet);
        break;
      }
      case 'wallet': {
        const body = { client_id, amount_cents: step.amount, way: 'cash', reason: 'history' };
        const made = await api.post('/billing/refunds', body);
        expect(made.status === 201).toBe(step.amount <= books.wallet);
        if (made.status !== 201) break;
        books.cash -= step.amount;
        books.wallet -= step.amount;
        break;
      }
      case 'credit': {
        const one = books.paid[step.which % Math.max(1, books.paid.length)];
        if (!one || one.sale === 0) break;
        const [invoice] = await lango.asOwner<{ id: string }>(
          `SELECT i.id FROM invoice i JOIN ledger_transfer t ON t.id = i.transfer_id WHERE t.tenant_id = $1 AND t.key = $2`,
          [company.tenantId.toString(), `payment:${one.id}:sold`],
        );
        const made = await api.post(`/billing/invoices/${invoice!.id}/credit`, {
          amount_cents: step.amount,
          reason: 'history',
        });
        expect(made.status === 201).toBe(step.amount <= one.sale);
        if (made.status !== 201) break;
        one.sale -= step.amount;
        books.wallet += step.amount;
        break;
      }
      case 'plan':
        // At the next renewal, at the same price: no money moves, and what was bought before stays what it was.
        await api.post(`/subscriptions/${sub['id']}/change-plan`, { package_id: other['id'], when: 'renewal' });
    }
    const sales = books.paid.reduce((sum, one) => sum + one.sale, 0);
    expect([0 - (await balance('cash')), await balance('wallet:%'), await balance('sales')]).toEqual([
      books.cash,
      books.wallet,
      sales,
    ]);
  }
  const faults = await lango.asOwner(
    'SELECT problem FROM ledger_verify() UNION ALL SELECT problem FROM invoice_verify() UNION ALL SELECT problem FROM payment_refund_verify()',
  );
  expect(faults).toEqual([]);
  for (const one of books.paid) {
    const { body } = await api.get<Json>(`/billing/payments/${one.id}`);
    expect(body['state']).toBe(one.given === one.brought ? 'refunded' : 'settled');
  }
}

test('money that comes and goes comes to the same by two ways of reckoning', async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 6, maxLength: 14 }), play), {
    numRuns: 6,
    endOnFailure: true,
  });
}, 240_000);
