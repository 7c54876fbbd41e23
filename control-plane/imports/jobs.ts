import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  // Uploads whose columns nobody has named hold passwords: a day is enough.
  {
    name: 'imports.forget',
    cron: '31 * * * *',
    async run(db) {
      const { rowCount } = await db.query(`DELETE FROM import_file WHERE created_at < lango_now() - interval '1 day'`);
      return rowCount ?? 0;
    },
  },
];
