import type { JobSpec } from '../platform/jobs/job';

const BATCH = 5_000;

export const jobs: JobSpec[] = [
  {
    name: 'audit.seal',
    cron: '* * * * *',
    async run(db) {
      let total = 0;
      for (;;) {
        const { rows } = await db.query<{ sealed: number }>('SELECT audit_seal_events($1) AS sealed', [BATCH]);
        const sealed = rows[0]?.sealed ?? 0;
        total += sealed;
        if (sealed < BATCH) return total;
      }
    },
  },
];
