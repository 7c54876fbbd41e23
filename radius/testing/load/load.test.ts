import { countersOf, type LoadOptions, runLoad, sessionIdOf, userNameOf } from '.';
import { get } from '../../attributes';
import {
  authenticatorResponse,
  Code,
  encodeAccountingResponse,
  msChap2Response,
  type Packet,
  PacketBuilder,
  revealPassword,
  verifyChapPassword,
  verifyRequest,
} from '../../packet';
import { TestServer } from '../server';
import { Histogram } from './histogram';

const secret = Buffer.from('bench-secret');
const users = { prefix: 'user', digits: 6, count: 50, password: 'pw-of-all' };

function optionsFor(server: TestServer, over: Partial<LoadOptions>): LoadOptions {
  return {
    host: server.host,
    port: server.port,
    secret: secret.toString(),
    kind: 'pap',
    mode: { kind: 'closed', outstanding: 8 },
    duration_ms: 200,
    users,
    timeout_ms: 2000,
    ...over,
  };
}

test('PAP: every request is right, accepts and rejects are told apart, users are walked through', async () => {
  const names = new Set<string>();
  const server = await TestServer.listen((packet) => {
    expect(verifyRequest(packet, secret, { messageAuthenticator: 'require' })).toBe('valid');
    const name = get(packet, 'User-Name') ?? '';
    names.add(name);
    const password = revealPassword(get(packet, 'User-Password')!, secret, packet.authenticator)?.toString();
    const code = password === users.password && name !== 'user000003' ? Code.AccessAccept : Code.AccessReject;
    return PacketBuilder.reply(packet, code).addMessageAuthenticator().seal(secret);
  });
  const result = await runLoad(optionsFor(server, { total: 100, workers: 2 }));
  await server.close();
  expect(result).toMatchObject({ accepts: 98, rejects: 2, timeouts: 0, retransmits: 0, badReplies: 0 });
  expect(names.size).toBe(50);
  expect(result.workers.map((worker) => worker.issued)).toEqual([50, 50]);
  expect(result.p50_ms).toBeGreaterThan(0);
  expect(result.p99_ms).toBeGreaterThanOrEqual(result.p50_ms);
  expect(result.cpu_ms).toBeGreaterThan(0);
});

test('CHAP: the answers are those that the password gives to the CHAP-Challenge, another one in each request', async () => {
  const challenges = new Set<string>();
  const server = await TestServer.listen((packet) => {
    const challenge = get(packet, 'CHAP-Challenge')!;
    challenges.add(challenge.toString('hex'));
    const right = verifyChapPassword(get(packet, 'CHAP-Password')!, Buffer.from(users.password), challenge);
    return PacketBuilder.reply(packet, right ? Code.AccessAccept : Code.AccessReject)
      .addMessageAuthenticator()
      .seal(secret);
  });
  const result = await runLoad(optionsFor(server, { kind: 'chap', total: 60 }));
  await server.close();
  expect(result).toMatchObject({ accepts: 60, rejects: 0, badReplies: 0 });
  expect(challenges.size).toBe(60);
});

test('MS-CHAPv2: the answers are those that the password gives, each user to another challenge', async () => {
  const challenges = new Set<string>();
  const server = await TestServer.listen((packet) => {
    const challenge = get(packet, 'MS-CHAP-Challenge')!;
    const response = get(packet, 'MS-CHAP2-Response')!;
    const name = get(packet, 'User-Name') ?? '';
    challenges.add(challenge.toString('hex'));
    const peer = response.subarray(2, 18);
    const right = msChap2Response(response[0]!, challenge, peer, name, users.password).equals(response);
    const success = authenticatorResponse(users.password, response.subarray(26), challenge, peer, name);
    return PacketBuilder.reply(packet, right ? Code.AccessAccept : Code.AccessReject)
      .add(311, 26, Buffer.from(`\0${success}`))
      .addMessageAuthenticator()
      .seal(secret);
  });
  const result = await runLoad(optionsFor(server, { kind: 'mschapv2', total: 60 }));
  await server.close();
  expect(result).toMatchObject({ accepts: 60, rejects: 0, badReplies: 0 });
  expect(challenges.size).toBe(50);
});

test('accounting: the counters of each session grow as countersOf says', async () => {
  const last = new Map<string, number>();
  const server = await TestServer.listen((packet) => {
    expect(verifyRequest(packet, secret)).toBe('valid');
    last.set(get(packet, 'Acct-Session-Id')!, octets(packet));
    expect(get(packet, 'User-Name')).toMatch(/^user0000\d\d$/);
    return encodeAccountingResponse(packet, secret);
  });
  const step_octets = 3_000_000_000;
  const result = await runLoad(optionsFor(server, { kind: 'interim', total: 200, step_octets, workers: 2 }));
  await server.close();
  expect(result.acks).toBe(200);
  expect(last.size).toBe(50);
  for (let session = 0; session < 50; session++) {
    expect(last.get(sessionIdOf(session))).toBe(countersOf({ step_octets }, 3).output_octets);
  }
});

test('silence is repeated and then a timeout; a wrong secret is a bad reply; neither counts as answered', async () => {
  const wrong = Buffer.from('another');
  const server = await TestServer.listen((packet) =>
    get(packet, 'User-Name') === userNameOf(users, 0) ? encodeAccountingResponse(packet, wrong) : undefined,
  );
  const result = await runLoad(optionsFor(server, { kind: 'start', total: 4, timeout_ms: 400, tries: 3 }));
  await server.close();
  expect(result).toMatchObject({ acks: 0, timeouts: 4, retransmits: 8, badReplies: 3, answered_per_s: 0 });
});

test('open loop: the rate is held whatever the server does', async () => {
  let seen = 0;
  const server = await TestServer.listen((packet) => {
    seen++;
    return encodeAccountingResponse(packet, secret);
  });
  const mode = { kind: 'open', rate_per_s: 100 } as const;
  const result = await runLoad(optionsFor(server, { kind: 'interim', mode, duration_ms: 1000, warmup_ms: 200 }));
  await server.close();
  expect(result.overruns).toBe(0);
  expect(result.answered_per_s).toBeGreaterThan(85);
  expect(result.answered_per_s).toBeLessThan(115);
  expect(seen).toBeGreaterThan(result.acks);
});

test('a quantile is within 2 % of the truth', () => {
  const histogram = new Histogram();
  for (let us = 1; us <= 10_000; us++) histogram.record(us);
  expect(histogram.quantile_ms(0.5)).toBeCloseTo(5, 0);
  expect(Math.abs(histogram.quantile_ms(0.99) - 9.9)).toBeLessThan(0.2);
  expect(new Histogram().quantile_ms(0.99)).toBe(0);
});

function octets(packet: Packet): number {
  return (get(packet, 'Acct-Output-Gigawords') ?? 0) * 2 ** 32 + (get(packet, 'Acct-Output-Octets') ?? 0);
}
