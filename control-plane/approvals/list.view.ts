import { formatAmount, formatMoment, outcomeBadge, type Column, type OutcomeName, type Reader } from '../ui';
import type { Approval } from './schema';

const OUTCOME: Record<Approval['state'], OutcomeName> = {
  asked: 'waiting',
  approved: 'waiting',
  done: 'done',
  refused: 'cancelled',
  expired: 'cancelled',
  void: 'failed',
};

/** How a state is drawn, in its own word. */
export const stateOf = (row: Approval, reader: Reader) => ({
  ...outcomeBadge(OUTCOME[row.state], reader),
  word: reader.t(`approvals.is_${row.state}`),
});

export const kindWord = (kind: string, { t }: Reader): string => t(`approvals.kind_${kind.replace('.', '_')}`);

/** The columns of the queue; a card shows what is asked for, how much, and by whom. */
export const approvalColumns: Column<Approval>[] = [
  {
    key: 'what',
    label: 'approvals.what',
    isName: true,
    cell: (row, reader) => ({ first: kindWord(row.kind, reader), href: `/approvals/${row.id}`, second: row.summary }),
    csv: (row) => row.summary,
  },
  {
    key: 'amount',
    label: 'approvals.amount',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({ first: formatAmount(row.amount_cents, locale), second: row.currency }),
    csv: (row) => (row.amount_cents / 100).toFixed(2),
  },
  {
    key: 'asked_by',
    label: 'approvals.asked_by',
    card: 'card-full',
    cell: (row) => ({ first: row.asked_name }),
    csv: (row) => row.asked_name,
  },
  {
    key: 'state',
    label: 'approvals.state',
    card: 'card-full',
    cell: (row, reader) => ({ outcome: stateOf(row, reader), second: row.decided_name ?? '' }),
    csv: (row) => row.state,
  },
  {
    key: 'at',
    label: 'approvals.asked_at',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatMoment(new Date(row.asked_at), reader) }),
    csv: (row) => row.asked_at,
  },
];
