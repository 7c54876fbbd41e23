import { createHash, createHmac } from 'node:crypto';
import {
  Code,
  decodePacket,
  encodeAccountingResponse,
  type Packet,
  PacketBuilder,
  verifyReply,
  verifyRequest,
} from '.';

const secret = Buffer.from('xyzzy5461');

function packetOf(bytes: Buffer | string): Packet {
  const decoded = decodePacket(typeof bytes === 'string' ? Buffer.from(bytes.replace(/\s/g, ''), 'hex') : bytes);
  if (decoded.kind === 'malformed') throw new Error(decoded.reason);
  return decoded.packet;
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

describe('RFC 5997 section 6, Status-Server', () => {
  test.each([
    [
      '6.1, to the authentication port',
      Code.AccessAccept,
      '0cda00268a54f4686fb394c52866e302185d062350125a665e2e1e8411f3e243822097c84fa3',
      '02da0014ef0d552a4bf2d693ec2b6fe8b5411d66',
    ],
    [
      '6.2, to the accounting port',
      Code.AccountingResponse,
      '0cb30026925f6b66dd5fed571fcb1db7ad3882605012e8d6eabda910875cd91fdade26367858',
      '05b300140f6f92145f107e2f504e860a4860669c',
    ],
  ])('section %s', (_name, code, query, response) => {
    const request = packetOf(query);
    expect(verifyRequest(request, secret)).toBe('valid');
    expect(verifyRequest(request, Buffer.from('wrong'))).toBe('bad_message_authenticator');
    const built = PacketBuilder.request(Code.StatusServer, request.identifier, request.authenticator)
      .addMessageAuthenticator()
      .seal(secret);
    expect(built).toEqual(request.bytes);
    const reply = packetOf(response);
    expect(verifyReply(reply, request, secret)).toBe('valid');
    expect(PacketBuilder.reply(request, code).seal(secret)).toEqual(reply.bytes);
  });

  test('section 3: one without Message-Authenticator is refused', () => {
    const bytes = PacketBuilder.request(Code.StatusServer, 1).seal(secret);
    expect(verifyRequest(packetOf(bytes), secret)).toBe('missing_message_authenticator');
  });
});

describe('RFC 2866 section 3, Accounting-Request and -Response', () => {
  const bytes = PacketBuilder.request(Code.AccountingRequest, 77)
    .add(0, 40, Buffer.of(0, 0, 0, 1))
    .add(0, 44, Buffer.from('81300077'))
    .seal(secret);

  test('the authenticator is MD5 over code, id, length, 16 zeros, attributes and secret', () => {
    const zeroed = Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(16), bytes.subarray(20), secret]);
    expect(bytes.subarray(4, 20)).toEqual(createHash('md5').update(zeroed).digest());
    expect(verifyRequest(packetOf(bytes), secret)).toBe('valid');
  });

  test('every single flipped bit is noticed', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const decoded = decodePacket(flipped(bytes, bit));
      if (decoded.kind === 'packet') expect([bit, verifyRequest(decoded.packet, secret)]).not.toEqual([bit, 'valid']);
    }
  });

  test('verification leaves the packet as it was', () => {
    const copy = Buffer.from(bytes);
    verifyRequest(packetOf(copy), secret);
    expect(copy).toEqual(bytes);
  });

  test('the acknowledgement verifies, also with Proxy-State, and a flipped bit in it does not', () => {
    const request = packetOf(bytes);
    const reply = encodeAccountingResponse(request, secret);
    expect(reply.length).toBe(20);
    expect(verifyReply(packetOf(reply), request, secret)).toBe('valid');
    for (let bit = 32; bit < 160; bit++) {
      expect(verifyReply(packetOf(flipped(reply, bit)), request, secret)).toBe('bad_authenticator');
    }
    const proxied = packetOf(
      PacketBuilder.request(Code.AccountingRequest, 5).add(0, 33, Buffer.from('p1')).seal(secret),
    );
    const echo = packetOf(encodeAccountingResponse(proxied, secret));
    expect(echo.first(0, 33)?.toString()).toBe('p1');
    expect(verifyReply(echo, proxied, secret)).toBe('valid');
  });
});

