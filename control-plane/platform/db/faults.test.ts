import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../test-kit/database';
import { until } from '../../test-kit/until';
import { systemActor } from '../context';
import { createSecretBox } from '../crypto';
import { createLog } from '../log';
import { isRetryable, isUnavailable, sqlFault } from './faults';
import { createDatabase, type Database } from './prisma';

const log = createLog('test', 'silent');
const box = createSecretBox(Buffer.alloc(32, 1));
let test1: TestDatabase;
let db: Database;
beforeAll(async () => {
  test1 = await createTestDatabase();
  db = createDatabase(test1.urls.web, box, log, 4);
  const owner = new Client({ connectionString: test1.ownerUrl });
  await owner.connect();
  await owner.query(
    `INSERT INTO tenant (name, slug, status) VALUES ('One', 'one', 'approved'), ('Two', 'two', 'approved')`,
  );
  await owner.end();
});
afterAll(async () => {
  await db.close();
  await test1.drop();
});

const opening = (tenantId: bigint) => ({ tenantId, actor: systemActor('test'), requestId: 'r1' });
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test('a constraint is told by its name, from Prisma, from raw SQL and from pg alike', async () => {
  const make = (key: string) =>
    db.inTenant(opening(1n), ({ tx }) => tx.staff_role.create({ data: { tenant_id: 1n, key, name: 'x' } }));
  await make('twin');
  expect(sqlFault(await caught(make('twin')))).toMatchObject({
    state: '23505',
    constraint: 'staff_role_tenant_id_key_key',
  });
  const raw = db.inTenant(
    opening(1n),
    ({ tx }) => tx.$executeRaw`INSERT INTO staff_role (tenant_id, key, name) VALUES (1, 'twin', 'x')`,
  );
  expect(sqlFault(await caught(raw))).toMatchObject({ state: '23505', constraint: 'staff_role_tenant_id_key_key' });
  const check = db.inTenant(opening(1n), ({ tx }) =>
    tx.subscriber.create({ data: { tenant_id: 1n, name: 'x', phone: '07' } }),
  );
  expect(sqlFault(await caught(check))).toMatchObject({ state: '23514', constraint: 'subscriber_phone_check' });
  const client = new Client({ connectionString: test1.ownerUrl });
  await client.connect();
  expect(sqlFault(await caught(client.query(`INSERT INTO tenant (name, slug) VALUES ('x', 'one')`)))).toMatchObject({
    state: '23505',
    constraint: 'tenant_slug_key',
  });
  await client.end();
  expect(sqlFault(new Error('something else'))).toBeUndefined();
});

test('a transaction sees its own company alone, and none without one', async () => {
  expect(await db.inTenant(opening(2n), ({ tx }) => tx.tenant.findMany({ select: { slug: true } }))).toEqual([
    { slug: 'two' },
  ]);
  expect(await db.outside.tenant.findMany()).toEqual([]);
  // The same pooled connection, afterwards: the company does not stick.
  expect(await Promise.all(Array.from({ length: 8 }, () => db.outside.tenant.count()))).toEqual(Array(8).fill(0));
});

test('its clock is Lango time, and what it writes is gone when it throws', async () => {
  const owner = new Client({ connectionString: test1.ownerUrl });
  await owner.connect();
  await owner.query(`UPDATE platform_clock SET shift = '10 days'`);
  const now = await db.inTenant(opening(1n), async (ctx) => ctx.now);
  expect(now.getTime() - Date.now()).toBeGreaterThan(9.9 * 86_400_000);
  await owner.query(`UPDATE platform_clock SET shift = '0'`);
  await owner.end();
  await caught(
    db.inTenant(opening(1n), async ({ tx }) => {
      await tx.staff_role.create({ data: { tenant_id: 1n, key: 'ghost', name: 'x' } });
      throw new Error('no');
    }),
  );
  expect(await db.inTenant(opening(1n), ({ tx }) => tx.staff_role.count({ where: { key: 'ghost' } }))).toBe(0);
});

test('a deadlock is tried again and both sides get through', async () => {
  await db.inTenant(opening(1n), ({ tx }) =>
    tx.staff_role.createMany({
      data: [
        { tenant_id: 1n, key: 'a', name: '0' },
        { tenant_id: 1n, key: 'b', name: '0' },
      ],
    }),
  );
  let tries = 0;
  let holding = 0;
  const cross = (first: string, second: string) =>
    db.inTenant(opening(1n), async ({ tx }) => {
      tries += 1;
      const rise = (key: string) =>
        tx.$executeRaw`UPDATE staff_role SET name = (name::int + 1)::text WHERE tenant_id = 1 AND key = ${key}`;
      await rise(first);
      holding += 1;
      await until(
        () => holding,
        (sides) => sides >= 2,
      );
      await rise(second);
    });
  await Promise.all([cross('a', 'b'), cross('b', 'a')]);
  const rows = await db.inTenant(opening(1n), ({ tx }) =>
    tx.staff_role.findMany({ where: { key: { in: ['a', 'b'] } } }),
  );
  expect(rows.map((row) => row.name)).toEqual(['2', '2']);
  expect(tries).toBeGreaterThan(2);
});

test('relations read side by side in one transaction wait for each other without a warning', async () => {
  const warnings: string[] = [];
  const hear = (warning: Error): number => warnings.push(warning.message);
  process.on('warning', hear);
  const [role] = await db.inTenant(opening(1n), ({ tx }) =>
    Promise.all([
      tx.staff_role.findFirst({ where: { key: 'isp_admin' }, include: { permissions: true, staff: true } }),
      tx.tenant.count(),
      tx.plan.findMany({ include: { versions: true, current_version: true } }),
    ]),
  );
  await new Promise((done) => setImmediate(done));
  process.off('warning', hear);
  expect(role?.permissions.length).toBeGreaterThan(10);
  expect(warnings).toEqual([]);
});

test('a statement that lasts too long is told as unavailable', async () => {
  const late = await caught(
    db.inTenant(opening(1n), async ({ tx }) => {
      await tx.$executeRaw`SELECT set_config('statement_timeout', '50', true)`;
      await tx.$executeRaw`SELECT pg_sleep(1)`;
    }),
  );
  expect([isUnavailable(late), sqlFault(late)?.state]).toEqual([true, '57014']);
});

test('after the server has dropped every connection the next request is served', async () => {
  await db.inTenant(opening(1n), async (ctx) => ctx.now);
  const owner = new Client({ connectionString: test1.ownerUrl });
  await owner.connect();
  await owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lango-web' AND datname = current_database()`,
  );
  await until(
    () =>
      owner.query(`SELECT FROM pg_stat_activity WHERE application_name = 'lango-web' AND datname = current_database()`),
    ({ rowCount }) => rowCount === 0,
  );
  await owner.end();
  await expect(db.inTenant(opening(1n), async (ctx) => ctx.tenantId)).resolves.toBe(1n);
});

test('no server is unavailable; a bad value is not', async () => {
  const away = createDatabase('postgresql://nobody:x@127.0.0.1:1/none', box, log);
  const error = await caught(away.inTenant(opening(1n), async () => 1));
  expect([isUnavailable(error), isRetryable(error)]).toEqual([true, false]);
  await away.close();
  const bad = await caught(db.inTenant(opening(1n), ({ tx }) => tx.$queryRaw`SELECT 'x'::int`));
  expect([isUnavailable(bad), sqlFault(bad)?.state]).toEqual([false, '22P02']);
});
