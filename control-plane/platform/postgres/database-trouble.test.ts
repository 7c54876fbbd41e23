import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../test-kit/database';
import { databaseTrouble } from './database-trouble';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

function changed(change: (url: URL) => void): string {
  const url = new URL(database.ownerUrl);
  change(url);
  return url.href;
}

test('a database that can serve gives no trouble', async () => {
  await expect(databaseTrouble(database.ownerUrl)).resolves.toBeUndefined();
});

test.each([
  ['a wrong password', (url: URL) => (url.password = 'wrong'), /refuses the password .*Correct DATABASE_URL/],
  [
    'no such database',
    (url: URL) => (url.pathname = '/nowhere'),
    /no database nowhere\. Create it with: CREATE DATABASE "nowhere"/,
  ],
  ['nobody listening', (url: URL) => (url.port = '9'), /No Postgres answers at 127\.0\.0\.1:9\. Start it/],
  ['an unknown host', (url: URL) => (url.hostname = 'db.invalid'), /host db\.invalid of DATABASE_URL is not known/],
])('%s is one sentence with the remedy', async (_name, change, sentence) => {
  const told = await databaseTrouble(changed((url) => void change(url)));
  expect(told).toMatch(sentence);
  expect(told).not.toContain('\n');
});

test('a user without the right to make roles or tables is told how to get it', async () => {
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const name = `weak_${process.pid}`;
  try {
    await owner.query(`CREATE ROLE ${name} LOGIN PASSWORD 'x'`);
    const url = changed((u) => {
      u.username = name;
      u.password = 'x';
    });
    await expect(databaseTrouble(url)).resolves.toMatch(/may not enter .* ALTER DATABASE/);
    await owner.query(`GRANT CONNECT ON DATABASE ${owner.database} TO ${name}`);
    await expect(databaseTrouble(url)).resolves.toMatch(/may not create roles\. Allow it with: ALTER ROLE/);
    await owner.query(`ALTER ROLE ${name} CREATEROLE`);
    await expect(databaseTrouble(url)).resolves.toMatch(/may not create tables .* ALTER DATABASE/);
  } finally {
    await owner.query(`REVOKE CONNECT ON DATABASE ${owner.database} FROM ${name}`);
    await owner.query(`DROP ROLE IF EXISTS ${name}`);
    await owner.end();
  }
});
