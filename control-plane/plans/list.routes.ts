import { z } from 'zod';
import { cursorId, listQuery } from '../platform/http/input';
import { notFound } from '../platform/http/problem';
import { listPages, none, oneOf } from '../tables';
import { findPlan, listOnPlan, runningOn } from './admin.queries';
import { onPlanColumns, planColumns } from './list.view';
import { listPackages } from './queries';

/** Plans on sale, or those that are not any more. */
export const planList = listPages({
  list: 'plans',
  path: '/plans',
  permission: 'plans.read',
  view: 'plans/list',
  query: listQuery.extend({ archived: oneOf(['true']) }),
  title: 'plans.title',
  find: 'plans.find',
  foot: 'plans.foot',
  columns: planColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'archived',
      label: t('plans.sale'),
      value: query.archived ?? '',
      any: t('plans.on_sale'),
      options: [{ value: 'true', label: t('plans.off_sale') }],
    },
  ],
  scope: (_ctx, { query: { q, archived } }) => ({ q: q || undefined, archived: archived === 'true' }),
  async page(ctx, filter, { cursor, limit }) {
    const { items, nextCursor } = await listPackages(ctx, { ...filter, limit, before: cursorId(cursor) });
    const running = await runningOn(ctx);
    return { items: items.map((plan) => ({ ...plan, running: running.get(plan.id) ?? 0 })), nextCursor };
  },
  empty: ({ person, reader: { t } }) => ({
    text: t('plans.empty'),
    ...(person.actor.permissions.has('plans.write') ? { href: '/plans/new', step: t('plans.add'), action: true } : {}),
  }),
  model: (_ctx, { person }) => ({ mayAdd: person.actor.permissions.has('plans.write') }),
});

const versionNumber = z.coerce.number().int().min(1).max(1_000_000_000);

/** Who is on a plan, or on one version of it. */
export const onPlanList = listPages({
  list: 'plan-subscriptions',
  path: '/plans/:id/subscriptions',
  permission: 'subscriptions.read',
  view: 'plans/subscriptions',
  query: listQuery.extend({ version: none.or(versionNumber).optional() }),
  title: 'plans.running',
  foot: 'plans.on_plan_foot',
  columns: onPlanColumns,
  filters: (_ctx, { query, reader }) => [
    { name: 'version', label: reader.t('plans.version_head'), value: query.version?.toString() ?? '', fromLink: true },
  ],
  async scope(ctx, { params, query }) {
    const plan = await findPlan(ctx, params.id);
    if (!plan) throw notFound('That plan');
    return { plan, planId: params.id, version: query.version };
  },
  page: (ctx, { planId, version }, { cursor, limit }) =>
    listOnPlan(ctx, { planId, version, limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('plans.nobody_on') }),
  model: (_ctx, { query: { version }, reader: { t } }, { scope: { plan } }) => ({
    title:
      version === undefined
        ? t('plans.on_plan', { name: plan.name })
        : t('plans.on_version', { name: plan.name, version }),
    plan: { name: plan.name, href: `/plans/${plan.id}` },
  }),
});
