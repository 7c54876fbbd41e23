import { Pool } from 'pg';
import { keyedPlans, SlowPlans } from '../part';

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

/** What the file holds of some logins, as JSON text. */
export interface Known {
  answers: string;
  certificates: string;
  left: string;
}

const STATEMENT_MS = 30_000;
/** An answer takes some tenths of a millisecond. */
const SLOW_LOGIN_MS = 3;

/** What the writer reads of the database, by the functions of prisma/functions/snapshot.sql. Each rejects while the database is away. */
export class SnapshotSource {
  private readonly pool: Pool;
  private readonly plans = new SlowPlans();

  constructor(databaseUrl: string) {
    this.pool = new Pool({
      connectionString: databaseUrl,
      max: 1,
      application_name: 'lango-snapshot',
      connectionTimeoutMillis: 3000,
      query_timeout: 40_000,
      options: keyedPlans(STATEMENT_MS),
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

  /** Those of them who may not come in at all. */
  async barred(since: string): Promise<Login[]> {
    return this.rows('SELECT tenant_id, username FROM aaa_snapshot_barred($1)', [since]);
  }

  /** In their order, after one of them. */
  async logins(after: Login, limit: number): Promise<Login[]> {
    return this.rows('SELECT tenant_id, username FROM aaa_snapshot_logins($1, $2, $3)', [
      after.tenant_id,
      after.username,
      limit,
    ]);
  }

  /** Those who may have used something since that transaction. */
  async used(since: string): Promise<Login[]> {
    return this.rows('SELECT tenant_id, username FROM aaa_snapshot_used($1)', [since]);
  }

  /** What is left to them, as JSON text ready for the file. */
  async left(logins: readonly Login[]): Promise<string> {
    const rows = await this.rows<{ left: string }>('SELECT aaa_snapshot_left($1, $2) AS left', [
      logins.map(({ tenant_id }) => tenant_id),
      logins.map(({ username }) => username),
    ]);
    return rows[0]!.left;
  }

  async signers(): Promise<string[]> {
    const rows = await this.rows<{ ids: string[] }>('SELECT aaa_snapshot_signers() AS ids', []);
    return rows[0]!.ids;
  }

  /** The answers to these logins, the certificates by which they come in and what is left to them, each as JSON text ready for the file. */
  async known(logins: readonly Login[], horizon_s: number): Promise<Known> {
    const begun_ms = performance.now();
    const rows = await this.rows<Known>(
      'SELECT aaa_snapshot_answers($1, $2, $3) AS answers, aaa_snapshot_certificates($1, $2) AS certificates, aaa_snapshot_left($1, $2) AS left',
      [logins.map(({ tenant_id }) => tenant_id), logins.map(({ username }) => username), horizon_s],
    );
    await this.plans.look(this.pool, performance.now() - begun_ms, SLOW_LOGIN_MS * (logins.length + 10));
    return rows[0]!;
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

  /** The answers to any of those codes, in the form of `known`. */
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
