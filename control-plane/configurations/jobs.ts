import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    // Spread over two hours of the night, so that no site's routers are all read at once.
    name: 'configurations.night',
    cron: '23 23 * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('configurations.take', json_build_object('router_id', id::text), now() + make_interval(secs => (id * 37) % 7200), 'configurations.take:' || id)
         FROM nas WHERE type = 'mikrotik' AND api_username IS NOT NULL`,
      );
      return rowCount ?? 0;
    },
  },
];
