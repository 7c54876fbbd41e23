import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../control-plane/test-kit/database';
import { insertCompany, insertRouter } from '../control-plane/test-kit/rows';
import { runSql } from '../control-plane/test-kit/sql';
import { AnswerLog } from './answer-log';

let db: TestDatabase;
let pool: Pool;
let who = '';
const hosts = [mkdtempSync(join(tmpdir(), 'lango-log-')), mkdtempSync(join(tmpdir(), 'lango-log-'))];
const before = process.cwd();

beforeAll(async () => {
  db = await createTestDatabase();
  pool = new Pool({ connectionString: db.urls.radius });
  const owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
  const tenant = await insertCompany(owner, 'Umoja');
  who = `${tenant} ${await insertRouter(owner, tenant, { address: '127.61.9.1' })}`;
  await owner.end();
});
afterAll(async () => {
  process.chdir(before);
  await pool.end();
  await db.drop();
  for (const dir of hosts) rmSync(dir, { recursive: true, force: true });
});

const hex = (text: string): string => Buffer.from(text).toString('hex');
const line = (name: string): string =>
  `${Math.floor(Date.now() / 1000)} 1 ${who} - accept active 0x00 ${hex(name)} ${hex('AA:BB:CC:00:00:01')} 2 15 ${hex('isp')} ${hex('tower')} PAP`;

test('two hosts with one name and the same paths each have all their answers loaded, also by a process that starts anew', async () => {
  for (const [n, dir] of hosts.entries()) {
    // A relative path, so that both are called the same, as on two machines.
    process.chdir(dir);
    writeFileSync('logins.log', [1, 2, 3].map((i) => `${line(`host-${n}-${i}`)}\n`).join(''));
    expect(await new AnswerLog('logins.log', pool).load()).toBe(3);
  }
  process.chdir(hosts[0] ?? '');
  writeFileSync('logins.log', `${line('host-0-4')}\n`, { flag: 'a' });
  const anew = new AnswerLog('logins.log', pool);
  // The first look only learns the position.
  await anew.load();
  await anew.load();
  const rows = await runSql<{ username: string }>(db.ownerUrl, 'SELECT username FROM radpostauth ORDER BY username');
  expect(rows.map(({ username }) => username)).toEqual(
    ['host-0-1', 'host-0-2', 'host-0-3', 'host-0-4', 'host-1-1', 'host-1-2', 'host-1-3'].sort(),
  );
});
