import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeActive, makePackage, unique, type Json } from '../test-kit/story';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
}, 300_000);
afterAll(() => lango?.stop());

/** The company's taxes from today on, in hundredths of a percent. */
async function charge(rates: { excise: number; vat: number }): Promise<void> {
  for (const [tax, rate] of Object.entries(rates))
    await lango.asOwner(
      `INSERT INTO invoice_tax (tenant_id, tax, starts_on, rate_bp) VALUES ($1, $2, (lango_now() AT TIME ZONE 'Africa/Nairobi')::date, $3)
       ON CONFLICT (tenant_id, tax, starts_on) DO UPDATE SET rate_bp = excluded.rate_bp`,
      [lango.company.tenantId.toString(), tax, rate],
    );
}
const follow = () => lango.asOwner('SELECT plan_follow_taxes(500)');
const read = async (path: string): Promise<Json> => (await lango.api.get<Json>(path)).body;

/** Half a cent up, in whole numbers: what plan_gross must come to. */
const part = (cents: bigint, bp: bigint): bigint => (2n * cents * bp + 10_000n) / 20_000n;
function oracle(net: bigint, excise_bp: bigint, vat_bp: bigint) {
  const excise = part(net, excise_bp);
  const vat = part(net + excise, vat_bp);
  return { excise, vat, gross: net + excise + vat };
}

async function pay(sub: Json, cents: number): Promise<Json> {
  const body = { subscription_id: sub['id'], amount_cents: cents, method: 'cash', reference: unique('N') };
  return make(lango.api, '/billing/transactions', body);
}

test('a net price and its taxes make the price, and the invoice finds the same parts in it again, for every cent and rate', async () => {
  const rates = [0, 1, 7, 49, 50, 99, 150, 333, 800, 1000, 1234, 1500, 1600, 1850, 2500, 3333, 5000, 9999];
  // Every small amount, where rounding is worst, and some of any size, at all pairs of rates.
  const rows = await lango.asOwner<Record<'net' | 'e' | 'v' | 'gross' | 'n' | 'x' | 't', string>>(
    `SELECT c.net, e.bp AS e, v.bp AS v, g.gross, s.net_cents AS n, s.excise_cents AS x, s.vat_cents AS t
     FROM (SELECT generate_series(0, 90) AS net UNION ALL SELECT (random() * 10 ^ (2 + i % 9))::bigint FROM generate_series(1, 60) i) c,
       unnest($1::integer[]) AS e (bp), unnest($1::integer[]) AS v (bp), LATERAL (SELECT plan_gross(c.net, e.bp, v.bp) AS gross) g, invoice_split(g.gross, e.bp, v.bp) s`,
    [rates],
  );
  expect(rows.length).toBe(151 * rates.length ** 2);
  const wrong = rows.filter((row) => {
    const { gross, excise, vat } = oracle(BigInt(row.net), BigInt(row.e), BigInt(row.v));
    return [row.gross, row.n, row.x, row.t].join() !== [gross, row.net, excise, vat].join();
  });
  expect(wrong.slice(0, 5)).toEqual([]);
});

test('the customer is asked the price and the taxes of the day; lines, total, ledger and what was paid are one sum', async () => {
  await charge({ excise: 1500, vat: 1600 });
  for (const net of [99_999, 3, 0]) {
    const { gross, excise, vat } = oracle(BigInt(net), 1500n, 1600n);
    const sub = await makeActive(lango.api, { net_cents: net, price_cents: undefined });
    expect(sub['price_cents']).toBe(Number(gross));
    if (gross === 0n) continue;
    const paid = await pay(sub, Number(gross));
    expect(paid).toMatchObject({ outcome: 'renewed', applied_cents: Number(gross), wallet_cents: 0 });
    const [doc] = await lango.asOwner<Json>(
      `SELECT i.net_cents, i.excise_cents, i.vat_cents, i.total_cents, t.amount_cents, sum(l.total_cents)::text AS lines, sum(l.net_cents)::text AS nets
       FROM invoice i JOIN ledger_transfer t ON t.id = i.transfer_id JOIN invoice_line l ON l.invoice_id = i.id WHERE i.subscription_id = $1 GROUP BY i.id, t.id`,
      [sub['id']],
    );
    const [n, x, v, g] = [String(net), String(excise), String(vat), String(gross)];
    expect(doc).toEqual({
      net_cents: n,
      excise_cents: x,
      vat_cents: v,
      total_cents: g,
      amount_cents: g,
      lines: g,
      nets: n,
    });
  }
  expect(await lango.asOwner('SELECT * FROM invoice_verify()')).toEqual([]);
});

test('new taxes make a new version, which the next purchase buys; what was sold stays as it was sold', async () => {
  await charge({ excise: 0, vat: 1600 });
  const sub = await makeActive(lango.api, { net_cents: 50_000, price_cents: undefined });
  const plan = await read(`/packages/${sub['package_id']}`);
  expect(plan).toMatchObject({ net_cents: 50_000, price_cents: 58_000, version: 1 });
  const inside = await makePackage(lango.api, { price_cents: 58_000 });
  // Somebody who keeps the terms of an older version follows the taxes on those.
  await lango.api.patch(`/packages/${plan['id']}`, { net_cents: 70_000, existing: 'keep' });
  await charge({ excise: 0, vat: 1800 });
  expect((await read(`/subscriptions/${sub['id']}`))['price_cents']).toBe(58_000);
  await follow();
  await follow();
  expect(await read(`/packages/${plan['id']}`)).toMatchObject({ net_cents: 70_000, price_cents: 82_600 });
  expect(await read(`/packages/${inside['id']}`)).toMatchObject({ net_cents: null, price_cents: 58_000, version: 1 });
  const sold = await lango.asOwner<Json>(
    `SELECT v.price_cents AS runs, n.price_cents AS next FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id JOIN plan_version n ON n.id = s.next_plan_version_id WHERE s.id = $1`,
    [sub['id']],
  );
  expect(sold).toEqual([{ runs: '58000', next: '59000' }]);
  const versions = () => lango.asOwner('SELECT id FROM plan_version WHERE plan_id = $1', [plan['id']]);
  expect(await versions()).toHaveLength(4);
  expect(await pay(sub, 59_000)).toMatchObject({ outcome: 'renewed', wallet_cents: 0 });
  // A change of terms after that has a number of its own.
  expect((await lango.api.patch<Json>(`/packages/${plan['id']}`, { down_kbps: 20_000 })).status).toBe(200);
  await follow();
  expect(await versions()).toHaveLength(5);
});

test('a price given alone is what the customer pays; one of both is the net price; none is refused', async () => {
  await charge({ excise: 0, vat: 1600 });
  const plan = await makePackage(lango.api, { net_cents: 10_000, price_cents: 1 });
  expect(plan).toMatchObject({ net_cents: 10_000, price_cents: 11_600 });
  const same = await lango.api.patch<Json>(`/packages/${plan['id']}`, plan);
  expect(same.body).toEqual(plan);
  const alone = await lango.api.patch<Json>(`/packages/${plan['id']}`, { price_cents: 12_000 });
  expect(alone.body).toMatchObject({ net_cents: null, price_cents: 12_000, version: 2 });
  const none = await lango.api.post<Json>('/packages', {
    ...plan,
    name: unique('None'),
    net_cents: null,
    price_cents: undefined,
  });
  expect(none.status).toBe(422);
  expect(Object.keys(none.body['error'].fields)).toEqual(['price_cents']);
});
