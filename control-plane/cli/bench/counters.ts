import { Client } from 'pg';
import { countersOf, type LoadResult } from '../../../radius/testing/load';

/** Whether the rows hold what was acknowledged: the number of sessions, and their octets of both directions to the byte. */
export interface Verified {
  sessions: number;
  stored_bytes: string;
  acknowledged_bytes: string;
  /** Requests that were never answered: their octets may or may not have been stored, so the comparison is then a lower bound. */
  unanswered: number;
  ok: boolean;
}

/**
 * Keeps, per session, the highest counters that one side was sent, and chooses steps so that each run goes on above the one before
 * (counters that fall back would measure something else).
 */
export class SentCounters {
  private readonly bytes: bigint[];
  private step_octets = 1000;
  private unanswered = 0;

  constructor(sessions: number) {
    this.bytes = Array.from({ length: sessions }, () => 0n);
  }

  /** The step for the next run. */
  nextStep(): number {
    return this.step_octets;
  }

  /** Takes in what a run of interims sent. */
  add(result: LoadResult): void {
    let rounds = 1;
    for (const { share, issued } of result.workers) {
      for (let i = 0; i < Math.min(share.count, issued); i++) {
        const round = Math.floor((issued - 1 - i) / share.count);
        const { input_octets, output_octets } = countersOf({ step_octets: this.step_octets }, round);
        const total = BigInt(input_octets) + BigInt(output_octets);
        const session = share.first + i;
        if (total > (this.bytes[session] ?? 0n)) this.bytes[session] = total;
        rounds = Math.max(rounds, round + 1);
      }
    }
    this.unanswered += result.timeouts;
    this.step_octets *= rounds + 1;
  }

  /** Compares with the rows of radacct, which is a table at the peer and a view with the same columns here. */
  async verify(databaseUrl: string): Promise<Verified> {
    const db = new Client({ connectionString: databaseUrl });
    await db.connect();
    try {
      const { rows } = await db.query<{ sessions: string; bytes: string }>(
        'SELECT count(*) AS sessions, coalesce(sum(acctinputoctets::numeric + acctoutputoctets), 0)::text AS bytes FROM radacct',
      );
      const sent = this.bytes.reduce((sum, n) => sum + n, 0n);
      const stored = BigInt(rows[0]?.bytes ?? '0');
      const sessions = Number(rows[0]?.sessions);
      const equal = this.unanswered === 0 ? stored === sent : stored <= sent;
      return {
        sessions,
        stored_bytes: String(stored),
        acknowledged_bytes: String(sent),
        unanswered: this.unanswered,
        ok: sessions === this.bytes.length && equal,
      };
    } finally {
      await db.end();
    }
  }
}
