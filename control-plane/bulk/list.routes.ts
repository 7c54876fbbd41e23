import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { formatCount, formatMoment, type Column } from '../ui';
import { isPlanned, runBadge, runTitle } from './admin.view';
import { listRuns } from './queries';
import { runStates, type Run } from './run';
import { bulkActions } from './schema';

/** Names of the plans that runs change to. */
export async function planNames(ctx: Context, runs: Run[]): Promise<Map<string, string>> {
  const ids = runs.flatMap(({ params }) => (typeof params['package_id'] === 'string' ? [params['package_id']] : []));
  if (ids.length === 0) return new Map();
  const plans = await ctx.tx.plan.findMany({ where: { id: { in: ids.map(BigInt) } } });
  return new Map(plans.map((plan) => [plan.id.toString(), plan.name]));
}

export const planOf = (names: Map<string, string>, run: Run) => names.get(String(run.params['package_id'])) ?? '';

type ListedRun = Run & { plan: string };

const runColumns: Column<ListedRun>[] = [
  {
    key: 'what',
    label: 'bulk.what',
    isName: true,
    cell: (run, reader) => ({
      first: runTitle(run, run, reader),
      href: `/bulk/${run.id}`,
      second: run.created_by_name,
    }),
    csv: (run, reader) => runTitle(run, run, reader),
  },
  {
    key: 'state',
    label: 'bulk.state',
    card: 'card-end',
    cell: (run, reader) => ({ outcome: runBadge(run.state, reader) }),
    csv: (run) => run.state,
  },
  {
    key: 'rows',
    label: 'bulk.rows',
    num: true,
    cell: (run, { t, locale }) => ({
      first: t('bulk.of', {
        done: formatCount(isPlanned(run) ? run.done + run.undone : run.planned, locale),
        total: formatCount(isPlanned(run) ? run.planned : run.total, locale),
      }),
    }),
    csv: (run) => run.done + run.undone,
  },
  {
    key: 'planned',
    label: 'bulk.planned',
    num: true,
    extra: true,
    cell: (run, { locale }) => ({ first: formatCount(run.planned, locale) }),
    csv: (run) => run.planned,
  },
  {
    key: 'refused',
    label: 'bulk.refused_rows',
    num: true,
    extra: true,
    cell: (run, { locale }) => ({ first: formatCount(run.refused, locale) }),
    csv: (run) => run.refused,
  },
  {
    key: 'by',
    label: 'bulk.who',
    extra: true,
    card: 'not-in-card',
    cell: (run) => ({ first: run.created_by_name }),
    csv: (run) => run.created_by_name,
  },
  {
    key: 'at',
    label: 'bulk.at',
    num: true,
    cell: (run, reader) => ({ first: formatMoment(run.created_at, reader) }),
    csv: (run) => run.created_at.toISOString(),
  },
];

const runActions = [...bulkActions, 'import', 'bank'] as const;

/** What was asked for on many at once, imports among them. */
export const runList = listPages({
  list: 'bulk',
  path: '/bulk',
  permission: 'subscriptions.read',
  view: 'bulk/list',
  query: listQuery.extend({ state: oneOf(runStates), action: oneOf(runActions) }),
  title: 'bulk.title',
  foot: 'bulk.foot',
  columns: runColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'action',
      label: t('bulk.what'),
      value: query.action ?? '',
      options: runActions.map((value) => ({ value, label: t(`bulk.action_${value}`) })),
    },
    {
      name: 'state',
      label: t('bulk.state'),
      value: query.state ?? '',
      options: runStates.map((value) => ({ value, label: t(`bulk.state_${value}`) })),
    },
  ],
  scope: (_ctx, { query: { state, action } }) => ({ state, action }),
  async page(ctx, filter, { cursor, limit }) {
    const page = await listRuns(ctx, { ...filter, limit, before: cursorId(cursor) });
    const names = await planNames(ctx, page.items);
    return { ...page, items: page.items.map((run) => ({ ...run, plan: planOf(names, run) })) };
  },
  empty: ({ person, reader: { t } }) => ({
    text: t('bulk.empty'),
    ...(person.actor.permissions.has('subscriptions.write')
      ? { href: '/bulk/new', step: t('bulk.new_title'), action: true }
      : {}),
  }),
  live: 'bulk',
  model: (_ctx, { person }) => ({
    mayAdd: person.actor.permissions.has('subscriptions.write'),
    mayImport: person.actor.permissions.has('imports.write'),
  }),
});
