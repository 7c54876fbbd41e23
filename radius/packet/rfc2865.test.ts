import {
  chapPassword,
  Code,
  decodePacket,
  type Packet,
  PacketBuilder,
  revealPassword,
  verifyChapPassword,
  verifyReply,
} from '.';

const secret = Buffer.from('xyzzy5461');

function packetOf(hex: string): Packet {
  const decoded = decodePacket(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
  if (decoded.kind === 'malformed') throw new Error(decoded.reason);
  return decoded.packet;
}

describe('RFC 2865 section 7.1, user telnet to specified host', () => {
  const request = packetOf(`01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be
    70 8d 93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03`);
  const accept = packetOf(`02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00
    00 0e 06 c0 a8 01 03`);

  test('the request is read and its password revealed', () => {
    expect(request.code).toBe(Code.AccessRequest);
    expect(request.identifier).toBe(0);
    expect(request.first(0, 1)?.toString()).toBe('nemo');
    expect(revealPassword(request.first(0, 2)!, secret, request.authenticator)?.toString()).toBe('arctangent');
  });

  test('the request is written byte for byte', () => {
    const built = PacketBuilder.request(Code.AccessRequest, 0, request.authenticator)
      .add(0, 1, Buffer.from('nemo'))
      .addUserPassword(Buffer.from('arctangent'), secret)
      .add(0, 4, Buffer.of(192, 168, 1, 16))
      .add(0, 5, Buffer.of(0, 0, 0, 3))
      .seal(secret);
    expect(built.toString('hex')).toBe(request.bytes.toString('hex'));
  });

  test('the accept is written byte for byte and verified', () => {
    const built = PacketBuilder.reply(request, Code.AccessAccept)
      .add(0, 6, Buffer.of(0, 0, 0, 1))
      .add(0, 15, Buffer.of(0, 0, 0, 0))
      .add(0, 14, Buffer.of(192, 168, 1, 3))
      .seal(secret);
    expect(built.toString('hex')).toBe(accept.bytes.toString('hex'));
    expect(verifyReply(accept, request, secret)).toBe('valid');
    expect(verifyReply(accept, request, Buffer.from('other'))).toBe('bad_authenticator');
  });
});

describe('RFC 2865 section 7.2, framed user authenticating with CHAP', () => {
  const request = packetOf(`01 01 00 47 2a ee 86 f0 8d 0d 55 96 9c a5 97 8e 0d 33 67 a2 01 08 66 6c 6f 70 73 79 03 13 16
    e9 75 57 c3 16 18 58 95 f2 93 ff 63 44 07 72 75 04 06 c0 a8 01 10 05 06 00 00 00 14 06 06 00 00 00 02 07 06 00 00
    00 01`);
  const accept = packetOf(`02 01 00 38 15 ef bc 7d ab 26 cf a3 dc 34 d9 c0 3c 86 01 a4 06 06 00 00 00 02 07 06 00 00 00
    01 08 06 ff ff ff fe 0a 06 00 00 00 02 0d 06 00 00 00 01 0c 06 00 00 05 dc`);

  test('the Request Authenticator serves as the challenge', () => {
    const value = request.first(0, 3)!;
    expect(verifyChapPassword(value, Buffer.from('arctangent'), request.authenticator)).toBe(true);
    expect(verifyChapPassword(value, Buffer.from('arctangenT'), request.authenticator)).toBe(false);
    expect(chapPassword(0x16, Buffer.from('arctangent'), request.authenticator)).toEqual(value);
  });

  test('the accept is verified', () => {
    expect(verifyReply(accept, request, secret)).toBe('valid');
  });
});

describe('RFC 2865 section 3, packet format', () => {
  const good = Buffer.from('0107001a000102030405060708090a0b0c0d0e0f0106616c6578', 'hex');

  test('octets beyond Length are padding', () => {
    const decoded = decodePacket(Buffer.concat([good, Buffer.from('junk')]));
    expect(decoded.kind === 'packet' && decoded.packet.bytes).toEqual(good);
  });

  test.each([
    ['fewer than 20 octets', good.subarray(0, 19), 'too_short'],
    ['nothing', Buffer.alloc(0), 'too_short'],
    ['Length below 20', withLength(good, 19), 'bad_length'],
    ['Length above 4096', withLength(Buffer.alloc(5000, 1), 4097), 'bad_length'],
    ['Length beyond the datagram', withLength(good, 27), 'truncated'],
    ['an attribute that runs over the end', withOctet(good, 21, 7), 'bad_attribute'],
    ['an attribute length of 0, which would loop for ever', withOctet(good, 21, 0), 'bad_attribute'],
    // Read on from there, the rest would be an attribute of length 2.
    [
      'an attribute length of 1',
      withLength(Buffer.concat([good.subarray(0, 20), Buffer.of(1, 1, 2)]), 23),
      'bad_attribute',
    ],
    ['a type without a length', withLength(good.subarray(0, 21), 21), 'bad_attribute'],
  ])('%s is malformed', (_what, bytes, reason) => {
    expect(decodePacket(bytes)).toEqual({ kind: 'malformed', reason });
  });

  test('the longest packet of 4096 octets passes', () => {
    const builder = PacketBuilder.request(Code.AccessRequest, 1);
    for (let i = 0; i < 15; i++) builder.add(0, 25, Buffer.alloc(253, i));
    builder.add(0, 25, Buffer.alloc(4096 - 20 - 15 * 255 - 2));
    expect(() => builder.add(0, 25, Buffer.alloc(0))).toThrow(RangeError);
    const bytes = builder.seal(secret);
    expect(bytes.length).toBe(4096);
    expect(packetOf(bytes.toString('hex')).all(0, 25).length).toBe(16);
  });

  test('a value of 254 octets is refused', () => {
    expect(() => PacketBuilder.request(Code.AccessRequest, 1).add(0, 25, Buffer.alloc(254))).toThrow(RangeError);
    expect(() => PacketBuilder.request(Code.AccessRequest, 1).add(14988, 8, Buffer.alloc(248))).toThrow(RangeError);
  });
});

describe('RFC 2865 section 5.2, User-Password', () => {
  const authenticator = Buffer.from('0123456789abcdef0123456789abcdef', 'hex');

  test.each([0, 1, 15, 16, 17, 64, 127, 128])('a password of %d octets comes back', (length) => {
    const password = Buffer.alloc(length, 'pä');
    const packet = PacketBuilder.request(Code.AccessRequest, 1, authenticator)
      .addUserPassword(password, secret)
      .seal(secret);
    const hidden = packetOf(packet.toString('hex')).first(0, 2)!;
    expect(hidden.length % 16).toBe(0);
    expect(revealPassword(hidden, secret, authenticator)).toEqual(password);
  });

  test('more than 128 octets are refused, and odd lengths are not revealed', () => {
    const builder = PacketBuilder.request(Code.AccessRequest, 1);
    expect(() => builder.addUserPassword(Buffer.alloc(129), secret)).toThrow(RangeError);
    for (const length of [0, 15, 17, 144])
      expect(revealPassword(Buffer.alloc(length), secret, authenticator)).toBeUndefined();
  });
});

describe('RFC 2865 section 5.26, Vendor-Specific', () => {
  test('two sub-attributes in one attribute are both seen', () => {
    const packet = requestWith('00003a8c0803aa0904bbcc');
    expect(visits(packet)).toEqual(['14988/8=aa', '14988/9=bbcc']);
    expect(packet.first(14988, 9)?.toString('hex')).toBe('bbcc');
    expect(packet.has(0, 26)).toBe(false);
    expect(packet.has(311, 8)).toBe(false);
  });

  test.each([
    '00003a8c0804aa',
    '00003a8c0802aa',
    '00003a8c0801',
    '00003a8c080102',
    '00003a8c',
    '00003a8c08',
    '000000000802',
    '0000',
  ])('a value of another shape (%s) stays whole', (value) => {
    const packet = requestWith(value);
    expect(visits(packet)).toEqual([`0/26=${value}`]);
    expect(packet.first(0, 26)?.toString('hex')).toBe(value);
    expect(packet.has(14988, 8)).toBe(false);
  });
});

test('RFC 2865 section 5.33, every Proxy-State is echoed unmodified and in order', () => {
  const bytes = PacketBuilder.request(Code.AccessRequest, 9)
    .add(0, 33, Buffer.from('first'))
    .add(0, 1, Buffer.from('bob'))
    .add(0, 33, Buffer.from('second'))
    .seal(secret);
  const reply = PacketBuilder.reply(packetOf(bytes.toString('hex')), Code.AccessReject).seal(secret);
  expect(packetOf(reply.toString('hex')).all(0, 33).map(String)).toEqual(['first', 'second']);
});

function withOctet(bytes: Buffer, at: number, octet: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = octet;
  return copy;
}

function withLength(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(length, 2);
  return copy;
}

/** An Access-Request of one Vendor-Specific attribute. */
function requestWith(value: string): Packet {
  const bytes = Buffer.concat([Buffer.alloc(22), Buffer.from(value, 'hex')]);
  bytes.set([Code.AccessRequest, 1, 0, bytes.length]);
  bytes.set([26, bytes.length - 20], 20);
  return packetOf(bytes.toString('hex'));
}

function visits(packet: Packet): string[] {
  const seen: string[] = [];
  packet.walk((vendor, type, start, end) => seen.push(`${vendor}/${type}=${packet.bytes.toString('hex', start, end)}`));
  return seen;
}
