import Pdf from 'pdfkit';
import { dirname, join } from 'node:path';
import { formatDay, type Reader } from '../ui';
import { exactAmount, partyLines, titleOf, totalsOf } from './paper';
import type { WholeInvoice } from './schema';

/** A4 in points, and the margin around what is printed. */
const PAGE = { width: 595.28, height: 841.89, margin: 48 };
const RIGHT = PAGE.width - PAGE.margin;
const INK = '#1b1f24';
const PALE = '#5b6570';
const RULE = '#c9ced4';

/** Embedded, so that names with any letter are printed: a PDF's own fonts know Latin-1 alone. */
const fonts = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
const FACE = join(fonts, 'DejaVuSansCondensed.ttf');
const BOLD = join(fonts, 'DejaVuSansCondensed-Bold.ttf');

type Doc = InstanceType<typeof Pdf>;

/** The columns of the lines: where each ends, to the right. */
const COLUMNS = { quantity: 330, unit: 400, discount: 468, total: RIGHT };

/** A document as PDF: text as text, in the reader's language, under the company's name. About 50 ms. */
export function invoicePdf(invoice: WholeInvoice, reader: Reader): Promise<Buffer> {
  const { t } = reader;
  const doc = new Pdf({
    size: 'A4',
    margin: PAGE.margin,
    bufferPages: true,
    lang: reader.locale,
    info: {
      Title: `${titleOf(invoice, reader)} ${invoice.number ?? ''}`.trim(),
      Author: invoice.seller.name,
      CreationDate: new Date(invoice.issued_at),
    },
  });
  const done = collect(doc);
  doc.registerFont('face', FACE).registerFont('bold', BOLD).font('face').fillColor(INK);
  head(doc, invoice, reader);
  lines(doc, invoice, reader);
  totals(doc, invoice, reader);
  const pages = doc.bufferedPageRange().count;
  for (let at = 0; at < pages; at += 1) {
    doc.switchToPage(at);
    // Below the margin no text may be set, or it would begin a new page.
    doc.page.margins.bottom = 0;
    const y = PAGE.height - PAGE.margin + 8;
    doc.font('face').fontSize(8).fillColor(PALE);
    doc.text(invoice.seller.footer ?? '', PAGE.margin, y, { width: 400, height: 20, ellipsis: true });
    doc.text(t('invoices.page', { page: at + 1, pages }), RIGHT - 90, y, { width: 90, align: 'right' });
  }
  doc.end();
  return done;
}

function collect(doc: Doc): Promise<Buffer> {
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    doc.on('data', (part: Buffer) => parts.push(part));
    doc.on('end', () => resolve(Buffer.concat(parts)));
    doc.on('error', reject);
  });
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
  const issued = formatDay(new Date(invoice.issued_at), reader, { dateStyle: 'long' });
  const facts: [string, string][] = [
    [t('invoices.number'), invoice.number ?? t('invoices.number_soon')],
    [t('invoices.issued'), issued],
  ];
  if (invoice.kind === 'credit_note' && invoice.credits_number !== null)
    facts.push([t('invoices.credits'), invoice.credits_number]);
  for (const [label, value] of facts) {
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

function right(doc: Doc, text: string, end: number, y: number, width = 68): void {
  doc.text(text, end - width, y, { width, align: 'right', lineBreak: false });
}

function rule(doc: Doc, from: number = PAGE.margin): void {
  doc.moveTo(from, doc.y).lineTo(RIGHT, doc.y).lineWidth(0.6).strokeColor(RULE).stroke();
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
