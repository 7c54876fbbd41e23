import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { Followed, type PartLog } from '../../radius/part';
import type { SecretBox } from '../platform/crypto';
import { noteTunnels, TUNNEL_SERVER, wireguardFile, type TunnelSeen } from '../provisioning';
import { StartError } from './start-error';

export interface KeepTunnelsOptions {
  /** The owner's: the tunnels end on one host, whosever the routers are. */
  ownerUrl: string;
  secrets: SecretBox;
  /** Of WireGuard; made when it is not there. */
  interface: string;
  log: PartLog;
}

const COMMAND_MS = 10_000;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,14}$/;
/** WireGuard's own over Ethernet; routers are told the same. */
const MTU = '1420';

/**
 * Keeps the peers of our WireGuard interface as the database has them: at the start, within a moment of each change and every half minute, so that what was
 * changed by hand does not last. Writes down when each router was last heard. Tunnels that stay are not touched (`wg syncconf`). The interface is left as it
 * is when this ends: routers stay reachable.
 * @throws StartError when the interface cannot be made or the first comparison fails
 */
export async function keepTunnels(o: KeepTunnelsOptions): Promise<{ stop(): Promise<void> }> {
  if (!NAME.test(o.interface))
    throw new StartError(`${o.interface} is no name of an interface: at most 15 letters, digits, - and _.`);
  await ensureInterface(o.interface);
  const pool = new Pool({
    connectionString: o.ownerUrl,
    max: 2,
    application_name: 'lango-tunnels',
    connectionTimeoutMillis: 3000,
  });
  pool.on('error', () => undefined);
  let first: Error | undefined;
  const followed = new Followed<string>({
    databaseUrl: o.ownerUrl,
    name: 'lango-tunnels-listen',
    channel: 'lango_tunnels',
    read: () => wireguardFile((sql) => pool.query(sql), o.secrets),
    async take(file) {
      await withFile(file, (path) => run('wg', ['syncconf', o.interface, path]));
      await noteTunnels(
        (sql, values) => pool.query(sql, values),
        seenIn(await run('wg', ['show', o.interface, 'dump'])),
      );
    },
    unread(error) {
      first ??= error instanceof Error ? error : new Error(String(error));
      o.log.warn({ err: error }, 'the tunnels could not be compared; they stay as they are, and it is tried again');
    },
  });
  const stop = async (): Promise<void> => {
    await followed.stop();
    await pool.end();
  };
  await followed.start();
  if (first) {
    await stop();
    throw new StartError(`The tunnels could not be set: ${first.message}`);
  }
  return { stop };
}

/** By the kernel's WireGuard, or by wireguard-go where the kernel has none; with our address, up. */
async function ensureInterface(name: string): Promise<void> {
  const there = await run('ip', ['link', 'show', 'dev', name]).then(
    () => true,
    () => false,
  );
  if (!there)
    await run('ip', ['link', 'add', name, 'type', 'wireguard']).catch(async (error: unknown) => {
      await run('wireguard-go', [name]).catch(() => {
        throw new StartError(
          `The interface ${name} could not be made: ${error instanceof Error ? error.message : String(error)} It takes root (CAP_NET_ADMIN) and a kernel with WireGuard, or: apt-get install wireguard-go`,
        );
      });
    });
  await run('ip', ['address', 'replace', `${TUNNEL_SERVER}/16`, 'dev', name]);
  await run('ip', ['link', 'set', 'dev', name, 'mtu', MTU, 'up']);
}

/** `wg show … dump`: a line of our own, then key, preshared key, endpoint, addresses, last handshake (seconds since 1970), received, sent, keepalive of each peer. */
export function seenIn(dump: string): TunnelSeen[] {
  return dump
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [publicKey, , endpoint, , handshake] = line.split('\t');
      if (!publicKey || handshake === undefined) return [];
      return [
        {
          publicKey,
          endpoint: endpoint === '(none)' || !endpoint ? null : endpoint,
          handshake_s: Number(handshake) || null,
        },
      ];
    });
}

/** A file that nobody else can read, for as long as the work takes: it holds our key, and what Node gives a child as its input is no file that wg could open. */
async function withFile<T>(text: string, work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'lango-tunnels-'));
  try {
    const path = join(folder, 'wg.conf');
    writeFileSync(path, text, { mode: 0o600 });
    return await work(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A program with its arguments and nothing of a shell between. Rejects with its own words. */
function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: COMMAND_MS, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      reject(
        new Error(
          missing
            ? `${program} is not installed. Install it with: apt-get install wireguard-tools iproute2`
            : `${program} ${args.slice(0, 2).join(' ')}: ${stderr.trim() || error.message}`,
        ),
      );
    });
  });
}
