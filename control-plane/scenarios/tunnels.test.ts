/** Our end of the WireGuard tunnels, kept by the database: a router in a network of its own comes through it, and one that is removed does not any more. */
import { execFileSync } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepTunnels } from '../cli/keep-tunnels';
import { createSecretBox } from '../platform/crypto';
import { createLog } from '../platform/log';
import { makeTunnelKeys, noteInstallation } from '../provisioning';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { freePort } from '../test-kit/ports';
import { makeRouter } from '../test-kit/story';
import { until } from '../test-kit/until';

jest.setTimeout(120_000);

const mark = process.pid % 100_000;
const [space, ours, outside, inside] = [`lgs${mark}`, `lgw${mark}`, `lgo${mark}`, `lgi${mark}`];
const octet = process.pid % 250;
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
const within = (...args: string[]): string => run('ip', 'netns', 'exec', space, ...args);

let lango: TestLango;
let folder: string;
let port: number;
let serverKey: string;
let door: Server;
let doorPort = 0;
let keeper: { stop(): Promise<void> } | undefined;
const secrets = () => createSecretBox(lango.db.masterKey);
const log = createLog('tunnels', process.env['TEST_LOG'] ?? 'silent');

beforeAll(async () => {
  lango = await startTestLango();
  folder = mkdtempSync(join(tmpdir(), 'lango-tunnels-'));
  // A tunnel's port is UDP; one that is free for TCP is as good as any.
  port = await freePort('127.0.0.1');
  await noteInstallation((sql, values) => lango.asOwner(sql, values), secrets(), {
    publicUrl: 'https://isp.example',
    authPort: 1812,
    acctPort: 1813,
    tunnelPort: port,
  });
  const [row] = await lango.asOwner<{ key: string }>('SELECT tunnel_public_key AS key FROM provisioning_installation');
  serverKey = row?.key ?? '';
  run('ip', 'netns', 'add', space);
  run('ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', space);
  run('ip', 'address', 'add', `10.252.${octet}.1/30`, 'dev', outside);
  run('ip', 'link', 'set', outside, 'up');
  within('ip', 'address', 'add', `10.252.${octet}.2/30`, 'dev', inside);
  within('ip', 'link', 'set', inside, 'up');
  keeper = await keepTunnels({ ownerUrl: lango.db.ownerUrl, secrets: secrets(), interface: ours, log });
  door = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => door.listen(0, '10.253.0.1', resolve));
  doorPort = (door.address() as AddressInfo).port;
});
afterAll(async () => {
  await keeper?.stop();
  door?.close();
  for (const undo of [
    () => within('ip', 'link', 'del', 'tunnel'),
    () => run('ip', 'netns', 'del', space),
    () => run('ip', 'link', 'del', ours),
    () => run('ip', 'link', 'del', outside),
  ])
    try {
      undo();
    } catch {
      // Not made, or gone with another.
    }
  rmSync(folder, { recursive: true, force: true });
  await lango?.stop();
});

const peers = (): string => run('wg', 'show', ours, 'allowed-ips').trim();

async function addRouter(address: string): Promise<{ id: string; keys: ReturnType<typeof makeTunnelKeys> }> {
  const keys = makeTunnelKeys();
  const router = await makeRouter(lango.api, { address });
  await lango.asOwner(
    `INSERT INTO provisioning_router (nas_id, tenant_id, way, tunnel_kind, tunnel_address, tunnel_public_key, tunnel_key_enc, tunnel_password_enc)
     SELECT id, tenant_id, 'tunnel', 'wireguard', $2::inet, $3, '', '' FROM nas WHERE id = $1`,
    [router['id'], address, keys.publicKey],
  );
  return { id: String(router['id']), keys };
}

/** The router's own end, as its script makes it. */
function switchOn(address: string, privateKey: string): void {
  const file = join(folder, 'router.conf');
  writeFileSync(
    file,
    `[Interface]\nPrivateKey = ${privateKey}\n[Peer]\nPublicKey = ${serverKey}\nEndpoint = 10.252.${octet}.1:${port}\nAllowedIPs = 10.253.0.1/32\nPersistentKeepalive = 1\n`,
  );
  try {
    within('ip', 'link', 'add', 'tunnel', 'type', 'wireguard');
  } catch {
    within('wireguard-go', 'tunnel');
  }
  within('wg', 'setconf', 'tunnel', file);
  within('ip', 'address', 'add', `${address}/32`, 'dev', 'tunnel');
  within('ip', 'link', 'set', 'tunnel', 'up');
}
/** Whether a connection from this address of the router's reaches our end. */
const reaches = (from: string): boolean => {
  try {
    within('ip', 'route', 'replace', '10.253.0.1/32', 'dev', 'tunnel', 'src', from);
    within('timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/10.253.0.1/${doorPort}`);
    return true;
  } catch {
    return false;
  }
};

test('a router that is brought in comes through, is seen, may use its own address alone, and is out when it is removed', async () => {
  const address = '10.253.77.9';
  expect(peers()).toBe('');
  const { id, keys } = await addRouter(address);
  const other = await addRouter('10.253.77.10');
  await until(peers, (text) => text.split('\n').length === 2);
  expect(peers().split('\n')).toContain(`${keys.publicKey}\t${address}/32`);
  switchOn(address, keys.privateKey);
  await until(() => reaches(address), Boolean, 30_000);
  // As another router it gets nowhere.
  within('ip', 'address', 'add', '10.253.77.10/32', 'dev', 'tunnel');
  expect(reaches('10.253.77.10')).toBe(false);

  // What somebody took away by hand is back with the next comparison, which also writes down who was heard.
  run('wg', 'set', ours, 'peer', other.keys.publicKey, 'remove');
  await lango.asOwner('NOTIFY lango_tunnels');
  await until(peers, (text) => text.split('\n').length === 2);
  const seen = await until(
    () =>
      lango.asOwner<{ endpoint: string; fresh: boolean }>(
        `SELECT endpoint, handshake_at > now() - interval '1 minute' AS fresh FROM provisioning_tunnel WHERE nas_id = $1`,
        [id],
      ),
    ([row]) => row?.fresh === true,
  );
  expect(seen[0]?.endpoint).toMatch(new RegExp(`^10\\.252\\.${octet}\\.2:\\d+$`));

  expect((await lango.api.delete(`/routers/${id}`)).status).toBe(204);
  await until(peers, (text) => text === `${other.keys.publicKey}\t10.253.77.10/32`);
  await until(
    () => reaches(address),
    (yes) => !yes,
    30_000,
  );
});
