import type { JobSpec } from '../platform/jobs/job';

/** Upkeep of subscriptions over all companies. */
export const jobs: JobSpec[] = [
  // Each renewal is a task of its own under its company; asked for again before it has run, it is the same piece of work.
  {
    name: 'subscriptions.auto-renew',
    cron: '*/15 * * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('subscriptions.auto-renew', json_build_object('tenant', d.tenant_id::text, 'id', d.id::text, 'cycle_no', d.cycle_no),
           NULL, format('subscriptions.auto-renew:%s:%s', d.id, d.cycle_no)) FROM subscription_auto_renew_due() d LIMIT 2000`,
      );
      return rowCount ?? 0;
    },
  },
];
