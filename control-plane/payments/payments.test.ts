import { Client } from 'pg';
import { verifyLedger } from '../ledger';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { asOwner, makeActive, makeSubscription, openSession, shiftClock, unique, type Json } from '../test-kit/story';

let lango: TestLango;
let owner: Client;
beforeAll(async () => {
  lango = await startTestLango();
  owner = new Client({ connectionString: lango.db.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await lango.stop();
});
afterEach(async () => {
  await shiftClock(lango.db, '0');
  expect(await verifyLedger(owner)).toMatchObject({ ok: true, problems: [] });
});

type List = { items: Json[]; nextCursor: string | null };
const day = 86_400_000;
const ms = (iso: string) => new Date(iso).getTime();
const pay = (subscription_id: string, amount_cents: number, over: Json = {}) =>
  lango.api.post<Json>('/billing/transactions', {
    subscription_id,
    amount_cents,
    method: 'cash',
    reference: unique('R'),
    ...over,
  });
const wallet = async (clientId: string) => {
  const { items } = (await lango.api.get<List>(`/billing/ledger/accounts?q=wallet&client_id=${clientId}`)).body;
  return items[0]?.['balance_cents'] ?? 0;
};
const balance = async (code: string) => {
  const { items } = (await lango.api.get<List>(`/billing/ledger/accounts?q=${code}`)).body;
  return items.find((account) => account['code'] === code)?.['balance_cents'] ?? 0;
};

describe('a payment by hand', () => {
  it('of the price begins a pending subscription and books cash, wallet and sale', async () => {
    const sub = await makeSubscription(lango.api);
    const before = { cash: await balance('cash'), sales: await balance('sales') };
    const paid = await pay(sub['id'], 10_000);
    expect(paid.status).toBe(201);
    expect(paid.body).toMatchObject({
      state: 'settled',
      outcome: 'activated',
      amount_cents: 10_000,
      applied_cents: 10_000,
      wallet_cents: 0,
      wallet_balance_cents: 0,
      currency: 'KES',
      received_by: 'Amina Admin',
      subscription: { id: sub['id'], state: 'active' },
    });
    expect(paid.body['timeline'].map((step: Json) => step['step'])).toEqual([
      'received',
      'credited',
      'activated',
      'settled',
    ]);
    expect(ms(paid.body['subscription'].expires_at) - ms(paid.body['subscription'].starts_at)).toBe(day);
    expect([(await balance('cash')) - before.cash, (await balance('sales')) - before.sales]).toEqual([10_000, 10_000]);
    const shown = (await lango.api.get<Json>(`/billing/payments/${paid.body['id']}`)).body;
    expect(shown).toMatchObject({ id: paid.body['id'], state: 'settled', provider_ref: paid.body['reference'] });
    for (const step of shown['timeline']) expect(step.at).toMatch(/\.\d{3}Z$/);
  });

  it('reaches the live session in the same transaction, and the console', async () => {
    const sub = await makeActive(lango.api);
    await openSession(lango.db, sub['id']);
    const heard: string[] = [];
    owner.on('notification', (message) => heard.push(message.payload ?? ''));
    await owner.query('LISTEN lango_live');
    const paid = (await pay(sub['id'], 10_000)).body;
    expect(paid).toMatchObject({ outcome: 'renewed' });
    const orders = (await lango.api.get<List>(`/enforcements?subscription_id=${sub['id']}`)).body.items;
    expect(orders).toMatchObject([{ kind: 'refresh', reason: 'payment', state: 'open', attempts: [] }]);
    await owner.query('SELECT 1');
    expect(heard.map((text) => JSON.parse(text))).toContainEqual(
      expect.objectContaining({ topic: 'payment', id: paid['id'], tenant: lango.company.tenantId.toString() }),
    );
    await owner.query('UNLISTEN *');
  });

  it('too small goes to the wallet and says so; the next one counts it in', async () => {
    const sub = await makeSubscription(lango.api);
    const first = (await pay(sub['id'], 4_000)).body;
    expect(first).toMatchObject({
      outcome: 'wallet_short',
      applied_cents: 0,
      wallet_cents: 4_000,
      wallet_balance_cents: 4_000,
      subscription: { state: 'pending' },
    });
    expect(first['message']).toContain('went to the wallet');
    const second = (await pay(sub['id'], 6_500)).body;
    expect(second).toMatchObject({
      outcome: 'activated',
      wallet_balance_cents: 500,
      subscription: { state: 'active' },
    });
  });

  it('too large renews once and leaves the rest in the wallet', async () => {
    const sub = await makeActive(lango.api);
    const paid = (await pay(sub['id'], 35_000)).body;
    expect(paid).toMatchObject({
      outcome: 'renewed',
      applied_cents: 10_000,
      wallet_cents: 25_000,
      wallet_balance_cents: 25_000,
    });
    expect(ms(paid['subscription'].expires_at) - ms(sub['expires_at'])).toBe(day);
    expect(await wallet(sub['client_id'])).toBe(25_000);
  });

  it('after expiry starts a new validity now', async () => {
    const sub = await makeActive(lango.api);
    await shiftClock(lango.db, '5 days');
    const paid = (await pay(sub['id'], 10_000)).body;
    expect(paid['subscription']).toMatchObject({ state: 'active' });
    expect(ms(paid['subscription'].expires_at) - ms(paid['subscription'].starts_at)).toBe(day);
  });

  it('for a suspended or paused one waits in the wallet', async () => {
    for (const [action, body, outcome] of [
      ['suspend', { reason: 'fraud' }, 'wallet_suspended'],
      ['pause', undefined, 'wallet_paused'],
    ] as const) {
      const sub = await makeActive(lango.api);
      await lango.api.post(`/subscriptions/${sub['id']}/${action}`, body);
      const paid = (await pay(sub['id'], 10_000)).body;
      expect(paid).toMatchObject({
        outcome,
        applied_cents: 0,
        wallet_cents: 10_000,
        subscription: { state: action === 'pause' ? 'paused' : 'suspended' },
      });
      expect(paid['message']).toContain('Resume it');
    }
  });

  it('for an ended one is refused and leaves nothing behind', async () => {
    const sub = await makeActive(lango.api);
    await lango.api.delete(`/clients/${sub['client_id']}`);
    const refused = await pay(sub['id'], 10_000, { reference: 'ENDED-1' });
    expect([refused.status, refused.body['error'].code]).toEqual([409, 'is_ended']);
    expect((await lango.api.get<List>('/billing/payments?q=ENDED-1')).body.items).toEqual([]);
  });

  it('for a plan that costs nothing renews and keeps the money', async () => {
    const sub = await makeSubscription(lango.api, { price_cents: 0 });
    expect((await pay(sub['id'], 100)).body).toMatchObject({
      outcome: 'activated',
      applied_cents: 0,
      wallet_balance_cents: 100,
    });
  });

  it.each<[string, Json, string]>([
    ['nothing', { amount_cents: 0 }, 'amount_cents'],
    ['less than nothing', { amount_cents: -5 }, 'amount_cents'],
    ['half a cent', { amount_cents: 10.5 }, 'amount_cents'],
    ['text', { amount_cents: '10000' }, 'amount_cents'],
    ['more money than there is', { amount_cents: 1e15 }, 'amount_cents'],
    ['a goat', { method: 'goat' }, 'method'],
    ['a provider’s method', { method: 'mpesa' }, 'method'],
    ['no reference', { reference: '  ' }, 'reference'],
    ['another currency', { currency: 'USD' }, 'currency'],
    ['no subscription', { subscription_id: '99999999' }, 'subscription_id'],
  ])('of %s is refused, naming the field', async (_what, wrong, field) => {
    const sub = await makeSubscription(lango.api);
    const refused = await pay(sub['id'], 10_000, wrong);
    expect([refused.status, Object.keys(refused.body['error'].fields)]).toEqual([422, [field]]);
  });
});

describe('one receipt', () => {
  it('is credited once: the second try names the payment that stands', async () => {
    const sub = await makeActive(lango.api);
    const reference = unique('rct');
    const first = (await pay(sub['id'], 10_000, { reference })).body;
    const again = await pay(sub['id'], 10_000, { reference: ` ${reference.toUpperCase()} ` });
    expect([again.status, again.body['error'].code]).toEqual([409, 'duplicate_reference']);
    expect(again.body['error'].message).toContain(`payment ${first['id']}`);
    expect((await pay(sub['id'], 10_000, { reference, method: 'bank' })).status).toBe(201);
  });

  it('posted ten times at once is credited once', async () => {
    const sub = await makeActive(lango.api);
    const reference = unique('race');
    const answers = await Promise.all(Array.from({ length: 10 }, () => pay(sub['id'], 10_000, { reference })));
    expect(answers.map((a) => a.status).sort((a, b) => a - b)).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
    const after = (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
    expect(ms(after['expires_at']) - ms(sub['expires_at'])).toBe(day);
  });

  it('of another company may be the same', async () => {
    const other = await lango.addCompany();
    const [mine, theirs] = [await makeActive(lango.api), await makeActive(other.api)];
    const reference = unique('shared');
    expect((await pay(mine['id'], 10_000, { reference })).status).toBe(201);
    const made = await other.api.post<Json>('/billing/transactions', {
      subscription_id: theirs['id'],
      amount_cents: 10_000,
      method: 'cash',
      reference,
    });
    expect(made.status).toBe(201);
    expect((await lango.api.get(`/billing/payments/${made.body['id']}`)).status).toBe(404);
    expect((await pay(theirs['id'], 10_000)).status).toBe(422);
  });

  it('repeated under its Idempotency-Key gives the first answer again', async () => {
    const sub = await makeActive(lango.api);
    const body = { subscription_id: sub['id'], amount_cents: 10_000, method: 'cheque', reference: unique('idem') };
    const key = { 'Idempotency-Key': unique('key') };
    const first = await lango.api.post<Json>('/billing/transactions', body, key);
    const second = await lango.api.post<Json>('/billing/transactions', body, key);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect((await lango.api.post('/billing/transactions', { ...body, amount_cents: 1 }, key)).status).toBe(422);
  });
});

describe('many payments at once', () => {
  it('for one client add up to the cent, however they meet', async () => {
    const sub = await makeActive(lango.api);
    const amounts = [3_000, 12_000, 10_000, 500, 9_500, 7_777, 10_000, 25_000];
    const answers = await Promise.all(
      amounts.map((amount, n) => pay(sub['id'], amount, { method: ['cash', 'bank', 'cheque'][n % 3] })),
    );
    expect(answers.every((a) => a.status === 201)).toBe(true);
    const bought = answers.filter((a) => a.body['outcome'] === 'renewed').length;
    const total = amounts.reduce((sum, amount) => sum + amount, 0);
    expect(await wallet(sub['client_id'])).toBe(total - bought * 10_000);
    const after = (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
    expect(ms(after['expires_at']) - ms(sub['expires_at'])).toBe(bought * day);
    const [cycles] = await asOwner(
      lango.db,
      'SELECT count(*)::int AS n, max(cycle_no) AS last FROM usage_cycle WHERE subscription_id = $1',
      [sub['id']],
    );
    expect(cycles).toEqual({ n: bought + 1, last: bought + 1 });
  });

  it('for two subscriptions of one client share a wallet that never falls below zero', async () => {
    const first = await makeActive(lango.api);
    const second = (
      await lango.api.post<Json>(`/clients/${first['client_id']}/subscriptions`, {
        package_id: first['package_id'],
        username: unique('second'),
        password: 'p',
      })
    ).body;
    const answers = await Promise.all(
      [first, second, first, second, first, second].map((sub) => pay(sub['id'], 6_000)),
    );
    const bought = answers.filter((a) => a.body['applied_cents'] > 0).length;
    expect(bought).toBe(3);
    expect(await wallet(first['client_id'])).toBe(6 * 6_000 - 3 * 10_000);
  });

  it('and renewals and changes beside them do not lose one', async () => {
    const sub = await makeActive(lango.api);
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => pay(sub['id'], 10_000)),
      ...Array.from({ length: 4 }, () => lango.api.post<Json>(`/subscriptions/${sub['id']}/renew`)),
      ...Array.from({ length: 4 }, () =>
        lango.api.post<Json>(`/subscriptions/${sub['id']}/extend`, { count: 1, unit: 'hour' }),
      ),
    ]);
    expect(answers.map((a) => a.status).filter((status) => status >= 300)).toEqual([]);
    const after = (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
    expect(ms(after['expires_at']) - ms(sub['expires_at'])).toBe(8 * day + 4 * 3_600_000);
  });
});

describe('lists', () => {
  it('show payments by client, subscription, method and words, page by page', async () => {
    const sub = await makeActive(lango.api);
    const made: string[] = [];
    for (const method of ['cash', 'bank', 'cash']) made.unshift((await pay(sub['id'], 10_000, { method })).body['id']);
    const ids = async (query: string) =>
      (await lango.api.get<List>(`/billing/transactions?${query}`)).body.items.map((p) => p['id']);
    expect(await ids(`subscription_id=${sub['id']}`)).toEqual(made);
    expect(await ids(`client_id=${sub['client_id']}&method=bank`)).toEqual([made[1]]);
    const page = (await lango.api.get<List>(`/billing/payments?subscription_id=${sub['id']}&limit=2`)).body;
    expect(await ids(`subscription_id=${sub['id']}&limit=2&cursor=${page.nextCursor}`)).toEqual([made[2]]);
  });

  it('of accounts belong to finance, payments to those who may post', async () => {
    const { items } = (await lango.api.get<List>('/billing/ledger/accounts?limit=200')).body;
    expect(items.reduce((sum, a) => sum + (a['kind'] === 'asset' ? -a['balance_cents'] : a['balance_cents']), 0)).toBe(
      0,
    );
    expect((await lango.api.as(undefined).get('/billing/ledger/accounts')).status).toBe(401);
  });
});
