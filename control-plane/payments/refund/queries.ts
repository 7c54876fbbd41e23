import type { Context } from '../../platform/context';
import { Prisma } from '../../platform/db/generated/client';
import { pageOf, type Page } from '../../platform/http/input';
import type { Refund, RefundState, RefundWay } from './schema';

interface Row {
  id: bigint;
  payment_id: bigint | null;
  subscriber_id: bigint;
  client_name: string;
  amount_cents: bigint;
  currency: string;
  way: RefundWay;
  service: 'keep' | 'take_back';
  phone: string | null;
  reason: string;
  state: RefundState;
  credit_cents: bigint;
  owed_cents: bigint;
  reference: string | null;
  approval_id: bigint | null;
  code: string | null;
  code_text: string | null;
  created_name: string;
  created_at: Date;
  done_at: Date | null;
}

const shape = ({ code, code_text, subscriber_id, created_name, ...row }: Row): Refund => ({
  ...row,
  id: row.id.toString(),
  payment_id: row.payment_id?.toString() ?? null,
  client_id: subscriber_id.toString(),
  amount_cents: Number(row.amount_cents),
  credit_cents: Number(row.credit_cents),
  owed_cents: Number(row.owed_cents),
  approval_id: row.approval_id?.toString() ?? null,
  failure: code === null || row.state === 'done' ? null : { code, text: code_text ?? '' },
  asked_by: created_name,
  created_at: row.created_at.toISOString(),
  done_at: row.done_at?.toISOString() ?? null,
});

function select(ctx: Context, where: Prisma.Sql, limit: number): Promise<Row[]> {
  return ctx.tx.$queryRaw<Row[]>`
    SELECT r.id, r.payment_id, r.subscriber_id, c.name AS client_name, r.amount_cents, r.currency, r.way, r.service, r.phone, r.reason, r.state, r.credit_cents, r.owed_cents,
      r.reference, a.id AS approval_id, r.code, r.code_text, r.created_name, r.created_at, r.done_at
    FROM payment_refund r JOIN subscriber c ON c.id = r.subscriber_id
    LEFT JOIN approval a ON a.tenant_id = r.tenant_id AND a.kind = 'payments.refund' AND a.subject_id = r.id
    WHERE r.tenant_id = ${ctx.tenantId} AND ${where} ORDER BY r.id DESC LIMIT ${limit}`;
}

export async function listRefunds(
  ctx: Context,
  filter: { client_id?: bigint | undefined; limit: number; before: bigint | undefined },
): Promise<Page<Refund>> {
  const rows = await select(
    ctx,
    Prisma.sql`r.id < ${filter.before ?? 9_223_372_036_854_775_807n} AND (${filter.client_id ?? null}::bigint IS NULL OR r.subscriber_id = ${filter.client_id ?? null})`,
    filter.limit + 1,
  );
  return pageOf(rows, filter.limit, (row) => row.id, shape);
}

/** Of one payment, newest first; there are never more than its cents. */
export async function refundsOf(ctx: Context, paymentId: bigint): Promise<Refund[]> {
  return (await select(ctx, Prisma.sql`r.payment_id = ${paymentId}`, 200)).map(shape);
}

export async function findRefund(ctx: Context, id: bigint): Promise<Refund | undefined> {
  const [row] = await select(ctx, Prisma.sql`r.id = ${id}`, 1);
  return row && shape(row);
}
