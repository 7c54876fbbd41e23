import type { Context } from '../platform/context';
import type { PackageInput } from './schema';
import { termsOf } from './version';

export type NasType = 'mikrotik' | 'other';

/** What a router is told at one moment of a plan's life. */
export interface PreviewMoment {
  /** At the first login; from a fair-use step on; with the data used up; after the validity and any grace. */
  moment: 'fresh' | 'step' | 'used_up' | 'ended';
  used_bytes: number;
  decision: 'accept' | 'garden' | 'reject';
  reason: string;
  reply: { attribute: string; value: string }[];
}

/**
 * Asks the function that answers logins (plan_preview in prisma/functions/plan-preview.sql) what routers would be told of a plan, stored or not.
 * Nothing of the question stays. Hours of the week are those of this moment.
 */
export async function previewPlan(ctx: Context, plan: PackageInput, nasType: NasType): Promise<PreviewMoment[]> {
  const moments = momentsOf(plan);
  const [row] = await ctx.tx.$queryRaw<{ answers: Omit<PreviewMoment, 'moment' | 'used_bytes'>[] }[]>`
    SELECT plan_preview(${JSON.stringify(termsOf(plan))}::jsonb, ${plan.type}, ${nasType}, ${JSON.stringify(moments)}::jsonb) AS answers`;
  return moments.map(({ moment, used_bytes }, at) => {
    const answer = row?.answers[at];
    if (!answer) throw new Error(`plan_preview left moment ${at} unanswered`);
    return { moment, used_bytes, ...answer };
  });
}

function momentsOf(plan: PackageInput): { moment: PreviewMoment['moment']; used_bytes: number; ended?: boolean }[] {
  const steps = plan.fair_use ?? [];
  const quota = plan.quota_bytes ?? null;
  return [
    { moment: 'fresh', used_bytes: 0 },
    ...steps.map((step) => ({ moment: 'step' as const, used_bytes: step.at_bytes })),
    ...(quota === null ? [] : [{ moment: 'used_up' as const, used_bytes: quota }]),
    { moment: 'ended', used_bytes: 0, ended: true },
  ];
}
