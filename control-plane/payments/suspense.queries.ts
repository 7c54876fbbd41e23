import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';

/** Money that a provider told of and that is nobody's yet, or whose teller nobody knows. */
export interface WaitingMoney {
  id: string;
  method: string;
  receipt: string;
  amount_cents: bigint;
  currency: string;
  state: 'waiting' | 'unproven';
  payer: string;
  payer_name: string;
  bill_ref: string;
  at: Date;
}

type Row = Omit<WaitingMoney, 'id' | 'payer' | 'payer_name' | 'bill_ref'> & {
  id: bigint;
  payer: string | null;
  payer_name: string | null;
  bill_ref: string | null;
};

const shape = (row: Row): WaitingMoney => ({
  ...row,
  id: row.id.toString(),
  // A hash says nothing to a person.
  payer: row.payer !== null && row.payer.length < 20 ? row.payer : '',
  payer_name: row.payer_name ?? '',
  bill_ref: row.bill_ref ?? '',
});

const columns = Prisma.sql`id, method, receipt, amount_cents, currency, state, payer, payer_name, bill_ref, coalesce(occurred_at, created_at) AS at`;

/** What waits, newest first. */
export async function listWaiting(
  ctx: Context,
  filter: { q: string | undefined },
  page: { limit: number; before: bigint | undefined },
): Promise<Page<WaitingMoney>> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT ${columns} FROM payment_notice
    WHERE tenant_id = ${ctx.tenantId} AND state <> 'credited' AND id < ${page.before ?? 9_223_372_036_854_775_807n}
      AND (${filter.q ?? null}::text IS NULL OR strpos(upper(concat_ws(' ', receipt, bill_ref, payer_name)), upper(${filter.q ?? ''})) > 0)
    ORDER BY id DESC LIMIT ${page.limit + 1}`;
  return pageOf(rows, page.limit, (row) => row.id, shape);
}

export async function findWaiting(ctx: Context, id: bigint): Promise<WaitingMoney | undefined> {
  const [row] = await ctx.tx.$queryRaw<
    Row[]
  >`SELECT ${columns} FROM payment_notice WHERE id = ${id} AND state <> 'credited'`;
  return row && shape(row);
}

/** How much waits, and calls of providers that nothing could be made of. */
export async function countWaiting(ctx: Context): Promise<{ waiting: number; stuck: number }> {
  const [row] = await ctx.tx.$queryRaw<{ waiting: number; stuck: number }[]>`
    SELECT (SELECT count(*)::int FROM payment_notice WHERE tenant_id = ${ctx.tenantId} AND state <> 'credited') AS waiting,
      (SELECT count(*)::int FROM hook_event WHERE tenant_id = ${ctx.tenantId} AND state = 'stuck' AND kind IN ('pay', 'paid', 'back', 'bank', 'card')) AS stuck`;
  return row ?? { waiting: 0, stuck: 0 };
}

export interface Found {
  /** A payment, or money that waits. */
  href: string;
  receipt: string;
  amount_cents: bigint;
  currency: string;
  name: string;
  state: string;
  at: Date;
}

/** Payments and waiting money by a receipt or a phone: what a customer who says "I have paid" can tell. */
export async function findClaim(ctx: Context, receipt: string, phone: string | undefined): Promise<Found[]> {
  const rows = await ctx.tx.$queryRaw<(Omit<Found, 'href'> & { id: bigint; kind: string })[]>`
    (SELECT p.id, 'payment' AS kind, coalesce(p.receipt, p.reference) AS receipt, p.amount_cents, p.currency, c.name, p.state, p.received_at AS at
     FROM payment p JOIN subscriber c ON c.id = p.subscriber_id
     WHERE p.tenant_id = ${ctx.tenantId} AND (p.id = ANY (ARRAY(SELECT payment_referred(${receipt}::text)))
       OR p.phone = ${phone ?? null} AND p.created_at > lango_now() - interval '48 hours') ORDER BY p.id DESC LIMIT 20)
    UNION ALL
    (SELECT n.id, 'waiting', n.receipt, n.amount_cents, n.currency, coalesce(n.payer_name, ''), n.state, coalesce(n.occurred_at, n.created_at)
     FROM payment_told(NULL, ARRAY[${receipt}::text]) t JOIN payment_notice n ON n.id = t.id WHERE n.state <> 'credited' LIMIT 5)`;
  return rows.map(({ id, kind, ...row }) => ({
    ...row,
    href: kind === 'payment' ? `/payments/${id}` : `/payments/suspense/${id}`,
  }));
}
