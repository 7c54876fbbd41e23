import { setImmediate as soon } from 'node:timers/promises';
import Pdf from 'pdfkit';
import { printFonts } from '../../invoices';
import { qrModules } from '../../ui';
import { grouped, type SlipTerms } from '../admin.view';
import type { PAPERS } from '../schema';

/** What stands on the slips of one sheet, in the language of its readers. */
export interface SlipSheet {
  paper: (typeof PAPERS)[number];
  language: 'en' | 'sw';
  title: string;
  company: string;
  terms: SlipTerms;
  /** How to use it, in one or two sentences. */
  how: string;
  /** What the QR code of a code holds. */
  target(code: string): string;
}

/** Of its usual size: the longest code there can be fits on the narrowest roll. */
const SMALLEST_CODE = 0.15;
const INK = '#000000';
const PALE = '#4a4a4a';
const mm = (length: number): number => (length / 25.4) * 72;

/** Where the parts of a slip lie, in points: words on the left or on top, beside or below them the QR code and the code. */
interface Place {
  width: number;
  height: number;
  margin: number;
  /** Slips beside and below each other; the rest of the page is its edge. */
  across: number;
  down: number;
  qr: { x: number; y: number; size: number };
  code: { x: number; y: number; width: number; size: number };
  words: { x: number; y: number; width: number; align: 'left' | 'center'; scale: number };
  foot: { x: number; y: number; width: number };
}

/** A4: 27 slips of 60 by 29 mm, to cut along the lines. Rolls: one slip a page, as wide as what the printer reaches. */
const PLACES: Record<SlipSheet['paper'], Place> = {
  a4: {
    width: mm(63),
    height: mm(31),
    margin: mm(2),
    across: 3,
    down: 9,
    qr: { x: mm(1.5), y: mm(1.2), size: mm(22) },
    code: { x: mm(1.5), y: mm(23), width: mm(60), size: 12 },
    words: { x: mm(24.5), y: mm(2), width: mm(37), align: 'left', scale: 1 },
    foot: { x: mm(1.5), y: mm(28.3), width: mm(60) },
  },
  '80': roll(80, 72, 44, 1.45),
  '58': roll(58, 48, 36, 1.2),
};

function roll(paper: number, reach: number, qr: number, scale: number): Place {
  const edge = mm((paper - reach) / 2);
  const width = mm(reach);
  const top = mm(3) + 56 * scale;
  const code = top + mm(qr) + 2;
  return {
    width: mm(paper),
    height: code + 46 * scale + mm(4),
    margin: 0,
    across: 1,
    down: 1,
    qr: { x: mm(paper - qr) / 2, y: top, size: mm(qr) },
    code: { x: edge, y: code, width, size: 13 * scale },
    words: { x: edge, y: mm(3), width, align: 'center', scale },
    foot: { x: edge, y: code + 19 * scale, width },
  };
}

type Doc = InstanceType<typeof Pdf>;
/** The names of the fonts that a page may use, which pdfkit fills as it writes text. */
const fontsOf = (doc: Doc): Record<string, unknown> =>
  (doc.page as unknown as { fonts: Record<string, unknown> }).fonts;
const write = (doc: Doc, operators: string): void => {
  (doc as unknown as { addContent(text: string): void }).addContent(operators);
};

/**
 * Slips as one PDF. What is the same on all of them is laid out once and repeated as drawing operators, and a QR code is a picture of one bit a module, so that
 * most of the time goes into the QR codes: some 2 ms each, with a breath after every few for whatever else the process does.
 * @param drawn is told now and then how many are done
 */
export async function slipPdf(
  sheet: SlipSheet,
  codes: readonly string[],
  drawn: (count: number) => Promise<void> = async () => {},
): Promise<Buffer> {
  const place = PLACES[sheet.paper];
  const size: [number, number] = sheet.paper === 'a4' ? [mm(210), mm(297)] : [place.width, place.height];
  const doc = new Pdf({
    size,
    margin: 0,
    lang: sheet.language,
    autoFirstPage: false,
    info: { Title: sheet.title, Author: sheet.company },
  });
  const whole = collect(doc);
  doc.registerFont('face', printFonts.face).registerFont('bold', printFonts.bold);
  let same: string[] = [];
  let fonts: Record<string, unknown> = {};
  const onPage = place.across * place.down;
  for (const [n, code] of codes.entries()) {
    if (n % onPage === 0) {
      doc.addPage();
      if (n === 0) {
        same = recorded(doc, () => drawSame(doc, sheet, place));
        fonts = { ...fontsOf(doc) };
      } else Object.assign(fontsOf(doc), fonts);
    }
    const [x, y] = cornerOf(n % onPage, place, size);
    doc.save().translate(x, y);
    for (const operators of same) write(doc, operators);
    drawQr(doc, sheet.target(code), place.qr);
    const spelt = grouped(code);
    doc.font('bold').fontSize(fitting(doc.font('bold'), spelt, place.code.size, place.code.width, SMALLEST_CODE));
    doc.fillColor(INK);
    doc.text(spelt, place.code.x, place.code.y, { width: place.code.width, align: 'center', lineBreak: false });
    doc.restore();
    if (n % 8 === 7) await soon();
    if (n % 500 === 499) await drawn(n + 1);
  }
  doc.end();
  return whole;
}

