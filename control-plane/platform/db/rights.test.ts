import { Client } from 'pg';
import { makeActive, makeRouter } from '../../test-kit/story';
import { startTestLango, type TestCompany, type TestLango } from '../../test-kit/lango';
import { databaseRoles, type DatabaseRole } from './roles';

let lango: TestLango;
let mine: TestCompany;
let theirs: TestCompany;
const connections = {} as Record<DatabaseRole, Client>;

/** Puts something of one company into every table that is easily reached. */
async function furnish(company: TestCompany): Promise<void> {
  const subscription = await makeActive(company.api, { quota_bytes: 1_000_000 });
  const router = await makeRouter(company.api);
  await company.api.post('/billing/transactions', {
    subscription_id: subscription.id,
    amount_cents: 150_000,
    method: 'cash',
    reference: `R${company.tenantId}`,
  });
  await lango.asOwner(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at)
     VALUES ($1, $2, 'a1', $3, 'u', '127.0.0.1', now(), now(), now())`,
    [company.tenantId.toString(), router.id, subscription.id],
  );
  await lango.asOwner(
    `WITH e AS (INSERT INTO enforcement (tenant_id, session_id, nas_id, kind, reason) SELECT $1, radacctid, nas_id, 'cut', 'suspended' FROM session_live WHERE tenant_id = $1 RETURNING id)
     INSERT INTO enforcement_attempt (tenant_id, enforcement_id, via, outcome, ms) SELECT $1, id, 'disconnect', 'ack', 1 FROM e`,
    [company.tenantId.toString()],
  );
}

beforeAll(async () => {
  lango = await startTestLango();
  mine = lango.company;
  theirs = await lango.addCompany();
  await furnish(mine);
  await furnish(theirs);
  for (const role of databaseRoles) {
    connections[role] = new Client({ connectionString: lango.db.urls[role] });
    await connections[role].connect();
  }
});
afterAll(async () => {
  await Promise.all(Object.values(connections).map((client) => client.end()));
  await lango.stop();
});

const enter = (company: TestCompany | undefined) =>
  connections.web.query(`SELECT set_config('lango.tenant', $1, false)`, [company?.tenantId.toString() ?? '']);
const tenantTables = async (): Promise<string[]> =>
  (
    await lango.asOwner<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped WHERE c.relkind IN ('r', 'p') ORDER BY 1`,
    )
  ).map((row) => row.name);
const denied = /permission denied/;

describe('one company sees nothing of another', () => {
  test('every table with a company, partitions too, has row-level security with the web role bound to it', async () => {
    const rows = await lango.asOwner<{ name: string; rls: boolean; partition: boolean; bound: boolean }>(
      `SELECT c.relname AS name, c.relrowsecurity AS rls, c.relispartition AS partition,
         EXISTS (SELECT 1 FROM pg_policies p WHERE p.tablename = c.relname AND 'lango_web' = ANY (p.roles) AND p.qual LIKE '%lango_tenant()%') AS bound
       FROM pg_class c WHERE c.relname = ANY ($1)`,
      [await tenantTables()],
    );
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter((row) => !row.rls).map((row) => row.name)).toEqual([]);
    expect(rows.filter((row) => !row.bound && !row.partition).map((row) => row.name)).toEqual([]);
  });

  test('with a hand-written query, in any table or view, and in a partition by its own name', async () => {
    await enter(mine);
    const views = ['subscription_now', 'session_all', 'radacct'];
    let withRows = 0;
    for (const table of [...(await tenantTables()), ...views]) {
      const [there] = await lango.asOwner<{ n: number }>(
        `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = ${theirs.tenantId}`,
      );
      const seen = await connections.web
        .query(
          `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = ${theirs.tenantId} OR tenant_id <> ${mine.tenantId}`,
        )
        .then(
          ({ rows }) => Number(rows[0].n),
          (error: Error) => (denied.test(error.message) ? 0 : Promise.reject(error)),
        );
      expect({ table, seen }).toEqual({ table, seen: 0 });
      if ((there?.n ?? 0) > 0) withRows += 1;
    }
    expect(withRows).toBeGreaterThan(15);
    expect((await connections.web.query('SELECT id FROM tenant')).rows).toEqual([{ id: mine.tenantId.toString() }]);
  });

  test('and sees its own, while without a company there is nothing at all', async () => {
    const count = async (table: string) =>
      (await connections.web.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]?.n;
    for (const table of [
      'subscriber',
      'subscription_now',
      'nas_status',
      'session_live',
      'enforcement',
      'payment',
      'ledger_entry',
      'audit_event',
      'radacct',
    ]) {
      await enter(undefined);
      expect({ table, n: await count(table) }).toEqual({ table, n: 0 });
      if (table === 'nas_status') continue;
      await enter(mine);
      expect(await count(table)).toBeGreaterThan(0);
    }
  });

  test('cannot write for another, move a row to it, or change one of its rows', async () => {
    await enter(mine);
    const { web } = connections;
    const other = theirs.tenantId;
    await expect(
      web.query(`INSERT INTO subscriber (tenant_id, name, phone) VALUES (${other}, 'x', '+254700000000')`),
    ).rejects.toThrow(/row-level security/);
    await expect(web.query(`UPDATE subscriber SET tenant_id = ${other}`)).rejects.toThrow(/row-level security/);
    expect((await web.query(`UPDATE subscriber SET name = 'x' WHERE tenant_id = ${other}`)).rowCount).toBe(0);
    expect((await web.query(`DELETE FROM nas WHERE tenant_id = ${other}`)).rowCount).toBe(0);
    expect((await web.query(`UPDATE staff SET name = 'x' WHERE tenant_id = ${other}`)).rowCount).toBe(0);
    await expect(web.query(`UPDATE staff SET is_super_admin = true`)).rejects.toThrow(denied);
    await expect(web.query(`UPDATE staff_session SET impersonator_id = 1, impersonator_name = 'x'`)).rejects.toThrow(
      denied,
    );
  });

  test('nor reach one through a function that works past row-level security', async () => {
    await enter(mine);
    const [subscription] = await lango.asOwner<{ id: string }>(
      `SELECT id FROM subscription WHERE tenant_id = ${theirs.tenantId}`,
    );
    const [session] = await lango.asOwner<{ id: string }>(
      `SELECT radacctid AS id FROM session_live WHERE tenant_id = ${theirs.tenantId}`,
    );
    const { web } = connections;
    await expect(web.query(`SELECT radius_set_password($1, 'x')`, [subscription?.id])).rejects.toThrow();
    await expect(web.query(`SELECT enforce_subscription($1, 'suspended')`, [subscription?.id])).rejects.toThrow();
    await expect(
      web.query(`SELECT enforce_session($1, 'cut', 'staff_disconnect', '{}')`, [session?.id]),
    ).rejects.toThrow();
  });
});

