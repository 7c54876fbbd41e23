import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  // Who never confirmed is nobody's business after a day; what was decided is kept as long as results of runs are.
  {
    name: 'join.forget',
    cron: '43 * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `DELETE FROM join_request
         WHERE state = 'unconfirmed' AND created_at < lango_now() - interval '1 day'
            OR state IN ('joined', 'refused') AND created_at < lango_now() - interval '90 days'`,
      );
      return rowCount ?? 0;
    },
  },
];