function cornerOf(at: number, place: Place, [width, height]: [number, number]): [number, number] {
  if (place.across === 1) return [0, 0];
  const left = (width - place.across * place.width) / 2;
  const top = (height - place.down * place.height) / 2;
  return [left + (at % place.across) * place.width, top + Math.floor(at / place.across) * place.height];
}

/** What every slip says: whose it is, what it gives, what it costs, how it is used. */
function drawSame(doc: Doc, { company, terms, how, paper }: SlipSheet, place: Place): void {
  const { words, foot, code } = place;
  if (paper === 'a4')
    doc
      .rect(0, 0, place.width, place.height)
      .lineWidth(0.4)
      .dash(2, { space: 2 })
      .strokeColor('#9a9a9a')
      .stroke()
      .undash();
  let y = words.y;
  const line = (text: string, size: number, font: 'face' | 'bold', colour: string): void => {
    if (text === '') return;
    doc
      .font(font)
      .fontSize(fitting(doc, text, size * words.scale, words.width))
      .fillColor(colour);
    doc.text(text, words.x, y, { width: words.width, align: words.align, lineBreak: false });
    y += size * words.scale * 1.22;
  };
  line(company, 9, 'bold', INK);
  line([terms.plan, terms.time].join(', '), 8, 'face', INK);
  line(terms.price, 13, 'bold', INK);
  line(terms.facts, 7, 'face', PALE);
  line(terms.until, 7, 'face', PALE);
  const small = paper === 'a4' ? 5.6 : 6.6 * words.scale;
  const last = paper === 'a4' ? `${how} ${terms.number}` : how;
  doc
    .font('face')
    .fontSize(paper === 'a4' ? fitting(doc, last, small, foot.width) : small)
    .fillColor(PALE);
  doc.text(last, foot.x, foot.y, { width: foot.width, align: 'center', height: place.height - foot.y });
  if (paper !== 'a4')
    doc.text(terms.number, foot.x, doc.y + 1, { width: foot.width, align: 'center', lineBreak: false });
  doc.font('bold').fontSize(code.size);
}

/** The size in which a line fits; not below a part of what was asked for, from where on it is cut off. */
function fitting(doc: Doc, text: string, size: number, width: number, least = 0.5): number {
  const needs = doc.fontSize(size).widthOfString(text);
  return needs <= width ? size : Math.max(size * least, (size * width) / needs - 0.05);
}

/** Runs a drawing and gives its operators instead of having drawn it. They hold no place: drawn again, they stand where the page is then moved to. */
function recorded(doc: Doc, draw: () => void): string[] {
  const kept: string[] = [];
  const page = doc as unknown as { addContent: (text: string) => Doc };
  const real = page.addContent;
  page.addContent = (text) => {
    kept.push(text);
    return doc;
  };
  try {
    draw();
  } finally {
    page.addContent = real;
  }
  return kept;
}

/** A picture of one bit a module, nought for dark, with four light ones around it (ISO/IEC 18004, 9.1); rows are padded to bytes. */
function drawQr(doc: Doc, text: string, { x, y, size }: Place['qr']): void {
  const { count, isDark } = qrModules(text);
  const all = count + 8;
  const bytes = Math.ceil(count / 8);
  const rows: string[] = [];
  for (let row = 0; row < count; row += 1) {
    const bits = Buffer.alloc(bytes, 0xff);
    for (let at = 0; at < count; at += 1) if (isDark(row, at)) bits[at >> 3]! &= ~(0x80 >> (at & 7));
    rows.push(bits.toString('hex'));
  }
  const side = (size * count) / all;
  const edge = (size - side) / 2;
  const n = (value: number) => value.toFixed(3);
  // pdfkit's pages count from the top, so a picture is drawn from its lower edge upwards.
  write(doc, `q 0 g ${n(side)} 0 0 ${n(-side)} ${n(x + edge)} ${n(y + edge + side)} cm`);
  write(doc, `BI /W ${count} /H ${count} /BPC 1 /IM true /F /AHx ID ${rows.join('')}> EI Q`);
}

function collect(doc: Doc): Promise<Buffer> {
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    doc.on('data', (part: Buffer) => parts.push(part));
    doc.on('end', () => resolve(Buffer.concat(parts)));
    doc.on('error', reject);
  });
}
