import { randomBytes } from 'node:crypto';
import { add } from '../../attributes';
import {
  chapPassword,
  challengeHash,
  challengeResponder,
  Code,
  decodePacket,
  hidePassword,
  ntPasswordHash,
  type Packet,
  PacketBuilder,
  sealBytes,
} from '../../packet';
import type { LoadKind, LoadOptions } from './options';

/** Makes the octets of a request: for which user or session, its round, and under which identifier. */
export type RequestMaker = (subject: number, round: number, identifier: number) => Buffer;

/**
 * A maker for the kind of load. Each packet is a copy of one template in which the few changing octets are overwritten
 * before it is signed, which keeps a worker near 100,000 packets a second.
 */
export function requestMaker(options: LoadOptions): RequestMaker {
  return MAKERS[options.kind](options);
}

/** Whether the answer is an Access-Accept or a Reject, and not an acknowledgement. */
export const isAccess = (kind: LoadKind): boolean => kind === 'pap' || kind === 'chap' || kind === 'mschapv2';

const MAKERS: Record<LoadOptions['kind'], (options: LoadOptions) => RequestMaker> = {
  pap: papMaker,
  chap: chapMaker,
  mschapv2: msChap2Maker,
  start: (options) => accountingMaker(options, 'Start'),
  interim: (options) => accountingMaker(options, 'Interim-Update'),
  stop: (options) => accountingMaker(options, 'Stop'),
};

function papMaker(options: LoadOptions): RequestMaker {
  const secret = Buffer.from(options.secret);
  const password = Buffer.from(options.users.password);
  const template = accessTemplate(options, (b) => b.add(0, 2, hidePassword(password, secret, Buffer.alloc(16))));
  const passwordAt = placeOf(template, 0, 2);
  const user = userWriter(options, template);
  return (subject, _round, identifier) => {
    const bytes = freshAccess(template, identifier);
    user(bytes, subject);
    hidePassword(password, secret, bytes.subarray(4, 20)).copy(bytes, passwordAt);
    sealBytes(bytes, secret);
    return bytes;
  };
}

/** Another challenge for each request, in CHAP-Challenge: a server that hashed the Request Authenticator instead would accept none. */
function chapMaker(options: LoadOptions): RequestMaker {
  const secret = Buffer.from(options.secret);
  const password = Buffer.from(options.users.password);
  const template = accessTemplate(options, (b) => b.add(0, 3, Buffer.alloc(17)).add(0, 60, Buffer.alloc(16)));
  const responseAt = placeOf(template, 0, 3);
  const challengeAt = placeOf(template, 0, 60);
  const user = userWriter(options, template);
  return (subject, _round, identifier) => {
    const bytes = freshAccess(template, identifier);
    user(bytes, subject);
    const challenge = bytes.subarray(challengeAt, challengeAt + 16);
    // As fresh as the authenticator is, and not the same.
    bytes.copy(challenge, 0, 4, 20);
    challenge.reverse();
    chapPassword(identifier, password, challenge).copy(bytes, responseAt);
    sealBytes(bytes, secret);
    return bytes;
  };
}

function msChap2Maker(options: LoadOptions): RequestMaker {
  const secret = Buffer.from(options.secret);
  const template = accessTemplate(options, (b) => b.add(311, 11, Buffer.alloc(16)).add(311, 25, Buffer.alloc(50)));
  const challengeAt = placeOf(template, 311, 11);
  const responseAt = placeOf(template, 311, 25);
  const user = userWriter(options, template);
  const answers = msChap2Answers(options.users);
  return (subject, _round, identifier) => {
    const bytes = freshAccess(template, identifier);
    user(bytes, subject);
    const { challenge, response } = answers(subject);
    challenge.copy(bytes, challengeAt);
    response.copy(bytes, responseAt);
    sealBytes(bytes, secret);
    return bytes;
  };
}

/**
 * Another challenge for each user, and the 50 octets of MS-CHAP2-Response to it (RFC 2548 2.3.2), all worked out before the load begins: three DES blocks
 * per request would be the generator's, on the processors it measures.
 */
function msChap2Answers(users: LoadOptions['users']): (user: number) => { challenge: Buffer; response: Buffer } {
  const respond = challengeResponder(ntPasswordHash(users.password));
  const peerChallenge = randomBytes(16);
  const challenges = randomBytes(16 * users.count);
  const responses = Buffer.alloc(50 * users.count);
  const of = (user: number) => ({
    challenge: challenges.subarray(16 * user, 16 * user + 16),
    response: responses.subarray(50 * user, 50 * user + 50),
  });
  for (let user = 0; user < users.count; user++) {
    const { challenge, response } = of(user);
    peerChallenge.copy(response, 2);
    respond(challengeHash(peerChallenge, challenge, userNameOf(users, user))).copy(response, 26);
  }
  return of;
}

function accountingMaker(options: LoadOptions, status: 'Start' | 'Interim-Update' | 'Stop'): RequestMaker {
  const secret = Buffer.from(options.secret);
  const template = accountingTemplate(options, status);
  const at = {
    sessionId: placeOf(template, 0, 44),
    address: placeOf(template, 0, 8),
    time: placeOf(template, 0, 55),
    counters: status === 'Start' ? undefined : counterPlaces(template),
  };
  const user = userWriter(options, template);
  return (subject, round, identifier) => {
    const bytes = Buffer.from(template);
    bytes[1] = identifier;
    user(bytes, subject);
    bytes.write(sessionIdOf(subject), at.sessionId, 'latin1');
    bytes.writeUInt32BE(0x0a000000 + subject + 1, at.address);
    bytes.writeUInt32BE(Math.floor(Date.now() / 1000), at.time);
    if (at.counters !== undefined) writeCounters(bytes, at.counters, countersOf(options, round));
    sealBytes(bytes, secret);
    return bytes;
  };
}

