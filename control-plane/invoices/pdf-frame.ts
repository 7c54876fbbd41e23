import Pdf from 'pdfkit';
import { dirname, join } from 'node:path';
import type { Reader } from '../ui';

/** A4 in points, and the margin around what is printed. */
export const PAGE = { width: 595.28, height: 841.89, margin: 48 };
export const RIGHT = PAGE.width - PAGE.margin;
export const INK = '#1b1f24';
export const PALE = '#5b6570';
const RULE = '#c9ced4';

/** Embedded, so that names with any letter are printed: a PDF's own fonts know Latin-1 alone. */
const fonts = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
const FACE = join(fonts, 'DejaVuSansCondensed.ttf');
const BOLD = join(fonts, 'DejaVuSansCondensed-Bold.ttf');

/** For papers of other slices: the same faces as files. */
export const printFonts = { face: FACE, bold: BOLD } as const;

export type Doc = InstanceType<typeof Pdf>;

/** Begins a paper: text as text, in the reader's language. */
export function startPdf(
  about: { title: string; author: string; at: Date },
  reader: Reader,
): { doc: Doc; done: Promise<Buffer> } {
  const doc = new Pdf({
    size: 'A4',
    margin: PAGE.margin,
    bufferPages: true,
    lang: reader.locale,
    info: { Title: about.title, Author: about.author, CreationDate: about.at },
  });
  const done = collect(doc);
  doc.registerFont('face', FACE).registerFont('bold', BOLD).font('face').fillColor(INK);
  return { doc, done };
}

/** Ends it: a footer and the page's number below each page. */
export function endPdf(doc: Doc, done: Promise<Buffer>, footer: string, reader: Reader): Promise<Buffer> {
  const pages = doc.bufferedPageRange().count;
  for (let at = 0; at < pages; at += 1) {
    doc.switchToPage(at);
    // Below the margin no text may be set, or it would begin a new page.
    doc.page.margins.bottom = 0;
    const y = PAGE.height - PAGE.margin + 8;
    doc.font('face').fontSize(8).fillColor(PALE);
    doc.text(footer, PAGE.margin, y, { width: 400, height: 20, ellipsis: true });
    doc.text(reader.t('invoices.page', { page: at + 1, pages }), RIGHT - 90, y, { width: 90, align: 'right' });
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

export function right(doc: Doc, text: string, end: number, y: number, width = 68): void {
  doc.text(text, end - width, y, { width, align: 'right', lineBreak: false });
}

export function rule(doc: Doc, from: number = PAGE.margin): void {
  doc.moveTo(from, doc.y).lineTo(RIGHT, doc.y).lineWidth(0.6).strokeColor(RULE).stroke();
}
