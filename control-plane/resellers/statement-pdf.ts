import {
  exactAmount,
  INK,
  PAGE,
  PALE,
  right,
  RIGHT,
  rule,
  sellerOf,
  sheetHead,
  sheetPdf,
  sheetTo,
  type Doc,
} from '../invoices';
import type { Context } from '../platform/context';
import { formatDay, formatMoment, type Reader } from '../ui';
import { kindWord } from './admin.view';
import type { Statement } from './statement';

/** Where columns begin, and those of figures end. */
const COLUMNS = { what: PAGE.margin + 92, account: PAGE.margin + 292, amount: 460, balance: RIGHT };
const BOTTOM = PAGE.height - 90;

/** A statement as PDF under the company's name: every entry, and what stood before and after. */
export async function statementPdf(
  ctx: Context,
  statement: Statement,
  company: string,
  reader: Reader,
): Promise<Buffer> {
  const { t, locale } = reader;
  const seller = await sellerOf(ctx);
  const name = seller.legal_name ?? company;
  const title = t('resellers.statement');
  const day = (iso: string, minus: number) =>
    formatDay(new Date(Date.parse(iso) - minus), reader, { dateStyle: 'medium' });
  const sheet = {
    title: `${title} ${statement.reseller_name}`,
    company: name,
    footer: seller.footer ?? undefined,
    at: ctx.now,
  };
  return sheetPdf(sheet, reader, (doc) => {
    sheetHead(doc, { name, lines: [] }, title, [
      [t('resellers.from'), day(statement.from, 0)],
      [t('resellers.to'), day(statement.to, 1)],
    ]);
    sheetTo(doc, t('resellers.for'), statement.reseller_name, []);
    doc.moveDown(1.6);
    entries(doc, statement, reader);
    for (const account of ['float', 'commission'] as const)
      for (const [word, cents] of [
        [t('resellers.before'), statement[account].opening_cents],
        [t('resellers.after'), statement[account].closing_cents],
      ] as const) {
        if (doc.y > BOTTOM) doc.addPage();
        const y = doc.y;
        doc.font('face').fontSize(9.5).fillColor(PALE);
        doc.text(`${t(`resellers.${account}`)}, ${word}`, 250, y, { width: 200 });
        doc.fillColor(INK);
        right(doc, exactAmount(cents, locale), RIGHT, y, 110);
        doc.y = y + 16;
      }
  });
}

function heads(doc: Doc, { currency }: Statement, { t }: Reader): void {
  const y = doc.y;
  doc.font('face').fontSize(8).fillColor(PALE).text(t('resellers.csv_at'), PAGE.margin, y);
  doc.text(t('resellers.csv_what'), COLUMNS.what, y);
  doc.text(t('resellers.csv_account'), COLUMNS.account, y);
  right(doc, `${t('resellers.csv_amount')} ${currency}`, COLUMNS.amount, y, 80);
  right(doc, t('resellers.csv_balance'), COLUMNS.balance, y, 80);
  doc.y = y + 14;
  rule(doc);
  doc.y += 6;
}

function entries(doc: Doc, statement: Statement, reader: Reader): void {
  heads(doc, statement, reader);
  for (const line of statement.lines) {
    if (doc.y > BOTTOM) {
      doc.addPage();
      heads(doc, statement, reader);
    }
    const y = doc.y;
    doc.font('face').fontSize(9).fillColor(INK);
    doc.text(formatMoment(new Date(line.at), reader), PAGE.margin, y, { width: 88, height: 12, ellipsis: true });
    const what = [kindWord(line, reader), line.about].filter(Boolean).join(', ');
    doc.text(what, COLUMNS.what, y, { width: 192, height: 12, ellipsis: true });
    doc.text(reader.t(`resellers.${line.account}`), COLUMNS.account, y, { width: 64, height: 12, ellipsis: true });
    right(doc, exactAmount(line.amount_cents, reader.locale), COLUMNS.amount, y, 80);
    right(doc, exactAmount(line.balance_cents, reader.locale), COLUMNS.balance, y, 80);
    doc.y = y + 15;
  }
  rule(doc);
  doc.y += 9;
}
