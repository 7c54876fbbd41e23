import type { Context } from '../../platform/context';
import { Prisma } from '../../platform/db/generated/client';
import { pageOf, type Page } from '../../platform/http/input';

export const chequeStates = ['waiting', 'cleared', 'bounced'] as const;
export type ChequeState = (typeof chequeStates)[number];

/** A cheque: with its bank, paid by it, or sent back. */
export interface Cheque {
  id: bigint;
  subscriber_id: bigint;
  client_name: string;
  reference: string;
  amount_cents: bigint;
  currency: string;
  /** The day on which the bank is expected to have paid it, as 2026-03-01. */
  clears_on: string | null;
  cleared_at: Date | null;
  received_at: Date;
  state: ChequeState;
  /** It has bought already. */
  credited: boolean;
  /** What the customer owes since it came back. */
  owed_cents: bigint;
  overdue: boolean;
}

const bounced = Prisma.sql`(p.state = 'failed' OR EXISTS (SELECT FROM payment_refund r WHERE r.payment_id = p.id AND r.way = 'cheque' AND r.state = 'done'))`;
const WHERE: Record<ChequeState, Prisma.Sql> = {
  bounced,
  cleared: Prisma.sql`(p.cleared_at IS NOT NULL AND NOT ${bounced})`,
  waiting: Prisma.sql`(p.cleared_at IS NULL AND NOT ${bounced})`,
};

export interface ChequeFilter {
  q?: string | undefined;
  state?: ChequeState | undefined;
  id?: bigint | undefined;
}

/** Cheques, newest first. */
export async function listCheques(
  ctx: Context,
  { q, state, id }: ChequeFilter,
  { limit, before }: { limit: number; before: bigint | undefined },
): Promise<Page<Cheque>> {
  const all = [
    Prisma.sql`p.tenant_id = ${ctx.tenantId} AND p.method = 'cheque'`,
    ...(state ? [WHERE[state]] : []),
    ...(id === undefined ? [] : [Prisma.sql`p.id = ${id}`]),
    ...(before === undefined ? [] : [Prisma.sql`p.id < ${before}`]),
    ...(q
      ? [
          Prisma.sql`p.id IN (SELECT f.id FROM search_find(${q}, 'R', NULL, NULL, NULL, '{payments}', 1000) f WHERE f.kind = 'payments')`,
        ]
      : []),
  ];
  const rows = await ctx.tx.$queryRaw<Cheque[]>`
    SELECT p.id, p.subscriber_id, c.name AS client_name, p.reference, p.amount_cents, p.currency, to_char(p.clears_on, 'YYYY-MM-DD') AS clears_on, p.cleared_at, p.received_at,
      CASE WHEN ${bounced} THEN 'bounced' WHEN p.cleared_at IS NULL THEN 'waiting' ELSE 'cleared' END AS state, p.state IN ('settled', 'refunded') AS credited,
      coalesce((SELECT sum(r.owed_cents) FROM payment_refund r WHERE r.payment_id = p.id AND r.way = 'cheque' AND r.state = 'done'), 0)::bigint AS owed_cents,
      coalesce(p.cleared_at IS NULL AND p.clears_on < (lango_now() AT TIME ZONE t.timezone)::date, false) AS overdue
    FROM payment p JOIN subscriber c ON c.id = p.subscriber_id JOIN tenant t ON t.id = p.tenant_id
    WHERE ${Prisma.join(all, ' AND ')} ORDER BY p.id DESC LIMIT ${limit + 1}`;
  return pageOf(
    rows,
    limit,
    (row) => row.id,
    (row) => row,
  );
}

/** The cheque that a payment was made with, undefined where it was made otherwise. */
export async function findCheque(ctx: Context, id: bigint): Promise<Cheque | undefined> {
  const { items } = await listCheques(ctx, { id }, { limit: 1, before: undefined });
  return items[0];
}
