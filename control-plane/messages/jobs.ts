import type { JobSpec } from '../platform/jobs/job';

/** How long keys, calls and reports are kept. */
export const KEPT_DAYS = 90;
/** How long the texts of messages are kept; the rows stay, for what they cost. */
const TEXT_KEPT = '180 days';
const BATCH = 5_000;

export const jobs: JobSpec[] = [
  {
    // Wakes the sender for what has become due: retries, reminders after a night, what a limit held back, what a process that died left.
    name: 'messages.wake',
    cron: '* * * * *',
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue('messages.send', '{}', NULL, 'messages.wake') WHERE EXISTS (SELECT FROM message WHERE state = 'waiting' AND due_at <= lango_now())`,
      );
      return rowCount ?? 0;
    },
  },
  {
    name: 'messages.remind',
    cron: '*/10 * * * *',
    atStart: true,
    async run(db) {
      const { rows } = await db.query<{ reminded: number }>('SELECT message_remind() AS reminded');
      return rows[0]?.reminded ?? 0;
    },
  },
  {
    name: 'messages.forget',
    cron: '41 3 * * *',
    async run(db) {
      let total = 0;
      // Carriers' calls name numbers; once they are worked on, nothing is read in them again.
      const calls = await db.query(
        `DELETE FROM hook_event WHERE kind IN ('africastalking', 'twilio', 'sendgrid', 'resend') AND received_at < now() - interval '7 days' AND state IN ('done', 'ignored')`,
      );
      total += calls.rowCount ?? 0;
      for (const table of ['message_key', 'message_attempt', 'message_report']) {
        for (;;) {
          const { rowCount } = await db.query(
            `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE at < lango_now() - make_interval(days => $1) LIMIT $2))`,
            [KEPT_DAYS, BATCH],
          );
          total += rowCount ?? 0;
          if ((rowCount ?? 0) < BATCH) break;
        }
      }
      for (;;) {
        const { rows } = await db.query<{ forgotten: number }>('SELECT message_forget($1, $2) AS forgotten', [
          TEXT_KEPT,
          BATCH,
        ]);
        total += rows[0]?.forgotten ?? 0;
        if ((rows[0]?.forgotten ?? 0) < BATCH) return total;
      }
    },
  },
];
