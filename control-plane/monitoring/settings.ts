import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { usualLimits } from './judge';

const percent = z.coerce.number().int().min(10).max(100);

/** From when on a company wants to hear of its routers, and who. */
export const monitoringSettings = z.object({
  cpu_percent: percent,
  memory_percent: percent,
  disk_percent: percent,
  temperature_c: z.coerce.number().int().min(20).max(120),
  phone: z
    .string()
    .trim()
    .regex(/^(\+[1-9]\d{7,14})?$/, 'must be written with its country, as +254712345678'),
  email: z.union([z.literal(''), z.email()]),
  locale: z.enum(['en', 'sw']),
});
export type MonitoringSettings = z.output<typeof monitoringSettings>;

/** The settings of a company; the usual ones where nobody has set any. */
export async function findSettings(ctx: Context): Promise<MonitoringSettings & { version: number }> {
  const [row] = await ctx.tx.$queryRaw<(MonitoringSettings & { version: number })[]>`
    SELECT cpu_percent, memory_percent, disk_percent, temperature_c, phone, email, locale, version FROM monitoring_setting`;
  return row ?? { ...usualLimits, phone: '', email: '', locale: 'en', version: 0 };
}

/** Sets them all; they count from the next round on. */
export async function changeSettings(ctx: Context, to: MonitoringSettings): Promise<void> {
  await ctx.tx.$executeRaw`
    INSERT INTO monitoring_setting (tenant_id, cpu_percent, memory_percent, disk_percent, temperature_c, phone, email, locale)
    VALUES (${ctx.tenantId}, ${to.cpu_percent}, ${to.memory_percent}, ${to.disk_percent}, ${to.temperature_c}, ${to.phone}, ${to.email}, ${to.locale})
    ON CONFLICT (tenant_id) DO UPDATE SET cpu_percent = excluded.cpu_percent, memory_percent = excluded.memory_percent, disk_percent = excluded.disk_percent,
      temperature_c = excluded.temperature_c, phone = excluded.phone, email = excluded.email, locale = excluded.locale, updated_at = lango_now(),
      version = monitoring_setting.version + 1`;
  const { phone, email, ...limits } = to;
  await recordAudit(
    ctx,
    'monitoring.change_settings',
    { type: 'tenant', id: ctx.tenantId },
    { ...limits, tells: [phone && 'sms', email && 'email'].filter(Boolean) },
  );
}
