import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Approval, ApprovalState } from './schema';

interface Row {
  id: bigint;
  kind: string;
  subject_id: bigint;
  permission: string;
  amount_cents: bigint;
  currency: string;
  summary: string;
  path: string;
  state: ApprovalState;
  asked_by: bigint | null;
  asked_name: string;
  asked_at: Date;
  expires_at: Date;
  decided_by: bigint | null;
  decided_name: string | null;
  decided_at: Date | null;
  note: string | null;
}

/** What nobody decided in time is over, whether the job has been there or not. */
const columns = Prisma.sql`id, kind, subject_id, permission, amount_cents, currency, summary, path,
  CASE WHEN state = 'asked' AND expires_at <= lango_now() THEN 'expired' ELSE state END AS state,
  asked_by, asked_name, asked_at, expires_at, decided_by, decided_name, decided_at, note`;

const shape = (row: Row): Approval => ({
  ...row,
  id: row.id.toString(),
  subject_id: row.subject_id.toString(),
  amount_cents: Number(row.amount_cents),
  asked_by: row.asked_by?.toString() ?? null,
  asked_at: row.asked_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
  decided_by: row.decided_by?.toString() ?? null,
  decided_at: row.decided_at?.toISOString() ?? null,
});

/** Newest first; without `all` only what waits for somebody. */
export async function listApprovals(
  ctx: Context,
  filter: { all: boolean; limit: number; before: bigint | undefined },
): Promise<Page<Approval>> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT ${columns} FROM approval
    WHERE tenant_id = ${ctx.tenantId} AND (${filter.all} OR state = 'asked' AND expires_at > lango_now()) AND id < ${filter.before ?? 9_223_372_036_854_775_807n}
    ORDER BY id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(rows, filter.limit, (row) => row.id, shape);
}

export async function findApproval(ctx: Context, id: bigint): Promise<Approval | undefined> {
  const [row] = await ctx.tx.$queryRaw<
    Row[]
  >`SELECT ${columns} FROM approval WHERE tenant_id = ${ctx.tenantId} AND id = ${id}`;
  return row && shape(row);
}
