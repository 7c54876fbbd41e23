import type { JobSpec } from '../platform/jobs/job';

/** How long calls are kept as they came. */
const KEPT_MONTHS = 24;
const BATCH = 5_000;

export const jobs: JobSpec[] = [
  {
    // Calls that were kept by a process that then died, or came faster than they could be worked on.
    name: 'hooks.wake',
    cron: '*/10 * * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('hooks.work', '{}', NULL, 'hooks.wake')
         WHERE EXISTS (SELECT FROM hook_event WHERE state = 'waiting' AND next_try_at <= clock_timestamp() AND coalesce(claimed_until <= clock_timestamp(), true))`,
      );
      return rowCount ?? 0;
    },
  },
  {
    name: 'hooks.forget',
    cron: '37 3 * * *',
    async run(db) {
      let total = 0;
      for (;;) {
        const { rowCount } = await db.query(
          `DELETE FROM hook_event WHERE id IN (SELECT id FROM hook_event WHERE received_at < lango_now() - make_interval(months => $1) AND state <> 'waiting' LIMIT $2)`,
          [KEPT_MONTHS, BATCH],
        );
        total += rowCount ?? 0;
        if ((rowCount ?? 0) < BATCH) return total;
      }
    },
  },
];
