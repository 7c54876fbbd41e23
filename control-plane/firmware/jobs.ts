import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    // Spread over two hours of the night: each router asks MikroTik's servers.
    name: 'firmware.night',
    cron: '41 0 * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('firmware.check', json_build_object('router_id', id::text), now() + make_interval(secs => (id * 53) % 7200), 'firmware.check:' || id)
         FROM nas WHERE type = 'mikrotik' AND api_username IS NOT NULL`,
      );
      return rowCount ?? 0;
    },
  },
];