/** The Acct-Session-Id of a session number: RouterOS' prefix for PPP and six hex digits. */
export function sessionIdOf(session: number): string {
  return `81${session.toString(16).padStart(6, '0')}`;
}

/** The name of a user number. */
export function userNameOf(users: LoadOptions['users'], user: number): string {
  return users.prefix + String(user).padStart(users.digits, '0');
}

/** What the interim or Stop of a round (from 0) reports, so that a bench can compare rows with what was sent. */
export function countersOf(options: Pick<LoadOptions, 'step_octets'>, round: number) {
  const input_octets = (round + 1) * (options.step_octets ?? 100_000);
  return { input_octets, output_octets: input_octets * 10, session_s: (round + 1) * 300 };
}

type Places = { input: number; inputHigh: number; output: number; outputHigh: number; session: number };

function counterPlaces(template: Buffer): Places {
  const [input, inputHigh, output, outputHigh, session] = [42, 52, 43, 53, 46].map((type) =>
    placeOf(template, 0, type),
  );
  return { input: input!, inputHigh: inputHigh!, output: output!, outputHigh: outputHigh!, session: session! };
}

function writeCounters(bytes: Buffer, at: Places, counters: ReturnType<typeof countersOf>): void {
  bytes.writeUInt32BE(counters.input_octets % 2 ** 32, at.input);
  bytes.writeUInt32BE(Math.floor(counters.input_octets / 2 ** 32), at.inputHigh);
  bytes.writeUInt32BE(counters.output_octets % 2 ** 32, at.output);
  bytes.writeUInt32BE(Math.floor(counters.output_octets / 2 ** 32), at.outputHigh);
  bytes.writeUInt32BE(counters.session_s, at.session);
}

function accessTemplate(options: LoadOptions, credentials: (builder: PacketBuilder) => void): Buffer {
  const builder = PacketBuilder.request(Code.AccessRequest, 0);
  add(builder, 'Service-Type', 2);
  add(builder, 'Framed-Protocol', 1);
  add(builder, 'NAS-Port-Type', 15);
  add(builder, 'User-Name', userNameOf(options.users, 0));
  add(builder, 'Calling-Station-Id', 'D4:CA:6D:11:22:33');
  add(builder, 'Called-Station-Id', 'isp');
  add(builder, 'NAS-Port-Id', 'ether2');
  credentials(builder);
  add(builder, 'NAS-Identifier', 'bench');
  add(builder, 'NAS-IP-Address', options.sourceAddress ?? '127.0.0.1');
  if (options.messageAuthenticator !== false) builder.addMessageAuthenticator();
  return builder.seal(Buffer.alloc(0));
}

function accountingTemplate(options: LoadOptions, status: 'Start' | 'Interim-Update' | 'Stop'): Buffer {
  const builder = PacketBuilder.request(Code.AccountingRequest, 0);
  add(builder, 'Acct-Status-Type', { Start: 1, 'Interim-Update': 3, Stop: 2 }[status]);
  if (status === 'Stop') add(builder, 'Acct-Terminate-Cause', 1);
  add(builder, 'Service-Type', 2);
  add(builder, 'Framed-Protocol', 1);
  add(builder, 'NAS-Port-Type', 15);
  add(builder, 'User-Name', userNameOf(options.users, 0));
  add(builder, 'Calling-Station-Id', 'D4:CA:6D:11:22:33');
  add(builder, 'Called-Station-Id', 'isp');
  add(builder, 'NAS-Port-Id', 'ether2');
  add(builder, 'Acct-Session-Id', sessionIdOf(0));
  add(builder, 'Framed-IP-Address', '10.0.0.1');
  add(builder, 'Acct-Authentic', 1);
  add(builder, 'Event-Timestamp', new Date(0));
  if (status !== 'Start') {
    for (const name of ['Acct-Session-Time', 'Acct-Input-Octets', 'Acct-Input-Gigawords'] as const)
      add(builder, name, 0);
    for (const name of ['Acct-Output-Octets', 'Acct-Output-Gigawords'] as const) add(builder, name, 0);
  }
  add(builder, 'NAS-Identifier', 'bench');
  add(builder, 'Acct-Delay-Time', 0);
  add(builder, 'NAS-IP-Address', options.sourceAddress ?? '127.0.0.1');
  return builder.seal(Buffer.alloc(0));
}

let seed = randomBytes(8);
let counter = 0;

/** A copy with a new authenticator: a counter beside random octets, so that no two are the same and none costs a system call. */
function freshAccess(template: Buffer, identifier: number): Buffer {
  const bytes = Buffer.from(template);
  bytes[1] = identifier;
  if (counter === 0xffffffff) seed = randomBytes(8);
  counter = (counter + 1) >>> 0;
  seed.copy(bytes, 4);
  bytes.writeUInt32BE(Math.imul(counter, 0x9e3779b1) >>> 0, 12);
  bytes.writeUInt32BE(counter, 16);
  return bytes;
}

/** Writes the name of a user over the template's, and returns it. All names have one length. */
function userWriter(options: LoadOptions, template: Buffer): (bytes: Buffer, user: number) => string {
  const at = placeOf(template, 0, 1);
  return (bytes, user) => {
    const name = userNameOf(options.users, user);
    bytes.write(name, at, 'latin1');
    return name;
  };
}

function placeOf(template: Buffer, vendor: number, type: number): number {
  return packetOf(template).find(vendor, type) >> 8;
}

function packetOf(bytes: Buffer): Packet {
  const decoded = decodePacket(bytes);
  if (decoded.kind === 'malformed') throw new Error(`the template is malformed: ${decoded.reason}`);
  return decoded.packet;
}
