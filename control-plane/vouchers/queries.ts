import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import { invalid, notFound } from '../platform/http/problem';
import type { Package } from '../plans';
import type { Batch, Voucher, voucherStates } from './schema';

interface BatchRow {
  id: bigint;
  plan_id: bigint;
  package_name: string;
  count: number;
  used: bigint;
  code_length: number;
  prefix: string;
  with_check: boolean;
  price_cents: bigint;
  currency: string;
  created_at: Date;
  valid_until: Date | null;
  voided_at: Date | null;
}

/** How a batch stands: sold from, made void, past its last day, all used. */
export const batchStates = ['open', 'sold', 'expired', 'void'] as const;
export type BatchState = (typeof batchStates)[number];

const BATCH_STATE = Prisma.sql`CASE WHEN b.voided_at IS NOT NULL THEN 'void' WHEN b.valid_until <= lango_now() THEN 'expired'
  WHEN EXISTS (SELECT 1 FROM voucher u WHERE u.batch_id = b.id AND u.used_at IS NULL) THEN 'open' ELSE 'sold' END`;

/** Batches, newest first. */
export async function listBatches(
  ctx: Context,
  filter: { state?: BatchState | undefined; limit: number; before: bigint | undefined },
): Promise<Page<Batch>> {
  const all = [Prisma.sql`true`];
  if (filter.before !== undefined) all.push(Prisma.sql`b.id < ${filter.before}`);
  if (filter.state !== undefined) all.push(Prisma.sql`${BATCH_STATE} = ${filter.state}`);
  const rows = await selectBatches(ctx, Prisma.join(all, ' AND '), filter.limit + 1);
  return pageOf(rows, filter.limit, (row) => row.id, toBatch);
}

export async function findBatch(ctx: Context, id: bigint): Promise<Batch | undefined> {
  const [row] = await selectBatches(ctx, Prisma.sql`b.id = ${id}`, 1);
  return row ? toBatch(row) : undefined;
}

/** @throws Problem 404 */
export async function batchOf(ctx: Context, id: bigint): Promise<Batch> {
  const batch = await findBatch(ctx, id);
  if (!batch) throw notFound('That voucher batch');
  return batch;
}

function selectBatches(ctx: Context, where: Prisma.Sql, limit: number): Promise<BatchRow[]> {
  return ctx.tx.$queryRaw<BatchRow[]>`
    SELECT b.id, v.plan_id, p.name AS package_name, b.count, b.code_length, b.prefix, b.with_check, v.price_cents, v.currency, b.created_at, b.valid_until, b.voided_at,
           (SELECT count(*) FROM voucher u WHERE u.batch_id = b.id AND u.used_at IS NOT NULL) AS used
    FROM voucher_batch b JOIN plan_version v ON v.id = b.plan_version_id JOIN plan p ON p.id = v.plan_id
    WHERE b.tenant_id = ${ctx.tenantId} AND ${where}
    ORDER BY b.id DESC LIMIT ${limit}`;
}

function toBatch({ id, plan_id, used, price_cents, created_at, valid_until, voided_at, ...rest }: BatchRow): Batch {
  return {
    id: id.toString(),
    package_id: plan_id.toString(),
    ...rest,
    used: Number(used),
    price_cents: Number(price_cents),
    created_at: created_at.toISOString(),
    valid_until: valid_until?.toISOString() ?? null,
    voided_at: voided_at?.toISOString() ?? null,
  };
}

interface VoucherRow {
  code: string;
  batch_id: bigint;
  plan_id: bigint;
  package_name: string;
  subscription_id: bigint | null;
  used_at: Date | null;
  voided_at: Date | null;
  is_open: boolean;
  expires_at: Date | null;
}

