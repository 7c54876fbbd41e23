import { ATTRIBUTE_NAMES, get, getAll, listAttributes, lookup } from '../attributes';
import { decodePacket, encodeAccountingResponse, revealPassword, verifyReply, verifyRequest } from '../packet';
import { encodeSample, SAMPLES } from './samples';

const secret = Buffer.from('testing123');
const ROUNDS = 100_000;

/** A small generator with a seed, so that a failure can be repeated (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function mutate(original: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(original);
  for (let i = 1 + random(4); i > 0; i--) {
    switch (random(6)) {
      case 0:
        bytes = bytes.subarray(0, random(bytes.length + 1));
        break;
      case 1:
        bytes = Buffer.concat([bytes, Buffer.alloc(random(40), random(256))]);
        break;
      case 2:
        if (bytes.length > 4) bytes.writeUInt16BE(random(3) === 0 ? random(65536) : bytes.length, 2);
        break;
      case 3:
        if (bytes.length > 22) bytes[20 + random(bytes.length - 20)] = random(3) === 0 ? 0 : 26;
        break;
      case 4:
        if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
        break;
      default:
        if (bytes.length > 4 && bytes.length < 4096) bytes.writeUInt16BE(bytes.length, 2);
    }
  }
  return bytes;
}

test(`${ROUNDS} mutated packets are read, verified and shown without throwing`, () => {
  const random = seeded(20261121);
  const samples = Object.values(SAMPLES).map((sample, i) => encodeSample(sample, i, secret));
  const names = ATTRIBUTE_NAMES;
  const reference = decodePacket(samples[0]!);
  if (reference.kind === 'malformed') throw new Error('a sample does not decode');
  const seen = { packet: 0, malformed: 0, valid: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const decoded = decodePacket(mutate(samples[random(samples.length)]!, random));
    seen[decoded.kind]++;
    if (decoded.kind === 'malformed') continue;
    const { packet } = decoded;
    if (verifyRequest(packet, secret, { messageAuthenticator: 'require' }) === 'valid') seen.valid++;
    verifyReply(packet, reference.packet, secret);
    let covered = 20;
    packet.walk((vendor, _type, start, end) => {
      // A plain comparison: a million calls of expect would take a minute.
      if (start > end || end > packet.bytes.length) throw new Error(`round ${round}: a value outside its packet`);
      covered += vendor === 0 ? end - start : 0;
    });
    if (covered > packet.bytes.length) throw new Error(`round ${round}: values overlap`);
    listAttributes(packet);
    const name = names[round % names.length]!;
    get(packet, name);
    getAll(packet, name);
    lookup(packet, name);
    const hidden = packet.first(0, 2);
    if (hidden !== undefined) revealPassword(hidden, secret, packet.authenticator);
    encodeAccountingResponse(packet, secret);
  }
  expect(seen.packet).toBeGreaterThan(ROUNDS / 5);
  expect(seen.malformed).toBeGreaterThan(ROUNDS / 5);
});

test('purely random bytes are read without throwing', () => {
  const random = seeded(7);
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(Array.from({ length: random(80) }, () => random(256)));
    if (bytes.length > 4 && random(2) === 0) bytes.writeUInt16BE(bytes.length, 2);
    const decoded = decodePacket(bytes);
    if (decoded.kind === 'packet') listAttributes(decoded.packet);
  }
});
