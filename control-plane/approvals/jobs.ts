import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    name: 'approvals.expire',
    cron: '*/5 * * * *',
    atStart: true,
    async run(db) {
      const { rows } = await db.query<{ expired: number }>('SELECT approval_expire() AS expired');
      return rows[0]?.expired ?? 0;
    },
  },
];
