import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Account, Debt, ParkedReason, Run } from './schema';

interface AccountRow {
  subscriber_id: bigint;
  name: string;
  phone: string | null;
  billing_day: number;
  terms_days: number;
  credit_limit_cents: bigint | null;
  billed_until: Date;
  bill_at: Date | null;
  parked_at: Date | null;
  parked_reason: ParkedReason | null;
  parked_detail: Record<string, unknown> | null;
  promised_until: Date | null;
  promise_note: string | null;
  cut_at: Date | null;
}

const iso = (at: Date | null) => at?.toISOString() ?? null;

function toAccount(row: AccountRow): Account {
  return {
    client_id: row.subscriber_id.toString(),
    client_name: row.name,
    phone: row.phone,
    billing_day: row.billing_day,
    terms_days: row.terms_days,
    credit_limit_cents: row.credit_limit_cents === null ? null : Number(row.credit_limit_cents),
    billed_until: row.billed_until.toISOString(),
    bill_at: iso(row.bill_at),
    parked_at: iso(row.parked_at),
    parked_reason: row.parked_reason,
    parked_detail: row.parked_detail,
    promised_until: iso(row.promised_until),
    promise_note: row.promise_note,
    cut_at: iso(row.cut_at),
  };
}

export interface AccountFilter {
  q?: string | undefined;
  parked?: boolean | undefined;
  limit: number;
  before: bigint | undefined;
}