describe('what one company writes names nothing of another', () => {
  const idOf = async (table: string, company: TestCompany) =>
    (await lango.asOwner<{ id: string }>(`SELECT id FROM ${table} WHERE tenant_id = ${company.tenantId} LIMIT 1`))[0]
      ?.id;
  const written = (sql: string) => connections.web.query(sql);

  test('a browser session or a token cannot be made for a person of theirs', async () => {
    await enter(mine);
    const staffId = await idOf('staff', theirs);
    await expect(
      written(
        `INSERT INTO staff_session (tenant_id, staff_id, token_hash, csrf_token, expires_at) VALUES (${mine.tenantId}, ${staffId}, '\\xaa', 'c', now() + interval '1 day')`,
      ),
    ).rejects.toThrow(/row-level security/);
    await expect(written(`UPDATE staff_token SET staff_id = ${staffId}`)).rejects.toThrow(/row-level security/);
  });

  test('nor usage, a payment or a plan for a subscription of theirs', async () => {
    await enter(mine);
    const subscriptionId = await idOf('subscription', theirs);
    await expect(
      written(
        `INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at, input_bytes) VALUES (${subscriptionId}, 99, ${mine.tenantId}, now(), 1)`,
      ),
    ).rejects.toThrow(/row-level security/);
    await expect(
      written(`UPDATE subscription SET plan_version_id = ${await idOf('plan_version', theirs)}`),
    ).rejects.toThrow(/row-level security/);
    await expect(
      written(
        `INSERT INTO payment_step (tenant_id, payment_id, step) VALUES (${mine.tenantId}, ${await idOf('payment', theirs)}, 'x')`,
      ),
    ).rejects.toThrow(/row-level security/);
  });

  test('every foreign key that the web role may write is held so', async () => {
    const rows = await lango.asOwner(
      `SELECT k.conrelid::regclass::text AS table, a.attname AS column
       FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
       JOIN pg_class c ON c.oid = k.conrelid AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
       WHERE k.contype = 'f' AND k.confrelid <> 'tenant'::regclass AND c.relname <> 'staff_role_permission'
         AND (has_column_privilege('lango_web', c.oid, a.attnum, 'INSERT') OR has_column_privilege('lango_web', c.oid, a.attnum, 'UPDATE'))
         AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polname = 'own_' || a.attname)`,
    );
    expect(rows).toEqual([]);
  });

  test('the roles that every company has are read by all and changed by none', async () => {
    await enter(mine);
    const shared = (await written('SELECT 1 FROM staff_role WHERE tenant_id IS NULL')).rowCount;
    expect(shared).toBeGreaterThan(5);
    expect((await written('UPDATE staff_role SET tenant_id = lango_tenant() WHERE tenant_id IS NULL')).rowCount).toBe(
      0,
    );
    expect((await written(`DELETE FROM staff_role_permission WHERE permission = 'payments.write'`)).rowCount).toBe(0);
    await expect(
      written(
        `INSERT INTO staff_role_permission (role_id, permission) SELECT id, 'audit.read' FROM staff_role WHERE key = 'sales'`,
      ),
    ).rejects.toThrow(/row-level security/);
  });
});

