import { qrSvg } from './qr';
import { fromBase32, hotp, toBase32, totpStep } from './totp';

describe('one-time codes', () => {
  // RFC 6238, appendix B: the secret is '12345678901234567890', eight digits.
  test.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('RFC 6238: at %i s the code is %s', (seconds, code) => {
    expect(hotp(Buffer.from('12345678901234567890'), Math.floor(seconds / 30), 8)).toBe(code);
  });

  test('RFC 4648 base32, there and back', () => {
    expect(toBase32(Buffer.from('foobar'))).toBe('MZXW6YTBOI');
    expect(fromBase32('mzxw 6ytb oi').toString()).toBe('foobar');
  });

  test('a code is good in its own step and one beside it, and never at or before the last that was taken', () => {
    const secret = toBase32(Buffer.from('12345678901234567890'));
    const now = 1_234_567_890_000;
    const step = Math.floor(now / 30_000);
    const code = hotp(fromBase32(secret), step);
    expect(totpStep(secret, code, now, 0)).toBe(step);
    expect(totpStep(secret, code, now + 30_000, 0)).toBe(step);
    expect(totpStep(secret, code, now + 60_000, 0)).toBeUndefined();
    expect(totpStep(secret, code, now, step)).toBeUndefined();
    expect(totpStep(secret, '', now, 0)).toBeUndefined();
  });

  test('the QR code is drawn within the page policy', () => {
    expect(qrSvg('otpauth://totp/x')).toMatch(/^<svg [^>]*viewBox="0 0 \d+ \d+"/);
    expect(qrSvg('otpauth://totp/x')).not.toMatch(/style|script/);
  });
});
