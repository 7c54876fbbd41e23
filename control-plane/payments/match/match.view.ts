import { formatAmount, formatMoment, outcomeBadge, type Column, type OutcomeName, type Reader } from '../../ui';
import type { LineState, Statement, StatementLine } from './queries';

const OUTCOME: Record<LineState, OutcomeName> = {
  matched: 'done',
  named: 'done',
  waiting: 'waiting',
  unproven: 'unknown',
  missing: 'failed',
  differs: 'failed',
  open: 'waiting',
};

const leftOf = ({ to_do, unheard }: Statement): number | null => (to_do === null ? null : to_do + (unheard ?? 0));

/** Statements: which time, and how much of each still wants somebody. */
export const statementColumns: Column<Statement>[] = [
  {
    key: 'name',
    label: 'payments.match_statement',
    isName: true,
    cell: (row, { t }) => ({
      first: row.name,
      href: `/payments/match/${row.id}`,
      second: [t(`payments.method_${row.method}`), t(`payments.match_by_${row.source}`)].join(', '),
    }),
    csv: (row) => row.name,
  },
  {
    key: 'to_do',
    label: 'payments.match_to_do',
    num: true,
    card: 'card-end',
    cell: (row, reader) => {
      const left = leftOf(row);
      if (left === null) return { first: reader.t('payments.match_open_it') };
      return left === 0
        ? { outcome: outcomeBadge('done', reader) }
        : { first: left.toString(), strong: true, tone: 'bad' };
    },
    csv: (row) => leftOf(row) ?? '',
  },
  {
    key: 'lines',
    label: 'payments.match_lines',
    num: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.lines.toString() }),
    csv: (row) => row.lines,
  },
  {
    key: 'span',
    label: 'payments.match_span',
    card: 'card-full',
    cell: (row, reader) => ({
      first: [formatMoment(row.from_at, reader), formatMoment(row.to_at, reader)].join(' – '),
    }),
    csv: (row) => row.from_at.toISOString(),
  },
];

/** What somebody does about a line, as a link. */
function nextStep(row: StatementLine): string {
  if (row.notice_id !== null) return `/payments/suspense/${row.notice_id}`;
  if (row.payment_id !== null) return `/payments/${row.payment_id}`;
  if (row.kind === 'reversal' && row.linked_payment_id !== null) {
    const amount = (Number(-row.amount_cents) / 100).toFixed(2);
    const asked = new URLSearchParams({
      look: '1',
      way: 'told',
      reference: row.receipt,
      amount,
      reason: row.details ?? 'reversed',
    });
    return `/payments/${row.linked_payment_id}/refund?${asked.toString()}`;
  }
  return row.state === 'open' ? `/payments/lines/${row.id}` : '';
}

/** Letters of a bank's own words that stand for a reference that it did not write. */
const NAME_MAX = 40;

/** A bank may have written none; then its own words name the line. */
export const receiptOf = ({ method, linked, details, receipt }: StatementLine): string =>
  method === 'bank' ? (linked ?? details?.slice(0, NAME_MAX) ?? '–') : receipt;

/** A bank tells no payer: what the customer wrote and its own words, where they do not name the line already. */
function bankWords({ linked, bill_ref, details }: StatementLine): { first: string; second?: string } {
  const [first, second] = [bill_ref, linked === null && (details?.length ?? 0) <= NAME_MAX ? null : details].filter(
    (text) => text !== null,
  );
  return { first: first ?? '–', ...(second === undefined ? {} : { second }) };
}

/** Lines of a statement; a line leads to what somebody can do about it. */
export const lineColumns: Column<StatementLine>[] = [
  {
    key: 'receipt',
    label: 'payments.reference',
    isName: true,
    cell: (row, { t }) => {
      const href = nextStep(row);
      return { first: receiptOf(row), ...(href ? { href } : {}), second: t(`payments.line_${row.kind}`) };
    },
    csv: (row) => receiptOf(row),
  },
  {
    key: 'amount',
    label: 'payments.amount',
    num: true,
    card: 'card-end',
    cell: (row, { t, locale }) => ({
      first: formatAmount(row.amount_cents, locale),
      second:
        row.state === 'differs' && row.ours !== null
          ? t('payments.match_ours', { amount: formatAmount(row.ours, locale) })
          : row.currency,
    }),
    csv: (row) => (Number(row.amount_cents) / 100).toFixed(2),
  },
  {
    key: 'state',
    label: 'payments.outcome',
    card: 'card-full',
    cell: (row, reader: Reader) => ({
      outcome: { ...outcomeBadge(OUTCOME[row.state], reader), word: reader.t(`payments.line_is_${row.state}`) },
      second: row.named ?? '',
    }),
    csv: (row) => row.state,
  },
  {
    key: 'who',
    label: 'payments.payer',
    card: 'card-full',
    cell: (row) =>
      row.method === 'bank' ? bankWords(row) : { first: row.payer ?? '–', second: row.bill_ref ?? row.details ?? '' },
    csv: (row) => row.payer,
  },
  {
    key: 'at',
    label: 'payments.at',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatMoment(row.at, reader) }),
    csv: (row) => row.at.toISOString(),
  },
];
