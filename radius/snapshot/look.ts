import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { FileOwner } from './sqlite-file';

/** What a host would answer from without the database. */
export type SnapshotLook =
  | { kind: 'none' }
  | { kind: 'unreadable'; why: string }
  /** No pass over all logins has ended yet. */
  | { kind: 'filling'; logins: number }
  /** Past the bound it answers nobody. */
  | { kind: 'whole'; logins: number; vouchers: number; age_s: number; bound_s: number };

const run = promisify(execFile);
const WAIT_MS = 5000;
const QUESTION = `SELECT (julianday('now') - 2440587.5) * 86400.0 - written_at, bound_s, written_at > 0 AND (passed_at IS NOT NULL OR pass > 1),
  (SELECT count(*) FROM (SELECT DISTINCT tenant_id, username FROM answer WHERE tenant_id <> 0)), (SELECT count(*) FROM voucher) FROM state`;

/**
 * Looks into a snapshot file while others use it, changing nothing. As its owner where we are root: SQLite makes files beside it, which FreeRADIUS must
 * be able to open.
 */
export async function lookAtSnapshot(path: string): Promise<SnapshotLook> {
  if (!existsSync(path)) return { kind: 'none' };
  try {
    const { stdout } = await run('sqlite3', ['-readonly', '-batch', '-cmd', '.timeout 2000', path, QUESTION], {
      ...asOwner(path),
      cwd: '/',
      timeout: WAIT_MS,
    });
    const [age = '', bound = '', whole = '', logins = '', vouchers = ''] = stdout.trim().split('|');
    if (stdout.trim() === '') return { kind: 'filling', logins: 0 };
    if (whole !== '1') return { kind: 'filling', logins: Number(logins) };
    return {
      kind: 'whole',
      logins: Number(logins),
      vouchers: Number(vouchers),
      age_s: Number(age),
      bound_s: Number(bound),
    };
  } catch (error) {
    const why = (error as { stderr?: string }).stderr?.trim() || String(error);
    // Made empty for FreeRADIUS, which must find a file; the writer puts the tables in.
    return /no such table/.test(why) ? { kind: 'filling', logins: 0 } : { kind: 'unreadable', why };
  }
}

function asOwner(path: string): Partial<FileOwner> {
  if (process.getuid?.() !== 0) return {};
  const { uid, gid } = statSync(path);
  return { uid, gid };
}