describe('each part can do its work and nothing else', () => {
  test('no role owns anything, is a superuser, passes row-level security or makes roles', async () => {
    const rows = await lango.asOwner(
      `SELECT rolname FROM pg_roles r WHERE rolname ~ '^lango_(web|jobs|accounting|enforcer|radius|[0-9a-f]{8}_.*)$' AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb
         OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid) OR EXISTS (SELECT 1 FROM pg_proc p WHERE p.proowner = r.oid))`,
    );
    expect(rows).toEqual([]);
  });

  test('functions that work past row-level security are closed to the public and cannot be misled by a search path', async () => {
    const rows = await lango.asOwner(
      `SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'public'
       WHERE p.prosecdef AND (has_function_privilege('public', p.oid, 'EXECUTE') OR NOT coalesce(p.proconfig::text LIKE '%search_path=%', false))`,
    );
    expect(rows).toEqual([]);
  });

  test('FreeRADIUS may execute aaa_ functions and read or write no table', async () => {
    const tables = await lango.asOwner(
      `SELECT c.relname, p.privilege FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
       CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (privilege)
       WHERE c.relkind IN ('r', 'p', 'v') AND has_table_privilege('lango_radius', c.oid, p.privilege) AND c.relname <> 'platform_clock'`,
    );
    expect(tables).toEqual([]);
    const functions = await lango.asOwner<{ name: string }>(
      `SELECT DISTINCT p.proname AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'public'
       WHERE has_function_privilege('lango_radius', p.oid, 'EXECUTE') AND p.prosecdef AND p.proname !~ '^aaa_'`,
    );
    // The watcher beside FreeRADIUS works with the same login: it loads answers and strangers that FreeRADIUS wrote to its log.
    const watcher = ['access_load_answers', 'access_note_strangers', 'access_note_wrong_secrets', 'nas_note_reader'];
    expect(functions.map((row) => row.name).filter((name) => !watcher.includes(name))).toEqual([]);
    for (const sql of [
      'SELECT * FROM radcheck',
      'SELECT * FROM nas',
      'SELECT * FROM staff',
      `SELECT radius_set_password(1, 'x')`,
    ]) {
      await expect(connections.radius.query(sql)).rejects.toThrow(denied);
    }
    expect((await connections.radius.query('SELECT * FROM aaa_nas_table()')).rows).toHaveLength(2);
  });

  test.each<[DatabaseRole, string]>([
    ['web', 'SELECT secret FROM nas'],
    ['web', 'SELECT * FROM nas'],
    ['web', 'SELECT * FROM rotation_secret'],
    ['jobs', 'SELECT * FROM rotation_secret'],
    ['web', 'SELECT * FROM radcheck'],
    ['web', `UPDATE radcheck SET value = 'x'`],
    ['web', `INSERT INTO ledger_transfer (tenant_id, key) VALUES (1, 'x')`],
    ['web', 'UPDATE ledger_account SET balance_cents = 1'],
    ['web', 'DELETE FROM payment'],
    ['web', 'UPDATE payment SET amount_cents = 1'],
    ['web', 'UPDATE session_live SET input_bytes = 0'],
    ['web', 'UPDATE usage_hour SET input_bytes = 0'],
    ['web', `UPDATE tenant SET status = 'approved'`],
    ['web', `INSERT INTO tenant (name, slug) VALUES ('x', 'x')`],
    ['web', `UPDATE platform_clock SET shift = '1 day'`],
    ['web', 'SELECT * FROM aaa_nas_table()'],
    ['web', 'SELECT * FROM staff_person'],
    ['web', 'CREATE TABLE mine (id int)'],
    ['jobs', 'SELECT password_hash FROM staff'],
    ['jobs', 'SELECT secret FROM nas'],
    ['jobs', 'SELECT * FROM radcheck'],
    ['jobs', 'UPDATE audit_event SET action = action'],
    ['jobs', 'UPDATE payment SET amount_cents = 1'],
    ['accounting', 'SELECT * FROM staff'],
    ['accounting', 'SELECT * FROM payment'],
    ['accounting', 'SELECT * FROM radcheck'],
    ['accounting', `UPDATE subscription SET expires_at = now()`],
    ['accounting', 'UPDATE plan_version SET quota_bytes = NULL'],
    ['accounting', 'DELETE FROM usage_hour'],
    ['enforcer', 'SELECT * FROM staff'],
    ['enforcer', 'SELECT secret FROM nas'],
    ['enforcer', 'SELECT * FROM radcheck'],
    ['enforcer', 'UPDATE session_live SET input_bytes = 0'],
    ['enforcer', `UPDATE subscription SET status = 'active'`],
    ['enforcer', 'SELECT * FROM ledger_account'],
  ])('%s may not: %s', async (role, sql) => {
    if (role === 'web') await enter(mine);
    await expect(connections[role].query(sql)).rejects.toThrow(denied);
  });
});
