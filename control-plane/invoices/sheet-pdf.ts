import type { Reader } from '../ui';
import { endPdf, INK, PAGE, PALE, right, RIGHT, rule, startPdf } from './pdf-frame';

/** A table on paper under the company's name, for whatever is no invoice. */
export interface Sheet {
  title: string;
  company: string;
  /** Whom it is for. */
  party: string;
  facts: [label: string, value: string][];
  /** Widths in points; together at most 499, which is what lies between the margins. */
  columns: { label: string; width: number; right?: boolean }[];
  rows: string[][];
  totals: (readonly [label: string, value: string])[];
}

const BOTTOM = PAGE.height - 90;

/** The sheet as PDF, on as many pages as it takes, each with the heads of its columns. */
export function sheetPdf(sheet: Sheet, reader: Reader): Promise<Buffer> {
  const { doc, done } = startPdf({ title: sheet.title, author: sheet.company, at: new Date(reader.nowMs) }, reader);
  doc.font('bold').fontSize(17).text(sheet.company, PAGE.margin, PAGE.margin, { width: 270 });
  doc.text(sheet.title, 320, PAGE.margin, { width: RIGHT - 320, align: 'right' });
  doc.font('face').fontSize(9);
  for (const [label, value] of sheet.facts) {
    const y = doc.y + 3;
    doc.fillColor(PALE).text(label, 320, y, { width: 80 });
    doc.fillColor(INK).text(value, 400, y, { width: RIGHT - 400, align: 'right' });
  }
  doc
    .font('bold')
    .fontSize(11)
    .text(sheet.party, PAGE.margin, doc.y + 6, { width: 300 });
  doc.y += 16;
  heads(doc, sheet);
  for (const row of sheet.rows) {
    if (doc.y > BOTTOM) {
      doc.addPage();
      doc.y = PAGE.margin;
      heads(doc, sheet);
    }
    line(doc, sheet, row);
  }
  rule(doc);
  doc.y += 9;
  for (const [label, value] of sheet.totals) {
    if (doc.y > BOTTOM) doc.addPage();
    const y = doc.y;
    doc.font('face').fontSize(9.5).fillColor(PALE).text(label, 250, y, { width: 200 });
    doc.fillColor(INK);
    right(doc, value, RIGHT, y, 110);
    doc.y = y + 16;
  }
  return endPdf(doc, done, '', reader);
}

type Doc = ReturnType<typeof startPdf>['doc'];

function heads(doc: Doc, sheet: Sheet): void {
  doc.font('face').fontSize(8).fillColor(PALE);
  cells(
    doc,
    sheet,
    sheet.columns.map(({ label }) => label),
    doc.y,
  );
  doc.y += 14;
  rule(doc);
  doc.y += 6;
}

function line(doc: Doc, sheet: Sheet, row: string[]): void {
  doc.font('face').fontSize(9).fillColor(INK);
  const y = doc.y;
  cells(doc, sheet, row, y);
  doc.y = y + 15;
}

/** One line of text a cell: what is too long ends in dots. */
function cells(doc: Doc, sheet: Sheet, texts: string[], y: number): void {
  let x: number = PAGE.margin;
  sheet.columns.forEach((column, at) => {
    const text = texts[at] ?? '';
    if (column.right) right(doc, text, x + column.width, y, column.width - 4);
    else doc.text(text, x, y, { width: column.width - 8, height: 12, ellipsis: true, lineBreak: true });
    x += column.width;
  });
  doc.y = y;
}
