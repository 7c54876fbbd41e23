import { Code, PacketBuilder } from '../packet';
import { Framing } from './framing';

const secret = Buffer.from('radsec');
const packets = Array.from({ length: 40 }, (_, id) =>
  PacketBuilder.request(Code.AccessRequest, id)
    .add(0, 1, Buffer.from('u'.repeat(1 + (id % 60))))
    .seal(secret),
);

function takeAll(framing: Framing): Buffer[] {
  const taken: Buffer[] = [];
  for (let frame = framing.take(); frame.kind === 'packet'; frame = framing.take()) taken.push(frame.bytes);
  return taken;
}

describe('RFC 6613 section 2.6.4: packets in a stream', () => {
  const stream = Buffer.concat(packets);

  it.each([1, 2, 3, 5, 19, 20, 21, 97, 4096, stream.length])('are found in pieces of %i octets', (size) => {
    const framing = new Framing();
    const taken: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) {
      framing.give(stream.subarray(at, at + size));
      taken.push(...takeAll(framing));
    }
    expect(taken).toEqual(packets);
    expect(framing.length).toBe(0);
  });

  it('stay as they were when the stream goes on', () => {
    const framing = new Framing();
    const chunk = Buffer.from(packets[0]!);
    framing.give(chunk);
    const taken = takeAll(framing);
    chunk.fill(0);
    expect(taken).toEqual([packets[0]]);
  });

  it.each([0, 19, 4097, 65_535])('with a length of %i end it', (length) => {
    const framing = new Framing();
    const head = Buffer.from([1, 1, length >> 8, length & 0xff]);
    framing.give(head);
    expect(framing.take()).toEqual({ kind: 'broken' });
  });

  it('are waited for', () => {
    const framing = new Framing();
    framing.give(packets[3]!.subarray(0, 3));
    expect(framing.take()).toEqual({ kind: 'partial' });
    framing.give(packets[3]!.subarray(3, 20));
    expect(framing.take()).toEqual({ kind: 'partial' });
    framing.give(packets[3]!.subarray(20));
    expect(framing.take()).toEqual({ kind: 'packet', bytes: packets[3] });
  });
});
