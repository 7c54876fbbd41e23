import { Client } from 'pg';
import { startTestLango } from '../test-kit/lango';
import type { TestCompany, TestLango } from '../test-kit/lango';
import { make, makeActive, makeRouter, openSession } from '../test-kit/story';
import type { Json } from '../test-kit/story';

let lango: TestLango;
let theirs: TestCompany;
let service: Json;
let voucher: string;

/** One customer with everything that one can be found by. */
async function furnish(company: TestCompany, name: string): Promise<Json> {
  const made = await makeActive(company.api, {}, { username: `${name.split(' ')[0]?.toLowerCase()}.home` });
  await company.api.patch(`/clients/${made['client_id']}`, { name, phone: '0722 418 306', email: 'njeri@example.net' });
  await company.api.post('/billing/transactions', {
    subscription_id: made['id'],
    amount_cents: 10_000,
    method: 'cash',
    reference: 'SJK4Q8Z1PX',
  });
  const session = await openSession(lango.db, made['id'], { mac: '48:A9:8A:1C:77:E0' });
  await lango.asOwner(
    `UPDATE session_live SET framed_ip = '100.64.3.7', delegated_ipv6_prefix = '2001:db8:40::/56' WHERE radacctid = $1`,
    [session],
  );
  await makeRouter(company.api, { name: `Tower ${name}` });
  return made;
}

beforeAll(async () => {
  lango = await startTestLango();
  theirs = await lango.addCompany();
  service = await furnish(lango.company, 'Njeri Wambui');
  await furnish(theirs, 'Stranger Wambui');
  const batch = await make(lango.api, '/vouchers/batches', {
    package_id: (
      await make(lango.api, '/packages', {
        name: 'Hour',
        type: 'hotspot',
        price_cents: 1000,
        currency: 'KES',
        validity: { count: 1, unit: 'hour' },
        down_kbps: 1000,
        up_kbps: 1000,
      })
    )['id'],
    count: 1,
    code_length: 10,
  });
  const [row] = await lango.asOwner<{ code: string }>(`SELECT code FROM voucher WHERE batch_id = $1`, [batch['id']]);
  voucher = row?.code ?? '';
}, 180_000);

afterAll(() => lango?.stop());

const search = async (q: string, api = lango.api) =>
  (await api.get<{ items: Json[] }>(`/search?q=${encodeURIComponent(q)}`)).body.items;

test.each([
  ['a name by a part, in any order of its words', 'wambui nje', 'subscribers'],
  ['two letters that begin a word', 'wa', 'subscribers'],
  ['a phone as it is said', '0722 418 306', 'subscribers'],
  ['a phone with its plus', '+254722418306', 'subscribers'],
  ['a phone without one', '254 722-418306', 'subscribers'],
  ['the end of a phone', '418306', 'subscribers'],
  ['an e-mail', 'njeri@example', 'subscribers'],
  ['a login by a part', 'ri.home', 'services'],
  ['a device with colons', '48:a9:8a:1c:77:e0', 'sessions'],
  ['a device with dashes', '48-A9-8A-1C-77-E0', 'sessions'],
  ['a device as Cisco writes it', '48a9.8a1c.77e0', 'sessions'],
  ['the beginning of a device', '48a98a', 'sessions'],
  ['an address', '100.64.3.7', 'sessions'],
  ['an IPv6 address in a delegated prefix', '2001:db8:40:12::9', 'sessions'],
  ['a receipt in small letters', 'sjk4q8z1px', 'payments'],
  ['the beginning of a receipt', 'SJK4Q8', 'payments'],
  ['a router', 'tower nj', 'routers'],
])('%s is found', async (_what, typed, kind) => {
  const found = (await search(typed)).filter((one) => one['kind'] === kind);
  expect(found).toHaveLength(1);
  expect(JSON.stringify(found)).not.toContain('Stranger');
  if (kind !== 'routers') expect(found[0]).toMatchObject({ client_id: service['client_id'] });
});

test('a voucher is found by the whole of its code, however it is grouped, and not by a part', async () => {
  const grouped = `${voucher.slice(0, 4)}-${voucher.slice(4)}`.toLowerCase();
  expect(await search(grouped)).toMatchObject([{ kind: 'vouchers', code: voucher, exact: true, state: 'unused' }]);
  expect((await search(voucher.slice(0, 8))).filter((one) => one['kind'] === 'vouchers')).toEqual([]);
});

test('signs that mean something to the database mean nothing here, and one letter is refused', async () => {
  for (const typed of ['%%', '__', "'; DROP TABLE nas --", '\\\\', '{}', 'a%b_c\\'])
    expect(await search(typed)).toEqual([]);
  expect((await lango.api.get('/search?q=n')).status).toBe(422);
});

test('one sees the kinds that one may read, and no company sees another', async () => {
  await lango.setRole(lango.company, 'technician');
  expect(await search('SJK4Q8Z1PX')).toEqual([]);
  await lango.setRole(lango.company, 'isp_admin');
  expect(await search('Stranger')).toEqual([]);
  expect((await search('Stranger', theirs.api)).map((one) => String(one['kind'])).sort()).toEqual([
    'routers',
    'services',
    'subscribers',
  ]);
  const web = new Client({ connectionString: lango.db.urls.web });
  await web.connect();
  try {
    const kinds = `ARRAY['subscribers','sessions','payments','vouchers','routers']`;
    const asked = async (tenant: string) => {
      await web.query(`SELECT set_config('lango.tenant', $1, false)`, [tenant]);
      const { rows } = await web.query(
        `SELECT name FROM search_find('wambui', 'WAMBUI', '722', NULL, NULL, ${kinds}, 50)
         UNION ALL SELECT c.name FROM subscriber_page('{"text":"wambui"}', NULL, 50) f (id) JOIN subscriber c ON c.id = f.id
         UNION ALL SELECT 'counted' FROM generate_series(1, subscriber_count('{"text":"wambui"}', 50))`,
      );
      return rows.map((row: { name: string }) => row.name).sort();
    };
    expect(await asked('')).toEqual([]);
    const mine = await asked(lango.company.tenantId.toString());
    expect(mine).toContain('Njeri Wambui');
    expect(mine.filter((name) => name.includes('Stranger'))).toEqual([]);
    expect(mine.filter((name) => name === 'counted')).toHaveLength(1);
    // Without the permission of the web role nothing of it can be called.
    for (const part of ['search_people', 'subscriber_conditions'])
      expect(
        (
          await web.query(`SELECT has_function_privilege(oid, 'EXECUTE') AS may FROM pg_proc WHERE proname = $1`, [
            part,
          ])
        ).rows,
      ).toEqual([{ may: false }]);
  } finally {
    await web.end();
  }
});
