import type { JobSpec } from '../platform/jobs/job';

const BATCH = 500;

/** Upkeep of plans over all companies. */
export const jobs: JobSpec[] = [
  // At the beginning of a minute, so that what is sold on the day of new taxes is sold at them.
  {
    name: 'plans.follow-taxes',
    cron: '* * * * *',
    async run(db) {
      let total = 0;
      for (;;) {
        const { rows } = await db.query<{ moved: number }>('SELECT plan_follow_taxes($1) AS moved', [BATCH]);
        const moved = rows[0]?.moved ?? 0;
        total += moved;
        if (moved < BATCH) return total;
      }
    },
  },
];
