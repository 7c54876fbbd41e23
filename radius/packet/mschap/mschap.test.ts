import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { desCipher, desKeyFrom56Bits } from './des';
import { md4 } from './md4';
import { mppeMasterKey, mppeServerKeys, openMppeKey } from './mppe';
import {
  authenticatorResponse,
  challengeHash,
  challengeResponse,
  msChap2Response,
  msChapResponse,
  ntPasswordHash,
  ntResponse,
} from './mschap';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

test.each([
  ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
  ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
  ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
  ['message digest', 'd9130a8164549fe818874806e1c7014b'],
  ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
  [
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
    'e33b4ddc9c38f2199c3e7b164fcc0536',
  ],
])('RFC 1320 appendix A.5, MD4 of "%s"', (text, digest) => {
  expect(md4(Buffer.from(text)).toString('hex')).toBe(digest);
});

test('DES agrees with triple DES under three equal keys, which OpenSSL still has', () => {
  for (let i = 0; i < 200; i++) {
    const key = randomBytes(8);
    const block = randomBytes(8);
    const cipher = createCipheriv('des-ede3', Buffer.concat([key, key, key]), null).setAutoPadding(false);
    expect(desCipher(key)(block)).toEqual(Buffer.concat([cipher.update(block), cipher.final()]));
  }
});

test('RFC 2759 section 9.3, DES keys with parity: the bits are the same, the parity is left 0', () => {
  const masked = (key: string) => hex(key).map((octet) => octet & 0xfe);
  expect([...desKeyFrom56Bits(hex('FC156AF7EDCD6C'))]).toEqual([...masked('FD0B5B5E7F6E34D9')]);
  expect([...desKeyFrom56Bits(hex('0EDDE3337D427F'))]).toEqual([...masked('0E6E796737EA08FE')]);
});

test('RFC 2433 appendix B, MS-CHAPv1 response to 10 2D B5 DF 08 5D 30 41 with "MyPw"', () => {
  const challenge = hex('10 2D B5 DF 08 5D 30 41');
  const expected = hex('4E 9D 3C 8F 9C FD 38 5D 5B F4 D3 24 67 91 95 6C A4 C3 51 AB 40 9A 3D 61');
  expect(challengeResponse(challenge, ntPasswordHash('MyPw'))).toEqual(expected);
  const value = msChapResponse(7, challenge, 'MyPw');
  expect(value.length).toBe(50);
  expect(value.subarray(0, 2)).toEqual(Buffer.of(7, 1));
  expect(value.subarray(26)).toEqual(expected);
});

describe('RFC 2759 section 9.2, MS-CHAPv2 of User with clientPass', () => {
  const authChallenge = hex('5B 5D 7C 7D 7B 3F 2F 3E 3C 2C 60 21 32 26 26 28');
  const peerChallenge = hex('21 40 23 24 25 5E 26 2A 28 29 5F 2B 3A 33 7C 7E');
  const response = hex('82 30 9E CD 8D 70 8B 5E A0 8F AA 39 81 CD 83 54 42 33 11 4A 3D 85 D6 DF');

  test('challenge, password hash and response', () => {
    expect(challengeHash(peerChallenge, authChallenge, 'User')).toEqual(hex('D0 2E 43 86 BC E9 12 26'));
    expect(ntPasswordHash('clientPass')).toEqual(hex('44 EB BA 8D 53 12 B8 D6 11 47 44 11 F5 69 89 AE'));
    expect(ntResponse(authChallenge, peerChallenge, 'User', 'clientPass')).toEqual(response);
  });

  test('the domain of a Windows name takes no part (section 4)', () => {
    expect(ntResponse(authChallenge, peerChallenge, 'BIGCO\\User', 'clientPass')).toEqual(response);
  });

  test('the authenticator response', () => {
    expect(authenticatorResponse('clientPass', response, authChallenge, peerChallenge, 'User')).toBe(
      'S=407A5589115FD0D6209F510FE9C04566932CDA56',
    );
  });

  test('RFC 2548 section 2.3.2, the attribute value', () => {
    const value = msChap2Response(9, authChallenge, peerChallenge, 'User', 'clientPass');
    expect(value).toEqual(Buffer.concat([Buffer.of(9, 0), peerChallenge, Buffer.alloc(8), response]));
  });

  test('RFC 3079 section 3.5.3, MPPE keys', () => {
    const master = mppeMasterKey('clientPass', response);
    expect(master).toEqual(hex('FD EC E3 71 7A 8C 83 8C B3 88 E5 27 AE 3C DD 31'));
    expect(mppeServerKeys(master).send).toEqual(hex('8B 7C DC 14 9B 99 3A 1B A1 18 CB 15 3F 56 DC CB'));
  });
});

test('RFC 2548 section 2.4.2, a salted MPPE key is opened', () => {
  const secret = Buffer.from('testing123');
  const authenticator = randomBytes(16);
  const key = randomBytes(16);
  const salt = Buffer.of(0x80, 0x01);
  const clear = Buffer.concat([Buffer.of(16), key, Buffer.alloc(15)]);
  let previous: Buffer = Buffer.concat([authenticator, salt]);
  const hidden = Buffer.alloc(32);
  for (let at = 0; at < 32; at += 16) {
    const mask = createHash('md5').update(secret).update(previous).digest();
    for (let i = 0; i < 16; i++) hidden[at + i] = clear[at + i]! ^ mask[i]!;
    previous = hidden.subarray(at, at + 16);
  }
  const value = Buffer.concat([salt, hidden]);
  expect(openMppeKey(value, secret, authenticator)).toEqual(key);
  expect(openMppeKey(value.subarray(1), secret, authenticator)).toBeUndefined();
});
