/**
 * Routers with certificates on two machines: the enforcer runs on one, the fronts on both, and the machines reach nothing of each other but Postgres. An order
 * goes to the front that holds the router's connection, whichever that is.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { get } from '../../radius/attributes';
import { Code, PacketBuilder } from '../../radius/packet';
import { RadsecRouter } from '../../radius/testing/radsec-client';
import { createSecretBox } from '../platform/crypto';
import { roleUrls } from '../platform/db/roles';
import { projectRoot } from '../platform/project-root';
import { ensureAuthority } from '../radsec';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { freePorts } from '../test-kit/ports';
import { makeActive, makeRouter, type Json } from '../test-kit/story';
import { makeTwoHosts, type TestHost, type TwoHosts } from '../test-kit/two-hosts';
import { until } from '../test-kit/until';
import { issue, radsecSecret, report, type Holder } from './radsec-world';

jest.setTimeout(120_000);

let lango: TestLango;
let net: TwoHosts;
let holder: Holder;
let ports: { radsec: string; acct: string };
const folders: string[] = [];
const processes = new Set<ChildProcess>();
const orders: { at: string; code: number; session: string | undefined }[] = [];

beforeAll(async () => {
  lango = await startTestLango();
  net = await makeTwoHosts(lango.db.ownerUrl);
  await ensureAuthority(
    async (sql, values) => ({ rows: await lango.asOwner(sql, values) }),
    createSecretBox(lango.db.masterKey),
    net.hosts.map((host) => host.address),
  );
  const [radsec = 0, acct = 0] = await freePorts(2);
  ports = { radsec: String(radsec), acct: String(acct) };
  const [a, b] = net.hosts;
  // Whatever one machine sends the other is dropped on its way.
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const)
    execFileSync('ip', ['-n', from.space, 'route', 'add', 'blackhole', `${to.address}/32`]);
  for (const host of net.hosts) for (const role of ['accounting', 'radsec'] as const) start(host, role);
  start(b, 'enforcer');
  holder = await issue(lango, (await makeRouter(lango.api))['id'] as string);
}, 120_000);

afterAll(async () => {
  await Promise.all([...processes].map(end));
  await net?.close();
  await lango?.stop();
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
}, 60_000);

/** One role as the supervisor runs it, on that machine, with a data folder of its own. */
function start(host: TestHost, role: 'accounting' | 'radsec' | 'enforcer'): ChildProcess {
  const dataDir = mkdtempSync(join(tmpdir(), 'lango-radsec-host-'));
  chmodSync(dataDir, 0o711);
  folders.push(dataDir);
  const main = join(projectRoot(), 'dist/control-plane/main.js');
  const child = spawn('ip', ['netns', 'exec', host.space, process.execPath, main, role], {
    stdio: process.env['TEST_LOG'] ? ['ignore', 'inherit', 'inherit', 'ipc'] : ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {
      PATH: process.env['PATH'] ?? '',
      LANGO_PART_DATABASE_URL: roleUrls(host.databaseUrl, lango.db.masterKey)[role],
      LANGO_MASTER_KEY: lango.db.masterKey.toString('base64'),
      LANGO_DATA: dataDir,
      LANGO_RADSEC_PORT: ports.radsec,
      LANGO_ACCT_PORT: ports.acct,
    },
  });
  processes.add(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  processes.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

/** The router, connected to the front of that machine. It obeys. */
function connect(host: TestHost): Promise<RadsecRouter> {
  const { ca, cert, key } = holder;
  const dial = (): Promise<RadsecRouter | undefined> =>
    RadsecRouter.connect({
      host: host.address,
      port: Number(ports.radsec),
      ca,
      cert,
      key,
      onOrder: (order) => {
        orders.push({ at: host.address, code: order.code, session: get(order, 'Acct-Session-Id') });
        const code = order.code === Code.CoaRequest ? Code.CoaAck : Code.DisconnectAck;
        return PacketBuilder.reply(order, code).seal(radsecSecret);
      },
    }).catch(() => undefined);
  return until(dial, (router) => router !== undefined, 60_000) as Promise<RadsecRouter>;
}

/** Until the database has heard that the router is connected there and nowhere later; false when the front has hung up instead. */
function known(router: RadsecRouter): Promise<boolean> {
  const peer = `${router.socket.localAddress} ${router.socket.localPort}`;
  return until(
    async () => {
      const { items } = (await lango.api.get<{ items: Json[] }>(`/routers/${holder.id}/certificates`)).body;
      return { is: items[0]?.['connection']?.peer === peer, open: router.open };
    },
    ({ is, open }) => is || !open,
    60_000,
  ).then(({ is }) => is);
}

/** Connects, once more where the front has not heard of the certificate yet: routers dial again. */
async function connected(host: TestHost): Promise<RadsecRouter> {
  for (;;) {
    const router = await connect(host);
    if (await known(router)) return router;
  }
}

/** A customer online there is suspended; gives the machine whose connection the order came through, and what the enforcer was told. */
async function cutThrough(router: RadsecRouter, session: string): Promise<Json> {
  const sub = await makeActive(lango.api);
  const klass = Buffer.from(`L1:${String(sub['id'])}:${session.padStart(16, '0')}:f`);
  const as = { session, username: sub['username'] as string, class: klass };
  expect((await router.ask(report({ status: 'Start', ...as }), 30_000))?.code).toBe(Code.AccountingResponse);
  await lango.api.post(`/subscriptions/${String(sub['id'])}/suspend`, { reason: 'test' });
  const order = await until(
    () => orders.find((one) => one.session === session),
    (found) => found !== undefined,
    30_000,
  );
  await router.ask(report({ status: 'Stop', ...as, seconds: 5 }), 30_000);
  const { items } = await until(
    async () => (await lango.api.get<{ items: Json[] }>(`/enforcements?subscription_id=${String(sub['id'])}`)).body,
    (page) => page.items[0]?.['state'] === 'proven',
    30_000,
  );
  return { ...order, attempts: items[0]!['attempts'] };
}

test('an order reaches the router through the front that holds its newest connection, on whichever machine', async () => {
  const [a, b] = net.hosts;
  const told = { code: Code.DisconnectRequest, attempts: [{ via: 'disconnect', outcome: 'ack' }] };
  const first = await connected(a);
  expect(await cutThrough(first, '82100001')).toMatchObject({ ...told, at: a.address });
  const second = await connected(b);
  expect(await cutThrough(second, '82100002')).toMatchObject({ ...told, at: b.address });
  second.close();
  expect(await known(first)).toBe(true);
  expect(await cutThrough(first, '82100003')).toMatchObject({ ...told, at: a.address });
  expect(orders).toHaveLength(3);
  first.close();
});

test('an order for a router that is not connected waits for it, and is given when it comes back', async () => {
  const [a, b] = net.hosts;
  const router = await connected(a);
  const sub = await makeActive(lango.api);
  const as = {
    session: '82100009',
    username: sub['username'] as string,
    class: Buffer.from(`L1:${String(sub['id'])}:0000000082100009:f`),
  };
  await router.ask(report({ status: 'Start', ...as }), 30_000);
  router.close();
  await until(
    () => lango.asOwner('SELECT FROM radsec_connection WHERE nas_id = $1', [holder.id]),
    (rows) => rows.length === 0,
    20_000,
  );
  await lango.api.post(`/subscriptions/${String(sub['id'])}/suspend`, { reason: 'test' });
  const tried = () =>
    lango.asOwner<{ outcome: string }>(
      'SELECT a.outcome FROM enforcement_attempt a JOIN enforcement e ON e.id = a.enforcement_id WHERE e.subscription_id = $1',
      [sub['id']],
    );
  await until(tried, (rows) => rows.some(({ outcome }) => outcome === 'silence'), 30_000);
  const back = await connect(b);
  await until(
    () => orders.some((one) => one.session === '82100009' && one.at === b.address),
    (obeyed) => obeyed,
    30_000,
  );
  back.close();
});
