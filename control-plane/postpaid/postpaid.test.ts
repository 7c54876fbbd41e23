import fc from 'fast-check';
import { Client } from 'pg';
import { make, makeClient, makePackage, openSession, unique, type Json } from '../test-kit/story';
import { startTestLango, type TestCompany, type TestLango } from '../test-kit/lango';
import { until } from '../test-kit/until';
import { billDue } from './jobs';

let lango: TestLango;
let jobs: Client;
beforeAll(async () => {
  lango = await startTestLango();
  jobs = new Client({ connectionString: lango.db.urls.jobs });
  await jobs.connect();
}, 60_000);
afterAll(async () => {
  await jobs?.end();
  await lango?.stop();
});
afterEach(() => lango.asOwner(`UPDATE platform_clock SET shift = '0'`));

/** Sets the clock to a moment, given as a wall clock's text in Nairobi. */
const goTo = (wall: string) =>
  lango.asOwner(`UPDATE platform_clock SET shift = ($1::timestamp AT TIME ZONE 'Africa/Nairobi') - clock_timestamp()`, [
    wall,
  ]);
const bill = () => billDue(jobs);
const look = async (): Promise<number> =>
  (await jobs.query<{ looked: number }>('SELECT postpaid_look(1000) AS looked')).rows[0]?.looked ?? 0;
/** What does not agree in a company. Not in all: the clock of these tests goes back and forth, and only within one story it goes as clocks do. */
const faults = ({ company }: Pick<Story, 'company'>) =>
  lango.asOwner<Json>(
    `SELECT problem, expected, found FROM postpaid_verify($1) UNION ALL SELECT problem, expected, found FROM ledger_verify($1)
     UNION ALL SELECT problem, expected, found FROM invoice_verify($1)`,
    [company.tenantId.toString()],
  );
