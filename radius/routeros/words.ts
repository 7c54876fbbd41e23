/**
 * The framing of the RouterOS API: a sentence is words with their lengths before them, ended by a word of no length. Lengths take one to
 * five bytes, the first of which tells how many. Text is UTF-8.
 */

/** The largest word taken from a router; more is no answer of ours and would only fill the memory. */
const LONGEST_WORD = 16 * 1024 * 1024;

/** One sentence as the octets that go out, in one piece: word by word they would meet Nagle's delay. */
export function encodeSentence(words: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (const word of words) {
    const bytes = Buffer.from(word, 'utf8');
    parts.push(encodeLength(bytes.length), bytes);
  }
  parts.push(Buffer.of(0));
  return Buffer.concat(parts);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  if (length < 0x4000) return Buffer.of((length >> 8) | 0x80, length & 0xff);
  if (length < 0x200000) return Buffer.of((length >> 16) | 0xc0, (length >> 8) & 0xff, length & 0xff);
  if (length < 0x10000000)
    return Buffer.of((length >> 24) | 0xe0, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
  const whole = Buffer.alloc(5, 0xf0);
  whole.writeUInt32BE(length, 1);
  return whole;
}

/** Puts sentences together from octets that come in any pieces. */
export class SentenceReader {
  private rest: Buffer = Buffer.alloc(0);
  private words: string[] = [];

  /** The sentences that are whole now. @throws Error when the octets are none of this protocol */
  push(chunk: Buffer): string[][] {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const sentences: string[][] = [];
    for (let at = 0; ;) {
      const length = decodeLength(this.rest, at);
      if (length === undefined || this.rest.length < at + length.bytes + length.value) {
        this.rest = this.rest.subarray(at);
        return sentences;
      }
      at += length.bytes;
      if (length.value > 0) {
        this.words.push(this.rest.toString('utf8', at, at + length.value));
        at += length.value;
      } else if (this.words.length > 0) {
        sentences.push(this.words);
        this.words = [];
      }
    }
  }
}

function decodeLength(bytes: Buffer, at: number): { value: number; bytes: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first >= 0xf8) throw new Error('this is not the RouterOS API: a word begins with a reserved length');
  const more = first < 0x80 ? 0 : first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes.length < at + 1 + more) return undefined;
  let value = more === 4 ? 0 : first & (0xff >> (more === 0 ? 1 : more + 1));
  for (let n = 1; n <= more; n++) value = value * 256 + (bytes[at + n] ?? 0);
  if (value > LONGEST_WORD) throw new Error(`this is not the RouterOS API: a word of ${value} octets`);
  return { value, bytes: 1 + more };
}
