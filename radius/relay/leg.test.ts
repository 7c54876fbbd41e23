import { Code, decodePacket, Packet, PacketBuilder, revealPassword, verifyReply, verifyRequest } from '../packet';
import { type Answer, TestServer } from '../testing';
import { Leg } from './leg';

const near = Buffer.from('radsec');
const inner = Buffer.from('secret-behind-the-front');
const from = '127.140.3.7';

let server: TestServer;
let legs: Leg[];
let answer: Answer;
/** Source address and port, and identifier, of everything that came. */
let heard: string[];
beforeEach(async () => {
  heard = [];
  answer = (packet) => PacketBuilder.reply(packet, Code.AccessAccept).addMessageAuthenticator().seal(inner);
  server = await TestServer.listen((packet, to) => {
    heard.push(`${to.address} ${to.port} ${packet.identifier}`);
    return answer(packet, to);
  });
  legs = [];
});
afterEach(async () => {
  for (const leg of legs) leg.close();
  await server.close();
});

/** One that sends again after so long, and after the last of them gives up: on a busy machine an answer takes a while. */
function legOf(resendAfterMs: number[]): Leg {
  const leg = new Leg({ from, to: { host: '127.0.0.1', port: server.port }, secret: inner, near, resendAfterMs });
  legs.push(leg);
  return leg;
}

const request = (identifier: number): Buffer =>
  PacketBuilder.request(Code.AccessRequest, identifier)
    .addUserPassword(Buffer.from(`password ${identifier}`), near)
    .seal(near);

function send(leg: Leg, bytes: Buffer): Promise<Packet | undefined> {
  return new Promise((resolve) =>
    leg.send(bytes, (reply) => {
      const decoded = reply && decodePacket(reply);
      resolve(decoded?.kind === 'packet' ? decoded.packet : undefined);
    }),
  );
}

test('requests come from the router’s own address, readable with the inner secret, and answers go back under their own identifiers', async () => {
  // By what they were asked with: on a busy machine one may be sent again before it is answered.
  const passwords = new Map<string, string>();
  const good = answer;
  answer = (packet, to) => {
    expect(verifyRequest(packet, inner)).toBe('valid');
    const password = revealPassword(packet.first(0, 2)!, inner, packet.authenticator);
    passwords.set(packet.authenticator.toString('hex'), String(password));
    return good(packet, to);
  };
  const asked = [7, 7, 200].map((id) => request(id));
  const leg = legOf([20_000]);
  const replies = await Promise.all(asked.map((bytes) => send(leg, Buffer.from(bytes))));
  replies.forEach((reply, n) => expect(verifyReply(reply!, new Packet(asked[n]!), near)).toBe('valid'));
  expect([...passwords.values()].toSorted()).toEqual(['password 200', 'password 7', 'password 7']);
  expect(heard.every((line) => line.startsWith(`${from} `))).toBe(true);
});

test('more than 256 are in flight at a time, each from a port and under an identifier of its own', async () => {
  answer = () => undefined;
  // Sent again, because a burst overruns the small buffer of the server.
  const resendAfterMs = Array.from({ length: 200 }, () => 100);
  const slow = legOf(resendAfterMs);
  for (let n = 0; n < 1023; n += 1) slow.send(request(n & 255), () => undefined);
  expect(slow.hasRoom).toBe(true);
  slow.send(request(1), () => undefined);
  expect([slow.inFlight, slow.hasRoom]).toEqual([1024, false]);
  for (const end = Date.now() + 10_000; new Set(heard).size < 1024 && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 20));
  slow.close();
  expect(new Set(heard).size).toBe(1024);
  expect(new Set(heard.map((line) => line.split(' ')[1])).size).toBe(4);
});

test('what is lost on the way is sent again with the same octets', async () => {
  const good = answer;
  let lost = 2;
  answer = (packet, to) => ((lost -= 1) >= 0 ? undefined : good(packet, to));
  expect((await send(legOf([50, 50, 20_000]), request(9)))?.identifier).toBe(9);
  expect(new Set(heard).size).toBe(1);
  expect(heard).toHaveLength(3);
});

test('a server that never answers is given up, and its identifiers are free again', async () => {
  answer = () => undefined;
  const leg = legOf([50, 50, 50]);
  expect(await send(leg, request(9))).toBeUndefined();
  expect([heard.length, leg.inFlight]).toEqual([3, 0]);
});

test('an answer with another secret, of another kind or to nothing is none', async () => {
  const good = answer;
  let first = true;
  answer = (packet, to) => {
    if (!first) return good(packet, to);
    first = false;
    return PacketBuilder.reply(packet, Code.AccessAccept).addMessageAuthenticator().seal(Buffer.from('forged'));
  };
  expect((await send(legOf([50, 20_000]), request(3)))?.code).toBe(Code.AccessAccept);
  expect(heard).toHaveLength(2);
  answer = (packet) => PacketBuilder.reply(packet, Code.AccountingResponse).seal(inner);
  expect(await send(legOf([50]), request(4))).toBeUndefined();
});

test('an answer that nobody waits for any more is forgotten', async () => {
  let told = 0;
  const leg = legOf([20_000]);
  const forget = leg.send(request(5), () => (told += 1));
  forget();
  await send(leg, request(6));
  expect([told, leg.inFlight]).toEqual([0, 0]);
});
