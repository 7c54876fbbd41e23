import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { ApiServer, type ApiUser } from '../../control-plane/test-kit/mikrotik';
import type { Faults } from '../../control-plane/test-kit/mikrotik';
import { noFaults } from '../../control-plane/test-kit/mikrotik/faults';
import { openConnection } from './connection';
import { encodeSentence } from './words';
import { RouterPool, type ApiOutcome, type ApiTarget, type RouterPoolOptions } from './index';

const admin: ApiUser = { name: 'lango', password: 'geheim ✓' };
let servers: { close(): unknown }[] = [];
let pools: RouterPool[] = [];
let faults: Faults;

beforeEach(() => {
  faults = noFaults();
});
afterEach(async () => {
  for (const pool of pools) pool.close();
  for (const server of servers) await server.close();
  [servers, pools] = [[], []];
});

const startRouter = async (o: Partial<Parameters<typeof ApiServer.listen>[0]> = {}): Promise<ApiServer> => {
  const server = await ApiServer.listen({
    address: '127.0.0.1',
    port: 0,
    users: [admin],
    login: 'plain',
    saysEmpty: true,
    faults,
    commands: {
      '/system/identity/print': () => ({ rows: [{ name: 'Café ✓' }] }),
      '/ppp/active/print': () => ({ rows: [] }),
      '/ppp/active/remove': () => ({ trap: 'no such item (4)' }),
      '/queue/simple/print': () => ({
        rows: Array.from({ length: 5000 }, (_, n) => ({ '.id': `*${n}`, name: `<pppoe-${n}>` })),
      }),
      '/ip/address/add': () => ({ ret: '*1A' }),
      '/slow/print': async ({ ms = '0', name = '' }) => {
        await new Promise((resolve) => setTimeout(resolve, Number(ms)));
        return { rows: [{ name }] };
      },
    },
    ...o,
  });
  servers.push(server);
  return server;
};
const newPool = (o: RouterPoolOptions = {}): RouterPool => {
  const pool = new RouterPool({ timeout_ms: 4000, ...o });
  pools.push(pool);
  return pool;
};
const target = (port: number, o: Partial<ApiTarget> = {}): ApiTarget => ({
  address: '127.0.0.1',
  port,
  username: admin.name,
  password: admin.password,
  tls: false,
  ...o,
});
const rowsOf = (outcome: ApiOutcome): unknown => (outcome.kind === 'done' ? outcome.rows : outcome);

describe.each(['plain', 'challenge'] as const)('login by %s', (login) => {
  const user = login === 'plain' ? admin : { name: 'lango', password: 'geheim' };
  test('lets in, with letters beyond ASCII both ways', async () => {
    const router = await startRouter({ login, users: [user] });
    const at = target(router.port, { password: user.password });
    expect(rowsOf(await newPool().run(at, ['/system/identity/print']))).toEqual([{ name: 'Café ✓' }]);
  });

  test('a wrong password is told as such, and a right one afterwards is tried', async () => {
    const router = await startRouter({ login, users: [user] });
    const pool = newPool();
    expect(await pool.run(target(router.port, { password: 'wrong' }), ['/system/identity/print'])).toEqual({
      kind: 'login_refused',
    });
    const at = target(router.port, { password: user.password });
    expect((await pool.run(at, ['/system/identity/print'])).kind).toBe('done');
  });
});

test('an empty list, with !empty as from 7.18 on and without it', async () => {
  for (const saysEmpty of [true, false]) {
    const router = await startRouter({ saysEmpty });
    const pool = newPool();
    for (let n = 0; n < 3; n++) expect(rowsOf(await pool.run(target(router.port), ['/ppp/active/print']))).toEqual([]);
  }
});

test('queries and add; 5,000 rows; a trap in the router’s words, and the next command works', async () => {
  const { port } = await startRouter();
  const pool = newPool();
  expect(rowsOf(await pool.run(target(port), ['/queue/simple/print', '?name=<pppoe-7>']))).toEqual([
    { '.id': '*7', name: '<pppoe-7>' },
  ]);
  expect(rowsOf(await pool.run(target(port), ['/ip/address/add']))).toEqual([{ ret: '*1A' }]);
  expect(await pool.run(target(port), ['/ppp/active/remove', '=.id=*9'])).toEqual({
    kind: 'refused',
    message: 'no such item (4)',
  });
  expect(rowsOf(await pool.run(target(port), ['/queue/simple/print']))).toHaveLength(5000);
});

test('a user without the policy is refused in the router’s words', async () => {
  const { port } = await startRouter({ users: [{ ...admin, policies: ['api', 'read'] }] });
  expect(await newPool().run(target(port), ['/ppp/active/remove', '=.id=*9'])).toEqual({
    kind: 'refused',
    message: 'not enough permissions (9)',
  });
});

test('200 commands at once share one connection, each gets its own answer, and no more than the limit are under way', async () => {
  const router = await startRouter();
  const pool = newPool();
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, n) => pool.run(target(router.port), ['/slow/print', '=ms=1', `=name=n${n}`])),
  );
  expect(outcomes.map(rowsOf)).toEqual(Array.from({ length: 200 }, (_, n) => [{ name: `n${n}` }]));
  expect(router.connections).toBe(1);
});

