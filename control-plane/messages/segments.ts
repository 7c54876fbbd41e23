/** The basic set of GSM 03.38; each letter is one septet. */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** Its extension table: an escape before each, so two septets. */
const EXTENDED = new Set('\f^{}\\[~]|€');

/** What an SMS is made of when it is sent. */
export interface Segments {
  encoding: 'gsm7' | 'ucs2';
  /** Septets, or UTF-16 units. */
  units: number;
  segments: number;
  /** Letters that made it UCS-2, each once. */
  costly: string[];
}

/**
 * How many SMS a text becomes. 160 septets in one, 153 in each of several; 70 and 67 UTF-16 units where a letter is not in GSM-7. A two-unit letter
 * is never cut in half at the end of a segment, nor an escape from what it escapes.
 */
export function countSegments(text: string): Segments {
  const letters = Array.from(text);
  const costly = [...new Set(letters.filter((one) => !BASIC.has(one) && !EXTENDED.has(one)))];
  const gsm = costly.length === 0;
  const sizes = letters.map((one) => (gsm ? (EXTENDED.has(one) ? 2 : 1) : one.length));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const [alone, each] = gsm ? [160, 153] : [70, 67];
  let segments = text === '' ? 0 : 1;
  if (units > alone) {
    let room = each;
    for (const size of sizes) {
      if (size > room) {
        segments += 1;
        room = each;
      }
      room -= size;
    }
  }
  return { encoding: gsm ? 'gsm7' : 'ucs2', units, segments, costly };
}

const PLAIN: Record<string, string> = {
  '‘': "'",
  '’': "'",
  '‚': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '–': '-',
  '—': '-',
  '−': '-',
  '…': '...',
  '\u00a0': ' ',
  '\u2009': ' ',
  '\u202f': ' ',
  '\u200b': '',
  '\ufeff': '',
  '\t': ' ',
  '`': "'",
};

/** The same text in letters that an SMS has at no extra price: typographic quotes, dashes and blanks become plain ones. Nothing else is changed. */
export function plainLetters(text: string): string {
  return text
    .replace(/[‘’‚“”„–—−…\u00a0\u2009\u202f\u200b\ufeff\t`]/g, (one) => PLAIN[one] ?? one)
    .replace(/\r\n?/g, '\n');
}
