import { recordAudit } from '../../audit';
import type { Context } from '../../platform/context';

/** When a cheque buys, and how many days a bank usually takes. */
export interface ChequeRule {
  cheque_service: 'at_once' | 'cleared';
  cheque_days: number;
  version: number;
}

/** The company's rule for cheques; service at once and three days where it has said nothing. */
export async function chequeRule(ctx: Context): Promise<ChequeRule> {
  const [row] = await ctx.tx.$queryRaw<ChequeRule[]>`
    SELECT cheque_service, cheque_days, version FROM payment_rule WHERE tenant_id = ${ctx.tenantId}`;
  return row ?? { cheque_service: 'at_once', cheque_days: 3, version: 0 };
}

/** Holds for cheques taken from now on. False when somebody else changed it since `version`. */
export async function saveChequeRule(ctx: Context, rule: ChequeRule): Promise<boolean> {
  const { cheque_service, cheque_days, version } = rule;
  const changed = await ctx.tx.$executeRaw`
    INSERT INTO payment_rule AS r (tenant_id, cheque_service, cheque_days) VALUES (${ctx.tenantId}, ${cheque_service}, ${cheque_days})
    ON CONFLICT (tenant_id) DO UPDATE SET cheque_service = excluded.cheque_service, cheque_days = excluded.cheque_days, version = r.version + 1, updated_at = lango_now()
    WHERE r.version = ${version}`;
  if (changed === 0) return false;
  await recordAudit(ctx, 'payments.rules', { type: 'tenant', id: ctx.tenantId }, { cheque_service, cheque_days });
  return true;
}

/** Today by the company's clock and so many days more, as 2026-03-01. */
export async function dayIn(ctx: Context, days: number): Promise<string> {
  const [row] = await ctx.tx.$queryRaw<{ day: string }[]>`
    SELECT to_char((lango_now() AT TIME ZONE timezone)::date + ${days}::integer, 'YYYY-MM-DD') AS day FROM tenant WHERE id = ${ctx.tenantId}`;
  if (!row) throw new Error('The company is gone.');
  return row.day;
}
