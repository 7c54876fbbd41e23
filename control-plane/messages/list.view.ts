import { formatMoment, outcomeBadge, type Column, type OutcomeName, type Reader } from '../ui';
import type { Message, MessageState } from './queries';

const OUTCOME: Record<MessageState, OutcomeName> = {
  waiting: 'waiting',
  sent: 'waiting',
  delivered: 'done',
  failed: 'failed',
  unknown: 'unknown',
  dropped: 'cancelled',
};

/** The state of a message as a badge with its own word: what a carrier took is under way, not done. */
export const stateOf = (row: Pick<Message, 'state'>, reader: Reader) => ({
  ...outcomeBadge(OUTCOME[row.state], reader),
  word: reader.t(`messages.state_${row.state}`),
});

/** Why it did not arrive, in a sentence; empty while nothing is wrong. */
export const whyOf = (row: Pick<Message, 'error' | 'state'>, { t }: Reader): string =>
  row.error === null ? '' : t(`messages.error_${row.error}`);

/** The beginning of the text; what is kept nowhere is said to be so. */
export const beginningOf = (row: Message, { t }: Reader): string =>
  row.body === null
    ? t(row.state === 'waiting' ? 'messages.not_filled' : 'messages.not_kept')
    : (row.subject ?? row.body).slice(0, 90);

/** The columns of the log; a card shows to whom, what, and what became of it. */
export const messageColumns: Column<Message>[] = [
  {
    key: 'to',
    label: 'messages.to',
    isName: true,
    cell: (row) => ({
      first: row.client_name ?? row.recipient,
      href: `/messages/${row.id}`,
      second: row.client_name === null ? '' : row.recipient,
      secondId: true,
    }),
    csv: (row) => row.recipient,
  },
  {
    key: 'kind',
    label: 'messages.kind',
    cell: (row, reader) => ({ first: reader.t(`messages.kind_${row.kind}`), second: beginningOf(row, reader) }),
    csv: (row) => row.kind,
  },
  {
    key: 'state',
    label: 'messages.state',
    card: 'card-full',
    cell: (row, reader) => ({ outcome: stateOf(row, reader), second: whyOf(row, reader) }),
    csv: (row) => row.state,
  },
  {
    key: 'channel',
    label: 'messages.channel',
    card: 'not-in-card',
    cell: (row, { t }) => ({
      first: t(`messages.channel_${row.channel}`),
      second: row.provider ? t(`messages.provider_${row.provider}`) : '',
    }),
    csv: (row) => row.channel,
  },
  {
    key: 'cost',
    label: 'messages.cost',
    num: true,
    card: 'not-in-card',
    cell: (row, { t }) => ({
      first: row.cost === null ? '–' : `${row.cost_currency ?? ''} ${row.cost}`,
      second: row.segments === null ? '' : t('messages.segments', { count: row.segments }),
    }),
    csv: (row) => row.cost,
  },
  {
    key: 'provider',
    label: 'messages.provider',
    extra: true,
    card: 'not-in-card',
    cell: (row, { t }) => ({
      first: row.provider ? t(`messages.provider_${row.provider}`) : '–',
      second: row.provider_ref ?? '',
      secondId: true,
    }),
    csv: (row) => row.provider,
  },
  {
    key: 'at',
    label: 'messages.at',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({ first: formatMoment(row.created_at, reader) }),
    csv: (row) => row.created_at.toISOString(),
  },
];
