import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    // The fullest moment is in the evening, whoever looks at the page then.
    name: 'pools.note-usage',
    cron: '*/5 * * * *',
    async run(db) {
      await db.query(`DELETE FROM pool_usage WHERE hour < lango_now() - interval '90 days'`);
      const { rows } = await db.query<{ pools: string }>('SELECT pool_note_usage() AS pools');
      return Number(rows[0]?.pools ?? 0);
    },
  },
];
