import { formatCount, formatLatency, formatMoment, outcomeBadge } from '../ui';
import type { Column } from '../ui';
import type { ErrorRow, RequestRow } from './schema';

const outcomeOf = (status: number) => (status >= 500 ? 'failed' : status >= 400 ? 'cancelled' : 'done');

/** The columns of what programs asked of the API. */
export const requestColumns: Column<RequestRow>[] = [
  {
    key: 'call',
    label: 'requests.call',
    isName: true,
    cell: (row) => ({ first: `${row.method} ${row.path}`, id: true, second: row.request_id, secondId: true }),
    csv: (row) => `${row.method} ${row.path}`,
  },
  {
    key: 'outcome',
    label: 'requests.outcome',
    card: 'card-end',
    cell: (row, reader) => ({
      outcome: { ...outcomeBadge(outcomeOf(row.status), reader), word: String(row.status) },
      second: row.code ?? '',
    }),
    csv: (row) => row.status,
  },
  {
    key: 'code',
    label: 'requests.code',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.code ?? '–' }),
    csv: (row) => row.code,
  },
  {
    key: 'who',
    label: 'requests.who',
    cell: (row, { t }) => ({ first: row.who ?? t('requests.nobody'), second: row.token_name ?? row.user_agent ?? '' }),
    csv: (row) => row.who,
  },
  {
    key: 'request',
    label: 'ui.request_id',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.request_id, id: true }),
    csv: (row) => row.request_id,
  },
  {
    key: 'took',
    label: 'requests.took',
    num: true,
    card: 'not-in-card',
    cell: (row, { locale }) => ({ first: formatLatency(row.ms, locale) }),
    csv: (row) => row.ms,
  },
  {
    key: 'at',
    label: 'requests.at',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({ first: formatMoment(row.at, reader), second: row.ip ?? '', secondId: true }),
    csv: (row) => row.at.toISOString(),
  },
];

/** The columns of our own faults, each with the place where it happened. */
export const errorColumns: Column<ErrorRow>[] = [
  {
    key: 'fault',
    label: 'requests.fault',
    isName: true,
    cell: (row, { t }) => ({
      first: row.name,
      href: `/requests/errors?fingerprint=${row.fingerprint}`,
      second: row.message.trim().split('\n').at(-1) ?? '',
      fold: { label: t('requests.place'), text: `${row.message}\n\n${row.stack}` },
    }),
    csv: (row) => `${row.name}: ${row.message}`,
  },
  {
    key: 'call',
    label: 'requests.call',
    card: 'card-full',
    cell: (row) => ({ first: `${row.method} ${row.path}`, id: true, second: row.request_id, secondId: true }),
    csv: (row) => `${row.method} ${row.path}`,
  },
  {
    key: 'times',
    label: 'requests.times',
    num: true,
    card: 'card-top',
    cell: (row, { locale }) => ({ first: formatCount(row.times, locale) }),
    csv: (row) => row.times,
  },
  {
    key: 'at',
    label: 'requests.latest',
    num: true,
    cell: (row, reader) => ({
      first: formatMoment(row.at, reader),
      second: `${row.company ?? reader.t('requests.nobody')}, ${reader.t('requests.first', { when: formatMoment(row.first_at, reader) })}`,
    }),
    csv: (row) => row.at.toISOString(),
  },
];
