import type { PageRoute } from '../platform/http/page';
import { listPages, oneOf } from '../tables';
import { errorColumns, requestColumns } from './list.view';
import { listErrors, listRequests } from './queries';
import { errorQuery, methods, outcomes, requestQuery } from './schema';

const requestList = listPages({
  list: 'requests',
  path: '/requests',
  permission: 'requests.read',
  view: 'requests/list',
  query: requestQuery.extend({ outcome: oneOf(outcomes), method: oneOf(methods) }),
  title: 'requests.title',
  find: 'requests.find',
  foot: 'requests.foot',
  columns: requestColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'outcome',
      label: t('requests.outcome'),
      value: query.outcome ?? '',
      options: outcomes.map((value) => ({ value, label: t(`requests.show_${value}`) })),
    },
    {
      name: 'method',
      label: t('requests.method'),
      value: query.method ?? '',
      options: methods.map((value) => ({ value, label: value })),
    },
    { name: 'token_id', label: t('requests.token'), value: query.token_id?.toString() ?? '', fromLink: true },
    { name: 'staff_id', label: t('requests.who'), value: query.staff_id?.toString() ?? '', fromLink: true },
  ],
  scope: (_ctx, { query: { q, outcome, method, token_id, staff_id } }) => ({ q, outcome, method, token_id, staff_id }),
  page: (ctx, filter, at) => listRequests(ctx, { ...filter, ...at }),
  empty: ({ reader: { t } }) => ({ text: t('requests.empty'), href: '/tokens', step: t('requests.to_tokens') }),
  model: (_ctx, { person }) => ({
    errorsHref: person.actor.permissions.has('requests.errors') && '/requests/errors',
  }),
});

/** Faults of the whole installation, the latest of each kind, or all of one kind. */
const errorList = listPages({
  list: 'errors',
  path: '/requests/errors',
  permission: 'requests.errors',
  view: 'requests/errors',
  query: errorQuery,
  title: 'requests.errors_title',
  foot: 'requests.errors_foot',
  columns: errorColumns,
  filters: (_ctx, { query, reader }) => [
    { name: 'fingerprint', label: reader.t('requests.fault'), value: query.fingerprint ?? '', fromLink: true },
  ],
  scope: (_ctx, { query: { fingerprint }, person }) => ({ fingerprint, staffId: person.staffId }),
  page: (ctx, { fingerprint, staffId }, at) => listErrors(ctx, staffId, { fingerprint, ...at }),
  empty: ({ reader }) => ({ text: reader.t('requests.no_errors') }),
  model: (_ctx, { query }) => ({ one: query.fingerprint !== undefined }),
});

export const pageRoutes: PageRoute[] = [...requestList, ...errorList];
