import fc from 'fast-check';
import type { ApiClient } from '../test-kit/api-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makePackage, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { makeReseller, makeSecondPerson, type TestReseller } from './testing/make-reseller';

/**
 * Any history of top-ups, sales, payments past the reseller, refunds, payouts and voucher stock, counted once by the product and once here, with nothing but
 * arithmetic: floats, commission and statements agree to the cent, and no float falls below its limit.
 */
let lango: TestLango;
let plans: { id: string; price: number }[];
let second: ApiClient;
const PERCENT_BP = [733, 1_250];
const LIMIT = 5_000;

beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  second = await makeSecondPerson(lango);
  // So much a day that one person may give back alone.
  await lango.asOwner(
    `INSERT INTO approval_limit (tenant_id, kind, limit_cents) VALUES ($1, 'payments.refund', 1000000000)`,
    [lango.company.tenantId.toString()],
  );
  plans = [];
  for (const price of [3_333, 9_999]) {
    const pack = await makePackage(lango.api, { price_cents: price });
    plans.push({ id: String(pack['id']), price });
    await make(lango.api, '/resellers/rules', { package_id: pack['id'], percent_bp: PERCENT_BP[plans.length - 1] });
  }
}, 180_000);
afterAll(() => lango?.stop());

type Op =
  | { do: 'top_up'; cents: number }
  | { do: 'sell'; plan: number; phone: number }
  | { do: 'pay_past'; sale: number }
  | { do: 'refund'; sale: number; part: number }
  | { do: 'stock'; count: number; wholesale: number; charged: 'assignment' | 'sale' }
  | { do: 'code' }
  | { do: 'take_back'; batch: number }
  | { do: 'payout'; agreed: boolean };

const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ do: fc.constant('top_up' as const), cents: fc.integer({ min: 1, max: 30_000 }) }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sell' as const), plan: fc.nat(1), phone: fc.nat(2) }) },
  fc.record({ do: fc.constant('pay_past' as const), sale: fc.nat(5) }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('refund' as const),
      sale: fc.nat(5),
      part: fc.integer({ min: 1, max: 100 }),
    }),
  },
  fc.record({
    do: fc.constant('stock' as const),
    count: fc.integer({ min: 1, max: 3 }),
    wholesale: fc.integer({ min: 0, max: 3_000 }),
    charged: fc.constantFrom('assignment' as const, 'sale' as const),
  }),
  fc.record({ do: fc.constant('code' as const) }),
  fc.record({ do: fc.constant('take_back' as const), batch: fc.nat(2) }),
  fc.record({ do: fc.constant('payout' as const), agreed: fc.boolean() }),
);

interface Sale {
  payment: string;
  service: string;
  plan: number;
  /** Paid to the company directly, and not out of the float. */
  past: boolean;
  cents: number;
  refunded: number;
}
interface Batch {
  id: string;
  count: number;
  wholesale: number;
  charged: 'assignment' | 'sale';
  sold: number;
  back: boolean;
}

/** What should stand in the books, kept by arithmetic alone. */
class Books {
  float = 0;
  paidOut = 0;
  readonly sales: Sale[] = [];
  readonly batches: Batch[] = [];

  affords = (cents: number): boolean => this.float - cents >= -LIMIT;

  /** Round half up of so many hundredths of a percent, less the part of it that the refunds are of the sale, half up too. */
  get commission(): number {
    return this.sales.reduce((sum, sale) => {
      const earned = Math.floor((sale.cents * PERCENT_BP[sale.plan]! + 5_000) / 10_000);
      return sum + earned - Math.floor((2 * earned * sale.refunded + sale.cents) / (2 * sale.cents));
    }, 0 - this.paidOut);
  }
}

