import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { pagerOf, readerFor, withQuery } from '../ui';
import { findPlan, listOnPlan, listVersions, runningOn } from './admin.queries';
import { printMoment, printOnPlan, printPlan, printVersion } from './admin.view';
import { archivePackage } from './archive-package';
import { formRoutes } from './form.routes';
import { planSentences } from './plan-words';
import { previewPlan } from './preview-plan';
import { profileRoutes } from './profiles.routes';
import { listPackages } from './queries';
import { restorePackage } from './restore-package';
import { packageInput } from './schema';

const plansQuery = listQuery.extend({ archived: z.enum(['', 'true']).optional() });
const planQuery = z.object({
  at: z.enum(['', 'mikrotik', 'other']).optional(),
  told: z.enum(['created', 'changed', 'renamed', 'archived', 'restored', 'name_taken']).optional(),
});
const onPlanQuery = listQuery.extend({
  version: z
    .union([z.literal('').transform(() => undefined), z.coerce.number().int().min(1).max(1_000_000_000)])
    .optional(),
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
  pageRoute({
    method: 'GET',
    path: '/plans',
    permission: 'plans.read',
    query: plansQuery,
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const { t } = reader;
      const archived = query.archived === 'true';
      const { q, limit, cursor } = query;
      const page = await listPackages(ctx, { q: q || undefined, limit, before: cursorId(cursor), archived });
      const running = await runningOn(ctx);
      const mayAdd = person.actor.permissions.has('plans.write');
      const search = new URLSearchParams(web.query);
      const sale = [
        { value: '', label: t('plans.on_sale'), selected: !archived },
        { value: 'true', label: t('plans.off_sale'), selected: archived },
      ];
      return view('plans/list', {
        title: t('plans.title'),
        mayAdd,
        filters: {
          path: '/plans',
          q: q ?? '',
          findHint: t('plans.find'),
          kept: archived ? [{ name: 'archived', value: 'true' }] : [],
          active: archived
            ? [
                {
                  label: t('plans.sale'),
                  value: t('plans.off_sale'),
                  offLabel: t('ui.filter_off', { name: t('plans.sale') }),
                  off: withQuery('/plans', search, { archived: null }),
                },
              ]
            : [],
          choices: [{ name: 'archived', label: t('plans.sale'), options: sale }],
          clear: q || archived ? '/plans' : '',
        },
        rows: page.items.map((plan) => printPlan(plan, running.get(plan.id) ?? 0, reader)),
        empty:
          q || archived
            ? { text: t('plans.none_found'), href: '/plans', step: t('plans.show_all') }
            : {
                text: t('plans.empty'),
                ...(mayAdd ? { href: '/plans/new', step: t('plans.add'), action: true } : {}),
              },
        pager: pagerOf('/plans', search, { cursor, next: page.nextCursor, limit }, reader),
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/plans/:id',
    permission: 'plans.read',
    query: planQuery,
    run: (ctx, { params, query }, _web, person) => planPage(ctx, params.id, query, person),
  }),
  pageRoute({
    method: 'GET',
    path: '/plans/:id/subscriptions',
    permission: 'subscriptions.read',
    query: onPlanQuery,
    async run(ctx, { params, query }, web, person) {
      const reader = readerFor(ctx, person);
      const plan = await findPlan(ctx, params.id);
      if (!plan) throw notFound('That plan');
      const { version, limit, cursor } = query;
      const page = await listOnPlan(ctx, { planId: params.id, version, limit, before: cursorId(cursor) });
      return view('plans/subscriptions', {
        title:
          version === undefined
            ? reader.t('plans.on_plan', { name: plan.name })
            : reader.t('plans.on_version', { name: plan.name, version }),
        plan: { name: plan.name, href: `/plans/${plan.id}` },
        rows: page.items.map((row) => printOnPlan(row, reader)),
        empty: { text: reader.t('plans.nobody_on') },
        pager: pagerOf(
          `/plans/${plan.id}/subscriptions`,
          new URLSearchParams(web.query),
          { cursor, next: page.nextCursor, limit },
          reader,
        ),
      });
    },
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
