import type { JobSpec } from '../platform/jobs/job';

/** Days that both logs go back. */
export const KEPT_DAYS = 14;
const DAYS_AHEAD = 3;

export const jobs: JobSpec[] = [
  {
    name: 'requests.partitions',
    cron: '7 1,13 * * *',
    atStart: true,
    async run(db) {
      const { rows } = await db.query<{ touched: number }>('SELECT request_partitions($1, $2) AS touched', [
        DAYS_AHEAD,
        KEPT_DAYS,
      ]);
      return rows[0]?.touched ?? 0;
    },
  },
  {
    name: 'requests.forget_buckets',
    cron: '23 * * * *',
    async run(db) {
      const { rows } = await db.query<{ gone: string }>('SELECT request_bucket_forget() AS gone');
      return Number(rows[0]?.gone ?? 0);
    },
  },
];
