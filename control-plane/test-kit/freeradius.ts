import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  detectFreeradius,
  freeradiusCommand,
  freeradiusPlaces,
  healthAddress,
  healthSecret,
  writeFreeradiusConfig,
  type FreeradiusConfigOptions,
  type FreeradiusPlaces,
} from '../../freeradius-config/generate';
import { startNasWatcher } from '../../freeradius-config/nas-watcher';
import { startAuthorizer } from '../../radius/authorizer';
import { askStatus } from '../health';
import { findUser } from '../platform/supervisor/run-as';
import type { TestDatabase } from './database';

/** A real FreeRADIUS with our configuration on a test database. */
export interface TestFreeradius {
  authPort: number;
  places: FreeradiusPlaces;
  pid: number;
  /** Everything it and its watcher wrote, for tests that look for what must not be there. */
  logs(): string;
  stop(): Promise<void>;
}

/** Starts FreeRADIUS and its NAS watcher on a free port of `bind` (default 127.0.0.1), unprivileged, in a folder of its own. */
export async function startTestFreeradius(o: {
  db: TestDatabase;
  bind?: string;
  authPort?: number;
  /** For 802.1X. */
  certificates?: FreeradiusConfigOptions['certificates'];
}): Promise<TestFreeradius> {
  const freeradius = detectFreeradius();
  if (!freeradius) throw new Error('FreeRADIUS 3 is not installed; npm test installs it.');
  const bind = o.bind ?? '127.0.0.1';
  const authPort = o.authPort ?? (await freePort(bind));
  const home = mkdtempSync(join(tmpdir(), 'lango-test-fr-'));
  chmodSync(home, 0o711);
  const dir = join(home, 'raddb');
  mkdirSync(dir);
  const owner = process.getuid?.() === 0 ? findUser('freerad') : undefined;
  const secret = healthSecret(o.db.masterKey);
  writeFreeradiusConfig({
    dir,
    bind,
    authPort,
    freeradius,
    healthSecret: secret,
    certificates: o.certificates,
    ...(owner ? { owner } : {}),
  });
  const said: string[] = [];
  const note = (detail: object, text: string): void => void said.push(`${text} ${JSON.stringify(detail)}`);
  const places = freeradiusPlaces(dir);
  const log = { info: note, warn: note };
  const owned = owner ? { owner } : {};
  const databaseUrl = o.db.urls.radius;
  const authorizer = await startAuthorizer({ databaseUrl, socket: places.authorizerSocket, log, ...owned });
  const { path, args } = freeradiusCommand(freeradius, dir);
  const child = spawn(path, args, {
    stdio: 'ignore',
    env: { PATH: '/usr/sbin:/usr/bin:/bin' },
    ...(owner ? { uid: owner.uid, gid: owner.gid } : {}),
  });
  const watcher = await startNasWatcher({
    databaseUrl,
    dir,
    log,
    ...owned,
  });
  const stop = async (): Promise<void> => {
    await watcher.stop();
    await end(child);
    await authorizer.stop();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await ready(child, places, {
      host: bind === '0.0.0.0' ? '127.0.0.1' : bind,
      port: authPort,
      secret,
      from: healthAddress,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    authPort,
    places,
    pid: child.pid ?? 0,
    logs: () => [read(places.logFile), read(places.loginLog), ...said].join('\n'),
    stop,
  };
}

async function ready(
  child: ChildProcess,
  places: FreeradiusPlaces,
  asked: Parameters<typeof askStatus>[0],
): Promise<void> {
  for (const end_ms = Date.now() + 20_000; Date.now() < end_ms; await sleep(100)) {
    if (child.exitCode !== null) break;
    if (await askStatus(asked)) return;
  }
  throw new Error(`FreeRADIUS did not start:\n${read(places.logFile).split('\n').slice(-15).join('\n')}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([gone, sleep(4000, undefined, { ref: false })]);
  child.kill('SIGKILL');
}

/** A UDP port of `bind` that nobody holds right now. */
export async function freePort(bind: string): Promise<number> {
  const socket = createSocket(bind.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, bind, resolve);
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
