import { formatDay, type Reader } from '../ui';
import { exactAmount, partyLines, titleOf, totalsOf } from './paper';
import { endPdf, INK, PAGE, PALE, right, RIGHT, rule, startPdf, type Doc } from './pdf-frame';
import type { WholeInvoice } from './schema';

/** The columns of the lines: where each ends, to the right. */
const COLUMNS = { quantity: 330, unit: 400, discount: 468, total: RIGHT };

/** A document as PDF, under the company's name. About 50 ms. */
export function invoicePdf(invoice: WholeInvoice, reader: Reader): Promise<Buffer> {
  const title = `${titleOf(invoice, reader)} ${invoice.number ?? ''}`.trim();
  const { doc, done } = startPdf({ title, author: invoice.seller.name, at: new Date(invoice.issued_at) }, reader);
  head(doc, invoice, reader);
  lines(doc, invoice, reader);
  totals(doc, invoice, reader);
  return endPdf(doc, done, invoice.seller.footer ?? '', reader);
}

function head(doc: Doc, invoice: WholeInvoice, reader: Reader): void {
  const { t } = reader;
  const top = PAGE.margin;
  doc.font('bold').fontSize(17).text(invoice.seller.name, PAGE.margin, top, { width: 270 });
  doc.font('face').fontSize(9).fillColor(PALE);
  for (const line of partyLines(invoice.seller, reader)) doc.text(line, { width: 270 });
  const left = doc.y;
  doc.fillColor(INK).font('bold').fontSize(17);
  doc.text(titleOf(invoice, reader), 320, top, { width: RIGHT - 320, align: 'right' });
  doc.font('face').fontSize(9);
  for (const [label, value] of factsOf(invoice, reader)) {
    const y = doc.y + 3;
    doc.fillColor(PALE).text(label, 320, y, { width: 100 });
    doc.fillColor(INK).text(value, 420, y, { width: RIGHT - 420, align: 'right' });
  }
  doc.y = Math.max(left, doc.y) + 22;
  doc.fillColor(PALE).text(t('invoices.bill_to'), PAGE.margin, doc.y);
  doc
    .fillColor(INK)
    .font('bold')
    .fontSize(11)
    .text(invoice.buyer?.name ?? invoice.client_name ?? '–', { width: 300 });
  doc.font('face').fontSize(9).fillColor(PALE);
  for (const line of partyLines(invoice.buyer ?? undefined, reader)) doc.text(line, { width: 300 });
  if (invoice.reason !== null)
    doc
      .moveDown(0.6)
      .fillColor(INK)
      .text(`${t('invoices.reason')}: ${invoice.reason}`, { width: RIGHT - PAGE.margin });
  doc.moveDown(1.6);
}

/** Number, day, and until when it is to be paid or what it takes back. */
function factsOf(invoice: WholeInvoice, reader: Reader): [string, string][] {
  const { t } = reader;
  const long = (at: Date) => formatDay(at, reader, { dateStyle: 'long' });
  const facts: [string, string][] = [
    [t('invoices.number'), invoice.number ?? t('invoices.number_soon')],
    [t('invoices.issued'), long(new Date(invoice.issued_at))],
  ];
  // Due at a midnight: to be paid on the day before it.
  if (invoice.due_at !== null) facts.push([t('invoices.due'), long(new Date(Date.parse(invoice.due_at) - 60_000))]);
  if (invoice.kind === 'credit_note' && invoice.credits_number !== null)
    facts.push([t('invoices.credits'), invoice.credits_number]);
  return facts;
}

function lines(doc: Doc, invoice: WholeInvoice, reader: Reader): void {
  const { t, locale } = reader;
  const y = doc.y;
  doc.font('face').fontSize(8).fillColor(PALE).text(t('invoices.description'), PAGE.margin, y);
  right(doc, t('invoices.quantity'), COLUMNS.quantity, y);
  right(doc, t('invoices.unit'), COLUMNS.unit, y);
  right(doc, t('invoices.discount'), COLUMNS.discount, y);
  right(doc, `${t('invoices.amount')} ${invoice.currency}`, COLUMNS.total, y, 80);
  doc.y = y + 14;
  rule(doc);
  doc.y += 7;
  for (const line of invoice.lines) {
    if (doc.y > PAGE.height - 190) doc.addPage();
    const at = doc.y;
    doc.fontSize(9.5).fillColor(INK);
    right(doc, String(line.quantity), COLUMNS.quantity, at);
    right(doc, exactAmount(line.unit_cents, locale), COLUMNS.unit, at);
    right(doc, line.discount_cents > 0 ? exactAmount(-line.discount_cents, locale) : '', COLUMNS.discount, at);
    right(doc, exactAmount(line.total_cents, locale), COLUMNS.total, at, 80);
    doc.text(line.description, PAGE.margin, at, { width: COLUMNS.quantity - 30 - PAGE.margin });
    const notes = [periodOf(line, reader), line.discount_name].filter(Boolean).join(' · ');
    if (notes)
      doc
        .fontSize(8)
        .fillColor(PALE)
        .text(notes, { width: COLUMNS.quantity - 30 - PAGE.margin });
    doc.y += 7;
  }
  rule(doc);
  doc.y += 9;
}

/** The time that a line gave, in days of the company's zone; its end belongs to it. */
export function periodOf(line: WholeInvoice['lines'][number], reader: Reader): string {
  if (line.period_from === null || line.period_to === null) return '';
  const day = (text: string) =>
    formatDay(new Date(text), reader, {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  return `${day(line.period_from)} – ${day(line.period_to)}`;
}

function totals(doc: Doc, invoice: WholeInvoice, reader: Reader): void {
  if (doc.y > PAGE.height - 180) doc.addPage();
  for (const { label, cents, strong } of totalsOf(invoice, reader)) {
    const y = doc.y;
    doc
      .font(strong ? 'bold' : 'face')
      .fontSize(strong ? 11 : 9.5)
      .fillColor(strong ? INK : PALE);
    doc.text(label, 320, y, { width: 130 });
    doc.fillColor(INK);
    right(doc, exactAmount(cents, reader.locale), RIGHT, y, 110);
    doc.y = y + (strong ? 20 : 16);
  }
  const { control } = invoice;
  if (!control) return;
  doc.moveDown(1).font('face').fontSize(8).fillColor(PALE);
  doc.text(
    `${reader.t('invoices.control')}: ${[control.unit, control.number, control.signature].filter(Boolean).join(' · ')}`,
    PAGE.margin,
    doc.y,
  );
}
