import { makeTables } from './tables';
import { SqliteFile, textLiteral, type FileOwner } from './sqlite-file';
import type { Known, Login } from './source';

/** How far the file has come; as the last writer left it. */
export interface Progress {
  /** Transactions before it have been read; undefined in a new file. */
  xid: string | undefined;
  /** The same of what logins have used. */
  used_xid: string | undefined;
  /** Types of router by company, of the last whole pass. */
  kinds: string;
  /** Number of the pass over all logins, and whether it is still going on, after which login. */
  pass: number;
  passing: boolean;
  cursor: Login;
  /** When the last whole pass ended and when the file last was up to date, in seconds since 1970 on this host; 0 for never. */
  passed_at: number;
  written_at: number;
}

/** Statement that keeps what is left to logins; given as JSON of snapshot_left. */
const putLeft = (left: string): string => `INSERT OR REPLACE INTO allowance
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]'),
  json_extract(value, '$[5]')
FROM json_each(${textLiteral(left)});`;

/** Statements that forget these logins. */
function forget(logins: readonly Login[]): string {
  const keys = textLiteral(JSON.stringify(logins.map(({ tenant_id, username }) => [Number(tenant_id), username])));
  const from = (table: string): string =>
    `DELETE FROM ${table} WHERE (tenant_id, username) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(${keys}));`;
  return ['answer', 'certificate', 'allowance'].map(from).join('\n');
}

/** A disk that lost something, or somebody else's file under our name. */
const isBroken = (error: unknown): boolean => /malformed|not a database/.test(String(error));

/** The snapshot as the writer sees it. Each method is one transaction of SQLite. */
export class SnapshotFile {
  private readonly file: SqliteFile;

  constructor(path: string, owner?: FileOwner) {
    this.file = new SqliteFile(path, owner);
  }

  /** Makes what is missing; a file of another version is emptied. */
  async open(): Promise<Progress> {
    this.file.prepare();
    return this.begin();
  }

  /** Throws the file away when this fault says that it can be read no more, and says so; the next open makes another. */
  discardIfBroken(error: unknown): boolean {
    if (!isBroken(error)) return false;
    this.file.discard();
    return true;
  }

  private async begin(): Promise<Progress> {
    const [version = '0'] = await this.file.run('PRAGMA user_version');
    const objects = await this.file.run(
      `SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC`,
    );
    const make = makeTables(
      Number(version),
      objects.map((line) => ({ kind: line.split(' ')[0]!, name: line.split(' ')[1]! })),
    );
    if (make) await this.file.run(make);
    return this.progress();
  }

  /** Replaces what is known of these logins; one without answers is forgotten. */
  async replace(logins: readonly Login[], known: Known, progress: { pass: number; cursor?: Login }): Promise<void> {
    const keys = JSON.stringify(logins.map(({ tenant_id, username }) => [Number(tenant_id), username]));
    const cursor = progress.cursor
      ? `UPDATE state SET cursor_tenant = ${Number(progress.cursor.tenant_id)}, cursor_username = ${textLiteral(progress.cursor.username)};`
      : '';
    // A login that is known is no unused voucher any more.
    await this.file.run(`BEGIN IMMEDIATE;
${forget(logins)}
DELETE FROM voucher WHERE (tenant_id, code) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(${textLiteral(keys)}));
INSERT OR REPLACE INTO answer
SELECT json_extract(value, '$.t'), json_extract(value, '$.n'), json_extract(value, '$.k'), json_extract(value, '$.s'), json_extract(value, '$.d'),
  json_extract(value, '$.f'), json_extract(value, '$.u'), json_extract(value, '$.x'), json_extract(value, '$.c'), json_extract(value, '$.m'),
  json_extract(value, '$.h'), json_extract(value, '$.a'), json_extract(value, '$.p'), ${progress.pass}
FROM json_each(${textLiteral(known.answers)});
INSERT OR REPLACE INTO certificate SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
FROM json_each(${textLiteral(known.certificates)});
${putLeft(known.left)}
${cursor}
COMMIT`);
  }

  /** Forgets logins; the pass that follows says what becomes of them. */
  async forget(logins: readonly Login[]): Promise<void> {
    await this.file.run(`BEGIN IMMEDIATE;\n${forget(logins)}\nCOMMIT`);
  }

  /** What is left to some logins: JSON of aaa_snapshot_left. */
  async left(left: string): Promise<void> {
    await this.file.run(putLeft(left));
  }

  /** All that was used before this transaction is in. */
  async usedUpTo(xid: string): Promise<void> {
    await this.file.run(`UPDATE state SET used_xid = ${textLiteral(xid)}`);
  }

