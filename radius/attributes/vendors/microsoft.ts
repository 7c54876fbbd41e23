import { definitionsOf } from '../definition';

/** Microsoft's enterprise number. */
export const MICROSOFT = 311;

const { integer, octets, secret, string } = definitionsOf(MICROSOFT);

/** Microsoft Vendor-specific RADIUS Attributes (RFC 2548). The answers to a challenge can be guessed at leisure, so they are secret. */
export const MICROSOFT_ATTRIBUTES = {
  'MS-CHAP-Response': secret(1),
  'MS-CHAP-Error': string(2),
  'MS-MPPE-Encryption-Policy': integer(7, { 'Encryption-Allowed': 1, 'Encryption-Required': 2 }),
  'MS-MPPE-Encryption-Types': integer(8, {
    'RC4-40bit-Allowed': 1,
    'RC4-128bit-Allowed': 2,
    'RC4-40or128-bit-Allowed': 6,
  }),
  'MS-CHAP-Domain': string(10),
  'MS-CHAP-Challenge': octets(11),
  'MS-CHAP-MPPE-Keys': secret(12),
  'MS-MPPE-Send-Key': secret(16),
  'MS-MPPE-Recv-Key': secret(17),
  'MS-CHAP2-Response': secret(25),
  'MS-CHAP2-Success': secret(26),
};
