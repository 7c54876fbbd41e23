import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    name: 'access.forget',
    cron: '47 * * * *',
    async run(db) {
      const { rows } = await db.query<{ gone: string }>('SELECT access_forget() AS gone');
      return Number(rows[0]?.gone ?? 0);
    },
  },
];
