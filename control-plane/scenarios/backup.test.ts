import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBackup } from '../cli/backup/make-backup';
import { openBackup, refuseOtherKey, restoreDatabase, restoreFiles } from '../cli/backup/restore-backup';
import { ensureRoleLogins } from '../platform/db/roles';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { testMasterKey, type TestDatabase } from '../test-kit/database';
import { runSql } from '../test-kit/sql';
import { addUsage, makeActive, makeRouter, openSession } from '../test-kit/story';
import { makeTenantReader, removeTenantReader } from '../tenants';

jest.setTimeout(90_000);

let lango: TestLango;
let dir: string;
let dataDir: string;
let file: string;
const databases: string[] = [];

/** A company with a router, a running service, money, usage and an open session; and one backup of it. */
beforeAll(async () => {
  lango = await startTestLango();
  dir = mkdtempSync(join(tmpdir(), 'lango-backup-'));
  dataDir = join(dir, 'data');
  file = join(dir, 'backups', 'one.tar');
  const router = await makeRouter(lango.api, { api_username: 'api', api_password: 'sealed-secret' });
  const active = await makeActive(lango.api, { quota_bytes: 1_000_000, simultaneous_use: 2 }, { username: 'saved' });
  await lango.api.post('/billing/transactions', {
    subscription_id: active['id'],
    amount_cents: 15_000,
    method: 'cash',
    reference: 'B1',
  });
  await addUsage(lango.db, active['id'], 4321);
  await openSession(lango.db, active['id'], { nas_id: router['id'] });
  await makeTenantReader(lango.db.ownerUrl, lango.company.tenantId.toString());
  await lango.asOwner('SELECT platform_make_partitions(1)');
  rmSync(dataDir, { recursive: true, force: true });
  writeFile(join(dataDir, 'master.key'), `${testMasterKey.toString('hex')}\n`);
  writeFile(join(dataDir, 'certs', 'server.pem'), 'own certificate');
  const made = await makeBackup({ ownerUrl: lango.db.ownerUrl, dataDir, to: file });
  expect(made).toMatchObject({ path: file, hasKey: true });
});
afterAll(async () => {
  await removeTenantReader(lango.db.ownerUrl, lango.company.tenantId.toString());
  for (const name of databases) {
    const [row] = await runSql<{ roles: string[] }>(
      lango.db.ownerUrl,
      `SELECT array_agg(rolname::text) AS roles FROM pg_roles WHERE rolname LIKE 'lango\\_' || left(encode(sha256($1::bytea), 'hex'), 8) || '\\_%'`,
      [name],
    );
    await runSql(lango.db.ownerUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    for (const role of row?.roles ?? []) await runSql(lango.db.ownerUrl, `DROP ROLE "${role}"`);
  }
  await lango.stop();
  rmSync(dir, { recursive: true, force: true });
});

function writeFile(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

async function emptyDatabase(): Promise<string> {
  const name = `lango_restored_${process.pid}_${databases.length}`;
  await runSql(lango.db.ownerUrl, `CREATE DATABASE ${name}`);
  databases.push(name);
  const url = new URL(lango.db.ownerUrl);
  url.pathname = `/${name}`;
  return url.href;
}

test('a backup is one closed file, and nothing half-made is left beside it', async () => {
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
  await expect(makeBackup({ ownerUrl: lango.db.ownerUrl, dataDir, to: file })).rejects.toThrow(/exists already/);
  const wrong = new URL(lango.db.ownerUrl);
  wrong.pathname = '/no_such_database';
  await expect(makeBackup({ ownerUrl: wrong.href, dataDir, to: join(dir, 'backups', 'two.tar') })).rejects.toThrow();
  expect(readdirSync(join(file, '..'))).toEqual(['one.tar']);
});

test('a restored installation is the one that was saved: it signs in, lets in, keeps its books, and may do no more than before', async () => {
  const ownerUrl = await emptyDatabase();
  const newData = join(dir, 'new');
  const opened = await openBackup(file, newData);
  refuseOtherKey(opened, newData);
  const done = await restoreDatabase(opened, ownerUrl);
  restoreFiles(opened, newData);
  opened.discard();
  expect(done.readersGone).toEqual([]);
  expect(readFileSync(join(newData, 'master.key'), 'utf8')).toBe(readFileSync(join(dataDir, 'master.key'), 'utf8'));
  expect(statSync(join(newData, 'master.key')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(newData, 'certs', 'server.pem'), 'utf8')).toBe('own certificate');
  expect(existsSync(opened.folder)).toBe(false);

  const urls = await ensureRoleLogins(ownerUrl, testMasterKey);
  const db: TestDatabase = { ownerUrl, urls, masterKey: testMasterKey, drop: async () => undefined };
  const again = await startTestLango({ db });
  try {
    const api = await again.signIn(lango.company.email, lango.company.password);
    expect((await api.get('/access/explain?username=saved')).body).toMatchObject({
      decision: 'accept',
      reason: 'active',
    });
    expect((await api.get('/billing/transactions')).body).toMatchObject({
      items: [{ amount_cents: 15_000, reference: 'B1' }],
    });
    expect((await api.get('/sessions')).body).toMatchObject({ items: [{ username: 'saved' }] });
    // New rows get new numbers, and what is written by triggers is written.
    expect((await makeActive(api, {}, { username: 'new-here' }))['id']).toBeTruthy();
    expect((await api.get('/access/explain?username=new-here')).body).toMatchObject({ decision: 'accept' });
  } finally {
    await again.stop();
  }
  const rights = `SELECT coalesce(json_agg(x ORDER BY x.name, x.acl::text), '[]') AS all FROM (
    SELECT p.oid::regprocedure::text AS name, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a::text NOT LIKE '%/%' OR split_part(a::text, '=', 1) LIKE 'lango\\_%' OR a::text LIKE '=%') AS acl
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT c.relname::text || ' ' || c.relrowsecurity::text, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) a WHERE a::text LIKE 'lango\\_%')
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT tablename || ' ' || policyname || ' ' || coalesce(qual, ''), roles::text[] FROM pg_policies) x`;
  const [before] = await runSql(lango.db.ownerUrl, rights);
  const [after] = await runSql(ownerUrl, rights);
  expect(after).toEqual(before);
});

test('nothing is restored over something, from something damaged, or under another key', async () => {
  const newData = join(dir, 'other');
  const opened = await openBackup(file, newData);
  await expect(restoreDatabase(opened, lango.db.ownerUrl)).rejects.toThrow(/is not empty/);
  writeFile(join(newData, 'master.key'), `${'ab'.repeat(32)}\n`);
  expect(() => refuseOtherKey(opened, newData)).toThrow(/another key/);
  opened.discard();

  const damaged = join(dir, 'damaged.tar');
  const bytes = readFileSync(file);
  bytes[Math.floor(bytes.length * 0.6)]! ^= 1;
  writeFileSync(damaged, bytes);
  await expect(openBackup(damaged, newData)).rejects.toThrow(/is damaged: database.dump/);
  writeFileSync(damaged, 'no backup');
  await expect(openBackup(damaged, newData)).rejects.toThrow(/no backup of Lango/);
  await expect(openBackup(join(dir, 'nothing.tar'), newData)).rejects.toThrow(/There is no/);
  expect(readdirSync(newData)).toEqual(['master.key']);
});

test('a backup whose rows are not those that were counted is told apart', async () => {
  const newData = join(dir, 'counted');
  const opened = await openBackup(file, newData);
  const url = await emptyDatabase();
  await expect(
    restoreDatabase(
      { ...opened, manifest: { ...opened.manifest, rows: { ...opened.manifest.rows, payment: '99' } } },
      url,
    ),
  ).rejects.toThrow(/payment has 1 rows instead of 99/);
  opened.discard();
});
