import { hash } from 'node:crypto';
import { HEADER_LENGTH, sealBytes, VENDOR_SPECIFIC } from '../packet';

const USER_PASSWORD = 2;
const TUNNEL_PASSWORD = 69;
const MICROSOFT = 311;
const MS_CHAP_MPPE_KEYS = 12;
const MS_MPPE_SEND_KEY = 16;
const MS_MPPE_RECV_KEY = 17;

/**
 * Carries a request from one shared secret to another, with another identifier, in place. The Request Authenticator of an Access-Request stays, because
 * CHAP and MS-CHAP may be computed over it; those of the other requests and Message-Authenticator are made anew.
 */
export function carryRequest(bytes: Buffer, identifier: number, from: Buffer, to: Buffer): void {
  const authenticator = Buffer.from(bytes.subarray(4, HEADER_LENGTH));
  eachHidden(bytes, (type, start, end) => {
    if (type === 'password') movePassword(bytes.subarray(start, end), authenticator, from, to);
  });
  bytes[1] = identifier;
  sealBytes(bytes, to);
}

/** Carries a reply back in place: to the identifier, authenticator and secret of the request that it answers. `sentAuthenticator` went out with the forwarded one. */
export function carryReply(
  bytes: Buffer,
  identifier: number,
  from: Buffer,
  to: Buffer,
  sentAuthenticator: Buffer,
  authenticator: Buffer,
): void {
  eachHidden(bytes, (type, start, end) => {
    const value = bytes.subarray(start, end);
    if (type === 'salted') moveSalted(value, sentAuthenticator, from, authenticator, to);
    else movePassword(value, sentAuthenticator, from, to, authenticator);
  });
  bytes[1] = identifier;
  sealBytes(bytes, to, authenticator);
}

/** Visits the values that are hidden with the shared secret: User-Password, Tunnel-Password (behind its tag) and the MPPE keys. */
function eachHidden(bytes: Buffer, visit: (type: 'password' | 'salted', start: number, end: number) => void): void {
  let end: number;
  for (let at = HEADER_LENGTH; at < bytes.length; at = end) {
    const type = bytes[at]!;
    end = at + bytes[at + 1]!;
    if (type === USER_PASSWORD) visit('password', at + 2, end);
    else if (type === TUNNEL_PASSWORD && end - at > 3) visit('salted', at + 3, end);
    else if (type === VENDOR_SPECIFIC && end - at >= 8 && bytes.readUInt32BE(at + 2) === MICROSOFT) {
      let next: number;
      for (let sub = at + 6; sub + 2 <= end; sub = next) {
        const length = bytes[sub + 1]!;
        next = sub + length;
        if (length < 2 || next > end) break;
        if (bytes[sub] === MS_MPPE_SEND_KEY || bytes[sub] === MS_MPPE_RECV_KEY) visit('salted', sub + 2, next);
        else if (bytes[sub] === MS_CHAP_MPPE_KEYS) visit('password', sub + 2, next);
      }
    }
  }
}

/** RFC 2865 section 5.2, also of MS-CHAP-MPPE-Keys (RFC 2548 section 2.4.1). A value of another length stays as it is: nobody could read it anyway. */
function movePassword(
  value: Buffer,
  authenticator: Buffer,
  from: Buffer,
  to: Buffer,
  toAuthenticator = authenticator,
): void {
  if (value.length === 0 || value.length % 16 !== 0) return;
  move(value, from, authenticator, to, toAuthenticator);
}

/** RFC 2868 section 3.5, RFC 2548 section 2.4.2: two octets of salt, then blocks of which the first is keyed with authenticator and salt. */
function moveSalted(value: Buffer, authenticator: Buffer, from: Buffer, toAuthenticator: Buffer, to: Buffer): void {
  if (value.length < 18 || (value.length - 2) % 16 !== 0) return;
  const salt = value.subarray(0, 2);
  move(value.subarray(2), from, Buffer.concat([authenticator, salt]), to, Buffer.concat([toAuthenticator, salt]));
}

function move(value: Buffer, from: Buffer, fromFirst: Buffer, to: Buffer, toFirst: Buffer): void {
  let before: Buffer = fromFirst;
  let after: Buffer = toFirst;
  for (let at = 0; at < value.length; at += 16) {
    const block = value.subarray(at, at + 16);
    const old = Buffer.from(block);
    const out = hash('md5', Buffer.concat([from, before]), 'buffer');
    const back = hash('md5', Buffer.concat([to, after]), 'buffer');
    for (let i = 0; i < 16; i += 1) block[i]! ^= out[i]! ^ back[i]!;
    before = old;
    after = block;
  }
}
