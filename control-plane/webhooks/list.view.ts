import { formatCount, formatMoment } from '../ui';
import type { Column } from '../ui';
import { printDelivery, printEndpoint } from './admin.view';
import type { Delivery, Endpoint } from './schema';

/** The columns of the list of endpoints. */
export const endpointColumns: Column<Endpoint>[] = [
  {
    key: 'url',
    label: 'webhooks.url',
    isName: true,
    cell: (row) => ({ first: row.url, id: true, href: `/webhooks/${row.id}`, second: row.description }),
    csv: (row) => row.url,
  },
  {
    key: 'state',
    label: 'webhooks.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: printEndpoint(row, reader).state }),
    csv: (row) => row.state,
  },
  {
    key: 'events',
    label: 'webhooks.events',
    cell: (row, reader) => ({ first: printEndpoint(row, reader).events }),
    csv: (row) => row.events.join(' '),
  },
  {
    key: 'waiting',
    label: 'webhooks.waiting',
    num: true,
    card: 'not-in-card',
    cell: (row, { locale }) => ({ first: formatCount(row.waiting, locale) }),
    csv: (row) => row.waiting,
  },
  {
    key: 'last',
    label: 'webhooks.last',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({ first: printEndpoint(row, reader).last }),
    csv: (row) => row.last_success_at?.toISOString() ?? null,
  },
];

/** The columns of what was sent to an endpoint. */
export const deliveryColumns: Column<Delivery>[] = [
  {
    key: 'event',
    label: 'webhooks.event',
    isName: true,
    cell: (row) => ({
      first: row.type,
      href: `/webhooks/deliveries/${row.id}`,
      second: row.message_id,
      secondId: true,
    }),
    csv: (row) => row.type,
  },
  {
    key: 'message',
    label: 'webhooks.message',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.message_id, id: true }),
    csv: (row) => row.message_id,
  },
  {
    key: 'outcome',
    label: 'webhooks.outcome',
    card: 'card-end',
    cell: (row, reader) => ({ outcome: printDelivery(row, reader).outcome }),
    csv: (row) => row.state,
  },
  {
    key: 'answer',
    label: 'webhooks.answer',
    cell(row, reader) {
      const { answer, next } = printDelivery(row, reader);
      return { first: answer, second: next };
    },
    csv: (row) => row.last_status ?? row.last_fault,
  },
  {
    key: 'tries',
    label: 'webhooks.tries',
    num: true,
    card: 'not-in-card',
    cell: (row, { locale }) => ({ first: formatCount(row.tries, locale) }),
    csv: (row) => row.tries,
  },
  {
    key: 'at',
    label: 'webhooks.at',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({ first: formatMoment(row.at, reader) }),
    csv: (row) => row.at.toISOString(),
  },
];
