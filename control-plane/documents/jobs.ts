import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  // A ticket counts for an hour, and its codes are counted for one.
  {
    name: 'documents.forget',
    cron: '52 * * * *',
    async run(db) {
      const { rowCount } = await db.query(`DELETE FROM document_ticket WHERE sent_at < lango_now() - interval '1 day'`);
      return rowCount ?? 0;
    },
  },
];
