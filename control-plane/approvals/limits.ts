import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { ApprovalLimit } from './schema';

/** Up to what one person is enough, for each kind; `own` where the company has said so itself. */
export async function listLimits(ctx: Context): Promise<ApprovalLimit[]> {
  const rows = await ctx.tx.$queryRaw<{ kind: string; limit_cents: bigint; currency: string; own: boolean }[]>`
    SELECT k.kind, coalesce(l.limit_cents, k.limit_cents) AS limit_cents, t.currency, l.kind IS NOT NULL AS own
    FROM approval_kinds() k JOIN tenant t ON t.id = ${ctx.tenantId} LEFT JOIN approval_limit l ON l.tenant_id = t.id AND l.kind = k.kind ORDER BY k.kind`;
  return rows.map((row) => ({ ...row, limit_cents: Number(row.limit_cents) }));
}

/** Says up to what one person is enough; 0: never. False for a kind that there is not. */
export async function saveLimit(ctx: Context, kind: string, limit_cents: number): Promise<boolean> {
  const before = (await listLimits(ctx)).find((one) => one.kind === kind);
  if (!before) return false;
  await ctx.tx.$executeRaw`
    INSERT INTO approval_limit (tenant_id, kind, limit_cents) VALUES (${ctx.tenantId}, ${kind}, ${limit_cents})
    ON CONFLICT (tenant_id, kind) DO UPDATE SET limit_cents = excluded.limit_cents, updated_at = lango_now()`;
  const detail = { kind, limit_cents, before_cents: before.limit_cents };
  await recordAudit(ctx, 'approvals.settings', { type: 'tenant', id: ctx.tenantId }, detail);
  return true;
}
