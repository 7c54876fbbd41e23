import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { companyColumns } from './admin.view';
import { listCompanies, registrationOpen, type Company } from './queries';

/** What a company's page and the list say was done. */
export const TOLD = ['approved', 'suspended', 'licensed', 'opened', 'closed', 'act_ended'] as const;
const STATUSES = ['pending', 'approved', 'suspended'] as const;

function holds(row: Company, q: string): boolean {
  return [row.name, row.slug, row.first_name ?? '', row.first_email ?? ''].some((text) =>
    text.toLowerCase().includes(q.toLowerCase()),
  );
}

/** Every company of the installation on one page: those that wait for an answer must not be on a second one. */
export const companyList = listPages({
  list: 'companies',
  path: '/tenants',
  permission: 'tenants.manage',
  view: 'tenants/list',
  query: listQuery.extend({ status: oneOf(STATUSES), told: z.string().max(20).optional() }),
  title: 'tenants.title',
  find: 'tenants.find',
  foot: 'tenants.foot',
  columns: companyColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'status',
      label: t('staff.state'),
      value: query.status ?? '',
      options: STATUSES.map((value) => ({ value, label: t(`tenants.status_${value}`) })),
    },
  ],
  scope: (_ctx, { query: { q, status } }) => ({ q, status }),
  async page(ctx, { q, status }) {
    const all = await listCompanies(ctx);
    return {
      items: all.filter((row) => (!status || row.status === status) && (!q || holds(row, q))),
      nextCursor: null,
    };
  },
  empty: ({ reader }) => ({ text: reader.t('tenants.empty') }),
  async model(ctx, { query, reader }) {
    const told = TOLD.find((one) => one === query.told);
    return { told: told && { text: reader.t(`tenants.told_${told}`) }, open: await registrationOpen(ctx.tx) };
  },
});
