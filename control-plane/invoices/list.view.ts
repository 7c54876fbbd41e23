import { formatAmount, formatDay, formatMoney, type Column } from '../ui';
import type { Invoice } from './schema';

/** The columns of the list of invoices; a card shows the number, whose it is, and how much. */
export const invoiceColumns: Column<Invoice>[] = [
  {
    key: 'number',
    label: 'invoices.number',
    isName: true,
    cell: (row, { t }) => ({
      first: row.number ?? t('invoices.number_soon'),
      href: `/invoices/${row.id}`,
      second: t(`invoices.kind_${row.kind}`),
    }),
    csv: (row) => row.number,
  },
  {
    key: 'kind',
    label: 'invoices.kind',
    extra: true,
    card: 'not-in-card',
    cell: (row, { t }) => ({ first: t(`invoices.kind_${row.kind}`) }),
    csv: (row) => row.kind,
  },
  {
    key: 'total',
    label: 'invoices.amount',
    num: true,
    card: 'card-end',
    cell: (row, { t, locale }) => ({
      first: formatAmount(row.kind === 'invoice' ? row.total_cents : -row.total_cents, locale),
      second: credited(row, t, locale) || row.currency,
    }),
    csv: (row) => (row.total_cents / (row.kind === 'invoice' ? 100 : -100)).toFixed(2),
  },
  {
    key: 'client',
    label: 'subscribers.customer',
    card: 'card-full',
    cell: (row) => ({
      first: row.client_name ?? '–',
      ...(row.client_id === null ? {} : { href: `/subscribers/${row.client_id}` }),
    }),
    csv: (row) => row.client_name,
  },
  ...(['net', 'excise', 'vat'] as const).map((part): Column<Invoice> => ({
    key: part,
    label: part === 'net' ? 'invoices.net' : `invoices.${part}_only`,
    num: true,
    extra: part !== 'vat',
    card: 'not-in-card',
    cell: (row, { locale }) => ({ first: formatAmount(row[`${part}_cents`], locale) }),
    csv: (row) => (row[`${part}_cents`] / 100).toFixed(2),
  })),
  {
    key: 'at',
    label: 'invoices.issued',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatDay(new Date(row.issued_at), reader, { dateStyle: 'medium' }) }),
    csv: (row) => row.issued_at,
  },
];

function credited(
  row: Invoice,
  t: (key: string, params?: Record<string, string>) => string,
  locale: 'en' | 'sw',
): string {
  if (row.credited_cents === 0) return '';
  if (row.credited_cents >= row.total_cents) return t('invoices.credited_whole');
  return t('invoices.credited', { amount: formatMoney(row.credited_cents, row.currency, locale) });
}
