import {
  add,
  addBytes,
  addText,
  ATTRIBUTE_NAMES,
  type AttributeName,
  definition,
  get,
  getAll,
  getBytes,
  has,
  HIDDEN,
  listAttributes,
  lookup,
  parseValue,
  renderValue,
  valueName,
  valueNumber,
} from '.';
import { Code, decodePacket, type Packet, PacketBuilder } from '../packet';

const secret = Buffer.from('s3cret');

function build(fill: (builder: PacketBuilder) => void): Packet {
  const builder = PacketBuilder.request(Code.AccountingRequest, 1);
  fill(builder);
  const decoded = decodePacket(builder.seal(secret));
  if (decoded.kind === 'malformed') throw new Error(decoded.reason);
  return decoded.packet;
}

test('each type goes in and comes out', () => {
  const packet = build((b) => {
    add(b, 'User-Name', 'asha@café');
    add(b, 'Class', Buffer.of(0, 255, 1));
    add(b, 'Acct-Input-Octets', 4294967295);
    add(b, 'Event-Timestamp', new Date('2026-01-02T03:04:05Z'));
    add(b, 'Framed-IP-Address', '10.0.0.255');
    add(b, 'Framed-IPv6-Address', '2001:db8::1');
    add(b, 'Delegated-IPv6-Prefix', '2001:db8:42::/48');
    add(b, 'Framed-Interface-Id', '0:0:5efe:a00');
    add(b, 'Mikrotik-Address-List', 'expired');
    add(b, 'Mikrotik-Address-List', 'second');
  });
  expect(get(packet, 'User-Name')).toBe('asha@café');
  expect(get(packet, 'Class')).toEqual(Buffer.of(0, 255, 1));
  expect(get(packet, 'Acct-Input-Octets')).toBe(4294967295);
  expect(get(packet, 'Event-Timestamp')).toEqual(new Date('2026-01-02T03:04:05Z'));
  expect(get(packet, 'Framed-IP-Address')).toBe('10.0.0.255');
  expect(get(packet, 'Framed-IPv6-Address')).toBe('2001:db8::1');
  expect(get(packet, 'Delegated-IPv6-Prefix')).toBe('2001:db8:42::/48');
  expect(get(packet, 'Framed-Interface-Id')).toBe('0000:0000:5efe:0a00');
  expect(getAll(packet, 'Mikrotik-Address-List')).toEqual(['expired', 'second']);
  expect(getAll(packet, 'Reply-Message')).toEqual([]);
  expect([has(packet, 'Class'), has(packet, 'State')]).toEqual([true, false]);
});

test('a value of the wrong length is malformed for lookup and absent for get', () => {
  const packet = build((b) =>
    addBytes(addBytes(b, 'NAS-Port', Buffer.of(1, 2, 3)), 'Delegated-IPv6-Prefix', Buffer.of(0, 64, 1)),
  );
  expect(get(packet, 'NAS-Port')).toBeUndefined();
  expect(getAll(packet, 'NAS-Port')).toEqual([]);
  expect(lookup(packet, 'NAS-Port')).toEqual({ kind: 'malformed', bytes: Buffer.of(1, 2, 3) });
  expect(lookup(packet, 'Delegated-IPv6-Prefix').kind).toBe('malformed');
  expect(lookup(packet, 'Session-Timeout')).toEqual({ kind: 'absent' });
});

test('octets that are no UTF-8 are kept', () => {
  const name = Buffer.from([0x62, 0xff, 0x00, 0x27]);
  const packet = build((b) => addBytes(b, 'User-Name', name));
  expect(getBytes(packet, 'User-Name')).toEqual(name);
  expect(get(packet, 'User-Name')).toBe("b\uFFFD\0'");
});

test('RFC 3162 section 2.3, a prefix may be shorter than 16 octets', () => {
  const packet = build((b) => addBytes(b, 'Framed-IPv6-Prefix', Buffer.from('004020010db800010002', 'hex')));
  expect(get(packet, 'Framed-IPv6-Prefix')).toBe('2001:db8:1:2::/64');
});

test.each([
  ['0:0:0:0:0:0:0:0', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['fe80::', 'fe80::'],
  ['::ffff:10.1.2.3', '::ffff:a01:203'],
])('RFC 5952, %s is written %s', (text, canonical) => {
  expect(
    get(
      build((b) => add(b, 'NAS-IPv6-Address', text)),
      'NAS-IPv6-Address',
    ),
  ).toBe(canonical);
});

test.each<[AttributeName, string]>([
  ['NAS-IP-Address', '10.0.0'],
  ['NAS-IP-Address', '::1'],
  ['NAS-IPv6-Address', 'fe80::1%eth0'],
  ['Delegated-IPv6-Prefix', '2001:db8::/129'],
  ['Delegated-IPv6-Prefix', '2001:db8::'],
  ['Framed-Interface-Id', '1:2:3'],
  ['Session-Timeout', '-1'],
  ['Session-Timeout', '4294967296'],
  ['Session-Timeout', '1.5'],
  ['Acct-Status-Type', 'Begin'],
  ['Event-Timestamp', 'tomorrow'],
])('%s refuses %s', (name, text) => {
  expect(parseValue(name, text)).toBeUndefined();
  expect(addText(PacketBuilder.request(Code.AccessRequest, 1), name, text)).toBe(false);
});

test('text and octets are each other for every attribute that may be shown', () => {
  const examples = {
    string: 'it\'s "so"',
    octets: '0x00ff10',
    integer: '7',
    integer64: '18446744073709551615',
    date: '2026-01-02T03:04:05.000Z',
    ipaddr: '10.20.30.40',
    ipv6addr: '2001:db8::5',
    ipv6prefix: '2001:db8::/32',
    ifid: '0001:0002:0003:0004',
  };
  for (const name of ATTRIBUTE_NAMES) {
    const { vendor, number, type, secret: hidden } = definition(name);
    const bytes = parseValue(name, examples[type])!;
    const shown = renderValue(vendor, number, bytes);
    if (hidden) expect(shown).toBe(HIDDEN);
    else expect(parseValue(name, shown)).toEqual(bytes);
  }
});

test('a packet is listed with names of values, unknown attributes by number, and no credential', () => {
  const packet = build((b) => {
    addText(b, 'acct-status-type', 'Interim-Update');
    addText(b, 'Acct-Terminate-Cause', '99');
    addText(b, 'User-Password', '0x00112233445566778899aabbccddeeff');
    addText(b, 'MS-CHAP2-Response', '0x0000');
    b.add(0, 200, Buffer.of(1)).add(14988, 99, Buffer.of(2)).add(0, 26, Buffer.of(3));
  });
  expect(listAttributes(packet)).toEqual([
    { attribute: 'Acct-Status-Type', value: 'Interim-Update' },
    { attribute: 'Acct-Terminate-Cause', value: '99' },
    { attribute: 'User-Password', value: HIDDEN },
    { attribute: 'MS-CHAP2-Response', value: HIDDEN },
    { attribute: 'Attr-200', value: '0x01' },
    { attribute: 'Attr-26.14988.99', value: '0x02' },
    { attribute: 'Attr-26', value: '0x03' },
  ]);
});

test('enumerations', () => {
  expect(valueNumber('Acct-Terminate-Cause', 'Admin-Reset')).toBe(6);
  expect(valueName('Error-Cause', 503)).toBe('Session-Context-Not-Found');
  expect(valueName('Error-Cause', 999)).toBe('999');
  expect(() => valueNumber('Acct-Terminate-Cause', 'Boredom')).toThrow(RangeError);
});
