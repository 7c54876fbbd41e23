import { formatBytes, formatMoment, formatSpan } from '../ui';
import type { Column } from '../ui';
import type { PastRow } from './history.queries';

/** The columns of the history of sessions. */
export const pastColumns: Column<PastRow>[] = [
  {
    key: 'who',
    label: 'subscribers.customer',
    isName: true,
    cell: (row, { t }) => ({
      first: row.name ?? t('sessions.unknown_login'),
      second: row.username,
      secondId: true,
      ...(row.subscriber_id === null ? {} : { href: `/subscribers/${row.subscriber_id}` }),
    }),
    csv: (row) => row.username,
  },
  {
    key: 'start',
    label: 'sessions.from',
    card: 'card-end',
    cell: (row, reader) => ({ first: formatMoment(row.started_at, reader) }),
    csv: (row) => row.started_at.toISOString(),
  },
  {
    key: 'end',
    label: 'sessions.until',
    cell: (row, reader) => ({
      first: row.stopped_at ? formatMoment(row.stopped_at, reader) : reader.t('ui.state.online'),
      second: row.terminate_cause ?? '',
    }),
    csv: (row) => row.stopped_at?.toISOString() ?? null,
  },
  {
    key: 'span',
    label: 'sessions.since',
    num: true,
    card: 'not-in-card',
    cell: (row) => ({ first: formatSpan(Number(row.seconds) * 1000) }),
    csv: (row) => row.seconds,
  },
  {
    key: 'address',
    label: 'sessions.address',
    card: 'not-in-card',
    cell: (row) => ({ first: row.ip ?? '–', id: true, second: row.mac ?? '', secondId: true }),
    csv: (row) => row.ip,
  },
  {
    key: 'device',
    label: 'subscribers.device',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.mac ?? '–', id: true }),
    csv: (row) => row.mac,
  },
  {
    key: 'router',
    label: 'sessions.router',
    card: 'not-in-card',
    cell: (row, { t }) => ({ first: row.router ?? t('sessions.router_gone') }),
    csv: (row) => row.router,
  },
  {
    key: 'data',
    label: 'sessions.used',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({ first: formatBytes(row.input_bytes + row.output_bytes, locale) }),
    csv: (row) => row.input_bytes + row.output_bytes,
  },
];
