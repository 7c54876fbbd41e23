import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { add, addText } from '../../radius/attributes';
import { Code, Packet, PacketBuilder } from '../../radius/packet';
import { until } from '../test-kit/until';
import { createAccessWorld, homeRouter, type AccessWorld } from './access-world';

// What FreeRADIUS takes for the same question: the same source port, identifier and authenticator, and nothing less.
jest.setTimeout(60_000);

let world: AccessWorld;
const sockets: Socket[] = [];
beforeAll(async () => {
  world = await createAccessWorld();
  await world.ask({ username: 'nobody' });
});
afterAll(async () => {
  for (const socket of sockets) socket.close();
  await world.end();
});

/** A port of the router, and what came back to it. */
async function port() {
  const socket = createSocket('udp4');
  sockets.push(socket);
  const replies: Buffer[] = [];
  socket.on('message', (bytes) => replies.push(bytes));
  socket.bind(0, homeRouter.address);
  await once(socket, 'listening');
  const send = (bytes: Buffer) => socket.send(bytes, world.freeradius.authPort, '127.0.0.1');
  return {
    send,
    replies,
    got: (n: number) =>
      until(
        () => replies.length,
        (count) => count >= n,
      ),
  };
}

function question(username: string, proxyStates: string[] = []): Buffer {
  const request = PacketBuilder.request(Code.AccessRequest, 0);
  addText(request, 'User-Name', username);
  add(request, 'Service-Type', 2);
  add(request, 'NAS-Port-Type', 15);
  request.addUserPassword(Buffer.from('sesame'), Buffer.from(homeRouter.secret));
  for (const state of proxyStates) request.add(0, 33, Buffer.from(state));
  return request.addMessageAuthenticator().seal(Buffer.from(homeRouter.secret));
}

const answersOf = (username: string) =>
  world.sql<{ class: string }>('SELECT class FROM radpostauth WHERE username = $1', [username]);

test('a repeated question gets the same octets again, and is one login', async () => {
  await world.addSubscription({ username: 'patient' });
  const { send, replies, got } = await port();
  const asked = question('patient');
  send(asked);
  await got(1);
  send(asked);
  send(asked);
  await got(3);
  expect(replies[1]).toEqual(replies[0]);
  expect(replies[2]).toEqual(replies[0]);
  await world.reasonOf('patient');
  expect(await answersOf('patient')).toHaveLength(1);
});

test('another authenticator under the same identifier, or another port, is another login', async () => {
  await world.addSubscription({ username: 'zero', plan: { simultaneous_use: 9 } });
  const one = await port();
  const two = await port();
  const first = question('zero');
  one.send(first);
  await one.got(1);
  one.send(question('zero'));
  await one.got(2);
  two.send(first);
  await two.got(1);
  const logins = await until(
    () => answersOf('zero'),
    (rows) => rows.length === 3,
  );
  expect(new Set(logins.map((row) => row.class)).size).toBe(3);
});

test('Proxy-State comes back as it went, every one and in order, in an Accept and in a Reject', async () => {
  await world.addSubscription({ username: 'proxied' });
  for (const username of ['proxied', 'unknown-and-proxied']) {
    const { send, replies, got } = await port();
    send(question(username, ['hop-1', 'hop-2']));
    await got(1);
    expect(new Packet(replies[0]!).all(0, 33).map(String)).toEqual(['hop-1', 'hop-2']);
  }
});
