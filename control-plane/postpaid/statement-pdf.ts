import { exactAmount, sellerOf, sheetPdf } from '../invoices';
import type { Context } from '../platform/context';
import { formatDay, type Reader } from '../ui';
import type { Movement, Statement } from './schema';

/** What was charged and what was paid, as PDF under the company's name. */
export async function statementPdf(
  ctx: Context,
  statement: Statement,
  company: string,
  reader: Reader,
): Promise<Buffer> {
  const { t, locale } = reader;
  const { legal_name } = await sellerOf(ctx);
  const amount = (cents: number) => exactAmount(cents, locale);
  const row = (one: Movement) => [
    formatDay(new Date(one.at), reader, { dateStyle: 'medium' }),
    [t(`postpaid.kind_${one.kind}`), one.reference].filter(Boolean).join(' '),
    one.amount_cents > 0 ? amount(one.amount_cents) : '',
    one.amount_cents < 0 ? amount(-one.amount_cents) : '',
    amount(one.balance_cents),
  ];
  return sheetPdf(
    {
      title: t('postpaid.statement'),
      company: legal_name ?? company,
      party: statement.client_name,
      facts: [
        [t('postpaid.from'), dayOf(statement.from, reader)],
        [t('postpaid.to'), dayOf(statement.to, reader)],
      ],
      columns: [
        { label: t('postpaid.at'), width: 80 },
        { label: t('postpaid.what'), width: 179 },
        { label: t('postpaid.charged'), width: 80, right: true },
        { label: t('postpaid.paid'), width: 80, right: true },
        { label: `${t('postpaid.balance')} ${statement.currency}`, width: 80, right: true },
      ],
      rows: [['', t('postpaid.opening'), '', '', amount(statement.opening_cents)], ...statement.items.map(row)],
      totals: [[t('postpaid.closing'), `${statement.currency} ${amount(statement.closing_cents)}`]],
    },
    reader,
  );
}

/** A day that stands as such, without a zone. */
const dayOf = (day: string, reader: Reader): string =>
  formatDay(new Date(`${day}T00:00:00Z`), { ...reader, zone: 'UTC' }, { dateStyle: 'medium' });
