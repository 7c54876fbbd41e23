import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { add, addBytes, listAttributes } from '../../radius/attributes';
import { Code, PacketBuilder } from '../../radius/packet';
import { exchange } from '../../radius/testing';
import { freeUdpPorts } from '../cli/bench/ports';
import { startStockOn, type Stock } from '../cli/bench/stock';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { makeCredentials } from '../test-kit/mikrotik/credentials';
import { insertCompany, insertRouter, insertSubscription } from '../test-kit/rows';
import { listTenantReaders, makeTenantReader, removeTenantReader } from '../tenants';

jest.setTimeout(60_000);

const secret = 'stock-secret';
let db: TestDatabase;
let owner: Client;
let stock: Stock;
let umoja: string;
let upendo: string;
let url: URL;
let dir: string;

/** Stock FreeRADIUS with the packaged configuration and stock SQL, on Lango's database as the reader of one company. */
beforeAll(async () => {
  db = await createTestDatabase();
  owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
  umoja = await insertCompany(owner, 'Umoja');
  upendo = await insertCompany(owner, 'Upendo');
  await insertRouter(owner, umoja, { address: '127.61.0.1' });
  await insertRouter(owner, upendo, { address: '127.61.0.2' });
  const sell = (tenant: string, username: string, more: object = {}) =>
    insertSubscription(owner, tenant, { username, password: `pass of ${username}`, usedBytes: 0, ...more });
  await sell(umoja, 'asha', {
    staticIp: '100.64.0.9',
    plan: { pool: 'home', address_list: 'paying', burst_down_kbps: 20_000, burst_up_kbps: 8_000, burst_time_s: 12 },
  });
  await sell(umoja, 'late', { expiresIn_s: -3600 });
  await sell(umoja, 'shut', { status: 'suspended' });
  await sell(umoja, 'unpaid', { status: 'pending' });
  await sell(umoja, 'empty', { plan: { quota_bytes: 1000 }, usedBytes: 1000 });
  await sell(upendo, 'theirs');
  await sell(upendo, 'asha', { staticIp: '100.64.7.7' });

  const made = await makeTenantReader(db.ownerUrl, 'umoja');
  if (made.kind !== 'made') throw new Error(made.kind);
  url = new URL(db.ownerUrl);
  url.username = made.role;
  url.password = made.password;
  const [authPort = 0, acctPort = 0] = await freeUdpPorts(2);
  dir = mkdtempSync(join(tmpdir(), 'lango-stock-'));
  stock = await startStockOn({ dir, authPort, acctPort, secret, databaseUrl: url.href, authorizeOnly: true });
});
afterAll(async () => {
  await stock?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
  await removeTenantReader(db.ownerUrl, 'umoja');
  await owner?.end();
  await db?.drop();
});

async function ask(username: string, password = `pass of ${username}`, method: 'pap' | 'chap' | 'mschap2' = 'pap') {
  const request = PacketBuilder.request(Code.AccessRequest, Math.floor(Math.random() * 256));
  addBytes(request, 'User-Name', Buffer.from(username));
  add(request, 'Service-Type', 2);
  makeCredentials(method, Buffer.from(username), password, Math.random).addTo(request, Buffer.from(secret));
  const outcome = await exchange(request.seal(Buffer.from(secret)), {
    host: '127.0.0.1',
    port: stock.authPort,
    secret: Buffer.from(secret),
    timeout_ms: 4000,
    tries: 2,
  });
  if (outcome.kind === 'timeout') return { code: 'none', reply: [] as string[] };
  return {
    code: outcome.reply.code === Code.AccessAccept ? 'accept' : 'reject',
    reply: listAttributes(outcome.reply).map(({ attribute, value }) => `${attribute} = ${value}`),
  };
}

test('a stock FreeRADIUS lets a subscriber in with what stands in radcheck, radusergroup, radgroupreply and radreply', async () => {
  for (const method of ['pap', 'chap', 'mschap2'] as const) {
    const { code, reply } = await ask('asha', undefined, method);
    expect(code).toBe('accept');
    expect(reply).toEqual(
      expect.arrayContaining([
        'Mikrotik-Rate-Limit = 5000k/10000k 8000k/20000k 5000k/10000k 12/12',
        'Mikrotik-Address-List = paying',
        'Framed-Pool = home',
        'Acct-Interim-Interval = 300',
        'Framed-IP-Address = 100.64.0.9',
      ]),
    );
  }
  expect((await ask('asha', 'wrong')).code).toBe('reject');
});

