import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

export interface SettingsChange {
  name: string;
  timezone: string;
  password_min_length: number;
  second_factor_required: boolean;
}

/** The company's own settings. Asking for a second proof closes every page but their own to people who have none, with their next click. */
export async function changeSettings(ctx: Context, change: SettingsChange): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE tenant SET name = ${change.name}, timezone = ${change.timezone}, password_min_length = ${change.password_min_length},
      second_factor_required = ${change.second_factor_required} WHERE id = ${ctx.tenantId}`;
  await recordAudit(ctx, 'tenants.change_settings', { type: 'tenant', id: ctx.tenantId }, { ...change });
}

/** Whether Postgres and JavaScript both know this time zone. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]+(\/[A-Za-z0-9_+-]+)*$/.test(name);
  } catch {
    return false;
  }
}
