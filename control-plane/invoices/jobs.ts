import type { JobSpec } from '../platform/jobs/job';

const BATCH = 5_000;

export const jobs: JobSpec[] = [
  {
    name: 'invoices.number',
    cron: '* * * * * *',
    async run(db) {
      let total = 0;
      for (;;) {
        const { rows } = await db.query<{ given: number }>('SELECT invoice_number_due($1) AS given', [BATCH]);
        const given = rows[0]?.given ?? 0;
        total += given;
        if (given < BATCH) return total;
      }
    },
  },
];
