import { alphabet } from './schema';

/**
 * The character that makes a code whole: the sum of its characters, each multiplied by another power of a primitive element of GF(32). Every single wrong
 * character and every swap of two neighbours changes it, as long as a code has at most 31 of them. Characters outside the alphabet (of a prefix) count as
 * their place in the larger one, so two of them may look alike to it.
 */
export function checkCharacter(code: string): string {
  let sum = 0;
  let power = 1;
  for (let at = code.length - 1; at >= 0; at -= 1) {
    power = times(power, 2);
    sum ^= times(valueOf(code[at]!), power);
  }
  return alphabet[sum]!;
}

/** Whether the last character is the one that those before it make. */
export const isWhole = (code: string): boolean => code.length > 1 && checkCharacter(code.slice(0, -1)) === code.at(-1);

/** I, O, 1 and 0 are read as what they look like in print. */
const LIKE: Record<string, string> = { I: 'J', O: 'Q', '1': 'L', '0': 'D' };
const valueOf = (letter: string): number => Math.max(0, alphabet.indexOf(LIKE[letter] ?? letter));

/** Product in GF(32), modulo x^5 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 5; bit += 1) if ((b >> bit) & 1) product ^= a << bit;
  for (let bit = 8; bit >= 5; bit -= 1) if ((product >> bit) & 1) product ^= 0b100101 << (bit - 5);
  return product;
}