test.each(['late', 'shut', 'unpaid', 'empty', 'theirs', 'nobody'])(
  'it does not find %s: not entitled, or not of this company',
  async (username) => {
    expect((await ask(username)).code).toBe('reject');
  },
);

test('what was sold counts at once: a payment lets in, a suspension shuts', async () => {
  await owner.query(`UPDATE subscription SET expires_at = lango_now() + interval '1 day' WHERE username = 'late'`);
  expect((await ask('late')).code).toBe('accept');
  await owner.query(`UPDATE subscription SET status = 'suspended' WHERE username = 'late'`);
  expect((await ask('late')).code).toBe('reject');
});

test('the reader sees the standard columns of its company alone, and can change nothing', async () => {
  const reader = new Client({ connectionString: url.href });
  await reader.connect();
  try {
    const count = async (table: string) =>
      (await reader.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE tenant_id <> ${umoja}`)).rows[0]
        ?.n;
    for (const table of [
      'radcheck',
      'radreply',
      'radusergroup',
      'radgroupcheck',
      'radgroupreply',
      'radpostauth',
      'radacct',
    ])
      expect([table, await count(table)]).toEqual([table, 0]);
    const clients = await reader.query('SELECT id, nasname, shortname, type, secret, server FROM nas');
    expect(clients.rows).toMatchObject([{ nasname: '127.61.0.1', secret: 'router-secret' }]);
    expect((await reader.query('SELECT username FROM radusergroup ORDER BY 1')).rows).toHaveLength(5);
    await reader.query('SET default_transaction_read_only = off');
    for (const sql of [
      `UPDATE radcheck SET value = 'x'`,
      `INSERT INTO radusergroup (username, groupname, tenant_id) VALUES ('x', 'y', ${umoja})`,
      `DELETE FROM nas`,
      `SELECT api_password_enc FROM nas`,
      'SELECT * FROM staff',
      'SELECT * FROM subscription',
      'SELECT * FROM tenant_reader',
      `SET ROLE lango_web`,
      `SET SESSION AUTHORIZATION "${new URL(db.ownerUrl).username}"`,
    ])
      await expect(reader.query(sql)).rejects.toThrow(/permission denied|must be|not allowed/);
    // No name of the company can be put on: it stands with the login.
    await reader.query(`SELECT set_config('lango.tenant', '${upendo}', false)`);
    expect(await count('radusergroup')).toBe(0);
  } finally {
    await reader.end();
  }
});

test('a new password voids the old one, and a removed reader is gone with its connections', async () => {
  const made = await makeTenantReader(db.ownerUrl, 'upendo');
  const again = await makeTenantReader(db.ownerUrl, upendo);
  expect([made, again]).toMatchObject([
    { kind: 'made', renewed: false },
    { kind: 'made', renewed: true },
  ]);
  const connect = async (password: string) => {
    const client = new Client({
      host: url.hostname,
      port: Number(url.port),
      database: url.pathname.slice(1),
      user: again.kind === 'made' ? again.role : '',
      password,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  expect((await listTenantReaders(db.ownerUrl)).map(({ slug }) => slug)).toEqual(['umoja', 'upendo']);
  const open = await connect(again.kind === 'made' ? again.password : '');
  expect((await open.query('SELECT username FROM radcheck ORDER BY 1')).rows).toEqual([
    { username: 'asha' },
    { username: 'theirs' },
  ]);
  await expect(connect(made.kind === 'made' ? made.password : '')).rejects.toThrow(/password authentication failed/);
  expect(await removeTenantReader(db.ownerUrl, 'upendo')).toMatchObject({ kind: 'removed' });
  await expect(open.query('SELECT 1')).rejects.toThrow();
  await open.end().catch(() => undefined);
  expect(await removeTenantReader(db.ownerUrl, 'upendo')).toEqual({ kind: 'none' });
  expect(await makeTenantReader(db.ownerUrl, 'nobody')).toEqual({ kind: 'no_company', known: ['umoja', 'upendo'] });
  const { rows } = await owner.query(
    `SELECT action FROM audit_event WHERE tenant_id = $1 AND actor_name = 'lango tenant-reader' ORDER BY id`,
    [upendo],
  );
  expect(rows.map(({ action }) => action)).toEqual([
    'tenants.make_reader',
    'tenants.renew_reader',
    'tenants.remove_reader',
  ]);
});
