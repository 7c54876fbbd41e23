import { listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { formatMoment, formatSpan } from '../ui';
import type { Column } from '../ui';
import { alertKinds } from './judge';
import { listAlerts, type AlertRow } from './queries';

const states = ['open', 'over'] as const;

/** A card shows the router with what is wrong, since when, and who is at it. */
const columns: Column<AlertRow & { mayTake: boolean }>[] = [
  {
    key: 'router',
    label: 'monitoring.router',
    isName: true,
    cell: (row) => ({ first: row.router, href: `/routers/${row.router_id}/monitoring` }),
    csv: (row) => row.router,
  },
  {
    key: 'what',
    label: 'monitoring.what',
    card: 'card-full',
    cell: (row, { t }) => ({
      first: t(`monitoring.kind_${row.kind}`),
      second: [row.subject, row.value].filter((text) => text !== '').join(', '),
    }),
    csv: (row, { t }) =>
      [t(`monitoring.kind_${row.kind}`), row.subject, row.value].filter((text) => text !== '').join(', '),
  },
  {
    key: 'opened',
    label: 'monitoring.since',
    card: 'card-full',
    cell: (row, reader) => ({
      first: formatMoment(new Date(row.opened_at), reader),
      second: row.closed_at
        ? reader.t('monitoring.lasted', {
            span: formatSpan(new Date(row.closed_at).getTime() - new Date(row.opened_at).getTime()),
          })
        : reader.t('monitoring.lasts'),
    }),
    csv: (row) => row.opened_at,
  },
  {
    key: 'closed',
    label: 'monitoring.until',
    extra: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: row.closed_at ? formatMoment(new Date(row.closed_at), reader) : '–' }),
    csv: (row) => row.closed_at,
  },
  {
    key: 'by',
    label: 'monitoring.taken_by',
    card: 'card-full',
    cell: (row) => ({ first: row.acknowledged_by ?? '' }),
    csv: (row) => row.acknowledged_by,
  },
  {
    key: 'act',
    label: 'monitoring.acknowledge',
    acts: true,
    card: 'card-top',
    cell: (row, { t }) =>
      row.mayTake && row.acknowledged_by === null && row.closed_at === null
        ? {
            act: {
              to: `/monitoring/alerts/${row.id}/acknowledge`,
              label: t('monitoring.acknowledge'),
              spoken: t('monitoring.acknowledge_this', { router: row.router, what: t(`monitoring.kind_${row.kind}`) }),
            },
          }
        : {},
  },
];

/** What is or was wrong with routers. */
export const alertList = listPages({
  list: 'monitoring',
  path: '/monitoring',
  permission: 'monitoring.read',
  view: 'monitoring/list',
  query: listQuery.extend({ state: oneOf(states), kind: oneOf(alertKinds) }),
  title: 'monitoring.title',
  find: 'monitoring.find',
  foot: 'monitoring.foot',
  columns,
  live: 'router',
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('monitoring.state'),
      value: query.state ?? '',
      options: states.map((value) => ({ value, label: t(`monitoring.state_${value}`) })),
    },
    {
      name: 'kind',
      label: t('monitoring.what'),
      value: query.kind ?? '',
      options: alertKinds.map((value) => ({ value, label: t(`monitoring.kind_${value}`) })),
    },
  ],
  scope: (_ctx, { query: { q, state, kind }, person }) => ({
    filter: { q: q || undefined, state, kind },
    mayTake: person.actor.permissions.has('monitoring.write'),
  }),
  async page(ctx, { filter, mayTake }, page) {
    const { items, nextCursor } = await listAlerts(ctx, { ...filter, ...page });
    return { items: items.map((row) => ({ ...row, mayTake })), nextCursor };
  },
  empty: ({ reader: { t } }) => ({ text: t('monitoring.empty') }),
  model: (_ctx, { person }) => ({ maySet: person.actor.permissions.has('monitoring.write') }),
});
