import type { JobConnection, JobSpec } from '../platform/jobs/job';

const STALE_AT_ONCE = 1000;
const ARCHIVE_AT_ONCE = 5000;
const ROUNDS_MAX = 200;

/** Upkeep of sessions over all companies. */
export const jobs: JobSpec[] = [
  // Ghosts are closed within half a minute of their third missed interim; nothing is closed while records wait in a spool.
  {
    name: 'sessions.sweep-stale',
    cron: '*/30 * * * * *',
    run: (db) => inRounds(db, 'SELECT accounting_sweep_stale($1) AS rows', STALE_AT_ONCE),
  },
  // Sessions closed a day ago move to the partition of their day, so that the live table stays as small as the network is.
  {
    name: 'sessions.archive',
    cron: '17 * * * *',
    run: (db) => inRounds(db, 'SELECT accounting_archive($1) AS rows', ARCHIVE_AT_ONCE),
  },
];

/** Repeats a bounded statement, each in a transaction of its own, until it finds less than it may take. Gives the rows touched. */
async function inRounds(db: JobConnection, sql: string, atOnce: number): Promise<number> {
  let total = 0;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const { rows } = await db.query<{ rows: number }>(sql, [atOnce]);
    const touched = rows[0]?.rows ?? 0;
    total += touched;
    if (touched < atOnce) break;
  }
  return total;
}
