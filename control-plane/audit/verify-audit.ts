import type { Pool, Client } from 'pg';

/** What `lango audit verify` tells. `head` is the last hash: noted elsewhere, it also proves that nothing was cut off at the end. */
export interface AuditVerdict {
  checked: number;
  head: string;
  /** Events of the last moments that the sealer has not reached. */
  unsealed: number;
  /** The first link that does not hold, or undefined when all do. */
  problem: string | undefined;
}

/** Recomputes the whole hash chain, a few hundred thousand events a minute. @param connection the owner's or the jobs role's */
export async function verifyAudit(connection: Pool | Client): Promise<AuditVerdict> {
  const { rows } = await connection.query<{ checked: string; head: string; unsealed: string; problem: string | null }>(
    'SELECT * FROM audit_verify()',
  );
  const row = rows[0];
  if (!row) throw new Error('audit_verify() answered nothing');
  return {
    checked: Number(row.checked),
    head: row.head,
    unsealed: Number(row.unsealed),
    problem: row.problem ?? undefined,
  };
}
