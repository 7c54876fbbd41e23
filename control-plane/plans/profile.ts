import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { plan_profile } from '../platform/db/generated/client';
import { changePackage } from './change-package';
import { findPackage } from './queries';
import { agreeOnBurst, packageInput, speedFields } from './schema';
import { profilesOfCompany, speedsOf } from './speeds';
import { burstColumns } from './version';

const profileFields = z.object({ name: z.string().trim().min(1).max(80), ...speedFields });
export const newProfile = profileFields.superRefine((profile, ctx) =>
  agreeOnBurst(profile, (path, message) => ctx.addIssue({ code: 'custom', path, message })),
);
export type NewProfile = z.output<typeof newProfile>;

export const profileChange = profileFields.extend({
  /** What becomes of the plans on sale that use it: nothing, a new version for new sales, or one that running services move to at their renewal. */
  plans: z.enum(['keep', 'new_sales', 'renewal']).default('keep'),
  /** As it was when it was read: a change by somebody else in between is refused. */
  version: z.int().min(1),
});
export type ProfileChange = z.output<typeof profileChange>;

export const profileAnswer = z.object({
  id: z.string(),
  name: z.string(),
  ...speedFields,
  version: z.int(),
  packages: z.array(z.object({ id: z.string(), name: z.string() })),
});
export type Profile = z.output<typeof profileAnswer>;

export type ProfileOutcome =
  | { kind: 'done'; profile: Profile }
  | { kind: 'not_found' }
  | { kind: 'name_taken' }
  | { kind: 'changed_meanwhile'; version: number }
  /** A plan whose own steps or hours do not go with the new speed; nothing was changed. */
  | { kind: 'plan_refuses'; plan: string };

/** The profiles in use, by name, with the plans on sale that stand on each. */
export async function listProfiles(ctx: Context): Promise<Profile[]> {
  const rows = await profilesOfCompany(ctx);
  const plans = await ctx.tx.$queryRaw<{ id: bigint; name: string; profile_id: bigint }[]>`
    SELECT p.id, p.name, v.profile_id FROM plan p JOIN plan_version v ON v.id = p.current_version_id
    WHERE p.tenant_id = ${ctx.tenantId} AND p.archived_at IS NULL AND v.profile_id IS NOT NULL ORDER BY lower(p.name)`;
  return rows.map((row) => ({
    id: row.id.toString(),
    name: row.name,
    ...speedsOf(row),
    version: row.version,
    packages: plans
      .filter((plan) => plan.profile_id === row.id)
      .map((plan) => ({ id: plan.id.toString(), name: plan.name })),
  }));
}

export async function findProfile(ctx: Context, id: bigint): Promise<Profile | undefined> {
  return (await listProfiles(ctx)).find((one) => one.id === id.toString());
}

async function nameTaken(ctx: Context, name: string, except?: bigint): Promise<boolean> {
  const rows = await profilesOfCompany(ctx);
  return rows.some((row) => row.id !== except && row.name.toLowerCase() === name.toLowerCase());
}

const columnsOf = ({ name, down_kbps, up_kbps, burst }: NewProfile) => ({
  name,
  down_kbps,
  up_kbps,
  ...burstColumns(burst ?? null),
});

async function done(ctx: Context, row: plan_profile): Promise<ProfileOutcome> {
  const profile = await findProfile(ctx, row.id);
  if (!profile) throw new Error(`profile ${row.id} is gone after it was written`);
  return { kind: 'done', profile };
}

/** Adds a bandwidth profile. Names differ, whatever their case. */
export async function createProfile(ctx: Context, input: NewProfile): Promise<ProfileOutcome> {
  if (await nameTaken(ctx, input.name)) return { kind: 'name_taken' };
  const row = await ctx.tx.plan_profile.create({ data: { tenant_id: ctx.tenantId, ...columnsOf(input) } });
  await recordAudit(ctx, 'plans.create-profile', { type: 'plan_profile', id: row.id }, input);
  return done(ctx, row);
}

/**
 * Changes a profile. Versions that were made from it keep their speeds; only when asked do the plans on sale get a new version with the new ones,
 * and running services move to it at their renewal only when asked for that.
 */
export async function changeProfile(ctx: Context, id: bigint, input: ProfileChange): Promise<ProfileOutcome> {
  await ctx.tx.$queryRaw`SELECT id FROM plan_profile WHERE id = ${id} FOR NO KEY UPDATE`;
  const before = await findProfile(ctx, id);
  if (!before) return { kind: 'not_found' };
  if (before.version !== input.version) return { kind: 'changed_meanwhile', version: before.version };
  if (await nameTaken(ctx, input.name, id)) return { kind: 'name_taken' };
  const moved = input.plans === 'keep' ? [] : before.packages;
  const speeds = { down_kbps: input.down_kbps, up_kbps: input.up_kbps, burst: input.burst ?? null };
  for (const plan of moved) {
    const found = await findPackage(ctx, BigInt(plan.id));
    if (!packageInput.safeParse({ ...found, ...speeds }).success) return { kind: 'plan_refuses', plan: plan.name };
  }
  const row = await ctx.tx.plan_profile.update({
    where: { id },
    data: { ...columnsOf(input), version: { increment: 1 } },
  });
  await recordAudit(ctx, 'plans.change-profile', { type: 'plan_profile', id }, { before, after: input });
  for (const plan of moved) {
    const outcome = await changePackage(ctx, BigInt(plan.id), {
      profile_id: id.toString(),
      existing: input.plans === 'renewal' ? 'renewal' : 'keep',
    });
    if (outcome.kind !== 'done') throw new Error(`plan ${plan.id} refused speeds that were tried before`);
  }
  return done(ctx, row);
}

/** Takes a profile away from the choices. Plans that were made from it keep their speeds. */
export async function archiveProfile(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const { count } = await ctx.tx.plan_profile.updateMany({
    where: { id, archived_at: null },
    data: { archived_at: ctx.now },
  });
  if (count === 0) return 'not_found';
  await recordAudit(ctx, 'plans.archive-profile', { type: 'plan_profile', id });
  return 'done';
}
