import { formatDay, formatMoment, formatMoney, stateBadge } from '../ui';
import type { Column, Reader } from '../ui';
import type { DiscountUse } from './queries';
import type { Discount } from './schema';

const LOOK = { coming: 'pending', open: 'active', used_up: 'ended', over: 'expired', archived: 'off' } as const;

const day = (iso: string, reader: Reader) =>
  formatDay(new Date(iso), reader, { day: 'numeric', month: 'short', year: 'numeric' });

function windowOf({ starts_at, ends_at }: Discount, reader: Reader): string {
  const from = starts_at === null ? '' : day(starts_at, reader);
  const to = ends_at === null ? '' : day(new Date(Date.parse(ends_at) - 1).toISOString(), reader);
  if (from && to) return reader.t('discounts.from_to', { from, to });
  if (from) return reader.t('discounts.from', { from });
  return to ? reader.t('discounts.until', { to }) : reader.t('discounts.always');
}

/** A discount as its own page shows it; `currency` is the company's, for one that has none of its own. */
export function printDiscount(one: Discount, reader: Reader, currency: string) {
  const { t, locale } = reader;
  return {
    id: one.id,
    href: `/discounts/${one.id}`,
    name: one.name,
    kind: one.code === null ? t('discounts.promotion') : t('discounts.coupon_of', { code: one.code }),
    off:
      one.percent === null
        ? formatMoney(one.amount_cents ?? 0, one.currency ?? currency, locale)
        : t('discounts.percent_off', { percent: one.percent }),
    window: windowOf(one, reader),
    uses: one.uses_max === null ? String(one.uses) : t('discounts.uses_of', { uses: one.uses, most: one.uses_max }),
    given: formatMoney(one.off_cents, one.currency ?? currency, locale),
    plans: one.packages.length === 0 ? t('discounts.all_plans') : one.packages.map((plan) => plan.name).join(', '),
    state: stateBadge(LOOK[one.state], reader, { word: t(`discounts.state_${one.state}`) }),
  };
}

/** The columns of the list of discounts. */
export const discountColumns: Column<Discount>[] = [
  {
    key: 'name',
    label: 'discounts.name',
    isName: true,
    cell(row, reader) {
      const { href, kind, window } = printDiscount(row, reader, reader.currency);
      return { first: row.name, href, second: `${kind}, ${window}` };
    },
    csv: (row) => row.name,
  },
  {
    key: 'code',
    label: 'discounts.code',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.code ?? '–', id: true }),
    csv: (row) => row.code,
  },
  {
    key: 'state',
    label: 'discounts.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: printDiscount(row, reader, reader.currency).state }),
    csv: (row) => row.state,
  },
  {
    key: 'off',
    label: 'discounts.off',
    num: true,
    cell: (row, reader) => ({ first: printDiscount(row, reader, reader.currency).off, strong: true }),
    csv: (row, reader) => printDiscount(row, reader, reader.currency).off,
  },
  {
    key: 'plans',
    label: 'discounts.plans',
    card: 'not-in-card',
    cell: (row, reader) => ({ first: printDiscount(row, reader, reader.currency).plans }),
    csv: (row) => row.packages.map((plan) => plan.name).join(', '),
  },
  {
    key: 'uses',
    label: 'discounts.uses',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({
      first: printDiscount(row, reader, reader.currency).uses,
      inCard: reader.t('discounts.uses'),
    }),
    csv: (row) => row.uses,
  },
  {
    key: 'given',
    label: 'discounts.given',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: printDiscount(row, reader, reader.currency).given }),
    csv: (row) => (row.off_cents / 100).toFixed(2),
  },
];

/** The columns of the purchases that a discount was given on. */
export const useColumns: Column<DiscountUse>[] = [
  {
    key: 'who',
    label: 'subscribers.customer',
    isName: true,
    cell: (row) => ({
      first: row.name,
      href: `/subscribers/${row.subscriber_id}?subscription=${row.subscription_id}`,
      second: row.username,
      secondId: true,
    }),
    csv: (row) => row.name,
  },
  {
    key: 'list',
    label: 'discounts.list',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({ first: formatMoney(row.list_cents, row.currency, locale) }),
    csv: (row) => (Number(row.list_cents) / 100).toFixed(2),
  },
  {
    key: 'off',
    label: 'discounts.off',
    num: true,
    cell: (row, { locale }) => ({ first: formatMoney(row.off_cents, row.currency, locale), strong: true }),
    csv: (row) => (Number(row.off_cents) / 100).toFixed(2),
  },
  {
    key: 'at',
    label: 'discounts.at',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({ first: formatMoment(row.used_at, reader) }),
    csv: (row) => row.used_at.toISOString(),
  },
];