async function perform(who: TestReseller, books: Books, one: Op): Promise<void> {
  const expectStatus = (answer: { status: number; body: unknown }, may: boolean) =>
    expect({ one, status: answer.status, body: may ? undefined : answer.body }).toMatchObject({
      status: may ? 201 : 409,
    });
  switch (one.do) {
    case 'top_up':
      await make(lango.api, `/resellers/${who.id}/top-up`, {
        amount_cents: one.cents,
        method: 'cash',
        reference: unique('T'),
      });
      books.float += one.cents;
      return;
    case 'sell': {
      const { id, price } = plans[one.plan]!;
      const answer = await who.api.post<Json>('/resellers/own/sales', {
        package_id: id,
        phone: `07${who.id.padStart(7, '3')}${one.phone}`,
      });
      expectStatus(answer, books.affords(price));
      if (answer.status !== 201) return;
      books.float -= price;
      books.sales.push({
        payment: answer.body['payment_id'],
        service: answer.body['subscription_id'],
        plan: one.plan,
        past: false,
        cents: price,
        refunded: 0,
      });
      return;
    }
    case 'pay_past': {
      const sale = books.sales[one.sale];
      if (!sale) return;
      const { price } = plans[sale.plan]!;
      const paid = await make(lango.api, '/billing/transactions', {
        subscription_id: sale.service,
        amount_cents: price,
        method: 'cash',
        reference: unique('P'),
      });
      books.sales.push({ ...sale, payment: String(paid['id']), past: true, refunded: 0 });
      return;
    }
    case 'refund': {
      const sale = books.sales[one.sale];
      if (!sale || sale.refunded === sale.cents) return;
      const cents = Math.max(1, Math.floor(((sale.cents - sale.refunded) * one.part) / 100));
      await make(lango.api, `/billing/payments/${sale.payment}/refunds`, {
        way: sale.past ? 'bank' : 'float',
        service: 'keep',
        amount_cents: cents,
        reason: 'any history',
      });
      sale.refunded += cents;
      if (!sale.past) books.float += cents;
      return;
    }
    case 'stock': {
      // So many codes out of a larger batch: they are a batch of their own.
      const batch = await make(lango.api, '/vouchers/batches', { package_id: plans[0]!.id, count: one.count + 2 });
      const { wholesale, charged, count } = one;
      const cost = charged === 'assignment' ? wholesale * count : 0;
      const answer = await lango.api.post(`/resellers/${who.id}/stock`, {
        batch_id: batch['id'],
        wholesale_cents: wholesale,
        charged,
        count,
      });
      const may = cost === 0 || books.affords(cost);
      expectStatus(answer, may);
      if (!may) return;
      books.float -= cost;
      const [given] = answer.body as Json[];
      books.batches.push({ id: String(given?.['batch_id']), count, wholesale, charged, sold: 0, back: false });
      return;
    }
    case 'code': {
      const batch = books.batches.find((each) => each.charged === 'sale' && !each.back && each.sold < each.count);
      if (!batch) return;
      const may = batch.wholesale === 0 || books.affords(batch.wholesale);
      expectStatus(await who.api.post(`/resellers/own/stock/${batch.id}/sell`), may);
      if (!may) return;
      books.float -= batch.wholesale;
      batch.sold += 1;
      return;
    }
    case 'take_back': {
      const batch = books.batches[one.batch];
      if (!batch || batch.back) return;
      // What is all sold is its buyers'.
      const nothing = batch.charged === 'sale' && batch.sold === batch.count;
      const answer = await lango.api.post(`/resellers/${who.id}/stock/${batch.id}/take-back`);
      expect(answer.status).toBe(nothing ? 422 : 200);
      if (nothing) return;
      batch.back = true;
      if (batch.charged === 'assignment') books.float += batch.wholesale * batch.count;
      return;
    }
    case 'payout': {
      const owed = books.commission;
      const planned = await lango.api.post<Json>('/resellers/payouts', { method: 'hand', reseller_ids: [who.id] });
      expectStatus(planned, owed > 0);
      if (planned.status !== 201) return;
      expect(planned.body['total_cents']).toBe(owed);
      await second.post(`/approvals/${planned.body['approval_id']}/${one.agreed ? 'approve' : 'refuse'}`, {});
      const { payouts } = await until(
        async () => (await lango.api.get<Json>(`/resellers/payouts/${planned.body['id']}`)).body,
        (run) => run['payouts'][0]['state'] !== 'waiting',
      );
      expect(payouts[0]['state']).toBe(one.agreed ? 'sending' : 'cancelled');
      if (!one.agreed) return;
      await lango.api.post(`/resellers/payouts/each/${payouts[0]['id']}/mark`, {
        outcome: 'paid',
        from: 'bank',
        reference: unique('E'),
      });
      books.paidOut += owed;
    }
  }
}

async function compare(who: TestReseller, books: Books): Promise<void> {
  const { body: shown } = await lango.api.get<Json>(`/resellers/${who.id}`);
  expect(shown).toMatchObject({ float_cents: books.float, commission_cents: books.commission });
  expect(books.float).toBeGreaterThanOrEqual(-LIMIT);
  const { body } = await lango.api.get<Json>(
    `/resellers/${who.id}/statement?from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z`,
  );
  const running = { float: 0, commission: 0 };
  for (const line of body['lines'] as {
    account: 'float' | 'commission';
    amount_cents: number;
    balance_cents: number;
  }[]) {
    running[line.account] += line.amount_cents;
    expect(line.balance_cents).toBe(running[line.account]);
    if (line.account === 'float') expect(line.balance_cents).toBeGreaterThanOrEqual(-LIMIT);
  }
  expect(running).toEqual({ float: books.float, commission: books.commission });
  expect([body['float'].closing_cents, body['commission'].closing_cents]).toEqual([books.float, books.commission]);
  expect(await lango.asOwner('SELECT problem FROM ledger_verify()')).toEqual([]);
}

test('any history agrees with a count of its own', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 6, maxLength: 16 }), async (history) => {
      const who = await makeReseller(lango, { credit_limit_cents: LIMIT });
      const books = new Books();
      for (const one of history) await perform(who, books, one);
      await compare(who, books);
    }),
    { numRuns: 5, endOnFailure: true },
  );
}, 180_000);
