import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeradiusPlaces } from '../../freeradius-config/generate';
import { startSnapshot, type Snapshot } from '../../radius/snapshot';
import { loadConfig } from '../platform/config';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { until } from '../test-kit/until';
import { snapshotFinding } from './snapshot-finding';

const running = ['web', 'freeradius', 'authorizer', 'nas-watcher', 'snapshot'];
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
let db: TestDatabase;
let dataDir: string;
let path: string;
let writer: Snapshot | undefined;
beforeAll(async () => {
  db = await createTestDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'lango-snapshot-'));
  path = freeradiusPlaces(join(dataDir, 'freeradius')).snapshotFile;
});
afterAll(async () => {
  await writer?.stop();
  await db.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

const finding = (roles?: string[]) => snapshotFinding(loadConfig({ LANGO_DATA: dataDir }), roles);
const change = (sql: string) => execFileSync('sqlite3', ['-cmd', '.timeout 2000', path, sql]);

test('the doctor says what this host could answer from without Postgres, and what to do when it could not', async () => {
  expect(await finding()).toEqual({ good: true, says: 'made at the first start' });
  writer = startSnapshot({ databaseUrl: db.urls.radius, path, bound_s: 7200, log: quiet });
  const found = await until(
    () => finding(running),
    ({ says }) => says.includes('up to date'),
    15_000,
  );
  expect(found).toEqual({
    good: true,
    says: '0 logins and 0 unused vouchers, up to date; answers for 2 h without Postgres',
  });
  expect(writer.state()).toBe('ok');
  await writer.stop();
  writer = undefined;

  change('UPDATE state SET written_at = written_at - 1800');
  expect(await finding(running)).toMatchObject({
    good: false,
    says: expect.stringMatching(/for 30 min\. Postgres must answer; if it does, read .*snapshot\.log/),
  });
  // Nothing runs, so nothing should be fresh.
  expect(await finding()).toMatchObject({ good: true, says: expect.stringContaining('30 min old') });
  change('UPDATE state SET written_at = written_at - 7200');
  expect(await finding(running)).toMatchObject({
    good: false,
    says: expect.stringMatching(/past its bound of 2 h .*nobody gets an answer/),
  });
  change('UPDATE state SET passed_at = NULL, pass = 1');
  expect(await finding(running)).toMatchObject({ good: true, says: expect.stringContaining('being filled') });
  expect(await finding(running.slice(0, -1))).toMatchObject({
    good: false,
    says: expect.stringContaining('Add snapshot to --roles'),
  });
});

test('a file that is no snapshot is told of as such', async () => {
  rmSync(path, { force: true });
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
  execFileSync('sh', ['-c', 'echo this is a page of something else, long enough to be looked at > "$0"', path]);
  expect(await finding(running)).toMatchObject({ good: false, says: expect.stringContaining('cannot be read') });
});
