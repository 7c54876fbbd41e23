/**
 * Settings of a connection, as libpq's `options`, whose statements look up single rows by keys in tables of any size. Their plans are made once, maybe over
 * tables that are still empty, and must stay right for millions of rows: no sequential scans, no hash or merge joins, no plan per call, whose
 * making would cost as much as the work.
 * @param limit_ms the server ends a statement after this, so that the connection survives it
 */
export function keyedPlans(limit_ms?: number): string {
  return [
    'plan_cache_mode=force_generic_plan',
    'enable_seqscan=off',
    'enable_hashjoin=off',
    'enable_mergejoin=off',
    'jit=off',
    ...(limit_ms === undefined ? [] : [`statement_timeout=${limit_ms}`]),
  ]
    .map((setting) => `-c ${setting}`)
    .join(' ');
}

/** A connection, or a pool of one. */
interface Planned {
  query(text: string): Promise<unknown>;
}

const AT_MOST_EVERY_MS = 1000;

/**
 * A plan made while a table was as good as empty reads all of it, and stands until the server's own upkeep looks at the table, a minute or more; in the storm
 * after an outage that is when it is wrong. A slow statement is the sign: the next ones are planned by what the tables hold now.
 */
export class SlowPlans {
  private readonly planned = new WeakMap<Planned, number>();

  /** Has `connection` plan anew if a statement took longer than it ever should, at most once a second. Never rejects. */
  async look(connection: Planned, took_ms: number, slow_ms: number): Promise<void> {
    if (took_ms < slow_ms) return;
    const now_ms = performance.now();
    if (now_ms - (this.planned.get(connection) ?? -Infinity) < AT_MOST_EVERY_MS) return;
    this.planned.set(connection, now_ms);
    // A connection that broke meanwhile says so to its next statement.
    await connection.query('DISCARD PLANS').catch(() => undefined);
  }
}
