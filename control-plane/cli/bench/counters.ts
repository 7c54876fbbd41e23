import { Client } from 'pg';
import { countersOf, type LoadResult } from '../../../radius/testing/load';

/** Whether the rows hold what was acknowledged: the number of sessions, and their octets of both directions to the byte. */
export interface Verified {
  sessions: number;
  stored_bytes: string;
  acknowledged_bytes: string;
  ok: boolean;
}

/** Follows how far one side's counters have come, so that each run goes on above the one before, as a router's do. */
export class SentCounters {
  private round = 0;

  constructor(private readonly sessions: number) {}

  /** The round that the next run begins with. */
  nextRound(): number {
    return this.round;
  }

  /** Takes in how far a run came. */
  add(result: LoadResult): void {
    const rounds = result.workers.map(({ share, issued }) => Math.ceil(issued / share.count));
    this.round += Math.max(1, ...rounds);
  }

  /**
   * Compares with the rows of radacct, which is a table at the peer and a view with the same columns here.
   * The last run must have been one round of all sessions, every one acknowledged.
   */
  async verify(databaseUrl: string): Promise<Verified> {
    const db = new Client({ connectionString: databaseUrl });
    await db.connect();
    try {
      const { rows } = await db.query<{ sessions: string; bytes: string }>(
        'SELECT count(*) AS sessions, coalesce(sum(acctinputoctets::numeric + acctoutputoctets), 0)::text AS bytes FROM radacct',
      );
      const last = countersOf({}, this.round - 1);
      const sent = BigInt(this.sessions) * BigInt(last.input_octets + last.output_octets);
      const stored = BigInt(rows[0]?.bytes ?? '0');
      const sessions = Number(rows[0]?.sessions);
      return {
        sessions,
        stored_bytes: String(stored),
        acknowledged_bytes: String(sent),
        ok: sessions === this.sessions && stored === sent,
      };
    } finally {
      await db.end();
    }
  }
}
