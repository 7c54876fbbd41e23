import { Pool } from 'pg';

/** A login: its company and its name. */
export interface Login {
  tenant_id: string;
  username: string;
}

/** Where a reader of the database stands. */
export interface Point {
  xid: string;
  shift_s: number;
  kinds: string;
}

/** As FreeRADIUS asks: the plans of aaa_authorize must be right for millions of rows, whatever the tables held when they were made. */
const PLANNING = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'jit=off',
  'statement_timeout=30000',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

/** An answer takes some tenths of a millisecond. */
const slowLogin_ms = 3;

/** What the writer reads of the database, by the functions of prisma/functions/snapshot.sql. Each rejects while the database is away. */
export class SnapshotSource {
  private readonly pool: Pool;

  constructor(databaseUrl: string) {
    this.pool = new Pool({
      connectionString: databaseUrl,
      max: 1,
      application_name: 'lango-snapshot',
      connectionTimeoutMillis: 3000,
      query_timeout: 40_000,
      options: PLANNING,
      keepAlive: true,
    });
    this.pool.on('error', () => undefined);
  }

  async point(): Promise<Point> {
    const { rows } = await this.pool.query<Point>(
      'SELECT o_xid AS xid, o_shift_s AS shift_s, o_kinds AS kinds FROM aaa_snapshot_point()',
    );
    return rows[0]!;
  }

  async changed(since: string, limit: number): Promise<(Login & { xid: string })[]> {
    return this.rows('SELECT tenant_id, username, xid FROM aaa_snapshot_changed($1, $2)', [since, limit]);
  }

  /** In their order, after one of them. */
  async logins(after: Login, limit: number): Promise<Login[]> {
    return this.rows('SELECT tenant_id, username FROM aaa_snapshot_logins($1, $2, $3)', [
      after.tenant_id,
      after.username,
      limit,
    ]);
  }

  async used(within_s: number, limit: number): Promise<Login[]> {
    return this.rows('SELECT tenant_id, username FROM aaa_snapshot_used($1, $2)', [within_s, limit]);
  }

  async signers(): Promise<string[]> {
    const rows = await this.rows<{ ids: string[] }>('SELECT aaa_snapshot_signers() AS ids', []);
    return rows[0]!.ids;
  }

  /** The answers to these logins as JSON text, ready for the file. */
  async answers(logins: readonly Login[], horizon_s: number): Promise<string> {
    const begun_ms = performance.now();
    const rows = await this.rows<{ answers: string }>('SELECT aaa_snapshot_answers($1, $2, $3) AS answers', [
      logins.map(({ tenant_id }) => tenant_id),
      logins.map(({ username }) => username),
      horizon_s,
    ]);
    // Plans made while the tables were as good as empty read all of them: a slow answer is the sign.
    if ((performance.now() - begun_ms) / (logins.length + 10) > slowLogin_ms) await this.pool.query('DISCARD PLANS');
    return rows[0]!.answers;
  }

  async batches(): Promise<string[]> {
    const rows = await this.rows<{ ids: string[] }>('SELECT aaa_snapshot_batches() AS ids', []);
    return rows[0]!.ids;
  }

  /** Unused codes after one of them, as JSON text of [company, code]. */
  async codes(batchId: string, after: string, limit: number): Promise<string> {
    const rows = await this.rows<{ codes: string }>('SELECT aaa_snapshot_codes($1, $2, $3) AS codes', [
      batchId,
      after,
      limit,
    ]);
    return rows[0]!.codes;
  }

  /** The answers to any of those codes, in the form of `answers`. */
  async batchAnswers(batchId: string): Promise<string> {
    const rows = await this.rows<{ answers: string }>('SELECT aaa_snapshot_batch_answers($1) AS answers', [batchId]);
    return rows[0]!.answers;
  }

  async tidy(): Promise<void> {
    await this.rows('SELECT aaa_snapshot_tidy()', []);
  }

  async end(): Promise<void> {
    await this.pool.end().catch(() => undefined);
  }

  private async rows<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }
}
