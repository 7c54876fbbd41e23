import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { SettingInput } from './schema';

export type Setting = SettingInput & { version: number };

interface Row {
  billing_day: number;
  terms_days: number;
  credit_limit_cents: bigint | null;
  unusual_factor: number;
  most_cents: bigint | null;
  cut_after_days: number | null;
  cut_least_cents: bigint;
  version: number;
}

/** What holds for a company that has said nothing. */
const first: Setting = {
  billing_day: 1,
  terms_days: 14,
  credit_limit_cents: null,
  unusual_factor: 3,
  most_cents: null,
  cut_after_days: 3,
  cut_least_cents: 0,
  version: 0,
};

/** How the company bills afterwards. */
export async function settingOf(ctx: Context): Promise<Setting> {
  const [row] = await ctx.tx.$queryRaw<Row[]>`SELECT * FROM postpaid_setting WHERE tenant_id = ${ctx.tenantId}`;
  if (!row) return first;
  const cents = (value: bigint | null) => (value === null ? null : Number(value));
  const { billing_day, terms_days, unusual_factor, cut_after_days, version } = row;
  return {
    billing_day,
    terms_days,
    unusual_factor,
    cut_after_days,
    version,
    credit_limit_cents: cents(row.credit_limit_cents),
    most_cents: cents(row.most_cents),
    cut_least_cents: Number(row.cut_least_cents),
  };
}

/** Saves it; false when somebody else changed it since `version`. Accounts that stand keep their day, terms and limit; bounds and the rule for shutting hold for all at once. */
export async function saveSetting(ctx: Context, input: SettingInput, version?: number): Promise<boolean> {
  const changed = await ctx.tx.$executeRaw`
    INSERT INTO postpaid_setting AS s (tenant_id, billing_day, terms_days, credit_limit_cents, unusual_factor, most_cents, cut_after_days, cut_least_cents)
    VALUES (${ctx.tenantId}, ${input.billing_day}, ${input.terms_days}, ${input.credit_limit_cents}::bigint, ${input.unusual_factor}, ${input.most_cents}::bigint,
      ${input.cut_after_days}::integer, ${input.cut_least_cents}::bigint)
    ON CONFLICT (tenant_id) DO UPDATE SET (billing_day, terms_days, credit_limit_cents, unusual_factor, most_cents, cut_after_days, cut_least_cents, version, updated_at)
      = (excluded.billing_day, excluded.terms_days, excluded.credit_limit_cents, excluded.unusual_factor, excluded.most_cents, excluded.cut_after_days, excluded.cut_least_cents,
         s.version + 1, lango_now())
    WHERE ${version ?? null}::integer IS NULL OR s.version = ${version ?? null}::integer`;
  if (changed === 0) return false;
  // Whoever owes is looked at by the new rule.
  await ctx.tx.$executeRaw`
    UPDATE postpaid_account SET look_at = lango_now() WHERE tenant_id = ${ctx.tenantId} AND (look_at IS NOT NULL OR cut_at IS NOT NULL)`;
  await recordAudit(ctx, 'postpaid.settings', { type: 'tenant', id: ctx.tenantId }, { ...input });
  return true;
}
