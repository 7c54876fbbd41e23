import { Pool } from 'pg';
import type { Nas } from '../../radius/accounting/nas';
import { jobs } from '../sessions/jobs';
import type { AccountingWorld, Attributes } from './accounting-world';

/** What tests of upkeep do to a world of accounting and read from it. Both are there once the tests run. */
export function upkeepOf(world: () => AccountingWorld, router: () => Nas) {
  /** Reports a session: `status` at `ago_s` with so many seconds and octets. */
  function report(id: string, username: string, status: string, ago_s: number, more: Attributes = {}, nas = router()) {
    return world().report(nas, ago_s, {
      'Acct-Status-Type': status,
      'Acct-Session-Id': id,
      'User-Name': username,
      ...more,
    });
  }

  async function enforcements(acctSessionId: string) {
    const { rows } = await world().owner.query<{
      kind: string;
      reason: string;
      state: string;
      proven_by: string | null;
    }>(
      `SELECT e.kind, e.reason, e.state, e.proven_by FROM enforcement e JOIN session_all s ON s.radacctid = e.session_id WHERE s.acct_session_id = $1 ORDER BY e.id`,
      [acctSessionId],
    );
    return rows;
  }

  async function session(acctSessionId: string) {
    const rows = await world().sessions(acctSessionId);
    expect(rows).toHaveLength(1);
    return rows[0]!;
  }

  async function run(job: string): Promise<number> {
    const pool = new Pool({ connectionString: world().database.urls.jobs, max: 1 });
    try {
      const spec = jobs.find((candidate) => candidate.name === job)!;
      return await spec.run(pool, { log: undefined as never, scheduledFor: new Date(), dataDir: '' });
    } finally {
      await pool.end();
    }
  }

  /** As if listeners had been heard without a gap since long ago. */
  async function listenersCaughtUp(pending = 0): Promise<void> {
    await world().owner.query(
      `INSERT INTO accounting_spool (instance, host, pending_packets, beat_at, drained_at) VALUES ('l', 'h', $1, clock_timestamp(), now() - interval '1 hour')
     ON CONFLICT (instance) DO UPDATE SET pending_packets = excluded.pending_packets, beat_at = excluded.beat_at, drained_at = excluded.drained_at`,
      [pending],
    );
  }
  return { report, enforcements, session, run, listenersCaughtUp };
}
