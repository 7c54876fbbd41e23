import { setTimeout as sleep } from 'node:timers/promises';
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
   * The last run must have been one round of all sessions, every one acknowledged. What an overload before it put into the spool is
   * acknowledged too and arrives within this time.
   */
  async verify(databaseUrl: string, patience_ms = 120_000): Promise<Verified> {
    const last = countersOf({}, this.round - 1);
    const sent = BigInt(this.sessions) * BigInt(last.input_octets + last.output_octets);
    const db = new Client({ connectionString: databaseUrl });
    await db.connect();
    try {
      for (const end_ms = Date.now() + patience_ms; ; await sleep(500)) {
        const { rows } = await db.query<{ sessions: string; bytes: string }>(
          'SELECT count(*) AS sessions, coalesce(sum(acctinputoctets::numeric + acctoutputoctets), 0)::text AS bytes FROM radacct',
        );
        const stored = BigInt(rows[0]?.bytes ?? '0');
        const sessions = Number(rows[0]?.sessions);
        const ok = sessions === this.sessions && stored === sent;
        if (ok || Date.now() > end_ms)
          return { sessions, stored_bytes: String(stored), acknowledged_bytes: String(sent), ok };
      }
    } finally {
      await db.end();
    }
  }
}
