import type { JobSpec } from '../platform/jobs/job';

/** Upkeep of runs over all companies. */
export const jobs: JobSpec[] = [
  // A process that was killed leaves its task locked in the queue for hours: the run is handed over anew as soon as it has stood still.
  {
    name: 'bulk.take-up',
    cron: '*/10 * * * * *',
    atStart: true,
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue(r.task, json_build_object('tenant', r.tenant_id::text, 'run', r.id::text), NULL, 'bulk:' || r.id)
         FROM bulk_run r WHERE r.state IN ('planning', 'running', 'undoing') AND r.beat_at < clock_timestamp() - interval '20 seconds'`,
      );
      return rowCount ?? 0;
    },
  },
  // What nobody started holds what was uploaded; results are kept for a quarter.
  {
    name: 'bulk.forget',
    cron: '29 * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `DELETE FROM bulk_run WHERE (state IN ('draft', 'planning', 'failed') AND created_at < lango_now() - interval '1 day')
           OR (state IN ('done', 'undone', 'stopped') AND created_at < lango_now() - interval '90 days')`,
      );
      return rowCount ?? 0;
    },
  },
];
