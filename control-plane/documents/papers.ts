import { findInvoice, invoiceFile, listInvoices } from '../invoices';
import { findPayment, listPayments, receiptPdf } from '../payments';
import type { Context } from '../platform/context';
import { statementOf, statementPdf } from '../postpaid';
import { formatDay, formatMoney, type Reader } from '../ui';

/** Of each kind the newest; what is older is asked for at the company. */
const SHOWN = 24;

export interface Paper {
  /** As it stands in the address: `invoice-12`, `receipt-7`, `statement-3`. */
  key: string;
  name: string;
  day: string;
  amount: string;
}

export interface Papers {
  customer: string;
  statement: string | undefined;
  invoices: Paper[];
  receipts: Paper[];
  more: boolean;
}

/** What there is for one customer: invoices and credit notes that have their number, receipts of money that came in, and the statement of who is billed afterwards. */
export async function papersOf(ctx: Context, id: bigint, timezone: string, reader: Reader): Promise<Papers> {
  const { t, locale } = reader;
  const page = { client_id: id, limit: SHOWN, before: undefined };
  const invoices = await listInvoices(ctx, page);
  const settled = await listPayments(ctx, { ...page, state: 'settled' });
  const refunded = await listPayments(ctx, { ...page, state: 'refunded' });
  const payments = [...settled.items, ...refunded.items].sort((a, b) => Number(b.id) - Number(a.id));
  const customer = await ctx.tx.subscriber.findFirst({ where: { id }, select: { name: true } });
  const statement = await statementOf(ctx, id, {}, timezone);
  const day = (at: string) => formatDay(new Date(at), reader, { dateStyle: 'medium' });
  return {
    customer: customer?.name ?? '',
    statement: statement && `statement-${id}`,
    invoices: invoices.items
      .filter(({ number }) => number !== null)
      .map((one) => ({
        key: `invoice-${one.id}`,
        name: `${t(`invoices.kind_${one.kind}`)} ${one.number}`,
        day: day(one.issued_at),
        amount: formatMoney(BigInt(one.total_cents), one.currency, locale),
      })),
    receipts: payments.slice(0, SHOWN).map((one) => ({
      key: `receipt-${one.id}`,
      name: one.receipt ?? one.reference,
      day: `${day(one.received_at)}, ${t(`payments.method_${one.method}`)}`,
      amount: formatMoney(BigInt(one.amount_cents), one.currency, locale),
    })),
    more: invoices.nextCursor !== null || settled.nextCursor !== null || payments.length > SHOWN,
  };
}

/**
 * One paper as PDF, if it is one of these customers'. Undefined where it is not, or there is none: who asks learns nothing of whose it is.
 * @param key as in `Paper`
 */
export async function openPaper(
  ctx: Context,
  ids: readonly bigint[],
  key: string,
  company: { name: string; timezone: string },
  reader: Reader,
): Promise<{ name: string; bytes: Buffer } | undefined> {
  const [, kind, digits = ''] = /^(invoice|receipt|statement)-([1-9]\d{0,17})$/.exec(key) ?? [];
  const id = digits === '' ? 0n : BigInt(digits);
  const isTheirs = (customer: string | null | undefined): boolean =>
    typeof customer === 'string' && ids.some((one) => one.toString() === customer);
  if (kind === 'invoice') {
    const invoice = await findInvoice(ctx, id);
    return isTheirs(invoice?.client_id) ? invoiceFile(ctx, id, reader.locale) : undefined;
  }
  if (kind === 'receipt') {
    const payment = await findPayment(ctx, id);
    return isTheirs(payment?.client_id) ? receiptPdf(ctx, id, company.name, reader) : undefined;
  }
  const statement =
    kind === 'statement' && isTheirs(digits) ? await statementOf(ctx, id, {}, company.timezone) : undefined;
  if (!statement) return undefined;
  const bytes = await statementPdf(ctx, statement, company.name, reader);
  return { name: `statement-${statement.to}.pdf`, bytes };
}
