import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** RFC 6238 with what every authenticator app takes: SHA-1, 30 seconds, six digits. */
const STEP_S = 30;
const DIGITS = 6;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** 160 random bits, as long as the hash (RFC 4226, section 4, R6), in base32 as apps take it. */
export function newTotpSecret(): string {
  return toBase32(randomBytes(20));
}

/** RFC 4226, section 5.3. */
export function hotp(key: Buffer, counter: number, digits = DIGITS): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac('sha1', key).update(message).digest();
  const offset = (mac.at(-1) ?? 0) & 0x0f;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, '0');
}

/**
 * The time step in which this code is right, or undefined: this one, the one before or the one after (RFC 6238, section 5.2), for clocks differ.
 * @param after the step of the last code that was taken; that one and all before it are refused, so that a code seen over a shoulder is worth nothing
 */
export function totpStep(secret: string, code: string, nowMs: number, after: number): number | undefined {
  const key = fromBase32(secret);
  const now = Math.floor(nowMs / 1000 / STEP_S);
  const given = Buffer.from(code);
  return [now - 1, now, now + 1].find((step) => {
    const right = Buffer.from(hotp(key, step));
    return step > after && given.length === right.length && timingSafeEqual(given, right);
  });
}

/** What the QR code says: the Key URI that authenticator apps read. */
export function totpUri(secret: string, email: string): string {
  const label = encodeURIComponent(`Lango:${email}`);
  return `otpauth://totp/${label}?secret=${secret}&issuer=Lango&algorithm=SHA1&digits=${DIGITS}&period=${STEP_S}`;
}

/** RFC 4648, section 6, without padding. */
export function toBase32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

export function fromBase32(text: string): Buffer {
  const bits = Array.from(text.toUpperCase().replace(/[^A-Z2-7]/g, ''))
    .map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
}
