import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField, listQuery } from '../platform/http/input';
import { listPages, named, none } from '../tables';
import type { Filter, Reader } from '../ui';
import { suspectLine } from './admin.view';
import { CHECKS } from './checks';
import { DAYS, listRefusals, pageOfTries, readKey, routerChoices, suspectRouters } from './queries';
import { refusalColumns } from './refusals.view';

const refusalsQuery = listQuery.extend({
  router: none.or(idField).optional(),
  reason: none.or(z.string().regex(/^[a-z_]{1,40}$/)).optional(),
  days: none.or(z.coerce.number().pipe(z.literal([1, 3, 7]))).optional(),
});

async function filtersOf(ctx: Context, query: z.output<typeof refusalsQuery>, { t }: Reader): Promise<Filter[]> {
  const reasons = CHECKS.flatMap((check) => check.reasons).filter((code) => code !== 'unknown_router');
  return [
    {
      name: 'router',
      label: t('access.router'),
      value: query.router?.toString() ?? '',
      options: named(await routerChoices(ctx)),
    },
    {
      name: 'reason',
      label: t('access.reason'),
      value: query.reason ?? '',
      options: reasons.map((value) => ({ value, label: t(`access.reason_${value}`) })),
    },
    {
      name: 'days',
      label: t('access.days'),
      value: query.days === undefined || query.days === DAYS ? '' : String(query.days),
      any: t(`access.days_${DAYS}`),
      options: [1, 7].map((days) => ({ value: String(days), label: t(`access.days_${days}`) })),
    },
  ];
}

/** Refused logins of the last days. */
export const refusalRoutes = listPages({
  list: 'refusals',
  path: '/access',
  permission: 'access.explain',
  view: 'access/refusals',
  query: refusalsQuery,
  title: 'access.refusals_title',
  find: 'access.find',
  foot: 'access.foot',
  columns: refusalColumns,
  filters: (ctx, { query, reader }) => filtersOf(ctx, query, reader),
  scope: (_ctx, { query: { q, router, reason, days } }) => ({
    q: q || undefined,
    router,
    reason,
    days: days ?? DAYS,
  }),
  async page(ctx, filter, { cursor, limit }) {
    const found = await listRefusals(ctx, { ...filter, before: readKey(cursor, 'cursor'), limit });
    return pageOfTries(found, limit, (row) => row);
  },
  empty: ({ reader: { t } }) => ({ text: t('access.empty'), href: '/access/explain', step: t('access.ask_step') }),
  model: async (ctx, { reader }) => ({
    suspects: (await suspectRouters(ctx)).map((row) => suspectLine(row, reader)),
  }),
});
