import { hash } from 'node:crypto';

/** RFC 2865 section 5.2: a password has at most 128 octets. */
export const MAX_PASSWORD_LENGTH = 128;

/**
 * Hides a password (RFC 2865 section 5.2): padded with zeros to a multiple of 16, then each block is XORed with
 * MD5(secret + previous cipher block), the first with MD5(secret + Request Authenticator). Throws RangeError beyond 128 octets.
 */
export function hidePassword(password: Buffer, secret: Buffer, authenticator: Buffer): Buffer {
  if (password.length > MAX_PASSWORD_LENGTH) throw new RangeError('a RADIUS password has at most 128 octets');
  const hidden = Buffer.alloc(Math.max(16, Math.ceil(password.length / 16) * 16));
  password.copy(hidden);
  let previous = authenticator;
  for (let at = 0; at < hidden.length; at += 16) {
    xorBlock(hidden, at, secret, previous);
    previous = hidden.subarray(at, at + 16);
  }
  return hidden;
}

/**
 * Reveals a hidden password, or undefined when the value has not 16, 32 … 128 octets. All trailing zeros are removed,
 * as some NASes pad by more than one block. A wrong secret yields garbage, never an error.
 */
export function revealPassword(hidden: Buffer, secret: Buffer, authenticator: Buffer): Buffer | undefined {
  if (hidden.length === 0 || hidden.length % 16 !== 0 || hidden.length > MAX_PASSWORD_LENGTH) return undefined;
  const clear = Buffer.from(hidden);
  for (let at = 0; at < clear.length; at += 16) {
    xorBlock(clear, at, secret, at === 0 ? authenticator : hidden.subarray(at - 16, at));
  }
  let end = clear.length;
  while (end > 0 && clear[end - 1] === 0) end--;
  return clear.subarray(0, end);
}

function xorBlock(bytes: Buffer, at: number, secret: Buffer, previous: Buffer): void {
  const key = hash('md5', Buffer.concat([secret, previous]), 'buffer');
  for (let i = 0; i < 16; i++) bytes[at + i]! ^= key[i]!;
}
