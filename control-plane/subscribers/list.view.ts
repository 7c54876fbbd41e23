import { formatAmount, formatBytes, formatDeadline, formatMoment, formatSpan } from '../ui';
import type { Column, Reader } from '../ui';
import { sayPhone, serviceState } from './admin.view';
import type { SubscriberRow } from './list.queries';

function untilOf(row: SubscriberRow, reader: Reader) {
  const { t, nowMs } = reader;
  if (row.expires_at === null) return { first: '–' };
  const left = row.expires_at.getTime() - nowMs;
  const second = t(left > 0 ? 'subscribers.left' : 'subscribers.over', { span: formatSpan(Math.abs(left)) });
  return { first: formatDeadline(row.expires_at, reader), second };
}

/** The columns of the list of people; a card shows the name, the state, the phone and the end of service. */
export const peopleColumns: Column<SubscriberRow>[] = [
  {
    key: 'name',
    label: 'subscribers.customer',
    isName: true,
    cell: (row, { t }) => ({
      first: row.name,
      href: `/subscribers/${row.id}`,
      second: [
        row.username ?? '',
        row.services > 1n ? t('subscribers.and_more', { count: Number(row.services) - 1 }) : '',
      ]
        .filter(Boolean)
        .join(' '),
      secondId: true,
    }),
    csv: (row) => row.name,
  },
  {
    key: 'state',
    label: 'sessions.state',
    card: 'card-end',
    cell: (row, reader) =>
      row.state === null ? { first: '–' } : { state: serviceState(row, reader, { online: row.online > 0n }) },
    csv: (row) => row.state,
  },
  {
    key: 'phone',
    label: 'subscribers.phone',
    cell: (row) => ({ first: sayPhone(row.phone), id: true }),
    csv: (row) => row.phone,
  },
  {
    key: 'email',
    label: 'subscribers.email',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.email ?? '–' }),
    csv: (row) => row.email,
  },
  {
    key: 'login',
    label: 'subscriptions.login',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.username ?? '–', id: true }),
    csv: (row) => row.username,
  },
  {
    key: 'plan',
    label: 'sessions.plan',
    card: 'not-in-card',
    cell: (row, { t }) => ({ first: row.plan ?? t('subscribers.no_service') }),
    csv: (row) => row.plan,
  },
  {
    key: 'until',
    label: 'subscribers.paid_until',
    num: true,
    card: 'card-end',
    cell: untilOf,
    csv: (row) => row.expires_at?.toISOString() ?? null,
  },
  {
    key: 'used',
    label: 'sessions.used',
    num: true,
    card: 'not-in-card',
    cell: (row, { t, locale }) => ({
      first: row.used_bytes === null ? '–' : formatBytes(row.used_bytes, locale),
      second:
        row.allowance_bytes === null
          ? t('ui.no_limit')
          : t('subscribers.of', { total: formatBytes(row.allowance_bytes, locale) }),
    }),
    csv: (row) => row.used_bytes,
  },
  {
    key: 'wallet',
    label: 'subscribers.balance',
    num: true,
    extra: true,
    card: 'not-in-card',
    cell: (row, { locale }) => ({ first: formatAmount(row.wallet_cents, locale) }),
    csv: (row) => (Number(row.wallet_cents) / 100).toFixed(2),
  },
  {
    key: 'joined',
    label: 'subscribers.joined',
    num: true,
    extra: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatMoment(row.created_at, reader) }),
    csv: (row) => row.created_at.toISOString(),
  },
];
