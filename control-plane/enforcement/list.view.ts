import { formatCount, formatMoment, formatSpan } from '../ui';
import type { Column, Reader } from '../ui';
import type { OrderRow } from './admin.queries';

/** An order as its own page shows it. */
export function printOrder(row: OrderRow, { t }: Reader) {
  return {
    name: row.subscriber ?? row.login ?? t('enforcement.nobody'),
    login: row.login ?? '',
    customer: row.subscriber_id === null ? '' : `/subscribers/${row.subscriber_id}`,
    order: row.what ? t(`enforcement.${row.what}`) : t(`enforcement.kind_${row.kind}`),
    router: row.router ?? t('enforcement.router_gone'),
  };
}

/** The columns of the orders to the network; a card shows who, what was ordered, how often it was tried and since when. */
export const orderColumns: Column<OrderRow>[] = [
  {
    key: 'who',
    label: 'enforcement.who',
    isName: true,
    cell(row, reader) {
      const { name, login, customer } = printOrder(row, reader);
      return { first: name, second: login, secondId: true, ...(customer ? { href: customer } : {}) };
    },
    csv: (row) => row.login,
  },
  {
    key: 'order',
    label: 'enforcement.order',
    card: 'card-full',
    cell: (row, reader) => ({
      first: printOrder(row, reader).order,
      href: `/enforcements/${row.id}`,
      second: `${reader.t(`enforcement.kind_${row.kind}`)}, ${reader.t(`enforcement.state_${row.state}`)}`,
    }),
    csv: (row) => `${row.kind} ${row.state}`,
  },
  {
    key: 'why',
    label: 'enforcement.why',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.reason.replaceAll('_', ' ') }),
    csv: (row) => row.reason,
  },
  {
    key: 'router',
    label: 'enforcement.router',
    cell: (row, reader) => ({ first: printOrder(row, reader).router }),
    csv: (row) => row.router,
  },
  {
    key: 'tries',
    label: 'enforcement.tries',
    num: true,
    card: 'card-end',
    cell: (row, { t, locale }) => ({ first: formatCount(row.attempts, locale), inCard: t('enforcement.tries') }),
    csv: (row) => row.attempts,
  },
  {
    key: 'since',
    label: 'enforcement.since',
    num: true,
    card: 'card-top',
    cell: (row, reader) => ({
      first: formatSpan(reader.nowMs - row.created_at.getTime()),
      second: formatMoment(row.created_at, reader),
    }),
    csv: (row) => row.created_at.toISOString(),
  },
];
