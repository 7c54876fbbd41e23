import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import radius from 'radius';
import { addText, get } from '.';
import { Code, decodePacket, PacketBuilder } from '../packet';

// An independent codec, used in tests only: it compares authenticators as text and signs CoA wrongly, but reads and writes attributes.
const FOLDER = '/usr/share/freeradius';
const secret = 'testing123';
const CASES = [
  ['User-Name', 'achieng@isp', 'achieng@isp'],
  ['NAS-IP-Address', '10.200.0.2', '10.200.0.2'],
  ['NAS-Port', '15728657', 15728657],
  ['Service-Type', 'Framed-User', 'Framed-User'],
  ['Acct-Status-Type', 'Interim-Update', 'Interim-Update'],
  ['Acct-Input-Octets', '4294967295', 4294967295],
  ['Event-Timestamp', '1767225600', new Date(1767225600_000)],
] as const;
const VENDOR_CASES = [
  ['Mikrotik', 'Mikrotik-Rate-Limit', '5M/10M'],
  ['Mikrotik', 'Mikrotik-Total-Limit', 4000000000],
  ['Mikrotik', 'Mikrotik-Host-IP', '10.5.88.23'],
  ['WISPr', 'WISPr-Redirection-URL', 'http://portal.example/'],
] as const;

beforeAll(() => {
  for (const file of ['dictionary.mikrotik', 'dictionary.wispr']) {
    expect(readFileSync(join(FOLDER, file), 'utf8')).toContain('BEGIN-VENDOR');
    radius.add_dictionary(join(FOLDER, file));
  }
});

test('it reads what we write', () => {
  const builder = PacketBuilder.request(Code.AccountingRequest, 12);
  for (const [name, text] of CASES) expect(addText(builder, name, text)).toBe(true);
  for (const [, name, value] of VENDOR_CASES) expect(addText(builder, name, String(value))).toBe(true);
  const theirs = radius.decode({ packet: builder.seal(Buffer.from(secret)), secret });
  expect(theirs.code).toBe('Accounting-Request');
  for (const [name, , value] of CASES) expect([name, theirs.attributes[name]]).toEqual([name, value]);
  expect(theirs.attributes['Vendor-Specific']).toEqual(
    Object.fromEntries(VENDOR_CASES.map(([, name, value]) => [name, value])),
  );
});

test('we read what it writes, the hidden password included', () => {
  const packet = radius.encode({
    code: 'Access-Request',
    identifier: 3,
    secret,
    attributes: [
      ['User-Name', 'achieng'],
      ['User-Password', 'a password of more than sixteen octets'],
      ['NAS-IP-Address', '10.200.0.2'],
      ...VENDOR_CASES.map(([vendor, name, value]) => ['Vendor-Specific', vendor, [[name, value]]]),
    ],
  });
  const decoded = decodePacket(packet);
  if (decoded.kind === 'malformed') throw new Error(decoded.reason);
  for (const [, name, value] of VENDOR_CASES) expect(get(decoded.packet, name)).toBe(value);
  const ours = PacketBuilder.request(Code.AccessRequest, 3, decoded.packet.authenticator)
    .addUserPassword(Buffer.from('a password of more than sixteen octets'), Buffer.from(secret))
    .seal(Buffer.from(secret));
  expect(ours.subarray(22)).toEqual(decoded.packet.first(0, 2));
});
