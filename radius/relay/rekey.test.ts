import { hash, randomBytes } from 'node:crypto';
import {
  Code,
  decodePacket,
  openMppeKey,
  type Packet,
  PacketBuilder,
  revealPassword,
  verifyReply,
  verifyRequest,
} from '../packet';
import { carryReply, carryRequest } from './rekey';

const near = Buffer.from('radsec');
const inner = Buffer.from('between-the-front-and-freeradius');

/** Hides as RFC 2868 section 3.5 and RFC 2548 section 2.4.2 say; the reverse stands in radius/packet. */
function salted(clear: Buffer, secret: Buffer, authenticator: Buffer): Buffer {
  const salt = randomBytes(2);
  salt[0]! |= 0x80;
  const padded = Buffer.alloc(Math.ceil((clear.length + 1) / 16) * 16);
  padded[0] = clear.length;
  clear.copy(padded, 1);
  let previous: Buffer = Buffer.concat([authenticator, salt]);
  for (let at = 0; at < padded.length; at += 16) {
    const key = hash('md5', Buffer.concat([secret, previous]), 'buffer');
    for (let i = 0; i < 16; i += 1) padded[at + i]! ^= key[i]!;
    previous = padded.subarray(at, at + 16);
  }
  return Buffer.concat([salt, padded]);
}

const packetOf = (bytes: Buffer): Packet => {
  const decoded = decodePacket(bytes);
  if (decoded.kind === 'malformed') throw new Error(decoded.reason);
  return decoded.packet;
};

describe('from one shared secret to another', () => {
  it.each([0, 1, 15, 16, 17, 40, 128])('a password of %i octets is the same, and the request is signed', (length) => {
    const password = Buffer.from('p'.repeat(length));
    const request = PacketBuilder.request(Code.AccessRequest, 7).add(0, 1, Buffer.from('bob'));
    const sent = request.addUserPassword(password, near).addMessageAuthenticator().seal(near);
    const before = Buffer.from(sent.subarray(4, 20));
    carryRequest(sent, 200, near, inner);
    const carried = packetOf(sent);
    expect(verifyRequest(carried, inner, { messageAuthenticator: 'require' })).toBe('valid');
    expect(verifyRequest(carried, near)).not.toBe('valid');
    // CHAP may be computed over it.
    expect(carried.authenticator).toEqual(before);
    expect(carried.identifier).toBe(200);
    expect(revealPassword(carried.first(0, 2)!, inner, carried.authenticator)).toEqual(password);
  });

  it('an accounting request proves its sender anew, and everything else in it stays', () => {
    const sent = PacketBuilder.request(Code.AccountingRequest, 3)
      .add(0, 44, Buffer.from('8100000a'))
      .add(14988, 8, Buffer.from('1M/2M'))
      .seal(near);
    const attributes = Buffer.from(sent.subarray(20));
    carryRequest(sent, 99, near, inner);
    expect(verifyRequest(packetOf(sent), inner)).toBe('valid');
    expect(sent.subarray(20)).toEqual(attributes);
  });

  it('keys and passwords of a reply open with the secret and authenticator of the other side', () => {
    const request = packetOf(PacketBuilder.request(Code.AccessRequest, 5).seal(near));
    const asked = packetOf(PacketBuilder.request(Code.AccessRequest, 77).seal(inner));
    const [send, receive, tunnel] = [
      randomBytes(32),
      randomBytes(16),
      Buffer.from('tunnel secret of more than one block'),
    ];
    const reply = PacketBuilder.reply(asked, Code.AccessAccept)
      .addMessageAuthenticator()
      .add(311, 16, salted(send, inner, asked.authenticator))
      .add(0, 69, Buffer.concat([Buffer.of(1), salted(tunnel, inner, asked.authenticator)]))
      .add(311, 17, salted(receive, inner, asked.authenticator))
      .add(14988, 8, Buffer.from('5M/5M'))
      .seal(inner);
    carryReply(reply, request.identifier, inner, near, asked.authenticator, request.authenticator);
    const back = packetOf(reply);
    expect(verifyReply(back, request, near, { messageAuthenticator: 'require' })).toBe('valid');
    const open = (value: Buffer) => openMppeKey(value, near, request.authenticator);
    expect(open(back.first(311, 16)!)).toEqual(send);
    expect(open(back.first(311, 17)!)).toEqual(receive);
    expect(back.first(0, 69)![0]).toBe(1);
    expect(open(back.first(0, 69)!.subarray(1))).toEqual(tunnel);
    expect(back.first(14988, 8)).toEqual(Buffer.from('5M/5M'));
  });

  it('values of an impossible length are left alone, and nothing is read beyond the packet', () => {
    const builder = PacketBuilder.request(Code.AccessRequest, 1)
      .add(0, 2, Buffer.alloc(15, 7))
      .add(0, 69, Buffer.of(1));
    for (const length of [1, 6, 17, 19])
      builder.add(0, 26, Buffer.concat([Buffer.from([0, 0, 1, 0x37, 16]), randomBytes(length)]));
    const sent = builder.seal(near);
    const attributes = Buffer.from(sent.subarray(20));
    carryRequest(sent, 1, near, inner);
    expect(sent.subarray(20, 40)).toEqual(attributes.subarray(0, 20));
    expect(sent.length).toBe(attributes.length + 20);
  });
});
