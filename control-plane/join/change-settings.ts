import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { JoinSetting } from './queries';

/** Says who may join by themselves, and what they may choose. Plans of another company are left out by row-level security. */
export async function changeSettings(ctx: Context, wanted: JoinSetting): Promise<void> {
  const { is_open, needs_approval } = wanted;
  const plans = wanted.plans.map(BigInt);
  await ctx.tx.$executeRaw`
    INSERT INTO join_setting (tenant_id, is_open, needs_approval) VALUES (${ctx.tenantId}, ${is_open}, ${needs_approval})
    ON CONFLICT (tenant_id) DO UPDATE SET is_open = excluded.is_open, needs_approval = excluded.needs_approval, updated_at = ${ctx.now}`;
  await ctx.tx.$executeRaw`DELETE FROM join_plan WHERE plan_id <> ALL (${plans}::bigint[])`;
  await ctx.tx.$executeRaw`
    INSERT INTO join_plan (tenant_id, plan_id) SELECT ${ctx.tenantId}, p.id FROM plan p WHERE p.id = ANY (${plans}::bigint[]) AND p.archived_at IS NULL
    ON CONFLICT DO NOTHING`;
  await recordAudit(ctx, 'join.settings', { type: 'join_setting', id: ctx.tenantId }, { ...wanted });
}
