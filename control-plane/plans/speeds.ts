import type { Context } from '../platform/context';
import type { plan_profile } from '../platform/db/generated/client';
import { burstOf } from './queries';
import type { PackageInput } from './schema';

export type Speeds = Pick<PackageInput, 'down_kbps' | 'up_kbps' | 'burst'>;

/** The bandwidth profiles that can be chosen, by name; a company has a few. */
export function profilesOfCompany(ctx: Context): Promise<plan_profile[]> {
  return ctx.tx.plan_profile.findMany({ where: { archived_at: null }, orderBy: { name: 'asc' }, take: 500 });
}

/** What a profile says of speed. */
export function speedsOf(row: plan_profile): Speeds {
  return { down_kbps: Number(row.down_kbps), up_kbps: Number(row.up_kbps), burst: burstOf(row) };
}

/** The speeds of a profile in use; nothing where none is named, `unknown` where it is not to be had. */
export async function speedsOfProfile(
  ctx: Context,
  id: string | null | undefined,
): Promise<Speeds | 'unknown' | undefined> {
  if (!id) return undefined;
  const row = await ctx.tx.plan_profile.findFirst({ where: { id: BigInt(id), archived_at: null } });
  return row ? speedsOf(row) : 'unknown';
}
