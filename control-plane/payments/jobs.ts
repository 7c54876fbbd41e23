import type { JobConnection, JobSpec } from '../platform/jobs/job';

/** Every account with a list is read on its own, so that one that does not answer holds up no other. */
async function readLists(db: JobConnection, hours: number): Promise<number> {
  const { rowCount } = await db.query(
    `SELECT job_enqueue('payments.list', json_build_object('tenant', tenant_id::text, 'provider', provider, 'hours', $1::int), NULL, format('payments.list:%s:%s', tenant_id, provider))
     FROM payment_provider WHERE provider = 'mpesa' AND settings ->> 'nominated_phone' <> ''`,
    [hours],
  );
  return rowCount ?? 0;
}

export const jobs: JobSpec[] = [
  {
    // What a process left behind when it died, and what became due when the clock was moved.
    name: 'payments.wake',
    cron: '*/5 * * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('payments.work', '{}', NULL, 'payments.wake') WHERE payment_any_due()`,
      );
      const refunds = await db.query(
        `SELECT job_enqueue('payments.give-back', '{}', NULL, 'payments.wake-refunds') WHERE payment_refund_any_due()`,
      );
      return (rowCount ?? 0) + (refunds.rowCount ?? 0);
    },
  },
  // Payments made by hand whose confirmation never came.
  { name: 'payments.list', cron: '*/10 * * * *', run: (db) => readLists(db, 2) },
  // The provider's list goes back two days.
  { name: 'payments.list-all', cron: '23 2 * * *', run: (db) => readLists(db, 48) },
  {
    // Yesterday of Nairobi, whose night is three hours before ours; the list goes back two days.
    name: 'payments.match-days',
    cron: '41 1 * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('payments.match-day', json_build_object('tenant', tenant_id::text, 'provider', provider,
           'day', to_char((lango_now() AT TIME ZONE 'Africa/Nairobi')::date - 1, 'YYYY-MM-DD')), NULL, format('payments.match-day:%s:%s', tenant_id, provider))
         FROM payment_provider WHERE provider = 'mpesa' AND settings ->> 'nominated_phone' <> ''`,
      );
      return rowCount ?? 0;
    },
  },
  {
    // A provider tells an event for a month at most.
    name: 'payments.forget-events',
    cron: '51 3 * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `DELETE FROM payment_event WHERE created_at < lango_now() - interval '90 days'`,
      );
      return rowCount ?? 0;
    },
  },
];
