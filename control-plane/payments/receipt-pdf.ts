import { exactAmount, sellerOf, sheetPdf, type Sheet } from '../invoices';
import type { Context } from '../platform/context';
import { formatClock, formatDay, type Reader } from '../ui';
import { findPayment } from './queries';
import { refundsOf } from './refund/queries';
import type { Payment } from './schema';

/**
 * The receipt of one payment as PDF under the company's name: what came in, by what way, what it did, and what of it went back. Undefined where there is no
 * such payment, or no money has come in.
 */
export async function receiptPdf(
  ctx: Context,
  id: bigint,
  company: string,
  reader: Reader,
): Promise<{ name: string; bytes: Buffer } | undefined> {
  const payment = await findPayment(ctx, id);
  if (!payment || (payment.state !== 'settled' && payment.state !== 'refunded')) return undefined;
  const { legal_name } = await sellerOf(ctx);
  const back = (await refundsOf(ctx, id)).filter(({ state }) => state === 'done');
  const bytes = await sheetPdf(receiptSheet(payment, back, legal_name ?? company, reader), reader);
  return { name: `receipt-${numberOf(payment).replaceAll(/[^A-Za-z0-9-]+/g, '-')}.pdf`, bytes };
}

const numberOf = ({ receipt, reference }: Pick<Payment, 'receipt' | 'reference'>): string => receipt ?? reference;

type Shown = Pick<
  Payment,
  | 'receipt'
  | 'reference'
  | 'received_at'
  | 'username'
  | 'currency'
  | 'method'
  | 'outcome'
  | 'amount_cents'
  | 'client_name'
>;
type Back = Pick<Awaited<ReturnType<typeof refundsOf>>[number], 'amount_cents' | 'reason' | 'done_at' | 'created_at'>;

/** What the receipt says. `back`: what was given back of it, newest first. */
export function receiptSheet(payment: Shown, back: readonly Back[], company: string, reader: Reader): Sheet {
  const { t, locale } = reader;
  const amount = (cents: number) => exactAmount(cents, locale);
  // It is read years later, and elsewhere: the whole date.
  const at = (text: string) =>
    `${formatDay(new Date(text), reader, { dateStyle: 'long' })}, ${formatClock(new Date(text), reader)}`;
  const given = back.reduce((sum, one) => sum + one.amount_cents, 0);
  return {
    title: t('payments.receipt_title'),
    company,
    party: payment.client_name,
    facts: [
      [t('payments.reference'), numberOf(payment)],
      [t('payments.at'), at(payment.received_at)],
      ...(payment.username ? [[t('payments.service'), payment.username] as [string, string]] : []),
    ],
    columns: [
      { label: t('payments.receipt_what'), width: 359 },
      { label: `${t('payments.amount')} ${payment.currency}`, width: 140, right: true },
    ],
    rows: [
      [
        [t(`payments.method_${payment.method}`), payment.outcome && t(`payments.use_${payment.outcome}`)]
          .filter(Boolean)
          .join(', '),
        amount(payment.amount_cents),
      ],
      ...back
        .toReversed()
        .map((one) => [
          `${t('payments.refunds')}: ${one.reason} (${at(one.done_at ?? one.created_at)})`,
          amount(-one.amount_cents),
        ]),
    ],
    totals: [[t('payments.receipt_total'), `${payment.currency} ${amount(payment.amount_cents - given)}`]],
  };
}
