/** One disagreement in the books: what is wrong and where. */
export interface LedgerProblem {
  problem: string;
  tenant_id: string;
  account_id: string | null;
  transfer_id: string | null;
  expected: string | null;
  found: string | null;
}

export interface LedgerVerdict {
  ok: boolean;
  accounts: number;
  transfers: number;
  /** At most 1,000 are listed. */
  problems: LedgerProblem[];
}

/** What `verifyLedger` needs of a database connection: pg's Pool and Client both have it. */
export interface SqlRunner {
  query<T extends object>(sql: string, values?: unknown[]): Promise<{ rows: T[] }>;
}

/**
 * Recomputes all balances and entries of every company and tells what does not agree (`lango ledger verify`).
 * @param db a connection of the owner, or of the jobs role
 */
export async function verifyLedger(db: SqlRunner): Promise<LedgerVerdict> {
  const problems = await db.query<LedgerProblem>('SELECT * FROM ledger_verify() LIMIT 1000');
  const counts = await db.query<{ accounts: string; transfers: string }>('SELECT * FROM ledger_count()');
  const found = counts.rows[0];
  return {
    ok: problems.rows.length === 0,
    accounts: Number(found?.accounts ?? 0),
    transfers: Number(found?.transfers ?? 0),
    problems: problems.rows,
  };
}
