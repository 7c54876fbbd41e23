import { createHash } from 'node:crypto';
import type { Dice } from '../dice';

/** A packet with one to four faults: cut off, grown, a wrong length, a wrong type, flipped octets. */
export function mutate(original: Buffer, dice: Dice): Buffer {
  let bytes = Buffer.from(original);
  for (let i = dice.between(1, 4); i > 0; i--) {
    switch (dice.between(0, 6)) {
      case 0:
        bytes = bytes.subarray(0, dice.between(0, bytes.length));
        break;
      case 1:
        bytes = Buffer.concat([bytes, Buffer.alloc(dice.between(0, 300), dice.between(0, 255))]);
        break;
      case 2:
        if (bytes.length > 4) bytes.writeUInt16BE(dice.between(0, 65_535), 2);
        break;
      case 3:
        if (bytes.length > 22) bytes[dice.between(20, bytes.length - 1)] = dice.pick([0, 1, 26, 255]);
        break;
      case 4:
        if (bytes.length > 0) bytes[dice.between(0, bytes.length - 1)] = dice.between(0, 255);
        break;
      default:
        if (bytes.length > 30)
          bytes.fill(dice.between(0, 255), dice.between(20, bytes.length - 4), bytes.length - dice.between(0, 3));
    }
  }
  return bytes;
}

/**
 * Signs a mutated packet as if it were right (RFC 2866 section 3, RFC 5176 section 2.3), so that it passes the first
 * check and its content is read. `asked`: the authenticator of the request, when it is a reply.
 */
export function resign(bytes: Buffer, secret: Buffer, code: number, asked: Buffer = Buffer.alloc(16)): Buffer {
  if (bytes.length < 20 || bytes.length > 4096) return bytes;
  const signed = Buffer.from(bytes);
  signed[0] = code;
  signed.writeUInt16BE(signed.length, 2);
  asked.copy(signed, 4);
  createHash('md5').update(signed).update(secret).digest().copy(signed, 4);
  return signed;
}
