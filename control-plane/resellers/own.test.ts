import { Client } from 'pg';
import { sliceApiRoutes, slicePageRoutes } from '../slices';
import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { furnish } from '../test-kit/furnish';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makePackage, type Json } from '../test-kit/story';
import { makeReseller, type TestReseller } from './testing/make-reseller';

/**
 * A reseller sees and touches their own alone: below the program in every table and view, and at every address there is. What is made tomorrow is asked
 * without being added here.
 */
let lango: TestLango;
let mine: TestReseller;
let sale: Json;
let foreign: Record<string, string>;
let console_: ConsoleClient;
/** Words that stand in rows of others and nowhere else. */
const marks = ['Zipporah', '254799000777', 'Foreign Duka', '254799000888', 'Akinyi Foreign', '10.66.66.66'];

beforeAll(async () => {
  lango = await startTestLango();
  const day = await makePackage(lango.api, { price_cents: 10_000 });
  mine = await makeReseller(lango, { float_cents: 100_000 });
  sale = await make(mine.api, '/resellers/own/sales', {
    package_id: day['id'],
    phone: '0722111222',
    name: 'Mine Alone',
  });
  const theirs = await makeReseller(lango, { float_cents: 100_000, name: 'Foreign Duka', phone: '0799000888' });
  const other = await make(theirs.api, '/resellers/own/sales', {
    package_id: day['id'],
    phone: '0733111222',
    name: 'Akinyi Foreign',
  });
  const ids = await furnish(lango, lango.company);
  await lango.asOwner(
    `UPDATE subscriber SET name = 'Zipporah Foreign', phone = '+254799000777', email = 'zipporah@foreign.example' WHERE id = $1`,
    [ids['clients']],
  );
  await lango.asOwner(`UPDATE session_live SET framed_ip = '10.66.66.66' WHERE radacctid = $1`, [ids['sessions']]);
  const stock = await make(lango.api, '/vouchers/batches', { package_id: day['id'], count: 2 });
  await make(lango.api, `/resellers/${mine.id}/stock`, {
    batch_id: stock['id'],
    wholesale_cents: 8_000,
    charged: 'sale',
  });
  const foreignStock = await make(lango.api, '/vouchers/batches', { package_id: day['id'], count: 1 });
  const handed = { batch_id: foreignStock['id'], wholesale_cents: 8_000, charged: 'sale' };
  await make(lango.api, `/resellers/${theirs.id}/stock`, handed);
  marks.push(...(stock['codes'] as string[]), String(other['username']), theirs.email);
  // What an address names, of the company's own and, where resellers have such, of another reseller's.
  foreign = {
    ...ids,
    clients: String(other['client_id']),
    subscribers: String(other['client_id']),
    subscriptions: String(other['subscription_id']),
    payments: String(other['payment_id']),
    'billing/payments': String(other['payment_id']),
    'billing/transactions': String(other['payment_id']),
    resellers: theirs.id,
    'resellers/own/stock': String(foreignStock['id']),
  };
  console_ = await consoleClient(lango, mine);
}, 180_000);
afterAll(() => lango?.stop());

const isForeign = (text: string): boolean => marks.some((mark) => text.includes(mark));

