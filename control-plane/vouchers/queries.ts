import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import { invalid } from '../platform/http/problem';
import type { Batch, Voucher, voucherStates } from './schema';

interface BatchRow {
  id: bigint;
  plan_id: bigint;
  package_name: string;
  count: number;
  used: bigint;
  code_length: number;
  prefix: string;
  created_at: Date;
  voided_at: Date | null;
}

/** Batches, newest first. */
export async function listBatches(
  ctx: Context,
  filter: { limit: number; before: bigint | undefined },
): Promise<Page<Batch>> {
  const rows = await selectBatches(
    ctx,
    filter.before === undefined ? Prisma.sql`true` : Prisma.sql`b.id < ${filter.before}`,
    filter.limit + 1,
  );
  return pageOf(rows, filter.limit, (row) => row.id, toBatch);
}

export async function findBatch(ctx: Context, id: bigint): Promise<Batch | undefined> {
  const [row] = await selectBatches(ctx, Prisma.sql`b.id = ${id}`, 1);
  return row ? toBatch(row) : undefined;
}

function selectBatches(ctx: Context, where: Prisma.Sql, limit: number): Promise<BatchRow[]> {
  return ctx.tx.$queryRaw<BatchRow[]>`
    SELECT b.id, v.plan_id, p.name AS package_name, b.count, b.code_length, b.prefix, b.created_at, b.voided_at,
           (SELECT count(*) FROM voucher u WHERE u.batch_id = b.id AND u.used_at IS NOT NULL) AS used
    FROM voucher_batch b JOIN plan_version v ON v.id = b.plan_version_id JOIN plan p ON p.id = v.plan_id
    WHERE b.tenant_id = ${ctx.tenantId} AND ${where}
    ORDER BY b.id DESC LIMIT ${limit}`;
}

function toBatch({ id, plan_id, used, created_at, voided_at, ...rest }: BatchRow): Batch {
  return {
    id: id.toString(),
    package_id: plan_id.toString(),
    ...rest,
    used: Number(used),
    created_at: created_at.toISOString(),
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
    SELECT u.code, u.batch_id, v.plan_id, p.name AS package_name, u.subscription_id, u.used_at, b.voided_at, s.expires_at
    FROM voucher u JOIN voucher_batch b ON b.id = u.batch_id JOIN plan_version v ON v.id = b.plan_version_id JOIN plan p ON p.id = v.plan_id
    LEFT JOIN subscription s ON s.id = u.subscription_id
    WHERE ${Prisma.join(all, ' AND ')}
    ORDER BY u.code LIMIT ${filter.limit + 1}`;
}

const ofState = {
  unused: Prisma.sql`u.used_at IS NULL AND b.voided_at IS NULL`,
  used: Prisma.sql`u.used_at IS NOT NULL`,
  void: Prisma.sql`u.used_at IS NULL AND b.voided_at IS NOT NULL`,
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
    state: row.used_at !== null ? 'used' : row.voided_at !== null ? 'void' : 'unused',
    batch_id: row.batch_id.toString(),
    package_id: row.plan_id.toString(),
    package_name: row.package_name,
    subscription_id: row.subscription_id?.toString() ?? null,
    used_at: row.used_at?.toISOString() ?? null,
    expires_at: row.expires_at?.toISOString() ?? null,
  };
}
