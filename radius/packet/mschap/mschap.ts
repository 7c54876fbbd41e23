import { hash } from 'node:crypto';
import { desCipher, desKeyFrom56Bits } from './des';
import { md4 } from './md4';

/** RFC 2433 appendix A.3: MD4 of the password in UTF-16LE. 16 octets. */
export function ntPasswordHash(password: string): Buffer {
  return md4(Buffer.from(password, 'utf16le'));
}

/** RFC 2433 appendix A.4: three DES encryptions of an 8-octet challenge under the NT hash padded to 21 octets. 24 octets. */
export function challengeResponse(challenge: Buffer, ntHash: Buffer): Buffer {
  return challengeResponder(ntHash)(challenge);
}

/** challengeResponse for many challenges under one hash: the three key schedules are made once. */
export function challengeResponder(ntHash: Buffer): (challenge: Buffer) => Buffer {
  const padded = Buffer.alloc(21);
  ntHash.copy(padded);
  const ciphers = [0, 7, 14].map((at) => desCipher(desKeyFrom56Bits(padded.subarray(at, at + 7))));
  return (challenge) => Buffer.concat(ciphers.map((encrypt) => encrypt(challenge)));
}

/**
 * The 50-octet value of MS-CHAP-Response (RFC 2548 section 2.1.3): identifier, flags 1 (use the NT response), an empty
 * LAN Manager response, the NT response to an 8-octet challenge.
 */
export function msChapResponse(identifier: number, challenge: Buffer, password: string): Buffer {
  return Buffer.concat([
    Buffer.of(identifier, 1),
    Buffer.alloc(24),
    challengeResponse(challenge, ntPasswordHash(password)),
  ]);
}

/** RFC 2759 section 8.2: the 8-octet challenge of version 2. The user name goes in without its domain. */
export function challengeHash(peerChallenge: Buffer, authenticatorChallenge: Buffer, userName: string): Buffer {
  const input = Buffer.concat([peerChallenge, authenticatorChallenge, Buffer.from(withoutDomain(userName))]);
  return hash('sha1', input, 'buffer').subarray(0, 8);
}

/** RFC 2759 section 8.1: the 24-octet NT response of version 2. */
export function ntResponse(authChallenge: Buffer, peerChallenge: Buffer, userName: string, password: string): Buffer {
  return challengeResponse(challengeHash(peerChallenge, authChallenge, userName), ntPasswordHash(password));
}

/**
 * The 50-octet value of MS-CHAP2-Response (RFC 2548 section 2.3.2): identifier, flags 0, the 16-octet peer challenge,
 * 8 reserved octets, the NT response. `authChallenge` is the 16-octet MS-CHAP-Challenge.
 */
export function msChap2Response(
  identifier: number,
  authChallenge: Buffer,
  peerChallenge: Buffer,
  userName: string,
  password: string,
): Buffer {
  const response = ntResponse(authChallenge, peerChallenge, userName, password);
  return Buffer.concat([Buffer.of(identifier, 0), peerChallenge, Buffer.alloc(8), response]);
}

const MAGIC_1 = Buffer.from('Magic server to client signing constant');
const MAGIC_2 = Buffer.from('Pad to make it do more than one iteration');

/**
 * RFC 2759 section 8.7: what the server must prove it knows, "S=" and 40 hex digits. In RADIUS it stands in
 * MS-CHAP2-Success behind one identifier octet (RFC 2548 section 2.3.3).
 */
export function authenticatorResponse(
  password: string,
  ntResponseValue: Buffer,
  authChallenge: Buffer,
  peerChallenge: Buffer,
  userName: string,
): string {
  const hashHash = md4(ntPasswordHash(password));
  const digest = hash('sha1', Buffer.concat([hashHash, ntResponseValue, MAGIC_1]), 'buffer');
  const challenge = challengeHash(peerChallenge, authChallenge, userName);
  const response = hash('sha1', Buffer.concat([digest, challenge, MAGIC_2]), 'hex');
  return `S=${response.toUpperCase()}`;
}

function withoutDomain(userName: string): string {
  return userName.slice(userName.lastIndexOf('\\') + 1);
}
