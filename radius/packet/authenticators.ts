import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { Code, hasRandomAuthenticator } from './codes';
import { HEADER_LENGTH, MAX_PACKET_LENGTH, type Packet } from './packet';

/** RFC 3579 section 3.2. */
export const MESSAGE_AUTHENTICATOR = 80;
const MESSAGE_AUTHENTICATOR_LENGTH = 18;
const ZEROS = Buffer.alloc(16);

// One buffer for all digests: everything here is synchronous, so nobody else can be using it.
const scratch = Buffer.alloc(MAX_PACKET_LENGTH + 1024);

/**
 * What verification found. Anything but `valid` is a silent discard (RFC 2865 section 3, RFC 5176 section 3.4); the
 * words differ so that a wrong secret can be told from an unsigned packet in the log.
 */
export type Verdict =
  'valid' | 'bad_authenticator' | 'bad_message_authenticator' | 'missing_message_authenticator' | 'wrong_identifier';

export interface VerifyOptions {
  /** `require`: refuse a packet without Message-Authenticator (the cure for BlastRADIUS). Default: checked if present. */
  messageAuthenticator?: 'require' | 'if_present';
}

/**
 * Verifies a request with the secret of its sender, in constant time. An Access-Request without Message-Authenticator
 * is `valid` unless one is required: its authenticator is random and proves nothing. A Status-Server always needs one
 * (RFC 5997 section 3).
 */
export function verifyRequest(request: Packet, secret: Buffer, options?: VerifyOptions): Verdict {
  const { code, bytes } = request;
  const random = hasRandomAuthenticator(code);
  if (!random && !equal(bytes, 4, md5With(bytes, ZEROS, secret))) return 'bad_authenticator';
  const required = options?.messageAuthenticator === 'require' || code === Code.StatusServer;
  return verifyMessageAuthenticator(bytes, random ? request.authenticator : ZEROS, secret, required);
}

/**
 * Verifies a reply against the request it answers, in constant time: identifier, Response Authenticator
 * (RFC 2865 section 3, RFC 2866 section 3, RFC 5176 section 2.3) and Message-Authenticator if present or required.
 */
export function verifyReply(reply: Packet, request: Packet, secret: Buffer, options?: VerifyOptions): Verdict {
  if (reply.identifier !== request.identifier) return 'wrong_identifier';
  if (!equal(reply.bytes, 4, md5With(reply.bytes, request.authenticator, secret))) return 'bad_authenticator';
  const required = options?.messageAuthenticator === 'require';
  const verdict = verifyMessageAuthenticator(reply.bytes, request.authenticator, secret, required);
  // No RFC defines it for an Accounting-Response to an Accounting-Request; FreeRADIUS 3 signs over zeros there.
  if (verdict === 'bad_message_authenticator' && request.code === Code.AccountingRequest) {
    return verifyMessageAuthenticator(reply.bytes, ZEROS, secret, required);
  }
  return verdict;
}

/**
 * Fills in Message-Authenticator (if the packet has a place for one) and the authenticator, in that order, and in
 * place. `requestAuthenticator` is that of the request for a reply, undefined for a request. Right for every code:
 * RFC 3579 section 3.2 (Access), RFC 5176 section 3.4 (CoA and Disconnect, over a zero authenticator), RFC 5997
 * section 3 (Status-Server).
 */
export function sealBytes(bytes: Buffer, secret: Buffer, requestAuthenticator?: Buffer): void {
  const random = requestAuthenticator === undefined && hasRandomAuthenticator(bytes[0]!);
  if (requestAuthenticator !== undefined) requestAuthenticator.copy(bytes, 4);
  else if (!random) bytes.fill(0, 4, HEADER_LENGTH);
  const at = messageAuthenticatorAt(bytes);
  if (at > 0) {
    bytes.fill(0, at, at + 16);
    createHmac('md5', secret).update(bytes).digest().copy(bytes, at);
  }
  if (!random) md5With(bytes, bytes.subarray(4, HEADER_LENGTH), secret).copy(bytes, 4);
}

function verifyMessageAuthenticator(bytes: Buffer, authenticator: Buffer, secret: Buffer, required: boolean): Verdict {
  const at = messageAuthenticatorAt(bytes);
  if (at === ABSENT) return required ? 'missing_message_authenticator' : 'valid';
  if (at === UNUSABLE) return 'bad_message_authenticator';
  const copy = scratch.subarray(0, bytes.length);
  bytes.copy(copy);
  authenticator.copy(copy, 4);
  copy.fill(0, at, at + 16);
  const digest = createHmac('md5', secret).update(copy).digest();
  return equal(bytes, at, digest) ? 'valid' : 'bad_message_authenticator';
}

const ABSENT = -1;
const UNUSABLE = -2;

/** Where the 16 octets of the only Message-Authenticator stand; UNUSABLE if it has another length or there are two. */
function messageAuthenticatorAt(bytes: Buffer): number {
  let found = ABSENT;
  for (let at = HEADER_LENGTH; at < bytes.length; at += bytes[at + 1]!) {
    if (bytes[at] !== MESSAGE_AUTHENTICATOR) continue;
    if (found !== ABSENT || bytes[at + 1] !== MESSAGE_AUTHENTICATOR_LENGTH) return UNUSABLE;
    found = at + 2;
  }
  return found;
}

/** MD5 over the packet with its authenticator field replaced, followed by the secret (RFC 2865 section 3). */
function md5With(bytes: Buffer, authenticator: Buffer, secret: Buffer): Buffer {
  const length = bytes.length + secret.length;
  const input = length <= scratch.length ? scratch : Buffer.alloc(length);
  bytes.copy(input);
  authenticator.copy(input, 4);
  secret.copy(input, bytes.length);
  return hash('md5', input.subarray(0, length), 'buffer');
}

function equal(bytes: Buffer, at: number, digest: Buffer): boolean {
  return timingSafeEqual(bytes.subarray(at, at + 16), digest);
}
