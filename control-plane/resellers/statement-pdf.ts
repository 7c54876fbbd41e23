import { sheetPdf } from '../invoices';
import { formatDay, formatMoment, type Reader } from '../ui';
import { kindWord } from './admin.view';
import type { Statement } from './statement';

/** A statement as PDF: what stood before, every entry, what stands after. */
export function statementPdf(statement: Statement, company: string, reader: Reader): Promise<Buffer> {
  const { t, locale } = reader;
  const amount = (cents: number) =>
    (cents / 100).toLocaleString(locale === 'sw' ? 'sw-KE' : 'en-KE', {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
    });
  const day = (iso: string, minus: number) =>
    formatDay(new Date(Date.parse(iso) - minus), reader, { dateStyle: 'long' });
  return sheetPdf(
    {
      title: t('resellers.statement'),
      company,
      party: statement.reseller_name,
      facts: [
        [t('resellers.from'), day(statement.from, 0)],
        [t('resellers.to'), day(statement.to, 1)],
      ],
      columns: [
        { label: t('resellers.csv_at'), width: 92 },
        { label: t('resellers.csv_what'), width: 200 },
        { label: t('resellers.csv_account'), width: 70 },
        { label: `${t('resellers.csv_amount')} ${statement.currency}`, width: 70, right: true },
        { label: t('resellers.csv_balance'), width: 67, right: true },
      ],
      rows: statement.lines.map((line) => [
        formatMoment(new Date(line.at), reader),
        [kindWord(line, reader), line.about].filter(Boolean).join(', '),
        t(`resellers.${line.account}`),
        amount(line.amount_cents),
        amount(line.balance_cents),
      ]),
      totals: (['float', 'commission'] as const).flatMap((account) => [
        [`${t(`resellers.${account}`)}, ${t('resellers.before')}`, amount(statement[account].opening_cents)] as const,
        [`${t(`resellers.${account}`)}, ${t('resellers.after')}`, amount(statement[account].closing_cents)] as const,
      ]),
    },
    reader,
  );
}
