import { formatMoment, formatMoney, outcomeBadge, type OutcomeName, type Reader } from '../../ui';
import type { Payment } from '../schema';
import type { Refund, RefundPreview, RefundRefusal, RefundState, RefundWay } from './schema';

const OUTCOME: Record<RefundState, OutcomeName> = {
  asked: 'waiting',
  sending: 'waiting',
  done: 'done',
  failed: 'failed',
  refused: 'cancelled',
};

/** The word for a way. */
export const wayWord = (way: RefundWay): string => (way === 'mpesa' ? 'payments.way_to_phone' : `payments.way_${way}`);

/** A refund as the page of its payment shows it. */
export function refundLine(refund: Refund, reader: Reader) {
  const { t, locale } = reader;
  return {
    amount: formatMoney(refund.amount_cents, refund.currency, locale),
    state: { ...outcomeBadge(OUTCOME[refund.state], reader), word: t(`payments.refund_is_${refund.state}`) },
    what: [t(wayWord(refund.way)), refund.phone, refund.reference, refund.reason].filter(Boolean).join(' · '),
    by: `${refund.asked_by}, ${formatMoment(new Date(refund.created_at), reader)}`,
    failure: refund.failure?.text ?? '',
    approval: refund.state === 'asked' && refund.approval_id !== null ? `/approvals/${refund.approval_id}` : '',
    again: refund.state === 'failed' && refund.payment_id !== null ? `/payments/${refund.payment_id}/refund` : '',
    resolve: refund.state === 'sending' ? `/payments/refunds/${refund.id}` : '',
  };
}

/** The ways in which this payment can be given back, the usual one first. */
export function waysOf(payment: Payment, byProvider: boolean, byPhone: boolean): RefundWay[] {
  const all = plainWays(payment, byProvider);
  return byPhone && payment.method !== 'float' ? [...all, 'mpesa'] : all;
}

function plainWays(payment: Payment, byProvider: boolean): RefundWay[] {
  switch (payment.method) {
    case 'cash':
    case 'bank':
      return ['cash', 'bank'];
    case 'cheque':
      return ['cheque', 'cash', 'bank'];
    case 'float':
      return ['float', 'cash', 'bank'];
    default:
      return [...(byProvider && payment.receipt !== null ? (['provider'] as const) : []), 'told', 'cash', 'bank'];
  }
}

/** What will happen, in sentences. */
export function consequences(preview: RefundPreview, service: 'keep' | 'take_back', reader: Reader): string[] {
  const { t, locale } = reader;
  const money = (cents: number) => formatMoney(cents, preview.currency, locale);
  const at = (iso: string) => formatMoment(new Date(iso), reader);
  return [
    t('payments.refund_gives', { amount: money(preview.amount_cents) }),
    ...(preview.from_wallet_cents > 0
      ? [t('payments.refund_from_wallet', { amount: money(preview.from_wallet_cents) })]
      : []),
    ...(preview.credit_cents > 0 ? [t('payments.refund_credits', { amount: money(preview.credit_cents) })] : []),
    ...(preview.owed_cents > 0 ? [t('payments.refund_owes', { amount: money(preview.owed_cents) })] : []),
    preview.service
      ? preview.service.ends
        ? t('payments.refund_ends')
        : t('payments.refund_shortens', { at: at(preview.service.will_end_at) })
      : t(service === 'keep' && preview.credit_cents > 0 ? 'payments.refund_keeps' : 'payments.refund_no_service'),
    ...(preview.needs_approval ? [t('payments.refund_needs_second')] : []),
  ];
}

/** What a preview was, so that a confirmation of another one is noticed. */
export const seenOf = ({ amount_cents, credit_cents, owed_cents, service }: RefundPreview): string =>
  [amount_cents, credit_cents, owed_cents, service?.ends ?? '-'].join('.');

/** The field that a refusal is about, with its words. */
export function refusalWords(refused: RefundRefusal, { t, locale }: Reader): Record<string, string> {
  switch (refused.kind) {
    case 'not_settled':
      return { amount: t('payments.refund_not_settled') };
    case 'too_much':
      return {
        amount: t('payments.refund_too_much', { amount: formatMoney(refused.left_cents, refused.currency, locale) }),
      };
    case 'spent':
      return {
        amount: t('payments.refund_spent', { amount: formatMoney(refused.possible_cents, refused.currency, locale) }),
      };
    case 'not_in_parts':
      return { service_effect: t('payments.refund_not_in_parts') };
    case 'whole_units':
      return { amount: t('payments.amount_whole') };
    case 'way':
      return { way: t('payments.refund_way_wanted') };
    case 'phone':
      return { phone: t('payments.refund_phone_wanted') };
    case 'reference':
      return { reference: t('payments.refund_reference_wanted') };
    case 'reference_used':
      return { reference: t('payments.refund_reference_used') };
  }
}