describe('below the program', () => {
  let web: Client;
  beforeAll(async () => {
    web = new Client({ connectionString: lango.db.urls.web });
    await web.connect();
  });
  afterAll(() => web?.end());

  /** As the reseller's people: the database's role for them, and who they are. */
  async function asReseller<T>(id: string, work: () => Promise<T>): Promise<T> {
    await web.query('BEGIN');
    try {
      await web.query(
        `SELECT set_config('lango.tenant', $1, true), set_config('lango.reseller', $2, true), set_config('lango.staff', $3, true), set_config('role', 'lango_reseller', true)`,
        [lango.company.tenantId.toString(), id, mine.staffId],
      );
      return await work();
    } finally {
      await web.query('ROLLBACK');
    }
  }

  async function relations(): Promise<{ name: string; columns: string[] }[]> {
    return lango.asOwner(
      `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege('lango_web', c.oid, a.attnum, 'SELECT')
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') GROUP BY c.relname ORDER BY 1`,
    );
  }

  async function rowsOf({ name, columns }: { name: string; columns: string[] }): Promise<string[]> {
    const listed = columns.map((column) => `"${column}"`).join();
    const { rows } = await web.query<{ row: string }>(
      `SELECT to_jsonb(x)::text AS row FROM (SELECT ${listed} FROM "${name}") x`,
    );
    return rows.map(({ row }) => row);
  }

  test('no table or view shows a row of the company’s own customers or of another reseller’s; their own they see', async () => {
    const seen: Record<string, string[]> = {};
    const withRows: string[] = [];
    for (const relation of await relations()) {
      const rows = await asReseller(mine.id, () => rowsOf(relation));
      const wrong = rows.filter(isForeign);
      if (wrong.length > 0) seen[relation.name] = wrong;
      if (rows.length > 0) withRows.push(relation.name);
    }
    expect(seen).toEqual({});
    expect(withRows).toEqual(
      expect.arrayContaining([
        'subscriber',
        'subscription',
        'subscription_now',
        'payment',
        'payment_step',
        'invoice',
        'ledger_entry',
        'reseller',
        'reseller_commission',
        'voucher_batch',
      ]),
    );
    for (const closed of [
      'nas',
      'voucher',
      'webhook_endpoint',
      'payment_provider',
      'message_account',
      'radreply',
      'approval',
    ])
      expect(withRows).not.toContain(closed);
  });

  test('who works for no reseller sees no customer and nobody’s money', async () => {
    for (const name of [
      'subscriber',
      'subscription',
      'payment',
      'invoice',
      'ledger_account',
      'ledger_entry',
      'reseller',
      'voucher_batch',
      'session_live',
    ]) {
      const { rows } = await asReseller('0', () => web.query(`SELECT 1 FROM ${name} LIMIT 1`));
      expect({ name, rows }).toEqual({ name, rows: [] });
    }
  });

  test('a customer cannot be written into, out of, or for another reseller', async () => {
    const write = (sql: string, values: unknown[]) => asReseller(mine.id, () => web.query(sql, values));
    const { rowCount } = await write('UPDATE subscriber SET name = $2 WHERE id = $1', [foreign['clients'], 'Taken']);
    expect(rowCount).toBe(0);
    await expect(
      write('UPDATE subscriber SET reseller_id = $2 WHERE id = $1', [sale['client_id'], foreign['resellers']]),
    ).rejects.toThrow('row-level security');
    await expect(write('UPDATE subscriber SET reseller_id = NULL WHERE id = $1', [sale['client_id']])).rejects.toThrow(
      'row-level security',
    );
    await expect(
      write(`INSERT INTO subscriber (tenant_id, name, phone, reseller_id) VALUES ($1, 'X', '+254700000000', $2)`, [
        lango.company.tenantId.toString(),
        foreign['resellers'],
      ]),
    ).rejects.toThrow('row-level security');
    for (const sql of [
      `SELECT reseller_account(${foreign['resellers']}, 'float')`,
      `SELECT reseller_keep_limit(${mine.id}, 100000)`,
    ])
      await expect(write(sql, [])).rejects.toThrow(/not to be seen|company itself/);
    await expect(write('UPDATE reseller SET credit_limit_cents = 1 WHERE id = $1', [mine.id])).resolves.toBeTruthy();
  });
});

