import { formatAmount, formatMoment, formatMoney, outcomeBadge } from '../ui';
import type { Column, OutcomeName } from '../ui';
import type { Payment } from './schema';

/** How a state is drawn. */
export const OUTCOME: Record<Payment['state'], OutcomeName> = {
  settled: 'done',
  created: 'waiting',
  prompted: 'waiting',
  unknown: 'unknown',
  failed: 'failed',
  refunded: 'cancelled',
};

/** The columns of the list of payments; a card shows who, how much, by what way, and what became of it. */
export const paymentColumns: Column<Payment>[] = [
  {
    key: 'client',
    label: 'subscribers.customer',
    isName: true,
    cell: (row) => ({
      first: row.client_name,
      href: `/subscribers/${row.client_id}`,
      second: row.username ?? '',
      secondId: true,
    }),
    csv: (row) => row.client_name,
  },
  {
    key: 'amount',
    label: 'payments.amount',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({
      first: formatAmount(row.amount_cents, locale),
      href: `/payments/${row.id}`,
      second: row.currency,
    }),
    csv: (row) => (row.amount_cents / 100).toFixed(2),
  },
  {
    key: 'method',
    label: 'payments.method',
    cell: (row, { t }) => ({ first: t(`payments.method_${row.method}`), second: row.reference, secondId: true }),
    csv: (row) => row.method,
  },
  {
    key: 'receipt',
    label: 'payments.reference',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.reference, id: true }),
    csv: (row) => row.reference,
  },
  {
    key: 'outcome',
    label: 'payments.outcome',
    card: 'card-full',
    cell: (row, reader) => {
      const { t, locale } = reader;
      const wallet =
        row.wallet_cents > 0
          ? t('payments.to_wallet', { amount: formatMoney(row.wallet_cents, row.currency, locale) })
          : '';
      const use = row.outcome === null ? '' : t(`payments.use_${row.outcome}`);
      return { outcome: outcomeBadge(OUTCOME[row.state], reader), second: [use, wallet].filter(Boolean).join(', ') };
    },
    csv: (row) => row.outcome ?? row.state,
  },
  {
    key: 'at',
    label: 'payments.at',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatMoment(new Date(row.received_at), reader), second: row.received_by ?? '' }),
    csv: (row) => row.received_at,
  },
];
