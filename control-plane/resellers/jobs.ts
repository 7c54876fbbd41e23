import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    // What a process left behind when it died, and what became due when the clock was moved.
    name: 'resellers.wake',
    cron: '*/10 * * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('resellers.pay', '{}', NULL, 'resellers.wake') WHERE reseller_payout_any_due()`,
      );
      return rowCount ?? 0;
    },
  },
];
