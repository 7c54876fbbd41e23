import { hash } from 'node:crypto';
import { md4 } from './md4';
import { ntPasswordHash } from './mschap';

const MAGIC_1 = Buffer.from('This is the MPPE Master Key');
const MAGIC_2 = Buffer.from('On the client side, this is the send key; on the server side, it is the receive key.');
const MAGIC_3 = Buffer.from('On the client side, this is the receive key; on the server side, it is the send key.');
const SHA_PAD_1 = Buffer.alloc(40, 0x00);
const SHA_PAD_2 = Buffer.alloc(40, 0xf2);

/** RFC 3079 section 3.4, GetMasterKey. 16 octets. */
export function mppeMasterKey(password: string, ntResponse: Buffer): Buffer {
  const hashHash = md4(ntPasswordHash(password));
  return hash('sha1', Buffer.concat([hashHash, ntResponse, MAGIC_1]), 'buffer').subarray(0, 16);
}

/** RFC 3079 section 3.4, GetAsymmetricStartKey for 128 bits, from the server's side: its send key and its receive key, 16 octets each. */
export function mppeServerKeys(masterKey: Buffer): { send: Buffer; receive: Buffer } {
  const key = (magic: Buffer) =>
    hash('sha1', Buffer.concat([masterKey, SHA_PAD_1, magic, SHA_PAD_2]), 'buffer').subarray(0, 16);
  return { send: key(MAGIC_3), receive: key(MAGIC_2) };
}

/**
 * Opens MS-MPPE-Send-Key or MS-MPPE-Recv-Key (RFC 2548 section 2.4.2), which the reply carries salted and hidden with the
 * secret and the authenticator of the request. Undefined when the value is malformed or its length octet does not fit.
 */
export function openMppeKey(value: Buffer, secret: Buffer, requestAuthenticator: Buffer): Buffer | undefined {
  if (value.length < 18 || (value.length - 2) % 16 !== 0) return undefined;
  const hidden = value.subarray(2);
  const clear = Buffer.from(hidden);
  let previous: Buffer = Buffer.concat([requestAuthenticator, value.subarray(0, 2)]);
  for (let at = 0; at < clear.length; at += 16) {
    const key = hash('md5', Buffer.concat([secret, previous]), 'buffer');
    for (let i = 0; i < 16; i++) clear[at + i]! ^= key[i]!;
    previous = hidden.subarray(at, at + 16);
  }
  const length = clear[0]!;
  return length < clear.length ? clear.subarray(1, 1 + length) : undefined;
}
