import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { fieldsOf } from '../platform/http/input';
import { speedsOfProfile } from './speeds';
import { priceAsked } from './price';
import { findPackage } from './queries';
import { newPackage, type NewPackage, type Package } from './schema';
import { insertVersion, nameIsTaken } from './version';

export type PackageOutcome =
  | { kind: 'done'; package: Package }
  | { kind: 'not_found' }
  | { kind: 'name_taken' }
  | { kind: 'invalid'; fields: Record<string, string> };

/** What is told of a profile that does not exist or was taken away. */
export const unknownProfile = 'is no profile of yours; list /api/packages/profiles';

/** Puts a new plan on sale as version 1. Names are unique among the plans on sale, whatever their case. */
export async function createPackage(ctx: Context, input: NewPackage): Promise<PackageOutcome> {
  if (await nameIsTaken(ctx, input.name, undefined)) return { kind: 'name_taken' };
  const speeds = await speedsOfProfile(ctx, input.profile_id);
  if (speeds === 'unknown') return { kind: 'invalid', fields: { profile_id: unknownProfile } };
  // Its own steps and hours must go with the speed that it gets.
  const whole = newPackage.safeParse({ ...input, ...speeds });
  if (!whole.success) return { kind: 'invalid', fields: fieldsOf(whole.error) };
  const currency = input.currency ?? (await tenantCurrency(ctx));
  const price_cents = await priceAsked(ctx, whole.data);
  const plan = await ctx.tx.plan.create({ data: { tenant_id: ctx.tenantId, name: input.name, kind: input.type } });
  await insertVersion(ctx, plan.id, 1, { ...whole.data, price_cents, currency });
  await recordAudit(
    ctx,
    'plans.create',
    { type: 'plan', id: plan.id },
    { name: input.name, price_cents, net_cents: input.net_cents ?? null },
  );
  const made = await findPackage(ctx, plan.id);
  if (!made) throw new Error(`plan ${plan.id} is gone after its creation`);
  return { kind: 'done', package: made };
}

async function tenantCurrency(ctx: Context): Promise<string> {
  const tenant = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
  return tenant.currency;
}
