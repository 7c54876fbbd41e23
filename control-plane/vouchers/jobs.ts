import type { JobSpec } from '../platform/jobs/job';

/** Upkeep of print sheets over all companies. */
export const jobs: JobSpec[] = [
  // A process that was killed leaves its task locked in the queue for hours: the sheet is handed over anew as soon as nobody has worked on it for a while.
  {
    name: 'vouchers.take-up-sheets',
    cron: '*/15 * * * * *',
    atStart: true,
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('vouchers.draw-sheet', json_build_object('tenant', s.tenant_id::text, 'sheet', s.id::text), NULL, 'voucher-sheet:' || s.id)
         FROM voucher_sheet s WHERE s.state = 'working' AND s.beat_at < clock_timestamp() - interval '2 minutes'`,
      );
      return rowCount ?? 0;
    },
  },
  // Files full of codes that let people in are kept no longer than it takes to print them.
  {
    name: 'vouchers.forget-sheets',
    cron: '37 * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `DELETE FROM voucher_sheet WHERE created_at < lango_now() - interval '7 days'`,
      );
      return rowCount ?? 0;
    },
  },
];
