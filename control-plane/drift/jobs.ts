import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    name: 'drift.night',
    cron: '41 0 * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('drift.check', json_build_object('router_id', id::text), now() + make_interval(secs => (id * 41) % 7200), 'drift.check:' || id)
         FROM nas WHERE type = 'mikrotik' AND api_username IS NOT NULL`,
      );
      return rowCount ?? 0;
    },
  },
];