describe('at every address', () => {
  const api = sliceApiRoutes().flatMap(({ routes }) => routes);
  const pages = slicePageRoutes().flatMap(({ routes }) => routes);
  /** The id that an address asks for, out of what others own. */
  const idFor = (path: string): string => {
    const noun = Object.keys(foreign)
      .filter((one) => path.startsWith(`/${one}/`))
      .sort((a, b) => b.length - a.length)[0];
    return (noun && foreign[noun]) ?? '999999999';
  };
  const names = (path: string): boolean => /:(id|\w+_id)\b/.test(path);

  test('nothing of others is found by its id, or told by a list, a search or a file', async () => {
    const faults: string[] = [];
    const judge = (name: string, path: string, status: number, text: string): void => {
      if (status >= 500) faults.push(`${name}: ${status}`);
      if (isForeign(text)) faults.push(`${name}: tells ${marks.find((mark) => text.includes(mark))}`);
      // Plans are the company's and everybody's to sell; what their pages tell was judged above.
      if (names(path) && status < 400 && status !== 303 && !/^\/(packages|plans)\//.test(path))
        faults.push(`${name}: answers ${status} for what is not theirs`);
    };
    for (const { method, path } of api.filter((one) => one.method === 'GET')) {
      const { status, body } = await mine.api.get(path.replace(/:\w+/g, idFor(path)));
      judge(`${method} /api${path}`, path, status, JSON.stringify(body) ?? '');
    }
    for (const { method, path } of pages.filter((one) => one.method === 'GET' && one.permission !== 'public')) {
      const { status, text } = await console_.get(path.replace(/:\w+/g, idFor(path)));
      judge(`${method} ${path}`, path, status, text);
    }
    for (const typed of ['Zipporah', '0799000777', '0733111222', 'Akinyi', '10.66.66.66']) {
      const { body } = await mine.api.get(`/search?q=${encodeURIComponent(typed)}`);
      if (isForeign(JSON.stringify(body).replaceAll(`"${typed}"`, ''))) faults.push(`search ${typed}`);
      const listed = await console_.get(`/subscribers?q=${encodeURIComponent(typed)}`);
      if (listed.text.includes(`/subscribers/${foreign['clients']}`)) faults.push(`list ${typed}`);
      const paid = await console_.get(`/payments?q=${encodeURIComponent(typed)}`);
      if (paid.text.includes(`/payments/${foreign['payments']}`)) faults.push(`payments ${typed}`);
    }
    expect(faults).toEqual([]);
  }, 180_000);

  test('what is theirs they find: list, search, page, payment, stock, statement', async () => {
    const own = String(sale['client_id']);
    expect((await mine.api.get<Json>('/clients')).body['items'].map((one: Json) => one['name'])).toContain(
      'Mine Alone',
    );
    expect(JSON.stringify((await mine.api.get<Json>('/search?q=Mine')).body)).toContain('Mine Alone');
    for (const path of [
      `/subscribers/${own}`,
      `/payments/${sale['payment_id']}`,
      '/subscribers?q=Mine',
      '/payments',
      '/resellers/own',
      '/resellers/own/statement',
      '/resellers/own/statement.csv',
      '/vouchers',
      '/staff/me',
      '/plans',
    ]) {
      const { status } = await console_.get(path);
      expect({ path, status }).toEqual({ path, status: 200 });
    }
    expect((await console_.get(`/subscribers/${own}`)).text).toContain('Mine Alone');
    expect((await console_.get('/resellers/own/statement')).text).toContain('Mine Alone');
    expect((await console_.get('/')).location).toBe('/resellers/own');
  });

  test('they take in customers of their own, correct and note them; others’ and what a company decides are closed to them', async () => {
    const made = await make(mine.api, '/clients', { name: 'Walk-in Wanja', phone: '0744111222' });
    const [row] = await lango.asOwner(`SELECT reseller_id::text AS of FROM subscriber WHERE id = $1`, [made['id']]);
    expect(row).toEqual({ of: mine.id });
    expect((await mine.api.patch(`/clients/${made['id']}`, { name: 'Wanja Walk-in' })).status).toBe(200);
    const form = { name: 'Wanja W', phone: '0744111223', email: '', version: '2' };
    expect(await console_.post(`/subscribers/${made['id']}/edit`, form)).toMatchObject({ status: 303 });
    expect((await console_.post(`/subscribers/${made['id']}/notes`, { body: 'Rings at noon' })).status).toBe(303);
    const wishes = { locale: 'sw', channel: 'sms' };
    expect((await console_.post(`/messages/preferences/${made['id']}`, wishes)).status).toBe(303);
    const taken = await console_.post('/subscribers', { name: 'By hand', phone: '0744111333' });
    expect(taken).toMatchObject({ status: 303, location: expect.stringMatching(/^\/subscribers\/\d+$/) });
    expect((await console_.get(taken.location)).text).toContain('By hand');

    const other = foreign['clients'];
    for (const [path, fields] of [
      [`/subscribers/${other}/edit`, { ...form, version: '1' }],
      [`/subscribers/${other}/notes`, { body: 'x' }],
      [`/messages/preferences/${other}`, wishes],
      [`/invoices/buyers/${other}`, { buyer_name: 'x', pin: '', address: '' }],
    ] as const)
      expect({ path, status: (await console_.post(path, fields)).status }).toEqual({ path, status: 404 });
    expect((await mine.api.patch(`/clients/${other}`, { name: 'Taken' })).status).toBe(404);
    for (const path of [`/subscribers/${made['id']}/data`, '/imports/new'])
      expect({ path, status: (await console_.get(path)).status }).toEqual({ path, status: 403 });
    expect((await mine.api.delete(`/clients/${made['id']}`)).status).toBe(403);
  });

  test('a sale to somebody else’s customer by phone makes a customer of their own, and by service is refused', async () => {
    const [day] = (await mine.api.get<Json>('/packages')).body['items'];
    const taken = await mine.api.post<Json>('/resellers/own/sales', { package_id: day['id'], phone: '0733111222' });
    expect(taken.status).toBe(201);
    expect(taken.body['client_id']).not.toBe(foreign['clients']);
    const refused = await mine.api.post<Json>('/resellers/own/sales', { subscription_id: foreign['subscriptions'] });
    expect(refused.status).toBe(422);
  });

  test('somebody of no reseller takes nobody in', async () => {
    await lango.asOwner('UPDATE staff SET reseller_id = NULL WHERE id = $1', [mine.staffId]);
    try {
      const nobody = await mine.api.post('/clients', { name: 'Nobody’s', phone: '0744999888' });
      expect(nobody).toMatchObject({ status: 409, body: { error: { code: 'no_reseller' } } });
    } finally {
      await lango.asOwner('UPDATE staff SET reseller_id = $2 WHERE id = $1', [mine.staffId, mine.id]);
    }
  });
});
