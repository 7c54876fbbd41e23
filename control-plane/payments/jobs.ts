import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    // What a process left behind when it died, and what became due when the clock was moved.
    name: 'payments.wake',
    cron: '*/5 * * * * *',
    async run(pool) {
      const { rowCount } = await pool.query(
        `SELECT job_enqueue('payments.work', '{}', NULL, 'payments.wake') WHERE payment_any_due()`,
      );
      return rowCount ?? 0;
    },
  },
];