export interface VoucherFilter {
  /** As typed: small letters, blanks and dashes are understood. */
  code?: string | undefined;
  batch_id?: bigint | undefined;
  state?: (typeof voucherStates)[number] | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** Vouchers in the order of their codes. */
export async function listVouchers(ctx: Context, filter: VoucherFilter): Promise<Page<Voucher>> {
  const rows = await selectVouchers(ctx, filter);
  const items = rows.slice(0, filter.limit);
  const last = items.at(-1);
  const more = rows.length > filter.limit && last !== undefined;
  return { items: items.map(toVoucher), nextCursor: more ? Buffer.from(`v${last.code}`).toString('base64url') : null };
}

export async function findVoucher(ctx: Context, typed: string): Promise<Voucher | undefined> {
  const [row] = await selectVouchers(ctx, { code: typed, limit: 1 });
  return row ? toVoucher(row) : undefined;
}

function selectVouchers(ctx: Context, filter: VoucherFilter): Promise<VoucherRow[]> {
  const after = codeOf(filter.cursor);
  const all = [Prisma.sql`u.tenant_id = ${ctx.tenantId}`];
  if (filter.code !== undefined) all.push(Prisma.sql`u.code = voucher_code(${filter.code})`);
  if (filter.batch_id !== undefined) all.push(Prisma.sql`u.batch_id = ${filter.batch_id}`);
  if (after !== undefined) all.push(Prisma.sql`u.code > ${after}`);
  if (filter.state !== undefined) all.push(ofState[filter.state]);
  return ctx.tx.$queryRaw<VoucherRow[]>`
    SELECT u.code, u.batch_id, v.plan_id, p.name AS package_name, u.subscription_id, u.used_at, b.voided_at, voucher_is_open(b.voided_at, b.valid_until) AS is_open, s.expires_at
    FROM voucher u JOIN voucher_batch b ON b.id = u.batch_id JOIN plan_version v ON v.id = b.plan_version_id JOIN plan p ON p.id = v.plan_id
    LEFT JOIN subscription s ON s.id = u.subscription_id
    WHERE ${Prisma.join(all, ' AND ')}
    ORDER BY u.code LIMIT ${filter.limit + 1}`;
}

const ofState = {
  unused: Prisma.sql`u.used_at IS NULL AND voucher_is_open(b.voided_at, b.valid_until)`,
  used: Prisma.sql`u.used_at IS NOT NULL`,
  void: Prisma.sql`u.used_at IS NULL AND b.voided_at IS NOT NULL`,
  expired: Prisma.sql`u.used_at IS NULL AND b.voided_at IS NULL AND b.valid_until <= lango_now()`,
};

/** @throws Problem 422 for a cursor that we did not make */
function codeOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^v[A-Z0-9]{4,36}$/.test(text))
    throw invalid({ cursor: 'is not a cursor of this list; leave it out to start at the first page' });
  return text.slice(1);
}

function toVoucher(row: VoucherRow): Voucher {
  return {
    code: row.code,
    state: stateOf(row),
    batch_id: row.batch_id.toString(),
    package_id: row.plan_id.toString(),
    package_name: row.package_name,
    subscription_id: row.subscription_id?.toString() ?? null,
    used_at: row.used_at?.toISOString() ?? null,
    expires_at: row.expires_at?.toISOString() ?? null,
  };
}

function stateOf({ used_at, voided_at, is_open }: VoucherRow): Voucher['state'] {
  if (used_at !== null) return 'used';
  if (voided_at !== null) return 'void';
  return is_open ? 'unused' : 'expired';
}

/** The terms that the codes of a batch were printed on. */
export async function termsOfBatch(
  ctx: Context,
  id: bigint,
): Promise<Pick<Package, 'validity' | 'down_kbps' | 'quota_bytes'>> {
  const [row] = await ctx.tx.$queryRaw<
    {
      validity_count: number;
      validity_unit: string;
      validity_ends: string;
      down_kbps: bigint;
      quota_bytes: bigint | null;
    }[]
  >`
    SELECT v.validity_count, v.validity_unit, v.validity_ends, v.down_kbps, v.quota_bytes
    FROM voucher_batch b JOIN plan_version v ON v.id = b.plan_version_id WHERE b.id = ${id} AND b.tenant_id = ${ctx.tenantId}`;
  if (!row) throw new Error(`batch ${id} has no terms`);
  return {
    validity: {
      count: row.validity_count,
      unit: row.validity_unit as Package['validity']['unit'],
      ends: row.validity_ends as Package['validity']['ends'],
    },
    down_kbps: Number(row.down_kbps),
    quota_bytes: row.quota_bytes === null ? null : Number(row.quota_bytes),
  };
}