  /** A new pass over all logins begins; what they use from this transaction on is asked for beside it. */
  async beginPass(pass: number, xid: string): Promise<void> {
    await this.file.run(
      `UPDATE state SET pass = ${pass}, passing = 1, cursor_tenant = 0, cursor_username = '', used_xid = ${textLiteral(xid)}, passed_at = NULL`,
    );
  }

  /** The pass is over: what it did not meet is gone from the database. */
  async endPass(pass: number, kinds: string, now_s: number): Promise<void> {
    await this.file.run(`BEGIN IMMEDIATE;
DELETE FROM answer WHERE pass < ${pass} AND tenant_id <> 0;
DELETE FROM certificate WHERE NOT EXISTS (SELECT 1 FROM answer a WHERE (a.tenant_id, a.username) = (certificate.tenant_id, certificate.username));
DELETE FROM allowance WHERE NOT EXISTS (SELECT 1 FROM answer a WHERE (a.tenant_id, a.username) = (allowance.tenant_id, allowance.username));
UPDATE state SET passing = 0, passed_at = ${now_s}, kinds = ${textLiteral(kinds)};
COMMIT`);
  }

  /** The file is up to date with the database as of now. */
  async upToDate(o: {
    xid: string;
    shift_s: number;
    bound_s: number;
    signers: readonly string[];
    now_s: number;
  }): Promise<void> {
    const signers = o.signers.map(Number).filter(Number.isSafeInteger);
    await this.file.run(`BEGIN IMMEDIATE;
INSERT OR IGNORE INTO signer SELECT value FROM json_each('${JSON.stringify(signers)}');
DELETE FROM signer WHERE nas_id NOT IN (SELECT value FROM json_each('${JSON.stringify(signers)}'));
UPDATE state SET xid = ${textLiteral(o.xid)}, shift_s = ${o.shift_s}, bound_s = ${o.bound_s}, written_at = ${o.now_s};
COMMIT`);
  }

  /** Batches whose unused codes are all in the file. */
  async batches(): Promise<string[]> {
    return this.file.run('SELECT id FROM batch');
  }

  /** Adds unused codes of a batch: JSON of aaa_snapshot_codes. */
  async addCodes(batchId: string, codes: string): Promise<void> {
    await this.file
      .run(`INSERT OR REPLACE INTO voucher SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), ${Number(batchId)}
FROM json_each(${textLiteral(codes)}) WHERE NOT EXISTS (SELECT 1 FROM answer WHERE (tenant_id, username) = (json_extract(value, '$[0]'), json_extract(value, '$[1]')))`);
  }

  /** All codes of the batch are in. */
  async addBatch(batchId: string): Promise<void> {
    await this.file.run(`INSERT OR IGNORE INTO batch VALUES (${Number(batchId)})`);
  }

  /** Its codes let nobody in any more. */
  async dropBatch(batchId: string): Promise<void> {
    const id = Number(batchId);
    await this.file.run(`BEGIN IMMEDIATE;
DELETE FROM voucher WHERE batch_id = ${id};
DELETE FROM batch WHERE id = ${id};
DELETE FROM answer WHERE tenant_id = 0 AND username = '${id}';
COMMIT`);
  }

  /** Logins whose answers are not foretold until `until_s` (on Lango's clock). */
  async endingBefore(until_s: number, limit: number): Promise<Login[]> {
    const lines = await this.file.run(`SELECT tenant_id || ' ' || hex(username) FROM answer a
WHERE until_at < ${until_s} AND NOT EXISTS (SELECT 1 FROM answer b WHERE (b.tenant_id, b.username, b.type) = (a.tenant_id, a.username, a.type) AND b.from_at >= a.until_at)
GROUP BY 1 ORDER BY min(until_at) LIMIT ${limit}`);
    return lines.map((line) => {
      const [tenant_id = '', hex = ''] = line.split(' ');
      return { tenant_id, username: Buffer.from(hex, 'hex').toString('utf8') };
    });
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private async progress(): Promise<Progress> {
    const [line = ''] = await this.file
      .run(`SELECT json_array(xid, coalesce(kinds, ''), pass, passing, cursor_tenant, cursor_username,
coalesce(passed_at, 0), written_at, used_xid) FROM state`);
    const [xid, kinds, pass, passing, tenant, username, passed_at, written_at, used_xid] = JSON.parse(line) as [
      string | null,
      string,
      number,
      number,
      number,
      string,
      number,
      number,
      string | null,
    ];
    return {
      xid: xid ?? undefined,
      used_xid: used_xid ?? undefined,
      kinds,
      pass,
      passing: passing === 1,
      cursor: { tenant_id: String(tenant), username },
      passed_at,
      written_at,
    };
  }
}
