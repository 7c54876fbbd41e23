/**
 * DES encryption of single blocks (FIPS 46-3), which OpenSSL 3 no longer offers and MS-CHAP needs (RFC 2433 appendix
 * A.4). Not for anything else. The key schedule, which is most of the work, is made once. Bits are counted from 1 at
 * the left, as in the standard.
 */
export function desCipher(key: Buffer): (block: Buffer) => Buffer {
  const subkeys = keySchedule(key);
  return (block) => encryptBlock(block, subkeys);
}

function encryptBlock(block: Buffer, subkeys: Uint8Array[]): Buffer {
  const input = permute(block, INITIAL);
  let left = input.readInt32BE(0);
  let right = input.readInt32BE(4);
  for (let round = 0; round < 16; round++) {
    const next = left ^ feistel(right, subkeys[round]!);
    left = right;
    right = next;
  }
  const output = Buffer.alloc(8);
  output.writeInt32BE(right, 0);
  output.writeInt32BE(left, 4);
  return permute(output, FINAL);
}

/** Spreads 7 octets over 8, leaving the parity bits 0 (DES ignores them). RFC 2433 calls this adding parity. */
export function desKeyFrom56Bits(bits: Buffer): Buffer {
  const key = Buffer.alloc(8);
  for (let i = 0; i < 8; i++) {
    const pair = ((i > 0 ? bits[i - 1]! : 0) << 8) | (i < 7 ? bits[i]! : 0);
    key[i] = ((pair >> (i + 1)) & 0x7f) << 1;
  }
  return key;
}

// prettier-ignore
const INITIAL = [
  58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
  57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];
const FINAL = INITIAL.map((_, bit) => INITIAL.indexOf(bit + 1) + 1);
// prettier-ignore
const CHOICE_1 = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
// prettier-ignore
const CHOICE_2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
  41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
// prettier-ignore
const P = [16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25];
const ROTATIONS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/** The eight selection functions, four rows of 16 hex digits each. */
const S = [
  'e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d',
  'f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9',
  'a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c',
  '7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e',
  '2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453',
  'c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d',
  '4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c',
  'd2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b',
];
// Selection and P combined: 32 output bits for each box and each of its 64 inputs.
const SP = S.map((box, index) => Int32Array.from({ length: 64 }, (_, six) => selectAndPermute(box, index, six)));

function selectAndPermute(box: string, index: number, six: number): number {
  const row = ((six >> 4) & 2) | (six & 1);
  const nibble = parseInt(box[row * 16 + ((six >> 1) & 15)]!, 16);
  const word = nibble << (28 - 4 * index);
  return P.reduce((out, from, to) => out | (((word >>> (32 - from)) & 1) << (31 - to)), 0);
}

function feistel(right: number, subkey: Uint8Array): number {
  // Turned right by one, the expansion E is eight windows of six bits, four bits apart.
  const turned = (right >>> 1) | (right << 31);
  let out = 0;
  for (let box = 0; box < 7; box++) out |= SP[box]![((turned >>> (26 - 4 * box)) & 63) ^ subkey[box]!]!;
  return out | SP[7]![(((turned << 2) | (turned >>> 30)) & 63) ^ subkey[7]!]!;
}

function keySchedule(key: Buffer): Uint8Array[] {
  const bits = CHOICE_1.map((from) => bitOf(key, from));
  let c = bits.slice(0, 28);
  let d = bits.slice(28);
  return ROTATIONS.map((by) => {
    c = [...c.slice(by), ...c.slice(0, by)];
    d = [...d.slice(by), ...d.slice(0, by)];
    const both = [...c, ...d];
    const subkey = new Uint8Array(8);
    CHOICE_2.forEach((from, to) => (subkey[Math.floor(to / 6)]! |= both[from - 1]! << (5 - (to % 6))));
    return subkey;
  });
}

function permute(input: Buffer, table: readonly number[]): Buffer {
  const output = Buffer.alloc(table.length / 8);
  table.forEach((from, to) => (output[to >> 3]! |= bitOf(input, from) << (7 - (to & 7))));
  return output;
}

function bitOf(bytes: Buffer, bit: number): number {
  return (bytes[(bit - 1) >> 3]! >> (7 - ((bit - 1) & 7))) & 1;
}
