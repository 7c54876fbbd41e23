import { Code, decodePacket, type Packet, PacketBuilder, verifyRequest } from '../packet';
import { Orders, type OrderAnswer } from './orders';
import { RADSEC_SECRET } from './secret';

let orders: Orders;
let written: Packet[];
let takes: boolean;
beforeEach(() => {
  written = [];
  takes = true;
  orders = new Orders((bytes) => {
    const decoded = decodePacket(bytes);
    if (takes && decoded.kind === 'packet') written.push(decoded.packet);
    return takes;
  });
});
afterEach(() => orders.close());

const disconnect = (session = '81000001'): Buffer =>
  PacketBuilder.request(Code.DisconnectRequest, 0).add(0, 44, Buffer.from(session)).seal(RADSEC_SECRET);
const reply = (to: Packet, code: Code, secret = RADSEC_SECRET): Packet => {
  const builder = PacketBuilder.reply(to, code);
  if (code === Code.DisconnectNak) builder.add(0, 101, Buffer.from([0, 0, 1, 247]));
  const decoded = decodePacket(builder.seal(secret));
  if (decoded.kind !== 'packet') throw new Error(decoded.reason);
  return decoded.packet;
};

test('orders go out signed, each with an identifier of its own, and each answer comes to its own', () => {
  const got: [string, OrderAnswer][] = [];
  for (const session of ['a', 'b']) orders.give(disconnect(session), (answer) => got.push([session, answer]));
  expect(new Set(written.map((packet) => packet.identifier)).size).toBe(2);
  expect(written.map((packet) => verifyRequest(packet, RADSEC_SECRET))).toEqual(['valid', 'valid']);
  expect(orders.reply(reply(written[1]!, Code.DisconnectAck))).toBe(true);
  expect(orders.reply(reply(written[0]!, Code.DisconnectNak))).toBe(true);
  expect(got).toEqual([
    ['b', { code: Code.DisconnectAck, errorCause: null }],
    ['a', { code: Code.DisconnectNak, errorCause: 503 }],
  ]);
  // Said again, it is an answer to nothing.
  expect(orders.reply(reply(written[1]!, Code.DisconnectAck))).toBe(false);
});

test('an answer that is forged, or of another kind, is none', () => {
  const answered = jest.fn();
  orders.give(disconnect(), answered);
  expect(orders.reply(reply(written[0]!, Code.DisconnectAck, Buffer.from('forged')))).toBe(false);
  expect(orders.reply(reply(written[0]!, Code.CoaAck))).toBe(false);
  expect(answered).not.toHaveBeenCalled();
});

test('a connection that takes nothing more, or has 256 orders under way, is given none', () => {
  takes = false;
  expect(orders.give(disconnect(), () => undefined)).toBe(false);
  takes = true;
  for (let n = 0; n < 256; n += 1) expect(orders.give(disconnect(), () => undefined)).toBe(true);
  expect(orders.give(disconnect(), () => undefined)).toBe(false);
});
