import { formatAmount, formatCount, formatDay, formatMoney, stateBadge, type Column, type Reader } from '../ui';
import type { Reseller, Rule, Stock } from './schema';
import type { StatementLine } from './statement';

/** A code in groups of four, as people read it out. */
export const grouped = (code: string): string => code.replace(/(.{4})(?=.)/g, '$1 ');

/** A float as figures: what is there, and what a credit limit adds. */
export function printFloat(one: Reseller, { t, locale }: Reader) {
  const left = one.float_cents + one.credit_limit_cents;
  return {
    amount: formatMoney(one.float_cents, one.currency, locale),
    side:
      one.credit_limit_cents === 0
        ? ''
        : t('resellers.with_credit', { amount: formatMoney(left, one.currency, locale) }),
  };
}

export const stateOf = (one: Reseller, reader: Reader) =>
  stateBadge(one.state, reader, { word: reader.t(`resellers.state_${one.state}`) });

/** The columns of the list of resellers. */
export const resellerColumns: Column<Reseller>[] = [
  {
    key: 'name',
    label: 'resellers.name',
    isName: true,
    cell: (row) => ({ first: row.name, href: `/resellers/${row.id}`, second: row.phone }),
    csv: (row) => row.name,
  },
  {
    key: 'state',
    label: 'resellers.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: stateOf(row, reader) }),
    csv: (row) => row.state,
  },
  {
    key: 'phone',
    label: 'resellers.phone',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.phone }),
    csv: (row) => row.phone,
  },
  {
    key: 'float',
    label: 'resellers.float',
    num: true,
    cell: (row, { t, locale }) => ({
      first: formatAmount(row.float_cents, locale),
      second: row.currency,
      inCard: t('resellers.float'),
    }),
    csv: (row) => (row.float_cents / 100).toFixed(2),
  },
  {
    key: 'credit',
    label: 'resellers.credit_limit',
    num: true,
    card: 'not-in-card',
    cell: (row, { locale }) => ({ first: formatAmount(row.credit_limit_cents, locale) }),
    csv: (row) => (row.credit_limit_cents / 100).toFixed(2),
  },
  {
    key: 'commission',
    label: 'resellers.commission',
    num: true,
    cell: (row, { t, locale }) => ({
      first: formatAmount(row.commission_cents, locale),
      inCard: t('resellers.commission'),
    }),
    csv: (row) => (row.commission_cents / 100).toFixed(2),
  },
  {
    key: 'customers',
    label: 'resellers.customers',
    num: true,
    card: 'card-end',
    cell: (row, { t, locale }) => ({ first: formatCount(row.customers, locale), inCard: t('resellers.customers') }),
    csv: (row) => row.customers,
  },
];

const day = (iso: string, reader: Reader): string =>
  formatDay(new Date(iso), reader, { day: 'numeric', month: 'short', year: 'numeric' });

/** What a rule gives, to whom, for what and when, in words. */
export function printRule(rule: Rule, reader: Reader, currency: string) {
  const { t, locale } = reader;
  const gives =
    rule.percent_bp === null
      ? formatMoney(rule.amount_cents ?? 0, currency, locale)
      : t('resellers.percent_of', { percent: rule.percent_bp / 100 });
  const tier =
    rule.from_month_cents === 0
      ? ''
      : t('resellers.tier_from', { amount: formatMoney(rule.from_month_cents, currency, locale) });
  return {
    id: rule.id,
    gives,
    whom: rule.reseller_name ?? t('resellers.every_reseller'),
    what: [rule.package_name ?? t('resellers.every_plan'), tier].filter(Boolean).join(', '),
    when:
      rule.valid_to === null
        ? t('resellers.since', { day: day(rule.valid_from, reader) })
        : t('resellers.from_to', { from: day(rule.valid_from, reader), to: day(rule.valid_to, reader) }),
    ended: rule.valid_to !== null && Date.parse(rule.valid_to) <= reader.nowMs,
  };
}

const STOCK_LOOK = { open: 'active', sold: 'ended', expired: 'expired', void: 'blocked' } as const;

export function printStock(one: Stock, reader: Reader) {
  const { t, locale } = reader;
  return {
    id: one.batch_id,
    href: `/vouchers/batches/${one.batch_id}`,
    plan: one.package_name,
    charged: t(`resellers.charged_${one.charged}`),
    wholesale: formatAmount(one.wholesale_cents, locale),
    price: formatAmount(one.price_cents, locale),
    count: formatCount(one.count, locale),
    sold: formatCount(one.sold, locale),
    used: formatCount(one.used, locale),
    left: formatCount(one.remaining, locale),
    state: stateBadge(STOCK_LOOK[one.state], reader, { word: t(`vouchers.batch_${one.state}`) }),
    open: one.state === 'open',
    // After their last day too: whether the money is given back is the company's to say.
    takes: one.remaining > 0 && one.state !== 'void',
  };
}

/** What a line is called: by its kind in the ledger. */
export function kindWord(line: StatementLine, { t }: Reader): string {
  const known = ['payment', 'sale', 'stock', 'stock_back', 'commission', 'commission_back', 'payout', 'payout_back'];
  return known.includes(line.kind)
    ? t(`resellers.line_${line.kind === 'payment' && line.amount_cents < 0 ? 'sale' : line.kind}`)
    : t('resellers.line_other');
}
