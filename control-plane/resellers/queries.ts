import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Reseller, Stock } from './schema';

interface Row {
  id: bigint;
  subscriber_id: bigint;
  name: string;
  phone: string;
  currency: string;
  credit_limit_cents: bigint;
  suspended_at: Date | null;
  created_at: Date;
  version: number;
  float_cents: bigint;
  commission_cents: bigint;
  customers: bigint;
}

/** Resellers of the company, newest first; to a reseller's staff, their own. */
export async function listResellers(
  ctx: Context,
  filter: { suspended?: boolean | undefined; limit: number; before: bigint | undefined },
): Promise<Page<Reseller>> {
  const all = [Prisma.sql`true`];
  if (filter.before !== undefined) all.push(Prisma.sql`r.id < ${filter.before}`);
  if (filter.suspended !== undefined) all.push(Prisma.sql`(r.suspended_at IS NOT NULL) = ${filter.suspended}`);
  const rows = await select(ctx, Prisma.join(all, ' AND '), filter.limit + 1);
  return pageOf(rows, filter.limit, (row) => row.id, toReseller);
}

/** Undefined where there is none, or not one that the actor sees. */
export async function findReseller(ctx: Context, id: bigint): Promise<Reseller | undefined> {
  const [row] = await select(ctx, Prisma.sql`r.id = ${id}`, 1);
  return row && toReseller(row);
}

/** The reseller that the actor works for. */
export async function ownReseller(ctx: Context): Promise<Reseller | undefined> {
  return ctx.actor.reseller === undefined ? undefined : findReseller(ctx, ctx.actor.reseller);
}

function select(ctx: Context, where: Prisma.Sql, limit: number): Promise<Row[]> {
  return ctx.tx.$queryRaw<Row[]>`
    SELECT r.id, r.subscriber_id, r.name, r.phone, r.currency::text AS currency, r.credit_limit_cents, r.suspended_at, r.created_at, r.version,
           coalesce((SELECT a.balance_cents FROM ledger_account a WHERE a.tenant_id = r.tenant_id AND a.code = 'wallet:' || r.subscriber_id AND a.currency = r.currency), 0) AS float_cents,
           coalesce((SELECT a.balance_cents FROM ledger_account a WHERE a.tenant_id = r.tenant_id AND a.code = 'commission:' || r.id AND a.currency = r.currency), 0) AS commission_cents,
           (SELECT count(*) FROM subscriber c WHERE c.reseller_id = r.id AND c.deleted_at IS NULL AND c.id <> r.subscriber_id) AS customers
    FROM reseller r WHERE r.tenant_id = ${ctx.tenantId} AND ${where} ORDER BY r.id DESC LIMIT ${limit}`;
}

function toReseller(row: Row): Reseller {
  return {
    id: row.id.toString(),
    client_id: row.subscriber_id.toString(),
    name: row.name,
    phone: row.phone,
    state: row.suspended_at === null ? 'active' : 'suspended',
    currency: row.currency,
    float_cents: Number(row.float_cents),
    credit_limit_cents: Number(row.credit_limit_cents),
    commission_cents: Number(row.commission_cents),
    customers: Number(row.customers),
    version: row.version,
    created_at: row.created_at.toISOString(),
  };
}

/** Sales and commission of a reseller since a moment, less what was given back; voucher stock is not among them. */
export async function earnedSince(
  ctx: Context,
  id: bigint,
  since: Date,
): Promise<{ sales: number; sold_cents: number; earned_cents: number }> {
  const [row] = await ctx.tx.$queryRaw<{ sales: bigint; sold: bigint; earned: bigint }[]>`
    SELECT count(*) AS sales, coalesce(sum(sale_cents - refunded_cents), 0)::bigint AS sold,
           coalesce(sum(commission_cents - reversed_cents), 0)::bigint AS earned
    FROM reseller_commission WHERE reseller_id = ${id} AND at >= ${since}`;
  return { sales: Number(row?.sales ?? 0), sold_cents: Number(row?.sold ?? 0), earned_cents: Number(row?.earned ?? 0) };
}

/** What sale of this plan at that price would earn the reseller now, minor units. */
export async function wouldEarn(ctx: Context, id: bigint, planId: bigint, cents: bigint): Promise<bigint> {
  const [row] = await ctx.tx.$queryRaw<{ cents: bigint }[]>`
    SELECT reseller_would_earn(${id}, ${planId}, ${cents}) AS cents`;
  return row?.cents ?? 0n;
}

/** Voucher batches of a reseller with how many are sold, used and left, newest first. */
export async function listStock(ctx: Context, id: bigint): Promise<Stock[]> {
  const rows = await ctx.tx.$queryRaw<
    {
      batch_id: bigint;
      plan_id: bigint;
      plan_name: string;
      price_cents: bigint;
      currency: string;
      wholesale_cents: bigint;
      charged: Stock['charged'];
      assigned_at: Date;
      state: Stock['state'];
      count: number;
      sold: bigint;
      used: bigint;
      remaining: bigint;
    }[]
  >`SELECT * FROM reseller_stock(${id})`;
  return rows.map((row) => ({
    batch_id: row.batch_id.toString(),
    package_id: row.plan_id.toString(),
    package_name: row.plan_name,
    price_cents: Number(row.price_cents),
    wholesale_cents: Number(row.wholesale_cents),
    currency: row.currency,
    charged: row.charged,
    state: row.state,
    count: row.count,
    sold: Number(row.sold),
    used: Number(row.used),
    remaining: Number(row.remaining),
    assigned_at: row.assigned_at.toISOString(),
  }));
}

/** Services of a reseller's customers that end within three days or ended in the last week: whom to ask for money next. At most ten. */
export function endingSoon(
  ctx: Context,
  id: bigint,
): Promise<{ id: bigint; name: string; plan: string; expires_at: Date }[]> {
  return ctx.tx.$queryRaw`
    SELECT s.id, c.name, p.name AS plan, s.expires_at
    FROM subscriber c JOIN subscription s ON s.subscriber_id = c.id JOIN plan_version v ON v.id = s.plan_version_id JOIN plan p ON p.id = v.plan_id
    JOIN reseller r ON r.id = c.reseller_id AND r.subscriber_id <> c.id
    WHERE c.reseller_id = ${id} AND c.deleted_at IS NULL AND s.status = 'active' AND s.unused_validities = 0
      AND s.expires_at BETWEEN ${ctx.now}::timestamptz - interval '7 days' AND ${ctx.now}::timestamptz + interval '3 days'
    ORDER BY s.expires_at LIMIT 10`;
}