/** Customers who are billed afterwards, those who came last first. */
export async function listAccounts(ctx: Context, filter: AccountFilter): Promise<Page<Account>> {
  const all = [Prisma.sql`a.tenant_id = ${ctx.tenantId}`];
  if (filter.parked) all.push(Prisma.sql`a.parked_at IS NOT NULL`);
  if (filter.before !== undefined) all.push(Prisma.sql`a.subscriber_id < ${filter.before}`);
  if (filter.q) all.push(named(filter.q));
  const rows = await ctx.tx.$queryRaw<AccountRow[]>`
    SELECT a.*, c.name, c.phone FROM postpaid_account a JOIN subscriber c ON c.id = a.subscriber_id
    WHERE ${Prisma.join(all, ' AND ')} ORDER BY a.subscriber_id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(rows, filter.limit, (row) => row.subscriber_id, toAccount);
}

/** Through a function that uses an index: LIKE under row-level security reads the whole table. */
const named = (q: string) =>
  Prisma.sql`a.subscriber_id IN (SELECT subscriber_page(jsonb_build_object('text', ${q}::text), NULL, 1000))`;

export async function findAccount(ctx: Context, subscriberId: bigint): Promise<Account | undefined> {
  const [row] = await ctx.tx.$queryRaw<AccountRow[]>`
    SELECT a.*, c.name, c.phone FROM postpaid_account a JOIN subscriber c ON c.id = a.subscriber_id
    WHERE a.tenant_id = ${ctx.tenantId} AND a.subscriber_id = ${subscriberId}`;
  return row && toAccount(row);
}

interface RunRow {
  id: bigint;
  day: Date;
  due: number;
  started_at: Date;
  ended_at: Date | null;
  invoices: number;
  nothing: number;
  parked: number;
  totals: { currency: string; total_cents: number }[] | null;
}

/** Runs, newest first, with how far they are. */
export async function listRuns(
  ctx: Context,
  { limit, before }: { limit: number; before: bigint | undefined },
): Promise<Page<Run>> {
  const rows = await ctx.tx.$queryRaw<RunRow[]>`
    WITH run AS (SELECT * FROM postpaid_run r WHERE r.tenant_id = ${ctx.tenantId} AND (${before ?? null}::bigint IS NULL OR r.id < ${before ?? null}::bigint) ORDER BY r.id DESC LIMIT ${limit + 1})
    SELECT r.*, b.invoices, b.nothing, (SELECT count(*)::int FROM postpaid_account a WHERE a.tenant_id = r.tenant_id AND a.parked_at IS NOT NULL AND a.parked_run_id = r.id) AS parked,
      (SELECT jsonb_agg(jsonb_build_object('currency', t.currency, 'total_cents', t.cents) ORDER BY t.currency)
       FROM (SELECT x.currency, sum(x.total_cents) AS cents FROM postpaid_bill x WHERE x.run_id = r.id AND x.total_cents > 0 GROUP BY 1) t) AS totals
    FROM run r, LATERAL (SELECT count(x.invoice_id)::int AS invoices, (count(*) - count(x.invoice_id))::int AS nothing FROM postpaid_bill x WHERE x.run_id = r.id) b
    ORDER BY r.id DESC`;
  return pageOf(
    rows,
    limit,
    (row) => row.id,
    (row): Run => ({
      id: row.id.toString(),
      day: row.day.toISOString().slice(0, 10),
      state: row.ended_at === null ? 'running' : 'done',
      due: row.due,
      worked: row.invoices + row.nothing + row.parked,
      invoices: row.invoices,
      nothing: row.nothing,
      parked: row.parked,
      totals: row.totals ?? [],
      started_at: row.started_at.toISOString(),
      ended_at: iso(row.ended_at),
    }),
  );
}

interface DebtRow extends Pick<
  AccountRow,
  'subscriber_id' | 'name' | 'phone' | 'promised_until' | 'promise_note' | 'cut_at'
> {
  id: bigint;
  currency: string;
  owed_cents: bigint;
  overdue_cents: bigint;
  invoices: number;
  due_at: Date;
}

export interface DebtFilter {
  q?: string | undefined;
  overdue?: boolean | undefined;
  limit: number;
  before: bigint | undefined;
}

/** Who owes what since when, those who came last first; a row for each currency. */
export async function listDebts(ctx: Context, filter: DebtFilter): Promise<Page<Debt>> {
  const all = [Prisma.sql`l.tenant_id = ${ctx.tenantId} AND l.balance_cents < 0`];
  if (filter.before !== undefined) all.push(Prisma.sql`l.id < ${filter.before}`);
  if (filter.q) all.push(named(filter.q));
  // An invoice that may still be open fell due: those whose money has come since are told apart below.
  if (filter.overdue) all.push(Prisma.sql`o.overdue_cents > 0`);
  const rows = await ctx.tx.$queryRaw<DebtRow[]>`
    SELECT l.id, a.subscriber_id, c.name, c.phone, l.currency, a.promised_until, a.promise_note, a.cut_at, o.owed_cents, o.overdue_cents, o.invoices, o.due_at
    FROM postpaid_account a JOIN subscriber c ON c.id = a.subscriber_id
    JOIN ledger_account l ON l.tenant_id = a.tenant_id AND l.code = 'receivable:' || a.subscriber_id,
    LATERAL (SELECT coalesce(sum(x.open_cents), 0)::bigint AS owed_cents, coalesce(sum(x.open_cents) FILTER (WHERE x.due_at <= lango_now()), 0)::bigint AS overdue_cents,
               count(*)::int AS invoices, min(x.due_at) AS due_at FROM postpaid_open(ARRAY[a.subscriber_id]) x WHERE x.currency = l.currency) o
    WHERE ${Prisma.join(all, ' AND ')} ORDER BY l.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    (row): Debt => ({
      client_id: row.subscriber_id.toString(),
      client_name: row.name,
      phone: row.phone,
      currency: row.currency,
      owed_cents: Number(row.owed_cents),
      overdue_cents: Number(row.overdue_cents),
      invoices: row.invoices,
      due_at: row.due_at.toISOString(),
      promised_until: iso(row.promised_until),
      promise_note: row.promise_note,
      cut_at: iso(row.cut_at),
    }),
  );
}

interface OpenRow {
  invoice_id: bigint;
  number_text: string | null;
  currency: string;
  issued_at: Date;
  due_at: Date;
  total_cents: bigint;
  open_cents: bigint;
}

/** Invoices of one customer that are not paid whole, oldest first. */
export async function openInvoices(ctx: Context, subscriberId: bigint) {
  const rows = await ctx.tx.$queryRaw<OpenRow[]>`SELECT * FROM postpaid_open(ARRAY[${subscriberId}::bigint])`;
  return rows.map((row) => ({
    id: row.invoice_id.toString(),
    number: row.number_text,
    currency: row.currency,
    issued_at: row.issued_at.toISOString(),
    due_at: row.due_at.toISOString(),
    total_cents: Number(row.total_cents),
    open_cents: Number(row.open_cents),
  }));
}
