import { formatCount, formatMoment, formatSpan, stateBadge } from '../ui';
import type { Column, Reader } from '../ui';
import { explainHref } from './explain-href';
import type { RefusalRow } from './queries';

/** How often the same was refused. A pace of seconds is a device that dials again and again. */
function timesOf(row: RefusalRow, { t, locale }: Reader) {
  const tries = Number(row.tries);
  const pace_ms = tries > 2 ? (row.last_at.getTime() - row.first_at.getTime()) / (tries - 1) : 0;
  return {
    first: t('access.times', { count: tries, shown: formatCount(tries, locale) }),
    second: pace_ms > 0 ? t('access.every', { span: formatSpan(Math.max(1000, pace_ms)) }) : '',
    ...(tries >= 10 ? { tone: 'bad', strong: true } : {}),
  };
}

const hrefOf = (row: RefusalRow): string =>
  explainHref({
    username: row.username,
    mac: row.station || undefined,
    router_id: row.router === null ? undefined : row.nas_id.toString(),
  });

/** The columns of the refused logins; a card shows who, why, how often and from where. */
export const refusalColumns: Column<RefusalRow>[] = [
  {
    key: 'who',
    label: 'access.login',
    isName: true,
    cell: (row, { t }) => ({
      first: row.subscriber ?? (row.username || t('access.no_login')),
      second: row.subscriber === null ? t('access.not_ours') : row.username,
      secondId: true,
      href: hrefOf(row),
    }),
    csv: (row) => row.username,
  },
  {
    key: 'after',
    label: 'access.since_then',
    card: 'card-end',
    cell: (row, reader) => ({
      state: stateBadge(row.let_in ? 'active' : 'blocked', reader, {
        word: reader.t(row.let_in ? 'access.let_in' : 'access.still_out'),
      }),
    }),
    csv: (row) => (row.let_in ? 'let_in' : 'out'),
  },
  {
    key: 'reason',
    label: 'access.reason',
    card: 'card-full',
    cell: (row, { t }) => ({ first: t(`access.reason_${row.reason}`) }),
    csv: (row) => row.reason,
  },
  { key: 'tries', label: 'access.tried', num: true, cell: timesOf, csv: (row) => row.tries },
  {
    key: 'since',
    label: 'access.first',
    num: true,
    extra: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatMoment(row.first_at, reader) }),
    csv: (row) => row.first_at.toISOString(),
  },
  {
    key: 'last',
    label: 'access.last',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({
      first: formatMoment(row.last_at, reader),
      second: row.tries > 1n ? reader.t('access.since', { when: formatMoment(row.first_at, reader) }) : '',
    }),
    csv: (row) => row.last_at.toISOString(),
  },
  {
    key: 'router',
    label: 'access.router',
    card: 'card-full',
    cell: (row, { t }) => ({
      first: row.router ?? t('access.router_gone'),
      second: row.station || '–',
      secondId: true,
    }),
    csv: (row) => row.router,
  },
  {
    key: 'device',
    label: 'access.device',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.station || '–', id: true }),
    csv: (row) => row.station,
  },
];
