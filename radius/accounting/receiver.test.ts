import type { RemoteInfo, Socket } from 'node:dgram';
import { addText } from '../attributes';
import { Code, PacketBuilder } from '../packet';
import { newCounters } from './counters';
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
