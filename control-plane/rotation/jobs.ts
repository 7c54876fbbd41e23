import type { JobSpec } from '../platform/jobs/job';

/** Routers that are begun in an hour at most, over all companies: what goes wrong is seen before it has gone wrong everywhere. */
const BEGUN_AT_ONCE = 20;

export const jobs: JobSpec[] = [
  {
    name: 'rotation.take-up',
    cron: '*/10 * * * * *',
    atStart: true,
    async run(db) {
      const { rows } = await db.query<{ n: number }>('SELECT rotation_take_up() AS n');
      return rows[0]?.n ?? 0;
    },
  },
  {
    name: 'rotation.schedule',
    cron: '37 * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('rotation.begin', json_build_object('router_id', d.nas_id::text, 'tenant_id', d.tenant_id::text), NULL, 'rotation.begin:' || d.nas_id)
         FROM rotation_due($1) d`,
        [BEGUN_AT_ONCE],
      );
      return rowCount ?? 0;
    },
  },
];
