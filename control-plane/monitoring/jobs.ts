import type { JobSpec } from '../platform/jobs/job';

const BATCH = 20_000;

export const jobs: JobSpec[] = [
  {
    // The queue asks them, because it can open their passwords; a round that is still waiting is not asked for twice.
    name: 'monitoring.round',
    cron: '*/30 * * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('monitoring.poll', '{}', NULL, 'monitoring.poll') WHERE EXISTS (SELECT FROM nas)`,
      );
      return rowCount ?? 0;
    },
  },
  {
    name: 'monitoring.forget',
    cron: '17 * * * *',
    async run(db) {
      for (let total = 0; ;) {
        const { rows } = await db.query<{ forgotten: number }>('SELECT monitoring_forget($1) AS forgotten', [BATCH]);
        const forgotten = rows[0]?.forgotten ?? 0;
        total += forgotten;
        if (forgotten < BATCH) return total;
      }
    },
  },
];
