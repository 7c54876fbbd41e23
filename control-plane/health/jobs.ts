import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    // History must never fall into a default partition for want of the next month's.
    name: 'health.partitions',
    cron: '17 2 * * *',
    atStart: true,
    async run(db) {
      const { rows } = await db.query<{ made: number }>('SELECT platform_make_partitions(3) AS made');
      return rows[0]?.made ?? 0;
    },
  },
  {
    name: 'health.forget',
    cron: '41 * * * *',
    async run(db) {
      const old = [
        `DELETE FROM platform_idempotency WHERE created_at < now() - interval '1 day'`,
        `DELETE FROM platform_job_tick WHERE scheduled_for < now() - interval '3 days'`,
        `DELETE FROM platform_heartbeat WHERE beat_at < now() - interval '1 day'`,
      ];
      let rows = 0;
      for (const sql of old) rows += (await db.query(sql)).rowCount ?? 0;
      return rows;
    },
  },
];
