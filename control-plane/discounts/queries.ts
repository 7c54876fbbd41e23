import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { bytes, pageOf, type Page } from '../platform/http/input';
import type { Discount } from './schema';

interface Row {
  id: bigint;
  name: string;
  code: string | null;
  percent: number | null;
  amount_cents: bigint | null;
  currency: string | null;
  starts_at: Date | null;
  ends_at: Date | null;
  uses_max: number | null;
  uses_per_subscriber_max: number | null;
  first_purchase_only: boolean;
  created_at: Date;
  version: number;
  archived_at: Date | null;
  packages: { id: string; name: string }[];
  uses: bigint;
  off_cents: bigint;
}

/** Discounts, newest first; those taken away only when asked for. */
export async function listDiscounts(
  ctx: Context,
  filter: { limit: number; before: bigint | undefined; archived?: boolean; code?: string },
): Promise<Page<Discount>> {
  const where = [
    filter.archived ? Prisma.sql`d.archived_at IS NOT NULL` : Prisma.sql`d.archived_at IS NULL`,
    ...(filter.before === undefined ? [] : [Prisma.sql`d.id < ${filter.before}`]),
    ...(filter.code === undefined ? [] : [Prisma.sql`d.code = ${filter.code}`]),
  ];
  const rows = await select(ctx, Prisma.join(where, ' AND '), filter.limit + 1);
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    (row) => toDiscount(row, ctx.now),
  );
}

export async function findDiscount(ctx: Context, id: bigint): Promise<Discount | undefined> {
  const [row] = await select(ctx, Prisma.sql`d.id = ${id}`, 1);
  return row && toDiscount(row, ctx.now);
}

function select(ctx: Context, where: Prisma.Sql, limit: number): Promise<Row[]> {
  return ctx.tx.$queryRaw<Row[]>`
    SELECT d.*, u.uses, u.off_cents,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id::text, 'name', p.name) ORDER BY lower(p.name)), '[]')
            FROM discount_plan x JOIN plan p ON p.id = x.plan_id WHERE x.discount_id = d.id) AS packages
    FROM discount d
    CROSS JOIN LATERAL (SELECT count(*) AS uses, coalesce(sum(off_cents), 0)::bigint AS off_cents FROM discount_use WHERE discount_id = d.id) u
    WHERE d.tenant_id = ${ctx.tenantId} AND ${where} ORDER BY d.id DESC LIMIT ${limit}`;
}

function toDiscount(row: Row, now: Date): Discount {
  const { id, amount_cents, starts_at, ends_at, created_at, uses, off_cents } = row;
  return {
    id: id.toString(),
    name: row.name,
    code: row.code,
    percent: row.percent,
    amount_cents: amount_cents === null ? null : Number(amount_cents),
    currency: row.currency,
    starts_at: starts_at?.toISOString() ?? null,
    ends_at: ends_at?.toISOString() ?? null,
    uses_max: row.uses_max,
    uses_per_client_max: row.uses_per_subscriber_max,
    first_purchase_only: row.first_purchase_only,
    packages: row.packages,
    uses: Number(uses),
    off_cents: bytes(off_cents),
    state: stateOf(row, now),
    version: row.version,
    created_at: created_at.toISOString(),
  };
}

function stateOf(row: Row, now: Date): Discount['state'] {
  if (row.archived_at !== null) return 'archived';
  if (row.ends_at !== null && row.ends_at <= now) return 'over';
  if (row.uses_max !== null && row.uses >= BigInt(row.uses_max)) return 'used_up';
  return row.starts_at !== null && row.starts_at > now ? 'coming' : 'open';
}

/** One purchase that was cheaper. */
export interface DiscountUse {
  id: bigint;
  subscriber_id: bigint;
  subscription_id: bigint;
  name: string;
  username: string;
  list_cents: bigint;
  off_cents: bigint;
  currency: string;
  used_at: Date;
}

/** Who used a discount, newest first. */
export async function listUses(
  ctx: Context,
  filter: { discountId: bigint; limit: number; before: bigint | undefined },
): Promise<Page<DiscountUse>> {
  const rows = await ctx.tx.$queryRaw<DiscountUse[]>`
    SELECT u.id, u.subscriber_id, u.subscription_id, c.name, s.username, u.list_cents, u.off_cents, u.currency, u.used_at
    FROM discount_use u JOIN subscriber c ON c.id = u.subscriber_id JOIN subscription s ON s.id = u.subscription_id
    WHERE u.discount_id = ${filter.discountId} AND (${filter.before ?? null}::bigint IS NULL OR u.id < ${filter.before ?? null}::bigint)
    ORDER BY u.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    (row) => row,
  );
}
