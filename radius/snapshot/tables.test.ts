import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTables } from './tables';

const folder = mkdtempSync(join(tmpdir(), 'lango-tables-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sqlite = (file: string, sql: string): string =>
  execFileSync('sqlite3', [join(folder, file), sql], { encoding: 'utf8' }).trim();
const objects = (file: string) =>
  sqlite(file, `SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY type DESC`)
    .split('\n')
    .map((line) => ({ kind: line.split(' ')[0]!, name: line.split(' ')[1]! }));
const version = (file: string): number => Number(sqlite(file, 'PRAGMA user_version'));
const told = `SELECT group_concat(attribute || ' ' || value, ', ') FROM reply WHERE username = 'amina'`;

/** Somebody with 5 GB and an hour, and a file that is up to date. */
const content = `INSERT INTO answer (tenant_id, username, type, service, device, from_at, ends_at, pairs, pass) VALUES (1, 'amina', 'mikrotik', 'any', 'any', 0, 4102444800,
    '[["Mikrotik-Total-Limit","705032704",":="],["Mikrotik-Total-Limit-Gigawords","1",":="]]', 1);
  UPDATE state SET kinds = '[]', written_at = (julianday('now') - 2440587.5) * 86400.0, bound_s = 3600`;

test('a file of the version before goes on answering, gets what is new, and asks for all to be read anew', () => {
  sqlite('before', makeTables(0, [])!);
  // As it was: no allowances.
  sqlite(
    'before',
    `DROP VIEW reply; DROP TABLE allowance; ALTER TABLE state DROP COLUMN used_xid; CREATE VIEW reply AS SELECT 1; PRAGMA user_version = 3; ${content}`,
  );
  sqlite('before', makeTables(version('before'), objects('before'))!);
  expect(sqlite('before', told)).toBe('Mikrotik-Total-Limit 705032704, Mikrotik-Total-Limit-Gigawords 1');
  expect(sqlite('before', 'SELECT kinds IS NULL, used_xid IS NULL FROM state')).toBe('1|1');
  sqlite('before', `INSERT INTO allowance (tenant_id, username, left_bytes) VALUES (1, 'amina', 1000)`);
  expect(sqlite('before', told)).toBe('Mikrotik-Total-Limit 1000');
  expect(makeTables(version('before'), objects('before'))).toBeUndefined();
});

test('a file of any other version is emptied', () => {
  sqlite('old', makeTables(0, [])!);
  sqlite('old', `${content}; PRAGMA user_version = 2`);
  sqlite('old', makeTables(version('old'), objects('old'))!);
  expect(sqlite('old', 'SELECT count(*) FROM answer')).toBe('0');
});
