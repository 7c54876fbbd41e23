import { Code, decodePacket, Packet, PacketBuilder, revealPassword, verifyReply, verifyRequest } from '../packet';
import { type Answer, TestServer } from '../testing';
import { LoginDoor } from './door';

const near = Buffer.from('new-secret-of-the-router');
const inner = Buffer.from('between-door-and-freeradius');
const way = { near, from: '127.141.2.9', secret: inner };

let freeradius: TestServer;
let door: LoginDoor;
let heard: { from: string; packet: Packet }[];
let answer: Answer;
beforeEach(async () => {
  heard = [];
  answer = (packet) => PacketBuilder.reply(packet, Code.AccessAccept).addMessageAuthenticator().seal(inner);
  freeradius = await TestServer.listen((packet, to) => {
    heard.push({ from: to.address, packet: new Packet(Buffer.from(packet.bytes)) });
    return answer(packet, to);
  });
  door = new LoginDoor({ host: '127.0.0.1', port: freeradius.port });
  door.agree(new Map([['7', way]]));
});
afterEach(async () => {
  door.close();
  await freeradius.close();
});

const login = (password = 'sesame'): Buffer =>
  PacketBuilder.request(Code.AccessRequest, 42)
    .addUserPassword(Buffer.from(password), near)
    .addMessageAuthenticator()
    .seal(near);

test('a login reaches FreeRADIUS from the router’s own address with the inner secret, and its answer is the router’s to believe', async () => {
  const asked = login();
  const before = Buffer.from(asked);
  const reply = await new Promise<Buffer>((resolve) => door.take('7', 'a', asked, resolve));
  const [first] = heard;
  expect(first?.from).toBe(way.from);
  expect(verifyRequest(first!.packet, inner)).toBe('valid');
  expect(String(revealPassword(first!.packet.first(0, 2)!, inner, first!.packet.authenticator))).toBe('sesame');
  const decoded = decodePacket(reply);
  if (decoded.kind !== 'packet') throw new Error(decoded.reason);
  // What the socket owns was not written to.
  expect(asked).toEqual(before);
  expect(verifyReply(decoded.packet, new Packet(asked), near, { messageAuthenticator: 'require' })).toBe('valid');
});

test('a packet that comes again while it is on its way, or soon after, is one login', async () => {
  const asked = login();
  const replies = await Promise.all(
    [0, 1].map(() => new Promise<Buffer>((resolve) => door.take('7', 'same', asked, resolve))),
  );
  const again = await new Promise<Buffer>((resolve) => door.take('7', 'same', asked, resolve));
  expect(new Set([...replies, again].map((reply) => reply.toString('hex'))).size).toBe(1);
  expect(new Set(heard.map(({ packet }) => packet.authenticator.toString('hex'))).size).toBe(1);
});

test('of a router whose door is shut nothing is carried, nor what was on its way', async () => {
  answer = () => undefined;
  const answers: Buffer[] = [];
  expect(door.take('7', 'b', login(), (reply) => answers.push(reply))).toBe(true);
  door.agree(new Map());
  expect(door.take('7', 'c', login(), (reply) => answers.push(reply))).toBe(false);
  expect(door.take('8', 'd', login(), (reply) => answers.push(reply))).toBe(false);
  expect(answers).toEqual([]);
  // Opened again it asks anew.
  answer = (packet) => PacketBuilder.reply(packet, Code.AccessReject).addMessageAuthenticator().seal(inner);
  door.agree(new Map([['7', way]]));
  const reply = await new Promise<Buffer>((resolve) => door.take('7', 'b', login(), resolve));
  expect(reply[0]).toBe(Code.AccessReject);
});
