import { formatAmount, formatDate, formatDay, formatMoment, outcomeBadge, type Column, type Reader } from '../ui';
import type { Account, Debt, Run } from './schema';

/** A due day: what is due at a midnight is to be paid on the day before it. */
export const dueDay = (iso: string, reader: Reader): string =>
  formatDay(new Date(Date.parse(iso) - 60_000), reader, { dateStyle: 'medium' });

const customer = (row: { client_id: string; client_name: string; phone: string | null }) => ({
  first: row.client_name,
  href: `/postpaid/customers/${row.client_id}`,
  second: row.phone ?? '',
  secondId: true,
});

/** Who owes what since when; a card shows who, how much, and since when. */
export const debtColumns: Column<Debt>[] = [
  { key: 'client', label: 'subscribers.customer', isName: true, cell: customer, csv: (row) => row.client_name },
  {
    key: 'owed',
    label: 'postpaid.owed',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({
      first: formatAmount(row.owed_cents, locale),
      second: row.currency,
      tone: row.overdue_cents > 0 ? 'bad' : '',
      strong: true,
    }),
    csv: (row) => (row.owed_cents / 100).toFixed(2),
  },
  {
    key: 'overdue',
    label: 'postpaid.overdue',
    num: true,
    card: 'not-in-card',
    cell: (row, { locale }) => ({ first: row.overdue_cents > 0 ? formatAmount(row.overdue_cents, locale) : '–' }),
    csv: (row) => (row.overdue_cents / 100).toFixed(2),
  },
  {
    key: 'due',
    label: 'postpaid.due',
    num: true,
    card: 'card-full',
    cell: (row, reader) => ({
      first: dueDay(row.due_at, reader),
      second: reader.t('postpaid.invoices_open', { count: row.invoices }),
      inCard: reader.t('postpaid.due_card'),
    }),
    csv: (row) => row.due_at,
  },
  {
    key: 'state',
    label: 'postpaid.state',
    card: 'card-full',
    cell: (row, reader) => ({ first: standing(row, reader), second: row.promise_note ?? '' }),
    csv: (row, reader) => standing(row, reader),
  },
  {
    key: 'phone',
    label: 'postpaid.call',
    card: 'card-full',
    cell: (row, { t }) =>
      row.phone === null ? { first: '–' } : { first: t('postpaid.call'), href: `tel:${row.phone}` },
    csv: (row) => row.phone,
  },
];

/** What is being done about a debt. */
export function standing(row: Pick<Debt, 'promised_until' | 'cut_at'>, reader: Reader): string {
  if (row.promised_until !== null && Date.parse(row.promised_until) > reader.nowMs)
    return reader.t('postpaid.promised', { day: dueDay(row.promised_until, reader) });
  return reader.t(row.cut_at === null ? 'postpaid.served' : 'postpaid.cut');
}

/** Customers who are billed afterwards; a card shows who, and when next. */
export const accountColumns: Column<Account>[] = [
  { key: 'client', label: 'subscribers.customer', isName: true, cell: customer, csv: (row) => row.client_name },
  {
    key: 'next',
    label: 'postpaid.next_bill',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({
      first: row.bill_at === null ? '–' : formatDay(new Date(row.bill_at), reader, { dateStyle: 'medium' }),
    }),
    csv: (row) => row.bill_at,
  },
  {
    key: 'terms',
    label: 'postpaid.terms',
    card: 'not-in-card',
    cell: (row, { t }) => ({ first: t('postpaid.terms_of', { day: row.billing_day, days: row.terms_days }) }),
    csv: (row) => row.terms_days,
  },
  {
    key: 'limit',
    label: 'postpaid.credit_limit',
    num: true,
    card: 'not-in-card',
    cell: (row, { locale }) => ({
      first: row.credit_limit_cents === null ? '–' : formatAmount(row.credit_limit_cents, locale),
    }),
    csv: (row) => (row.credit_limit_cents === null ? '' : (row.credit_limit_cents / 100).toFixed(2)),
  },
  {
    key: 'parked',
    label: 'postpaid.state',
    card: 'card-full',
    cell: (row, reader) =>
      row.parked_reason === null
        ? { first: reader.t(row.cut_at === null ? 'postpaid.served' : 'postpaid.cut') }
        : { outcome: outcomeBadge('waiting', reader), second: reader.t(`postpaid.parked_${row.parked_reason}`) },
    csv: (row) => row.parked_reason ?? '',
  },
];

/** Runs of billing; a card shows the day, how far it is, and what it came to. */
export const runColumns: Column<Run>[] = [
  {
    key: 'day',
    label: 'postpaid.day',
    isName: true,
    cell: (row, reader) => ({
      first: formatDate(row.day, reader),
    }),
    csv: (row) => row.day,
  },
  {
    key: 'state',
    label: 'postpaid.state',
    card: 'card-top',
    cell: (row, reader) => ({ outcome: outcomeBadge(row.state === 'done' ? 'done' : 'waiting', reader) }),
    csv: (row) => row.state,
  },
  {
    key: 'worked',
    label: 'postpaid.progress',
    card: 'card-full',
    cell: (row, { t }) => ({
      bar: { part: row.due === 0 ? 1 : Math.min(1, row.worked / row.due), tone: '' },
      first: t('postpaid.worked_of', { worked: row.worked, due: row.due }),
    }),
    csv: (row) => row.worked,
  },
  {
    key: 'invoices',
    label: 'postpaid.invoices',
    num: true,
    card: 'not-in-card',
    cell: (row) => ({ first: String(row.invoices) }),
    csv: (row) => row.invoices,
  },
  {
    key: 'parked',
    label: 'postpaid.parked',
    num: true,
    card: 'card-full',
    cell: (row, { t }) =>
      row.parked === 0
        ? { first: '0', inCard: t('postpaid.parked') }
        : {
            first: String(row.parked),
            href: '/postpaid/accounts?parked=yes',
            tone: 'bad',
            inCard: t('postpaid.parked'),
          },
    csv: (row) => row.parked,
  },
  {
    key: 'total',
    label: 'postpaid.billed',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({
      first: row.totals.map((one) => `${one.currency} ${formatAmount(one.total_cents, locale)}`).join(', ') || '–',
    }),
    csv: (row) => row.totals.map((one) => `${one.currency} ${(one.total_cents / 100).toFixed(2)}`).join(' '),
  },
  {
    key: 'at',
    label: 'postpaid.ended',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: row.ended_at === null ? '–' : formatMoment(new Date(row.ended_at), reader) }),
    csv: (row) => row.ended_at,
  },
];
