import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

export const EVERY_DAYS = { least: 7, most: 3650 };

/** Days between two replacements, or none: then only when somebody asks. */
export const everyDays = z.int().min(EVERY_DAYS.least).max(EVERY_DAYS.most).nullable();

export async function findEveryDays(ctx: Context): Promise<number | null> {
  const [row] = await ctx.tx.$queryRaw<{ every_days: number | null }[]>`SELECT every_days FROM rotation_setting`;
  return row?.every_days ?? null;
}

/** From now on the secrets of this company's routers are replaced after so many days; null: not by themselves. */
export async function changeEveryDays(ctx: Context, to: number | null): Promise<void> {
  await ctx.tx.$executeRaw`
    INSERT INTO rotation_setting AS s (tenant_id, every_days) VALUES (${ctx.tenantId}, ${to})
    ON CONFLICT (tenant_id) DO UPDATE SET every_days = excluded.every_days, updated_at = lango_now(), version = s.version + 1`;
  await recordAudit(ctx, 'rotation.change_settings', { type: 'tenant', id: ctx.tenantId }, { every_days: to });
}
