import { cursorId, listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { formatMoment, outcomeBadge, type Column, type OutcomeName, type RowAct } from '../ui';
import { listRequests, type ListedRequest } from './queries';
import type { JoinState } from './schema';

const badges: Record<JoinState, OutcomeName> = {
  unconfirmed: 'unknown',
  waiting: 'waiting',
  known: 'waiting',
  joined: 'done',
  refused: 'cancelled',
};

type Listed = ListedRequest & { may: boolean };

const isOpen = ({ state }: ListedRequest) => state === 'waiting' || state === 'known';

const decision = (row: Listed, what: 'accept' | 'refuse', label: string): { act?: RowAct } =>
  row.may && isOpen(row)
    ? { act: { to: `/join/requests/${row.id}/${what}`, label, spoken: `${label}: ${row.name}` } }
    : {};

const requestColumns: Column<Listed>[] = [
  {
    key: 'who',
    label: 'join.who',
    isName: true,
    cell: (row) => ({
      first: row.name,
      second: [row.phone, row.email].filter((part) => part !== null).join(' · '),
      ...(row.subscriber_id === null ? {} : { href: `/subscribers/${row.subscriber_id}` }),
    }),
    csv: (row) => row.name,
  },
  {
    key: 'phone',
    label: 'join.column_phone',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.phone, id: true }),
    csv: (row) => row.phone,
  },
  {
    key: 'email',
    label: 'join.column_email',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.email ?? '–' }),
    csv: (row) => row.email,
  },
  {
    key: 'plan',
    label: 'join.plan_wanted',
    cell: (row) => ({ first: row.plan }),
    csv: (row) => row.plan,
  },
  {
    key: 'state',
    label: 'join.state',
    card: 'card-end',
    cell: (row, reader) => ({
      outcome: { ...outcomeBadge(badges[row.state], reader), word: reader.t(`join.state_${row.state}`) },
      second: isOpen(row) && row.reason !== null ? reader.t(`join.reason_${row.reason}`) : '',
    }),
    csv: (row) => row.state,
  },
  {
    key: 'at',
    label: 'join.at',
    num: true,
    cell: (row, reader) => ({ first: formatMoment(row.created_at, reader) }),
    csv: (row) => row.created_at.toISOString(),
  },
  {
    key: 'accept',
    label: 'join.accept',
    acts: true,
    cell: (row, { t }) => decision(row, 'accept', t(row.state === 'known' ? 'join.accept_known' : 'join.accept')),
  },
  {
    key: 'refuse',
    label: 'join.refuse',
    acts: true,
    cell: (row, { t }) => decision(row, 'refuse', t('join.refuse')),
  },
];

/** People who asked to become customers: those who wait, or everybody who confirmed. */
export const requestList = listPages({
  list: 'join-requests',
  path: '/join/requests',
  permission: 'subscribers.read',
  view: 'join/requests',
  query: listQuery.extend({ all: oneOf(['yes']), done: oneOf(['accepted', 'refused']) }),
  title: 'join.requests_title',
  foot: 'join.requests_foot',
  columns: requestColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'all',
      label: t('join.state'),
      value: query.all ?? '',
      any: t('join.show_open'),
      options: [{ value: 'yes', label: t('join.show_all') }],
    },
  ],
  scope: (_ctx, { query, person }) => ({
    open: query.all === undefined,
    may: person.actor.permissions.has('join.decide'),
  }),
  async page(ctx, { open, may }, { cursor, limit }) {
    const page = await listRequests(ctx, { open, limit, before: cursorId(cursor) });
    return { ...page, items: page.items.map((row) => ({ ...row, may })) };
  },
  empty: ({ person, reader: { t } }) => ({
    text: t('join.empty'),
    ...(person.actor.permissions.has('tenants.settings')
      ? { href: '/join/settings', step: t('join.settings_title') }
      : {}),
  }),
  emptyFiltered: ({ reader: { t } }) => ({ text: t('join.empty_all') }),
  model: (_ctx, { query: { done }, person, reader: { t } }) => ({
    told: done && { text: t(`join.done_${done}`) },
    maySet: person.actor.permissions.has('tenants.settings'),
  }),
});
