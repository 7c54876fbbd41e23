import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { readerFor } from '../ui';
import { findPlan, listVersions } from './admin.queries';
import { printMoment, printPlan, printVersion } from './admin.view';
import { archivePackage } from './archive-package';
import { formRoutes } from './form.routes';
import { onPlanList, planList } from './list.routes';
import { planSentences } from './plan-words';
import { previewPlan } from './preview-plan';
import { profileRoutes } from './profiles.routes';
import { restorePackage } from './restore-package';
import { packageInput } from './schema';

const planQuery = z.object({
  at: z.enum(['', 'mikrotik', 'other']).optional(),
  told: z.enum(['created', 'changed', 'renamed', 'archived', 'restored', 'name_taken']).optional(),
});
async function planPage(
  ctx: Context,
  id: bigint,
  query: z.output<typeof planQuery>,
  person: Person,
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const plan = await findPlan(ctx, id);
  if (!plan) throw notFound('That plan');
  const versions = await listVersions(ctx, id);
  const nasType = query.at === 'other' ? 'other' : 'mikrotik';
  const moments = await previewPlan(ctx, packageInput.parse(plan), nasType);
  const printed = printPlan(
    plan,
    versions.reduce((sum, one) => sum + one.subscriptions, 0),
    reader,
  );
  const may = person.actor.permissions;
  return view('plans/plan', {
    title: plan.name,
    told: query.told && {
      text: t(`plans.told_${query.told}`, { version: plan.version }),
      warn: query.told === 'name_taken',
    },
    id: plan.id,
    plan: printed,
    offSale: plan.archived_at !== null,
    mayWrite: may.has('plans.write'),
    vouchersHref: may.has('vouchers.write') && plan.archived_at === null && `/vouchers/new?package_id=${plan.id}`,
    sentences: planSentences(plan, reader),
    moments: moments.map((one) => printMoment(one, reader)),
    nas: (['mikrotik', 'other'] as const).map((one) => ({
      href: one === 'mikrotik' ? `/plans/${plan.id}` : `/plans/${plan.id}?at=${one}`,
      label: t(`plans.nas_${one}`),
      current: one === nasType,
    })),
    versions: versions.map((one) => printVersion(one, plan, reader)),
  });
}

export const pageRoutes: PageRoute[] = [
  ...planList,
  ...onPlanList,
  pageRoute({
    method: 'GET',
    path: '/plans/:id',
    permission: 'plans.read',
    query: planQuery,
    run: (ctx, { params, query }, _web, person) => planPage(ctx, params.id, query, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/plans/:id/archive',
    permission: 'plans.write',
    async run(ctx, { params }) {
      if ((await archivePackage(ctx, params.id)) === 'not_found') throw notFound('That plan');
      return seeOther(`/plans/${params.id}?told=archived`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/plans/:id/restore',
    permission: 'plans.write',
    async run(ctx, { params }) {
      const outcome = await restorePackage(ctx, params.id);
      if (outcome === 'not_found') throw notFound('That plan');
      return seeOther(`/plans/${params.id}?told=${outcome === 'done' ? 'restored' : outcome}`);
    },
  }),
  ...formRoutes,
  ...profileRoutes,
];
