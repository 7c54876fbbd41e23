import type { RemoteInfo, Socket } from 'node:dgram';
import { addText } from '../attributes';
import { Code, Packet, PacketBuilder, verifyReply } from '../packet';
import { newCounters } from './counters';
import type { Waiting } from './intake-queue';
import type { Nas } from './nas';
import { Receiver, type ReceiverOptions } from './receiver';
import type { Written } from './store';

const secret = Buffer.from('right-secret');
const nas: Nas = { id: '1', tenantId: '1', name: 'r', address: '10.0.0.1', secret, type: 'mikrotik' };

/** Signed, but of no session. */
function nameless(identifier: number): Buffer {
  const builder = PacketBuilder.request(Code.AccountingRequest, identifier);
  addText(builder, 'Acct-Status-Type', 'Start');
  return builder.seal(secret);
}

test('a router that sends packets of no session without end takes few of the database connections', async () => {
  const counters = newCounters();
  const asked: ((written: Written) => void)[] = [];
  let answers = 0;
  const options = {
    table: { find: () => nas },
    counters,
    store: { quarantine: () => new Promise<Written>((resolve) => asked.push(resolve)) },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  } as unknown as ReceiverOptions;
  const receiver = new Receiver(options);
  const socket = { send: () => (answers += 1) } as unknown as Socket;
  const from = { address: nas.address, port: 1000 } as RemoteInfo;
  for (let n = 0; n < 200; n++) receiver.receive(nameless(n), from, socket);
  expect(asked).toHaveLength(2);
  expect(counters.dropped).toBe(198);

  for (const done of asked.splice(0)) done({ kind: 'ok' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(answers).toBe(2);
  receiver.receive(nameless(201), from, socket);
  expect(asked).toHaveLength(1);
});

describe('a duplicate is known by source port, identifier and authenticator', () => {
  /** A Start of a session of its own, so that the authenticators differ. */
  const start = (session: string): Buffer => {
    const builder = PacketBuilder.request(Code.AccountingRequest, 0);
    addText(builder, 'Acct-Status-Type', 'Start');
    addText(builder, 'Acct-Session-Id', session);
    builder.add(0, 33, Buffer.from('hop-1')).add(0, 33, Buffer.from('hop-2'));
    return builder.seal(secret);
  };
  function listening() {
    const counters = newCounters();
    const taken: Waiting[] = [];
    const answers: { to: number; bytes: Buffer }[] = [];
    const receiver = new Receiver({
      table: { find: () => nas },
      counters,
      intake: { add: (one: Waiting) => taken.push(one) },
      heardOf: () => undefined,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    } as unknown as ReceiverOptions);
    const socket = {
      send: (bytes: Buffer, to: number) => answers.push({ to, bytes }),
    } as unknown as Socket;
    const receive = (datagram: Buffer, port: number) =>
      receiver.receive(datagram, { address: nas.address, port } as RemoteInfo, socket);
    return { counters, taken, answers, receive };
  }

  test('the same octets from the same port are one record with as many answers as questions', () => {
    const { counters, taken, answers, receive } = listening();
    for (let n = 0; n < 3; n++) receive(start('a'), 1000);
    expect([taken.length, counters.duplicates]).toEqual([1, 2]);
    taken[0]!.done(true);
    expect(answers.map(({ to }) => to)).toEqual([1000, 1000, 1000]);
    // Answered and forgotten: what comes now is a retransmission whose answer was lost, and is written again, which changes nothing.
    receive(start('a'), 1000);
    expect(taken).toHaveLength(2);
  });

  test('the same identifier with another authenticator is another record, also from the same port', () => {
    const { counters, taken, receive } = listening();
    for (const session of ['a', 'b', 'c']) receive(start(session), 1000);
    expect([taken.length, counters.duplicates]).toEqual([3, 0]);
  });

  test('a NAS that gives every packet identifier 0 and a port of its own loses none of them', () => {
    const { counters, taken, answers, receive } = listening();
    for (let n = 0; n < 5; n++) receive(start('a'), 1000 + n);
    expect([taken.length, counters.duplicates]).toEqual([5, 0]);
    for (const one of taken) one.done(true);
    expect(answers.map(({ to }) => to)).toEqual([1000, 1001, 1002, 1003, 1004]);
  });

  test('a refusal to promise leaves every one of them unanswered', () => {
    const { taken, answers, receive } = listening();
    receive(start('a'), 1000);
    receive(start('a'), 1000);
    taken[0]!.done(false);
    expect(answers).toEqual([]);
  });

  test('and the answer carries every Proxy-State, in order (RFC 2865 section 5.33)', () => {
    const { taken, answers, receive } = listening();
    receive(start('a'), 1000);
    taken[0]!.done(true);
    const reply = new Packet(answers[0]!.bytes);
    expect(reply.all(0, 33).map(String)).toEqual(['hop-1', 'hop-2']);
  });
});

test('while a router’s secret is being replaced either is right, each is answered with its own, and the new one is told of', () => {
  const other = Buffer.from('new-secret');
  const rotating: Nas = {
    ...nas,
    rotation: { other, door: { near: other, from: '127.128.0.1', secret: Buffer.from('inner') } },
  };
  const taken: Waiting[] = [];
  const replies: Packet[] = [];
  const used: string[] = [];
  const counters = newCounters();
  const receiver = new Receiver({
    table: { find: () => rotating },
    counters,
    intake: { add: (one: Waiting) => taken.push(one) },
    heardOf: () => undefined,
    newSecretUsed: ({ id }: Nas) => used.push(id),
    log: { debug() {}, info() {}, warn() {}, error() {} },
  } as unknown as ReceiverOptions);
  const socket = { send: (bytes: Buffer) => replies.push(new Packet(bytes)) } as unknown as Socket;
  const from = { address: nas.address, port: 1 } as RemoteInfo;
  const interim = (session: string, by: Buffer): Packet => {
    const builder = PacketBuilder.request(Code.AccountingRequest, 1);
    addText(builder, 'Acct-Status-Type', 'Interim-Update');
    addText(builder, 'Acct-Session-Id', session);
    const packet = new Packet(builder.seal(by));
    receiver.receive(packet.bytes, from, socket);
    return packet;
  };
  const asked = [interim('a', secret), interim('b', other)];
  expect(used).toEqual(['1']);
  interim('c', Buffer.from('a third'));
  expect([taken.length, counters.bad_authenticator]).toEqual([2, 1]);
  for (const one of taken) one.done(true);
  expect(replies.map((reply, n) => verifyReply(reply, asked[n]!, n === 0 ? secret : other))).toEqual([
    'valid',
    'valid',
  ]);
});
