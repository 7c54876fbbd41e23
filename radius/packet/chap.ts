import { hash, timingSafeEqual } from 'node:crypto';

/** The value of CHAP-Password (RFC 2865 section 5.3): the CHAP identifier and MD5(identifier + password + challenge) (RFC 1994 section 4.1). */
export function chapPassword(identifier: number, password: Buffer, challenge: Buffer): Buffer {
  const id = Buffer.of(identifier);
  return Buffer.concat([id, hash('md5', Buffer.concat([id, password, challenge]), 'buffer')]);
}

/** Whether a CHAP-Password value was made from `password`; the challenge is CHAP-Challenge or else the Request Authenticator. Constant time. */
export function verifyChapPassword(value: Buffer, password: Buffer, challenge: Buffer): boolean {
  return value.length === 17 && timingSafeEqual(value, chapPassword(value[0]!, password, challenge));
}
