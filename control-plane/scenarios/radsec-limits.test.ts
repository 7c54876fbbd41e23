/** A router that sends more than can be answered, one that reads no answers, and strangers who only begin: none costs more than its share. */
import { createSocket, type Socket } from 'node:dgram';
import { connect as connectTcp, type Socket as TcpSocket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, decodePacket, PacketBuilder } from '../../radius/packet';
import { startRadsec, type Radsec } from '../../radius/radsec';
import { RadsecRouter } from '../../radius/testing/radsec-client';
import { createSecretBox } from '../platform/crypto';
import { createLog } from '../platform/log';
import { AUTHORITY_KEY, ensureAuthority, NO_COMPANY } from '../radsec';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeRouter } from '../test-kit/story';
import { until } from '../test-kit/until';
import { issue, radsecSecret, status, type Holder } from './radsec-world';

jest.setTimeout(60_000);

let lango: TestLango;
let behind: Socket;
let front: Radsec;
let holder: Holder;
let dataDir: string;
let inner: Buffer;
/** Nothing is answered while it is true. */
let silent = false;
const heard = new Set<string>();

beforeAll(async () => {
  lango = await startTestLango();
  const secrets = createSecretBox(lango.db.masterKey);
  await ensureAuthority(async (sql, values) => ({ rows: await lango.asOwner(sql, values) }), secrets, ['127.0.0.1']);
  const router = await makeRouter(lango.api);
  holder = await issue(lango, router['id'] as string);
  const [row] = await lango.asOwner<{ secret: string }>('SELECT secret FROM radsec_router');
  inner = Buffer.from(row!.secret);
  // With room for a burst, which the small server of the tests has not.
  behind = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
  behind.on('message', (datagram, from) => {
    const decoded = decodePacket(datagram);
    if (decoded.kind === 'malformed') return;
    const { packet } = decoded;
    heard.add(`${from.port} ${packet.authenticator.toString('hex')}`);
    if (silent) return;
    const reply = PacketBuilder.reply(packet, Code.AccessAccept);
    // As long as answers get, so that few of them fill what lies between.
    for (let n = 0; n < 14; n += 1) reply.add(0, 18, Buffer.alloc(250, 120));
    behind.send(reply.addMessageAuthenticator().seal(inner), from.port, from.address);
  });
  await new Promise<void>((resolve) => behind.bind(0, '127.0.0.1', resolve));
  dataDir = mkdtempSync(join(tmpdir(), 'lango-radsec-limits-'));
  front = await startRadsec({
    databaseUrl: lango.db.urls.radsec,
    bind: '127.0.0.1',
    port: 0,
    behind: '127.0.0.1',
    authPort: behind.address().port,
    acctPort: behind.address().port,
    dataDir,
    openKey: (sealed) => secrets.open(AUTHORITY_KEY, NO_COMPANY, sealed),
    log: createLog('radsec', process.env['TEST_LOG'] ?? 'silent'),
  });
});
afterEach(() => {
  silent = false;
  for (const router of made.splice(0)) router.close();
});
afterAll(async () => {
  await front?.stop();
  behind?.close();
  await lango?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const made: RadsecRouter[] = [];
async function connect({ ca, cert, key } = holder): Promise<RadsecRouter> {
  const router = await RadsecRouter.connect({ host: '127.0.0.1', port: front.port, ca, cert, key });
  made.push(router);
  return router;
}

/** Long requests, each of its own, written without waiting for answers. */
function flood(router: RadsecRouter, count: number): void {
  for (let n = 0; n < count; n += 1) {
    const request = PacketBuilder.request(Code.AccessRequest, n & 255);
    for (let at = 0; at < 12; at += 1) request.add(0, 18, Buffer.alloc(250, 120));
    router.socket.write(request.seal(radsecSecret));
  }
}

test('requests beyond 1024 in flight wait in the router’s own stream, and go on when there is room', async () => {
  silent = true;
  heard.clear();
  const router = await connect();
  flood(router, 4000);
  await until(
    () => heard.size,
    (n) => n >= 1024,
    15_000,
  );
  // 12 MB do not fit between: what is left stands with the router.
  expect(router.socket.writableLength).toBeGreaterThan(1 << 20);
  // A few more where the system's buffers are small, because what was lost there is given up in the end.
  expect(heard.size).toBeLessThan(2048);
  silent = false;
  await until(
    () => heard.size,
    (n) => n >= 4000,
    30_000,
  );
  expect(router.open).toBe(true);
});

test('a router that reads no answers is read no more, and others are served', async () => {
  const deaf = await connect();
  deaf.socket.removeAllListeners('data');
  deaf.socket.pause();
  // Each round is answered before its identifiers are used again: 0.9 MB of answers that nobody reads.
  const round = async (): Promise<boolean> => {
    const before = heard.size;
    flood(deaf, 256);
    return until(
      () => heard.size,
      (n) => n >= before + 256,
      2000,
    ).then(
      () => true,
      () => false,
    );
  };
  let rounds = 0;
  while (rounds < 60 && (await round())) rounds += 1;
  // The front holds about one round, the system some more.
  expect(rounds).toBeLessThan(60);
  expect(deaf.open).toBe(true);
  const other = await connect();
  expect((await other.ask(status()))?.code).toBe(Code.AccessAccept);
});

test('a router has eight connections at most: the one that was silent longest goes', async () => {
  const own = await issue(lango, (await makeRouter(lango.api))['id'] as string);
  /** Says something, and waits until the front has heard it. */
  const speak = async (one: RadsecRouter): Promise<boolean> => {
    const before = heard.size;
    one.socket.write(status());
    return until(
      () => heard.size > before || !one.open,
      (done) => done,
    ).then(() => one.open);
  };
  const first = await until(
    async () => {
      const one = await connect(own);
      return (await speak(one)) ? one : undefined;
    },
    (one) => one !== undefined,
  );
  const all = [first!];
  while (all.length < 8) {
    const one = await connect(own);
    await speak(one);
    all.push(one);
  }
  await speak(all[0]!);
  await connect(own);
  await all[1]!.closed;
  expect(all.filter((one) => one.open)).toHaveLength(7);
});

test('strangers who only begin a handshake are 64 at most per address, and routers still come in', async () => {
  const strangers: TcpSocket[] = [];
  let ended = 0;
  for (let n = 0; n < 100; n += 1) {
    const socket = connectTcp({ host: '127.0.0.1', port: front.port, localAddress: '127.0.0.99' });
    socket.on('error', () => undefined).on('close', () => (ended += 1));
    strangers.push(socket);
  }
  await until(
    () => ended,
    (n) => n >= 36,
    8000,
  );
  expect(ended).toBe(36);
  const router = await connect();
  expect((await router.ask(status()))?.code).toBe(Code.AccessAccept);
  strangers.forEach((socket) => socket.destroy());
});
