import type { JobConnection, JobSpec } from '../platform/jobs/job';

/** Accounts in one transaction: while it lasts, other sales of the company wait for its books. */
const ACCOUNTS = 200;
const DEBTS = 50;

/** Bills what is due in every company, each in its run of the day; gives how many accounts were worked. Broken off anywhere, it goes on at the next tick. */
export async function billDue(db: JobConnection): Promise<number> {
  const { rows } = await db.query<{ tenant: string }>('SELECT postpaid_tenants_due() AS tenant');
  let total = 0;
  for (const { tenant } of rows) {
    const opened = await db.query<{ id: string }>('SELECT postpaid_run_open($1) AS id', [tenant]);
    const run = opened.rows[0]?.id;
    for (let worked = 1; worked > 0; total += worked) {
      const answer = await db.query<{ worked: number }>('SELECT postpaid_run_some($1, $2) AS worked', [run, ACCOUNTS]);
      worked = answer.rows[0]?.worked ?? 0;
    }
    await db.query('SELECT postpaid_run_close($1)', [run]);
  }
  return total;
}

export const jobs: JobSpec[] = [
  { name: 'postpaid.bill', cron: '* * * * *', atStart: true, run: (db) => billDue(db) },
  {
    name: 'postpaid.look',
    cron: '30 * * * * *',
    async run(db) {
      let total = 0;
      for (let looked = 1; looked > 0; total += looked) {
        const { rows } = await db.query<{ looked: number }>('SELECT postpaid_look($1) AS looked', [DEBTS]);
        looked = rows[0]?.looked ?? 0;
      }
      return total;
    },
  },
];
