import { Code, decodePacket, type Packet, PacketBuilder, verifyRequest } from '../packet';
import { exchange } from '../testing';
import { RADSEC_SECRET } from './rekey';
import { Relay } from './relay';

const inner = Buffer.from('secret-behind-the-front');

let relay: Relay;
let written: Buffer[];
let takes: boolean;
/** How the router behind the connection answers. */
let obey: ((order: Packet) => Buffer | undefined) | undefined;
beforeEach(async () => {
  written = [];
  takes = true;
  obey = (order) => PacketBuilder.reply(order, Code.DisconnectAck).seal(RADSEC_SECRET);
  relay = await Relay.open({
    bind: '127.0.0.1',
    secret: inner,
    write: (bytes) => {
      if (!takes) return false;
      written.push(bytes);
      setImmediate(() => {
        const order = decodePacket(bytes);
        const reply = order.kind === 'packet' ? obey?.(order.packet) : undefined;
        const decoded = reply && decodePacket(reply);
        if (decoded?.kind === 'packet') relay.answered(decoded.packet);
      });
      return true;
    },
  });
});
afterEach(() => relay.close());

const disconnect = (identifier: number, secret = inner): Buffer =>
  PacketBuilder.request(Code.DisconnectRequest, identifier).add(0, 44, Buffer.from('81000001')).seal(secret);
/** `wait_ms` is for those that get no answer. */
const ask = (request: Buffer, o: { tries?: number; wait_ms?: number } = {}) =>
  exchange(request, {
    host: '127.0.0.1',
    port: relay.port,
    secret: inner,
    timeout_ms: o.wait_ms ?? 10_000,
    tries: o.tries ?? 1,
  });

test('an order reaches the router under RadSec’s secret, and its answer comes back under ours', async () => {
  expect(await ask(disconnect(17))).toMatchObject({
    kind: 'reply',
    reply: { code: Code.DisconnectAck, identifier: 17 },
  });
  const order = decodePacket(written[0]!);
  expect(order.kind === 'packet' && verifyRequest(order.packet, RADSEC_SECRET)).toBe('valid');
  expect(order.kind === 'packet' && String(order.packet.first(0, 44))).toBe('81000001');
});

test('an order that is sent again is one order', async () => {
  obey = undefined;
  await ask(disconnect(5), { tries: 3, wait_ms: 300 });
  expect(written).toHaveLength(1);
});

test('whoever does not know the secret gives no orders, and neither do other packets', async () => {
  expect((await ask(disconnect(5, Buffer.from('radsec')), { wait_ms: 300 })).kind).toBe('timeout');
  expect((await ask(PacketBuilder.request(Code.AccessRequest, 1).seal(inner), { wait_ms: 300 })).kind).toBe('timeout');
  expect(written).toEqual([]);
});

test('an answer that is forged, or of another kind, is none', async () => {
  obey = (order) => PacketBuilder.reply(order, Code.DisconnectAck).seal(Buffer.from('forged'));
  expect((await ask(disconnect(5), { wait_ms: 300 })).kind).toBe('timeout');
  obey = (order) => PacketBuilder.reply(order, Code.CoaAck).seal(RADSEC_SECRET);
  expect((await ask(disconnect(6), { wait_ms: 300 })).kind).toBe('timeout');
});

test('a connection that takes nothing more costs an order nothing: it is tried again later', async () => {
  takes = false;
  const request = disconnect(5);
  expect((await ask(request, { wait_ms: 300 })).kind).toBe('timeout');
  takes = true;
  expect((await ask(request)).kind).toBe('reply');
});