const ok = async (answer: Promise<{ status: number; body: Json }>): Promise<Json> => {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

interface Story {
  company: TestCompany;
  client: Json;
  sub: Json;
  plan: Json;
}

/** A customer of a company of its own with one service for so much a month, billed afterwards from that wall clock on. */
async function begin(wall: string, price_cents = 310_000, input: Json = {}): Promise<Story> {
  await goTo(wall);
  const company = await lango.addCompany();
  const client = await makeClient(company.api);
  const plan = await makePackage(company.api, { price_cents, validity: { count: 1, unit: 'month' } });
  const sub = await make(company.api, '/subscriptions', {
    client_id: client['id'],
    package_id: plan['id'],
    username: unique('post'),
    password: 'open-sesame',
  });
  await make(company.api, '/postpaid/accounts', { subscription_id: sub['id'], ...input });
  // From that very moment on, however long the steps before took.
  await lango.asOwner(
    `UPDATE postpaid_span SET starts_at = $2::timestamp AT TIME ZONE 'Africa/Nairobi' WHERE subscription_id = $1`,
    [sub['id'], wall],
  );
  await lango.asOwner(
    `UPDATE postpaid_account SET billed_until = $2::timestamp AT TIME ZONE 'Africa/Nairobi' WHERE subscriber_id = $1`,
    [client['id'], wall],
  );
  return { company, client, sub, plan };
}

const account = ({ company, client }: Story) => ok(company.api.get(`/postpaid/accounts/${client['id']}`));
const state = async ({ company, sub }: Story): Promise<string> =>
  (await ok(company.api.get(`/subscriptions/${sub['id']}`)))['state'];
const invoices = async ({ company, client }: Story): Promise<Json[]> => {
  const { items } = await ok(company.api.get(`/billing/invoices?client_id=${client['id']}`));
  return Promise.all((items as Json[]).map((one) => ok(company.api.get(`/billing/invoices/${one['id']}`)))).then(
    (all) => all.reverse(),
  );
};
const pay = ({ company, sub }: Story, amount_cents: number) =>
  make(company.api, '/billing/transactions', {
    subscription_id: sub['id'],
    amount_cents,
    method: 'cash',
    reference: unique('R'),
  });

test('a month is billed after it, by the days that each plan ran; a pause costs nothing, and the second run makes nothing more', async () => {
  const story = await begin('2027-01-11 00:00');
  expect(await state(story)).toBe('active');
  expect((await account(story))['bill_at']).toBe('2027-01-31T21:00:00.000Z');
  await goTo('2027-01-31 23:59:50');
  await bill();
  expect(await invoices(story)).toEqual([]);
  await goTo('2027-02-01 00:00:05');
  expect(await bill()).toBe(1);
  // Twenty-one days of thirty-one.
  const [january] = await invoices(story);
  expect(january).toMatchObject({ total_cents: 210_000, currency: 'KES' });
  expect(january?.['lines'][0]).toMatchObject({ period_to: '2027-01-31T21:00:00.000Z' });
  expect(january?.['lines'][0]['description']).toMatch(/^Daily/);
  expect(await bill()).toBe(0);

  // February: fourteen days of the first plan, seven of pause, seven of another at twice the price.
  const other = await makePackage(story.company.api, { price_cents: 560_000, validity: { count: 1, unit: 'month' } });
  await goTo('2027-02-15 00:00');
  await ok(story.company.api.post(`/subscriptions/${story.sub['id']}/pause`));
  await goTo('2027-02-22 00:00');
  await ok(story.company.api.post(`/subscriptions/${story.sub['id']}/resume`));
  await ok(
    story.company.api.post(`/subscriptions/${story.sub['id']}/change-plan`, { package_id: other['id'], when: 'now' }),
  );
  await goTo('2027-03-01 00:01');
  await bill();
  const [, february] = await invoices(story);
  expect(february?.['lines'].map((line: Json) => Math.round(line['total_cents'] / 1000))).toEqual([155, 140]);
  expect(await faults(story)).toEqual([]);
  const runs = await ok(story.company.api.get('/postpaid/runs'));
  expect(runs['items']).toHaveLength(2);
  expect(runs['items'][0]).toMatchObject({
    day: '2027-03-01',
    state: 'done',
    due: 1,
    worked: 1,
    invoices: 1,
    parked: 0,
  });
  // Months in which nobody worked are billed one after the other, each as its own.
  await goTo('2027-06-01 08:00');
  expect(await bill()).toBe(3);
  expect((await invoices(story)).slice(2).map((one) => one['total_cents'])).toEqual([560_000, 560_000, 560_000]);
  expect(await bill()).toBe(0);
  expect(await faults(story)).toEqual([]);
});

test('a plan chosen for renewal begins with the new month, and the session that is online is told its rate', async () => {
  const story = await begin('2027-01-11 00:00');
  const id = story.sub['id'];
  const faster = await makePackage(story.company.api, { down_kbps: 20_000, validity: { count: 1, unit: 'month' } });
  await ok(story.company.api.post(`/subscriptions/${id}/change-plan`, { package_id: faster['id'], when: 'renewal' }));
  await openSession(lango.db, id);
  await goTo('2027-02-01 00:00:05');
  await bill();
  const { items } = await ok(story.company.api.get(`/enforcements?subscription_id=${id}`));
  expect((items as Json[]).map((order) => `${order['kind']} ${order['reason']}`)).toEqual(['refresh plan_changed']);
});

test('time that was paid before is used up first; made prepaid again, what ran is on the last bill', async () => {
  await goTo('2027-01-01 00:00');
  const company = await lango.addCompany();
  const client = await makeClient(company.api);
  const plan = await makePackage(company.api, { price_cents: 310_000, validity: { count: 10, unit: 'day' } });
  const sub = await make(company.api, '/subscriptions', {
    client_id: client['id'],
    package_id: plan['id'],
    username: unique('post'),
    password: 'open-sesame',
  });
  const story = { company, client, sub, plan };
  await pay(story, 310_000);
  await make(company.api, '/postpaid/accounts', { subscription_id: sub['id'] });
  expect((await company.api.post(`/subscriptions/${sub['id']}/renew`)).status).toBe(409);
  expect((await company.api.post('/postpaid/accounts', { subscription_id: sub['id'] })).status).toBe(409);
  await goTo('2027-01-21 00:00');
  expect(await state(story)).toBe('active');
  await ok(company.api.post('/postpaid/stop', { subscription_id: sub['id'] }));
  expect(await state(story)).toBe('expired');
  await goTo('2027-02-01 01:00');
  await bill();
  const [, last] = await invoices(story);
  expect(Math.round(last?.['total_cents'] / 1000)).toBe(100);
  await goTo('2027-03-01 01:00');
  await bill();
  expect(await invoices(story)).toHaveLength(2);
  expect((await account(story))['bill_at']).toBeNull();
  expect(await faults(story)).toEqual([]);
});

test('parts of a period make the whole, however it is cut, and equal an independent count to the cent', async () => {
  const day = 86_400_000;
  await fc.assert(
    fc.asyncProperty(
      fc.bigInt(1n, 100_000_000_000n),
      fc.integer({ min: 28, max: 31 }),
      fc.array(fc.integer({ min: 1, max: 27 * 86_400 }), { maxLength: 12 }),
      async (price, days, marks) => {
        const from = Date.parse('2027-01-01T00:00:00Z');
        const cuts = [0, ...new Set(marks)].sort((a, b) => a - b).map((s) => s * 1000);
        const ends = [...cuts.slice(1), days * day];
        const { rows } = await jobs.query<{ cents: string }>(
          `SELECT postpaid_share($1, $2, $3, x.a, x.b) AS cents FROM unnest($4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY AS x (a, b, n) ORDER BY n`,
          [
            price,
            new Date(from),
            new Date(from + days * day),
            cuts.map((ms) => new Date(from + ms)),
            ends.map((ms) => new Date(from + ms)),
          ],
        );
        const parts = rows.map((row) => BigInt(row.cents));
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(price);
        const whole = BigInt(days * day);
        const upTo = (ms: number) => (2n * price * BigInt(ms) + whole) / (2n * whole);
        expect(parts).toEqual(ends.map((end, n) => upTo(end) - upTo(cuts[n] ?? 0)));
        expect(parts.every((part) => part >= 0n && part <= price)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('what is impossible waits for a person with its reason and blocks nobody; looked at, it is billed', async () => {
  const story = await begin('2027-01-01 00:00', 100_000);
  const { company } = story;
  await goTo('2027-02-01 00:10');
  await bill();
  const good = await makeClient(company.api);
  const goodSub = await make(company.api, '/subscriptions', {
    client_id: good['id'],
    package_id: story.plan['id'],
    username: unique('post'),
    password: 'open-sesame',
  });
  await make(company.api, '/postpaid/accounts', { subscription_id: goodSub['id'] });
  // Mistyped: four times as dear from now on. And a customer whose bill the database itself refuses.
  const dear = await makePackage(company.api, { price_cents: 400_100, validity: { count: 1, unit: 'month' } });
  await ok(company.api.post(`/subscriptions/${story.sub['id']}/change-plan`, { package_id: dear['id'], when: 'now' }));
  const broken = await makeClient(company.api);
  const brokenSub = await make(company.api, '/subscriptions', {
    client_id: broken['id'],
    package_id: story.plan['id'],
    username: unique('post'),
    password: 'open-sesame',
  });
  await make(company.api, '/postpaid/accounts', { subscription_id: brokenSub['id'] });
  await lango.asOwner(
    `ALTER TABLE postpaid_bill ADD CONSTRAINT broken_one CHECK (subscriber_id <> ${broken['id']}) NOT VALID`,
  );
  await goTo('2027-03-01 00:10');
  await bill();
  const { items } = await ok(company.api.get('/postpaid/accounts?parked=true'));
  const reasons = Object.fromEntries((items as Json[]).map((one) => [one['client_id'], one['parked_reason']]));
  expect(reasons).toEqual({ [story.client['id']]: 'unusual', [broken['id']]: 'failed' });
  await lango.asOwner(`ALTER TABLE postpaid_bill DROP CONSTRAINT broken_one`);
  expect(await invoices({ ...story, client: good })).toHaveLength(1);
  const [run] = (await ok(company.api.get('/postpaid/runs')))['items'];
  expect(run).toMatchObject({ state: 'done', due: 3, worked: 3 });
  await ok(company.api.post(`/postpaid/accounts/${story.client['id']}/unpark`, {}));
  expect(await bill()).toBe(1);
  expect((await account(story))['parked_reason']).toBe('unusual');
  await ok(company.api.post(`/postpaid/accounts/${story.client['id']}/unpark`, { anyway: true }));
  await ok(company.api.post(`/postpaid/accounts/${broken['id']}/unpark`, {}));
  expect(await bill()).toBe(2);
  expect(await invoices({ ...story, client: broken })).toHaveLength(1);
  expect(await faults(story)).toEqual([]);
  expect((await invoices(story)).map((one) => one['total_cents'] > 350_000)).toEqual([false, true]);
});

test('money pays the oldest invoice first, and what is owed shuts the service by the rule and opens it again the moment it is paid', async () => {
  const story = await begin('2027-01-01 00:00', 100_000);
  const { company } = story;
  await goTo('2027-02-01 00:10');
  await bill();
  expect((await account(story))['open']).toMatchObject([{ open_cents: 100_000, due_at: '2027-02-15T21:00:00.000Z' }]);
  expect((await pay(story, 30_000))['outcome']).toBe('invoice_paid');
  await goTo('2027-02-18 20:00');
  await look();
  expect(await state(story)).toBe('active');
  await goTo('2027-02-19 00:01');
  await look();
  expect(await state(story)).toBe('expired');
  const { items } = await ok(company.api.get('/postpaid/debts?overdue=true'));
  expect(items).toMatchObject([
    {
      client_id: story.client['id'],
      owed_cents: 70_000,
      overdue_cents: 70_000,
      invoices: 1,
      phone: expect.any(String),
    },
  ]);
  // A promise opens it until it is over.
  await ok(
    company.api.post(`/postpaid/accounts/${story.client['id']}/promise`, {
      until: '2027-02-20',
      note: 'After pay day',
    }),
  );
  expect(await state(story)).toBe('active');
  await goTo('2027-02-20 23:00');
  await look();
  expect(await state(story)).toBe('active');
  await goTo('2027-02-21 00:01');
  await look();
  expect(await state(story)).toBe('expired');
  // Not billed while it is shut.
  expect((await pay(story, 60_000))['outcome']).toBe('invoice_paid');
  expect(await state(story)).toBe('expired');
  await goTo('2027-02-22 00:01');
  const last = await pay(story, 50_000);
  expect(last).toMatchObject({ outcome: 'invoice_paid' });
  expect(await state(story)).toBe('active');
  // Forty thousand are left over, and pay the next invoice.
  await goTo('2027-03-01 00:10');
  await bill();
  const [, march] = await invoices(story);
  const [open] = (await account(story))['open'];
  expect(open['open_cents']).toBe(march?.['total_cents'] - 40_000);
  expect(march?.['total_cents']).toBeLessThan(97_000);
  const statement = await ok(company.api.get(`/postpaid/accounts/${story.client['id']}/statement`));
  expect(statement['items'].map((one: Json) => one['kind'])).toEqual([
    'invoice',
    'payment',
    'payment',
    'payment',
    'invoice',
    'payment',
  ]);
  expect(statement['closing_cents']).toBe(open['open_cents']);
  await ok(company.api.post(`/postpaid/accounts/${story.client['id']}/write-off`, { reason: 'Moved away' }));
  expect((await account(story))['open']).toEqual([]);
  expect(await faults(story)).toEqual([]);
});

test('many workers at once, each broken off in the middle, bill each account once', async () => {
  const story = await begin('2027-01-01 00:00', 50_000);
  const { company } = story;
  const tenant = company.tenantId.toString();
  await lango.asOwner(
    `WITH c AS (INSERT INTO subscriber (tenant_id, name, phone) SELECT $1, 'Many ' || n, '+2547' || lpad(n::text, 8, '0') FROM generate_series(1, 60) n RETURNING id),
     s AS (INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, cycle_no, starts_at, expires_at)
       SELECT $1, c.id, x.plan_version_id, 'many-' || c.id, 'active', 1, lango_now(), '9999-12-31' FROM c, subscription x WHERE x.id = $2 RETURNING id, subscriber_id),
     a AS (INSERT INTO postpaid_account (subscriber_id, tenant_id, billing_day, terms_days, billed_until) SELECT c.id, $1, 1, 14, date_trunc('second', lango_now()) FROM c)
     SELECT 1`,
    [tenant, story.sub['id']],
  );
  await lango.asOwner(
    `UPDATE subscription SET postpaid_from = date_trunc('second', lango_now()) WHERE tenant_id = $1 AND username LIKE 'many-%'`,
    [tenant],
  );
  await goTo('2027-02-01 00:10');
  const broken = new Client({ connectionString: lango.db.urls.jobs });
  broken.on('error', () => undefined);
  await broken.connect();
  const run = (await jobs.query<{ id: string }>('SELECT postpaid_run_open($1) AS id', [tenant])).rows[0]!.id;
  await broken.query('BEGIN');
  await broken.query('SELECT postpaid_run_some($1, 25)', [run]);
  const { rows } = await broken.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await lango.asOwner('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
  await broken.end().catch(() => undefined);
  await until(
    () => lango.asOwner('SELECT FROM pg_stat_activity WHERE pid = $1', [rows[0]!.pid]),
    (found) => found.length === 0,
  );
  const workers = await Promise.all(
    [1, 2, 3].map(async () => {
      const client = new Client({ connectionString: lango.db.urls.jobs });
      await client.connect();
      return client;
    }),
  );
  await Promise.all(workers.map((client) => billDue(client)));
  await Promise.all(workers.map((client) => client.end()));
  await bill();
  const [count] = await lango.asOwner<Json>(
    `SELECT count(*)::int AS bills, count(DISTINCT subscriber_id)::int AS customers, sum(total_cents)::int AS cents FROM postpaid_bill WHERE tenant_id = $1`,
    [tenant],
  );
  expect(count).toMatchObject({ bills: 61, customers: 61 });
  expect(Math.abs(count?.['cents'] - 61 * 50_000)).toBeLessThan(61 * 10);
  expect(await faults(story)).toEqual([]);
});
