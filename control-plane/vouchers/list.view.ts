import { formatCount, formatMoment } from '../ui';
import type { Column } from '../ui';
import { grouped, lastDay, printBatch, printVoucher } from './admin.view';
import type { Batch, Voucher } from './schema';

/** The columns of the list of batches. */
export const batchColumns: Column<Batch>[] = [
  {
    key: 'batch',
    label: 'vouchers.batch',
    isName: true,
    cell(row, reader) {
      const { number, href, plan, price } = printBatch(row, reader);
      return { first: number, href, second: `${plan}, ${price}` };
    },
    csv: (row) => row.id,
  },
  {
    key: 'state',
    label: 'vouchers.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: printBatch(row, reader).state }),
    csv: (row, reader) => printBatch(row, reader).state.word,
  },
  {
    key: 'plan',
    label: 'sessions.plan',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.package_name }),
    csv: (row) => row.package_name,
  },
  {
    key: 'price',
    label: 'plans.price',
    num: true,
    extra: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: printBatch(row, reader).price }),
    csv: (row) => (row.price_cents / 100).toFixed(2),
  },
  {
    key: 'count',
    label: 'vouchers.count',
    num: true,
    cell: (row, { t, locale }) => ({ first: formatCount(row.count, locale), inCard: t('vouchers.count') }),
    csv: (row) => row.count,
  },
  {
    key: 'used',
    label: 'vouchers.used',
    num: true,
    card: 'card-end',
    cell: (row, { t, locale }) => ({ first: formatCount(row.used, locale), inCard: t('vouchers.used') }),
    csv: (row) => row.used,
  },
  {
    key: 'until',
    label: 'vouchers.valid_until',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: lastDay(row.valid_until, reader) || reader.t('vouchers.no_last_day') }),
    csv: (row) => row.valid_until,
  },
  {
    key: 'made',
    label: 'vouchers.made',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatMoment(new Date(row.created_at), reader) }),
    csv: (row) => row.created_at,
  },
];

/** A code as the list of its batch shows it. */
export interface BatchCode extends Voucher {
  batch: Batch;
}

/** The columns of the codes of a batch. The CSV is what a printer or a shop is given: it says the price too. */
export const codeColumns: Column<BatchCode>[] = [
  {
    key: 'code',
    label: 'vouchers.code',
    isName: true,
    cell(row, reader) {
      return { first: grouped(row.code), id: true, href: printVoucher(row, reader).href };
    },
    csv: (row) => row.code,
  },
  {
    key: 'state',
    label: 'vouchers.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: printVoucher(row, reader).state }),
    csv: (row) => row.state,
  },
  {
    key: 'plan',
    label: 'sessions.plan',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.package_name }),
    csv: (row) => row.package_name,
  },
  {
    key: 'price',
    label: 'plans.price',
    num: true,
    extra: true,
    card: 'not-in-card',
    cell: ({ batch }, reader) => ({ first: printBatch(batch, reader).price }),
    csv: ({ batch }) => (batch.price_cents / 100).toFixed(2),
  },
  {
    key: 'until',
    label: 'vouchers.valid_until',
    num: true,
    extra: true,
    card: 'not-in-card',
    cell: ({ batch }, reader) => ({ first: lastDay(batch.valid_until, reader) || reader.t('vouchers.no_last_day') }),
    csv: ({ batch }) => batch.valid_until,
  },
  {
    key: 'used',
    label: 'vouchers.used_at',
    num: true,
    cell: (row, reader) => ({ first: printVoucher(row, reader).used }),
    csv: (row) => row.used_at,
  },
  {
    key: 'ends',
    label: 'vouchers.ends',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({ first: printVoucher(row, reader).until }),
    csv: (row) => row.expires_at,
  },
];
