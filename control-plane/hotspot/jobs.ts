import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  // A pass that was never paid for is nobody's after a week: its money could still come within two days. Codes and guesses count for an hour.
  {
    name: 'hotspot.forget',
    cron: '49 * * * *',
    async run(db) {
      const passes = await db.query(
        `DELETE FROM hotspot_pass WHERE proof = 'payment' AND admitted_at IS NULL AND created_at < lango_now() - interval '7 days'`,
      );
      const codes = await db.query(`DELETE FROM hotspot_code WHERE sent_at < lango_now() - interval '1 day'`);
      const guesses = await db.query(`DELETE FROM hotspot_guess WHERE at < lango_now() - interval '1 day'`);
      const away = await db.query(`DELETE FROM hotspot_sign_in WHERE created_at < lango_now() - interval '1 day'`);
      return (passes.rowCount ?? 0) + (codes.rowCount ?? 0) + (guesses.rowCount ?? 0) + (away.rowCount ?? 0);
    },
  },
];
