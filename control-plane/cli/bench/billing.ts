import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../platform/db/migrate';
import { startEmbeddedPostgres } from '../../platform/postgres/embedded';
import { projectRoot } from '../../platform/project-root';
import { billDue } from '../../postpaid/jobs';
import { commit, machine } from './report';

export interface BillingOptions {
  subscribers: number;
  progress: (line: string) => void;
}

/** One month of billing, from the first account to the last number of an invoice. */
export interface BillingRun {
  bill_s: number;
  number_s: number;
  /** Billing it again, at once. */
  again_s: number;
  again_accounts: number;
  invoices: number;
  total_cents: number;
  /** A sum over every customer and what they were billed. */
  digest: string;
  faults: number;
}

export interface BillingReport {
  at: string;
  commit: string;
  machine: ReturnType<typeof machine>;
  load: [before: number, after: number];
  subscribers: number;
  runs: BillingRun[];
}

/** `npm run bench -- --only billing [--users N]`. */
export function readBilling(value: (name: string) => string | undefined): Omit<BillingOptions, 'progress'> {
  return { subscribers: Number(value('--users') ?? 50_000) };
}

/** Bills a month of a company whose customers pay afterwards, on two equal copies of its database one after the other: both must come to the same. */
export async function runBilling(o: BillingOptions): Promise<BillingReport> {
  const home = mkdtempSync(join(tmpdir(), 'lango-bench-'));
  chmodSync(home, 0o755);
  const before = loadavg()[0] ?? 0;
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: true });
  try {
    const url = (name: string) => Object.assign(new URL(postgres.ownerUrl), { pathname: `/${name}` }).href;
    await asOwner(postgres.ownerUrl, (db) => db.query('CREATE DATABASE month'));
    await migrate(url('month'));
    o.progress(
      `${o.subscribers} customers with a service each, a tenth of whom change their plan and a twentieth of whom pause`,
    );
    const version = await asOwner(url('month'), (db) => seed(db, o.subscribers));
    await asOwner(postgres.ownerUrl, (db) => db.query('CREATE DATABASE again TEMPLATE month'));
    const runs: BillingRun[] = [];
    for (const name of ['month', 'again']) {
      runs.push(await asOwner(url(name), oneMonth));
      o.progress(renderRun(runs.at(-1)!));
    }
    return {
      at: new Date().toISOString(),
      commit: commit(projectRoot()),
      machine: machine(version),
      load: [before, loadavg()[0] ?? 0],
      subscribers: o.subscribers,
      runs,
    };
  } finally {
    await postgres.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function asOwner<T>(connectionString: string, work: (db: Client) => Promise<T>): Promise<T> {
  const db = new Client({ connectionString });
  await db.connect();
  try {
    return await work(db);
  } finally {
    await db.end();
  }
}

const goTo = (db: Client, wall: string) =>
  db.query(`UPDATE platform_clock SET shift = ($1::timestamp AT TIME ZONE 'Africa/Nairobi') - clock_timestamp()`, [
    wall,
  ]);

/** January 2027: from its first midnight on, with what happens in the middle of it. Gives the server's version. */
async function seed(db: Client, subscribers: number): Promise<string> {
  await goTo(db, '2027-01-01 00:00');
  await db.query(
    `INSERT INTO tenant (name, slug, status, timezone) VALUES ('Bench', 'bench', 'approved', 'Africa/Nairobi')`,
  );
  await db.query(
    `INSERT INTO invoice_tax (tenant_id, tax, starts_on) SELECT id, x, '2020-01-01' FROM tenant, unnest(ARRAY['vat', 'excise']) x WHERE slug = 'bench'`,
  );
  await db.query(`
    WITH t AS (SELECT id FROM tenant WHERE slug = 'bench'),
    p AS (INSERT INTO plan (tenant_id, name, kind) SELECT t.id, 'Home ' || n, 'pppoe' FROM t, generate_series(1, 5) n RETURNING id, tenant_id)
    INSERT INTO plan_version (tenant_id, plan_id, version, price_cents, currency, validity_count, validity_unit, down_kbps, up_kbps)
    SELECT p.tenant_id, p.id, 1, 150000 + 33333 * row_number() OVER (ORDER BY p.id), 'KES', 1, 'month', 10000, 10000 FROM p`);
  await db.query(`UPDATE plan SET current_version_id = v.id FROM plan_version v WHERE v.plan_id = plan.id`);
  await db.query(
    `INSERT INTO subscriber (tenant_id, name, phone) SELECT t.id, 'Customer ' || n, '+2547' || lpad(n::text, 8, '0') FROM tenant t, generate_series(1, $1::int) n WHERE t.slug = 'bench'`,
    [subscribers],
  );
  await db.query(`
    INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, cycle_no, starts_at, expires_at)
    SELECT c.tenant_id, c.id, v.ids[1 + c.id % 5], 'post-' || c.id, 'active', 1, lango_now(), '9999-12-31'
    FROM subscriber c, (SELECT array_agg(id ORDER BY id) AS ids FROM plan_version) v`);
  await db.query(`
    INSERT INTO postpaid_account (subscriber_id, tenant_id, billing_day, terms_days, billed_until)
    SELECT id, tenant_id, 1, 14, '2026-12-31 21:00Z' FROM subscriber`);
  await db.query(`UPDATE subscription SET postpaid_from = '2026-12-31 21:00Z'`);
  await goTo(db, '2027-01-12 10:00');
  await db.query(`UPDATE subscription SET plan_version_id = (SELECT max(id) FROM plan_version) WHERE id % 10 = 3`);
  await db.query(`UPDATE subscription SET status = 'paused', paused_at = lango_now() WHERE id % 20 = 7`);
  await goTo(db, '2027-01-20 18:30');
  await db.query(`UPDATE subscription SET status = 'active', paused_at = NULL WHERE status = 'paused'`);
  await db.query('VACUUM ANALYZE');
  return (await db.query<{ server_version: string }>('SHOW server_version')).rows[0]?.server_version ?? 'unknown';
}

async function oneMonth(db: Client): Promise<BillingRun> {
  await goTo(db, '2027-02-01 00:01');
  const seconds = async (work: () => Promise<unknown>) => {
    const from = process.hrtime.bigint();
    await work();
    return Number(process.hrtime.bigint() - from) / 1e9;
  };
  const bill_s = await seconds(() => billDue(db));
  let again_accounts = 0;
  const again_s = await seconds(async () => (again_accounts = await billDue(db)));
  const number_s = await seconds(async () => {
    for (let given = 1; given > 0;)
      given = (await db.query<{ given: number }>('SELECT invoice_number_due(5000) AS given')).rows[0]?.given ?? 0;
  });
  const { rows } = await db.query<{ invoices: number; total_cents: string; digest: string }>(
    `SELECT count(b.invoice_id)::int AS invoices, sum(b.total_cents) AS total_cents,
       md5(string_agg(b.subscriber_id || ' ' || b.total_cents || ' ' || i.vat_cents, ',' ORDER BY b.subscriber_id)) AS digest
     FROM postpaid_bill b JOIN invoice i ON i.id = b.invoice_id`,
  );
  const faults = await db.query(
    'SELECT problem FROM postpaid_verify() UNION ALL SELECT problem FROM ledger_verify() UNION ALL SELECT problem FROM invoice_verify()',
  );
  const { invoices = 0, total_cents = '0', digest = '' } = rows[0] ?? {};
  return {
    bill_s,
    number_s,
    again_s,
    again_accounts,
    invoices,
    total_cents: Number(total_cents),
    digest,
    faults: faults.rowCount ?? 0,
  };
}

const renderRun = (run: BillingRun): string =>
  `${run.invoices} invoices in ${run.bill_s.toFixed(0)} s, their numbers in ${run.number_s.toFixed(0)} s; again: ${run.again_accounts} accounts; faults: ${run.faults}; digest ${run.digest}`;

/** Whether both came to the same, everybody was billed once, and nothing disagrees. */
export const billingHolds = ({ runs, subscribers }: BillingReport): boolean =>
  new Set(runs.map((run) => `${run.digest} ${run.total_cents}`)).size === 1 &&
  runs.every((run) => run.faults === 0 && run.again_accounts === 0 && run.invoices === subscribers);

export function renderBilling(report: BillingReport): string {
  const lines = report.runs.map((run, at) => `month ${at + 1}: ${renderRun(run)}`);
  return [
    `A month of ${report.subscribers} customers who pay afterwards (${report.commit}, load ${report.load[0]} to ${report.load[1]})`,
    ...lines,
    billingHolds(report) ? 'Both came to the same, and nothing disagrees.' : 'THEY DO NOT AGREE.',
  ].join('\n');
}
