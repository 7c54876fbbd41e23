import { listQuery } from '../platform/http/input';
import { listPages } from '../tables';
import type { Column } from '../ui';
import { listSites } from './queries';
import type { Site } from './schema';

const names = (list: { name: string }[]): string => list.map(({ name }) => name).join(', ');

/** A card shows the name with its address, the routers, and what is sold. */
const columns: Column<Site>[] = [
  {
    key: 'name',
    label: 'sites.name',
    isName: true,
    cell: (row) => ({ first: row.name, href: `/sites/${row.id}`, second: `/hotspot/${row.slug}` }),
    csv: (row) => row.name,
  },
  {
    key: 'routers',
    label: 'sites.routers',
    card: 'card-full',
    cell: (row, { t }) => ({ first: row.routers.length === 0 ? t('sites.no_routers') : names(row.routers) }),
    csv: (row) => names(row.routers),
  },
  {
    key: 'plans',
    label: 'sites.plans',
    card: 'card-full',
    cell: (row, { t }) => ({ first: row.packages.length === 0 ? t('sites.all_plans') : names(row.packages) }),
    csv: (row) => names(row.packages),
  },
  {
    key: 'languages',
    label: 'sites.languages',
    card: 'not-in-card',
    cell: (row, { t }) => ({ first: row.languages.map((one) => t(`sites.language_${one}`)).join(', ') }),
    csv: (row) => row.languages.join(' '),
  },
  {
    key: 'trial',
    label: 'sites.trial',
    card: 'not-in-card',
    cell: (row, { t }) => ({
      first: row.trial_minutes === 0 ? t('sites.no_trial') : t('sites.trial_of', { minutes: row.trial_minutes }),
    }),
    csv: (row) => row.trial_minutes,
  },
];

/** The company's places with a hotspot. */
export const siteList = listPages({
  list: 'sites',
  path: '/sites',
  permission: 'sites.read',
  view: 'sites/list',
  query: listQuery,
  title: 'sites.title',
  find: 'sites.find',
  foot: 'sites.foot',
  columns,
  scope: (_ctx, { query }) => query.q,
  page: (ctx, q, page) => listSites(ctx, { q, ...page }),
  empty: ({ person, reader: { t } }) => ({
    text: t('sites.empty'),
    ...(person.actor.permissions.has('sites.write') ? { href: '/sites/new', step: t('sites.add'), action: true } : {}),
  }),
  model: (_ctx, { person }) => ({ mayAdd: person.actor.permissions.has('sites.write') }),
});
