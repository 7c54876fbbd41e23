import type { JobSpec } from '../platform/jobs/job';

/** How long deliveries can be looked at and replayed. */
export const KEPT_DAYS = 30;
const BATCH = 5_000;

export const jobs: JobSpec[] = [
  {
    // Wakes the sender for what a process that died left behind, and for deliveries whose time has come after the clock was moved.
    name: 'webhooks.wake',
    cron: '* * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('webhooks.send', '{}', NULL, 'webhooks.wake')
         WHERE EXISTS (SELECT FROM webhook_delivery WHERE state = 'waiting' AND next_try_at <= lango_now())`,
      );
      return rowCount ?? 0;
    },
  },
  {
    name: 'webhooks.forget',
    cron: '29 3 * * *',
    async run(db) {
      let total = 0;
      for (;;) {
        const { rowCount } = await db.query(
          `DELETE FROM webhook_event WHERE id IN (SELECT id FROM webhook_event WHERE at < lango_now() - make_interval(days => $1) LIMIT $2)`,
          [KEPT_DAYS, BATCH],
        );
        total += rowCount ?? 0;
        if ((rowCount ?? 0) < BATCH) return total;
      }
    },
  },
];
