import { exactAmount, sellerOf, sheetPdf } from '../invoices';
import type { Context } from '../platform/context';
import { formatClock, formatDay, type Reader } from '../ui';
import { findPayment } from './queries';
import { refundsOf } from './refund/queries';

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
  const { t, locale } = reader;
  const amount = (cents: number) => exactAmount(cents, locale);
  // It is read years later, and elsewhere: the whole date.
  const at = (text: string) =>
    `${formatDay(new Date(text), reader, { dateStyle: 'long' })}, ${formatClock(new Date(text), reader)}`;
  const { legal_name } = await sellerOf(ctx);
  const number = payment.receipt ?? payment.reference;
  const back = (await refundsOf(ctx, id)).filter(({ state }) => state === 'done');
  const given = back.reduce((sum, one) => sum + one.amount_cents, 0);
  const bytes = await sheetPdf(
    {
      title: t('payments.receipt_title'),
      company: legal_name ?? company,
      party: payment.client_name,
      facts: [
        [t('payments.reference'), number],
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
          .reverse()
          .map((one) => [
            `${t('payments.refunds')}: ${one.reason} (${at(one.done_at ?? one.created_at)})`,
            amount(-one.amount_cents),
          ]),
      ],
      totals: [[t('payments.receipt_total'), `${payment.currency} ${amount(payment.amount_cents - given)}`]],
    },
    reader,
  );
  return { name: `receipt-${number.replaceAll(/[^A-Za-z0-9-]+/g, '-')}.pdf`, bytes };
}
