import type { JobSpec } from '../platform/jobs/job';

export const jobs: JobSpec[] = [
  {
    // Ended sign-ins are kept for a week, so that a reused refresh token is still recognised and "who was signed in" can be answered.
    name: 'staff.forget-sign-ins',
    cron: '23 * * * *',
    async run(db) {
      const old = [
        `DELETE FROM staff_session WHERE least(expires_at, revoked_at, last_seen_at + interval '1 day') < now() - interval '7 days'`,
        `DELETE FROM staff_token WHERE expires_at < now() - interval '7 days' OR revoked_at < now() - interval '7 days'`,
        `DELETE FROM staff_login_failure WHERE last_at < now() - interval '1 day'`,
        `DELETE FROM staff_step WHERE expires_at < now() - interval '1 day'`,
      ];
      let rows = 0;
      for (const sql of old) rows += (await db.query(sql)).rowCount ?? 0;
      return rows;
    },
  },
];
