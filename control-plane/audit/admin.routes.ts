import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField, listQuery } from '../platform/http/input';
import type { PageRoute } from '../platform/http/page';
import { dayFilters, dayQuery, dayRange, listPages, named, none } from '../tables';
import { formatMoment } from '../ui';
import type { Filter, Reader } from '../ui';
import { auditColumns, shownEvent } from './list.view';
import { auditPeople, lastSeal, listAudit } from './queries';

const auditQuery = listQuery.extend({
  staff: none.or(idField).optional(),
  type: z.string().max(60).optional(),
  id: z.string().max(60).optional(),
  ...dayQuery,
});

async function filtersOf(ctx: Context, query: z.output<typeof auditQuery>, reader: Reader): Promise<Filter[]> {
  const { t } = reader;
  return [
    {
      name: 'staff',
      label: t('audit.by_staff'),
      value: query.staff?.toString() ?? '',
      any: t('audit.anybody'),
      options: named(await auditPeople(ctx)),
    },
    { name: 'type', label: t('audit.by_type'), value: query.type ?? '', help: t('audit.type_help'), max: 60 },
    { name: 'id', label: t('audit.by_id'), value: query.id ?? '', max: 60 },
    ...dayFilters(query, reader),
  ];
}

/** How far the chain of the company's events is closed. */
async function sealWords(ctx: Context, reader: Reader): Promise<string> {
  const seal = await lastSeal(ctx);
  return seal
    ? reader.t('audit.sealed', { seq: String(seal.seq), at: formatMoment(seal.at, reader) })
    : reader.t('audit.not_sealed');
}

export const pageRoutes: PageRoute[] = listPages({
  list: 'audit',
  path: '/audit',
  permission: 'audit.read',
  view: 'audit/list',
  query: auditQuery,
  title: 'audit.title',
  find: 'audit.find',
  foot: sealWords,
  columns: auditColumns,
  filters: (ctx, { query, reader }) => filtersOf(ctx, query, reader),
  async scope(ctx, { query: { q, staff, type, id, from, to }, person }) {
    const days = await dayRange(ctx, { from, to }, person.tenant.timezone);
    return { filter: { q, staff, subject_type: type || undefined, subject_id: id || undefined, ...days }, person };
  },
  async page(ctx, { filter, person }, at) {
    const { items, nextCursor } = await listAudit(ctx, { ...filter, ...at });
    return { items: items.map((event) => shownEvent(event, person)), nextCursor };
  },
  empty: ({ reader }) => ({ text: reader.t('audit.empty') }),
});
