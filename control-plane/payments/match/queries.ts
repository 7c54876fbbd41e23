import type { Context } from '../../platform/context';
import { Prisma } from '../../platform/db/generated/client';
import { pageOf, type Page } from '../../platform/http/input';
import type { LineKind } from './read-statement';

export const lineStates = ['matched', 'named', 'waiting', 'unproven', 'missing', 'differs', 'open'] as const;
export type LineState = (typeof lineStates)[number];

export interface Statement {
  id: bigint;
  method: string;
  currency: string;
  source: 'file' | 'list';
  name: string;
  from_at: Date;
  to_at: Date;
  known_rows: number;
  created_name: string;
  created_at: Date;
  lines: number;
  /** Null where the statements above it hold so many lines that nobody waits for it: its own page says it. */
  to_do: number | null;
  unheard: number | null;
}

/** Lines that a list holds against the books: some five microseconds each, and as much again for what is on no statement. */
const LINES_WEIGHED = 60_000;

/** Providers' statements that are taken in are of Kenya; a bank's account has its own. */
const currencyOf = Prisma.sql`coalesce((SELECT b.currency FROM payment_bank b WHERE b.id = s.bank_id), 'KES')::text`;

/** Statements, newest first, each with how much of it still wants somebody; of the first always, and of as many after it as can be told at once. */
export async function listStatements(
  ctx: Context,
  page: { limit: number; before: bigint | undefined },
  weighed = LINES_WEIGHED,
): Promise<Page<Statement>> {
  const rows = await ctx.tx.$queryRaw<Statement[]>`
    WITH page AS MATERIALIZED (
      SELECT s.*, (SELECT count(*)::int FROM payment_statement_row r WHERE r.statement_id = s.id) AS lines
      FROM payment_statement s WHERE s.tenant_id = ${ctx.tenantId} AND s.id < ${page.before ?? 9_223_372_036_854_775_807n} ORDER BY s.id DESC LIMIT ${page.limit + 1}),
    counted AS MATERIALIZED (
      SELECT p.id, row_number() OVER newest = 1 OR sum(p.lines) OVER newest <= ${weighed}::bigint AS told FROM page p WINDOW newest AS (ORDER BY p.id DESC))
    SELECT s.id, s.method, ${currencyOf} AS currency, s.source, s.name, s.from_at, s.to_at, s.known_rows, s.created_name, s.created_at, s.lines,
      CASE WHEN c.told THEN (SELECT count(*) FILTER (WHERE m.state NOT IN ('matched', 'named'))::int FROM payment_match(s.id) m) END AS to_do,
      CASE WHEN c.told THEN (SELECT count(*)::int FROM payment_match_unheard(s.id)) END AS unheard
    FROM page s JOIN counted c ON c.id = s.id ORDER BY s.id DESC`;
  return pageOf(rows, page.limit, (row) => row.id);
}

export async function findStatement(
  ctx: Context,
  id: bigint,
): Promise<Omit<Statement, 'lines' | 'to_do' | 'unheard'> | undefined> {
  const [row] = await ctx.tx.$queryRaw<Statement[]>`
    SELECT s.id, s.method, ${currencyOf} AS currency, s.source, s.name, s.from_at, s.to_at, s.known_rows, s.created_name, s.created_at FROM payment_statement s
    WHERE s.tenant_id = ${ctx.tenantId} AND s.id = ${id}`;
  return row;
}

export interface StatementLine {
  id: bigint;
  statement_id: bigint;
  method: string;
  kind: LineKind;
  /** Of a bank's line what makes it one of its own; the bank's reference is `linked`. */
  receipt: string;
  amount_cents: bigint;
  currency: string;
  at: Date;
  linked: string | null;
  linked_payment_id: bigint | null;
  payer: string | null;
  bill_ref: string | null;
  details: string | null;
  named: string | null;
  named_by: string | null;
  state: LineState;
  ours: bigint | null;
  payment_id: bigint | null;
  notice_id: bigint | null;
}

const lineColumns = Prisma.sql`r.id, r.statement_id, r.method, r.kind, r.receipt, r.amount_cents, r.currency, r.at, r.linked, r.payer, r.bill_ref, r.details, r.named, r.named_by,
  m.state, m.ours, m.payment_id, m.notice_id,
  (SELECT n.payment_id FROM payment_notice n WHERE n.tenant_id = r.tenant_id AND n.method = r.method AND upper(n.receipt) = upper(r.linked)) AS linked_payment_id`;

/** Lines of a statement: those that want somebody, or all of them. */
export async function listLines(
  ctx: Context,
  statement: bigint,
  filter: { all: boolean; limit: number; before: bigint | undefined },
): Promise<Page<StatementLine>> {
  const rows = await ctx.tx.$queryRaw<StatementLine[]>`
    SELECT ${lineColumns} FROM payment_statement_row r JOIN payment_match(${statement}) m ON m.id = r.id
    WHERE (${filter.all} OR m.state NOT IN ('matched', 'named')) AND r.id < ${filter.before ?? 9_223_372_036_854_775_807n} ORDER BY r.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(rows, filter.limit, (row) => row.id);
}

export async function findLine(ctx: Context, id: bigint): Promise<StatementLine | undefined> {
  const [row] = await ctx.tx.$queryRaw<StatementLine[]>`
    SELECT ${lineColumns} FROM payment_statement_row r, LATERAL payment_match(r.statement_id) m WHERE r.tenant_id = ${ctx.tenantId} AND r.id = ${id} AND m.id = r.id`;
  return row;
}

export interface Unheard {
  kind: 'payment' | 'refund';
  id: bigint | null;
  receipt: string | null;
  amount_cents: bigint;
  at: Date;
}

/** What the books hold within the statement's time and no statement tells of. */
export function listUnheard(ctx: Context, statement: bigint): Promise<Unheard[]> {
  return ctx.tx.$queryRaw<
    Unheard[]
  >`SELECT kind, id, receipt, amount_cents, at FROM payment_match_unheard(${statement}) ORDER BY at`;
}

export interface MatchSum {
  kind: LineKind;
  lines: number;
  to_do: number;
  cents: bigint;
  ours: bigint;
}

/** By kind: what the provider says and what the books hold for it. */
export function sumLines(ctx: Context, statement: bigint): Promise<MatchSum[]> {
  return ctx.tx.$queryRaw<MatchSum[]>`
    SELECT r.kind, count(*)::int AS lines, count(*) FILTER (WHERE m.state NOT IN ('matched', 'named'))::int AS to_do, sum(r.amount_cents)::bigint AS cents,
      coalesce(sum(m.ours), 0)::bigint AS ours
    FROM payment_statement_row r JOIN payment_match(${statement}) m ON m.id = r.id GROUP BY r.kind ORDER BY r.kind`;
}

/** The line of a bank's statement whose money waits for its owner. */
export async function lineOfNotice(ctx: Context, noticeId: bigint): Promise<bigint | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT r.id FROM payment_statement_row r JOIN ledger_transfer t ON t.id = r.transfer_id WHERE t.tenant_id = ${ctx.tenantId} AND t.key = ${`notice:${noticeId}:held`}`;
  return row?.id;
}