describe('RFC 3579 section 3.2 and RFC 5176 section 3.4, Message-Authenticator', () => {
  const requests = [
    Code.AccessRequest,
    Code.AccountingRequest,
    Code.CoaRequest,
    Code.DisconnectRequest,
    Code.StatusServer,
  ];

  test.each(requests)('code %d: signed over the right authenticator, first or last', (code) => {
    for (const first of [true, false]) {
      const builder = PacketBuilder.request(code, 3);
      if (first) builder.addMessageAuthenticator();
      builder.add(0, 1, Buffer.from('bob'));
      if (!first) builder.addMessageAuthenticator();
      const bytes = builder.seal(secret);
      const at = first ? 22 : bytes.length - 16;
      const base = Buffer.from(bytes).fill(0, at, at + 16);
      if (code !== Code.AccessRequest && code !== Code.StatusServer) base.fill(0, 4, 20);
      expect(bytes.subarray(at, at + 16)).toEqual(createHmac('md5', secret).update(base).digest());
      expect(verifyRequest(packetOf(bytes), secret, { messageAuthenticator: 'require' })).toBe('valid');
    }
  });

  test.each(requests)('code %d: a packet without one is refused when it is required', (code) => {
    const bytes = PacketBuilder.request(code, 3).add(0, 1, Buffer.from('bob')).seal(secret);
    expect(verifyRequest(packetOf(bytes), secret, { messageAuthenticator: 'require' })).toBe(
      'missing_message_authenticator',
    );
  });

  test('an Access-Request altered in any bit is noticed', () => {
    const bytes = PacketBuilder.request(Code.AccessRequest, 3)
      .add(0, 1, Buffer.from('bob'))
      .addMessageAuthenticator()
      .seal(secret);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const decoded = decodePacket(flipped(bytes, bit));
      if (decoded.kind === 'malformed') continue;
      expect([bit, verifyRequest(decoded.packet, secret, { messageAuthenticator: 'require' })]).not.toEqual([
        bit,
        'valid',
      ]);
    }
  });

  test('two of them, or one of another length, are refused', () => {
    const twice = PacketBuilder.request(Code.AccessRequest, 3)
      .addMessageAuthenticator()
      .addMessageAuthenticator()
      .seal(secret);
    expect(verifyRequest(packetOf(twice), secret)).toBe('bad_message_authenticator');
    const short = PacketBuilder.request(Code.AccessRequest, 3).add(0, 80, Buffer.alloc(15)).seal(secret);
    expect(verifyRequest(packetOf(short), secret)).toBe('bad_message_authenticator');
  });

  test.each([
    [Code.AccessRequest, Code.AccessAccept],
    [Code.AccessRequest, Code.AccessReject],
    [Code.AccessRequest, Code.AccessChallenge],
    [Code.CoaRequest, Code.CoaAck],
    [Code.CoaRequest, Code.CoaNak],
    [Code.DisconnectRequest, Code.DisconnectAck],
    [Code.AccountingRequest, Code.AccountingResponse],
    [Code.StatusServer, Code.AccessAccept],
  ])('a reply to code %d with code %d is signed over the Request Authenticator', (code, answer) => {
    const request = packetOf(PacketBuilder.request(code, 200).addMessageAuthenticator().seal(secret));
    const bytes = PacketBuilder.reply(request, answer)
      .addMessageAuthenticator()
      .add(0, 18, Buffer.from('hi'))
      .seal(secret);
    const base = Buffer.from(bytes).fill(0, 22, 38);
    request.authenticator.copy(base, 4);
    expect(bytes.subarray(22, 38)).toEqual(createHmac('md5', secret).update(base).digest());
    const reply = packetOf(bytes);
    expect(verifyReply(reply, request, secret, { messageAuthenticator: 'require' })).toBe('valid');
    const other = packetOf(PacketBuilder.request(code, 201).seal(secret));
    expect(verifyReply(reply, other, secret)).toBe('wrong_identifier');
  });

  test('a forged Message-Authenticator under a right Response Authenticator is noticed', () => {
    const request = packetOf(PacketBuilder.request(Code.AccessRequest, 1).seal(secret));
    const bytes = Buffer.from(PacketBuilder.reply(request, Code.AccessAccept).addMessageAuthenticator().seal(secret));
    bytes[30]! ^= 0x40;
    request.authenticator.copy(bytes, 4);
    createHash('md5').update(bytes).update(secret).digest().copy(bytes, 4);
    expect(verifyReply(packetOf(bytes), request, secret)).toBe('bad_message_authenticator');
  });

  test('FreeRADIUS 3 signs an Accounting-Response over a zero authenticator, which is taken', () => {
    const request = packetOf(PacketBuilder.request(Code.AccountingRequest, 1).seal(secret));
    const bytes = Buffer.from(
      PacketBuilder.reply(request, Code.AccountingResponse).addMessageAuthenticator().seal(secret),
    );
    bytes.fill(0, 4, 20).fill(0, 22, 38);
    createHmac('md5', secret).update(bytes).digest().copy(bytes, 22);
    request.authenticator.copy(bytes, 4);
    createHash('md5').update(bytes).update(secret).digest().copy(bytes, 4);
    expect(verifyReply(packetOf(bytes), request, secret, { messageAuthenticator: 'require' })).toBe('valid');
  });
});