test('every octet in a segment of its own', async () => {
  const { port } = await startRouter();
  faults.api = 'in_pieces';
  const pool = newPool();
  expect(rowsOf(await pool.run(target(port), ['/system/identity/print']))).toEqual([{ name: 'Café ✓' }]);
  expect(rowsOf(await pool.run(target(port), ['/ppp/active/print']))).toEqual([]);
});

test('a router that never answers: silent after the limit, at the login as well as later', async () => {
  const { port } = await startRouter();
  const pool = newPool({ timeout_ms: 300 });
  faults.api = 'silent';
  expect(await pool.run(target(port), ['/ppp/active/print'])).toEqual({ kind: 'silent' });
  faults.api = 'normal';
  expect((await pool.run(target(port), ['/ppp/active/print'])).kind).toBe('done');
  faults.api = 'silent';
  expect(await pool.run(target(port), ['/ppp/active/print'])).toEqual({ kind: 'silent' });
});

test('a connection that breaks while a command waits is told at once, and the next command opens another', async () => {
  const { port } = await startRouter();
  const pool = newPool();
  faults.api = 'drop';
  expect((await pool.run(target(port), ['/ppp/active/print'])).kind).toBe('unreachable');
  faults.api = 'normal';
  expect((await pool.run(target(port), ['/ppp/active/print'])).kind).toBe('done');
});

test('nobody there', async () => {
  const nobody = await listen(() => undefined);
  await nobody.close();
  expect(await newPool().run(target(nobody.port), ['/ppp/active/print'])).toEqual({
    kind: 'unreachable',
    message: 'nothing listens at that address and port',
  });
});

test('a reply after its command was given up ends nothing, nor does one of a tag that never was', async () => {
  const sockets: Socket[] = [];
  let asked = '';
  const { port } = await listen((socket) => {
    sockets.push(socket);
    socket.on('data', (data: Buffer) => {
      const tag = /\.tag=[^\0]+/.exec(data.toString())?.[0] ?? '';
      if (data.includes('/login')) socket.write(encodeSentence(['!done', tag]));
      else if (asked === '') asked = tag;
      else {
        socket.write(Buffer.concat([encodeSentence(['!re', '=late=yes', asked]), encodeSentence(['!done', asked])]));
        socket.write(encodeSentence(['!done', '.tag=unheard']));
        socket.write(Buffer.concat([encodeSentence(['!re', '=in=time', tag]), encodeSentence(['!done', tag])]));
      }
    });
  });
  const opened = await openConnection(target(port), 2000);
  if (opened.kind !== 'open') throw new Error(opened.kind);
  const first = opened.connection.run(['/a/print'], 4000);
  while (asked === '') await new Promise((resolve) => setTimeout(resolve, 5));
  expect(rowsOf(await opened.connection.run(['/b/print'], 4000))).toEqual([{ in: 'time' }]);
  expect(rowsOf(await first)).toEqual([{ late: 'yes' }]);
  opened.connection.close();
});

test('rubbish instead of the protocol, and !fatal: unreachable with the reason', async () => {
  const rubbish = await listen((socket) => socket.write(Buffer.of(0xff, 0xfe, 0xfd)));
  const rubbed = await newPool().run(target(rubbish.port), ['/a/print']);
  expect(rubbed.kind).toBe('unreachable');
  const fatal = await listen((socket) => socket.on('data', () => socket.write(encodeSentence(['!fatal', 'too many']))));
  expect(await newPool().run(target(fatal.port), ['/a/print'])).toEqual({ kind: 'unreachable', message: 'too many' });
});

test('an idle connection is closed, and there is never more than the limit of connections', async () => {
  const router = await startRouter();
  const pool = newPool({ idle_ms: 50, connections: 1 });
  await pool.run(target(router.port), ['/ppp/active/print']);
  expect(router.connections).toBe(1);
  const other = await startRouter();
  await pool.run(target(other.port), ['/ppp/active/print']);
  const end = Date.now() + 5000;
  while ((router.connections > 0 || other.connections > 0) && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect([router.connections, other.connections]).toEqual([0, 0]);
});

describe('TLS', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lango-routeros-'));
  const file = (name: string): string => join(dir, name);
  let tls: { key: string; cert: string };
  beforeAll(() => {
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-subj',
        '/CN=router',
        '-days',
        '2',
        '-keyout',
        file('k'),
        '-out',
        file('c'),
      ],
      { stdio: 'ignore' },
    );
    tls = { key: readFileSync(file('k'), 'utf8'), cert: readFileSync(file('c'), 'utf8') };
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('with the certificate that was noted, with any when none was, and not with another', async () => {
    const { port } = await startRouter({ tls });
    const { fingerprint256 } = new X509Certificate(tls.cert);
    const ask = (o: Partial<ApiTarget>) => newPool().run(target(port, { tls: true, ...o }), ['/system/identity/print']);
    expect((await ask({ fingerprint256 })).kind).toBe('done');
    expect((await ask({})).kind).toBe('done');
    const stranger = await ask({
      fingerprint256: fingerprint256.replace(/^../, (two) => (two === '00' ? '01' : '00')),
    });
    expect(stranger).toMatchObject({ kind: 'unreachable', message: expect.stringContaining('another certificate') });
  });
});

async function listen(serve: (socket: Socket) => unknown): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  servers.push({ close });
  return { port: (server.address() as AddressInfo).port, close };
}
