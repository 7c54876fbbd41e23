import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenOn } from '../radius/part';
import { createApp } from './app';
import { createConsole } from './console';
import { createHookDesk } from './hooks';
import { healthSource, type HealthExpectations } from './health';
import { createSecretBox } from './platform/crypto';
import { createDatabase } from './platform/db/prisma';
import { drainable } from './platform/http/drain';
import { startRequestLog } from './platform/http/request-log';
import { startLiveHub } from './platform/live/hub';
import type { Log } from './platform/log';
import { signInLookup } from './staff';

export interface WebOptions {
  /** Login of the web role. */
  databaseUrl: string;
  /** 32 bytes; secrets at rest are sealed under it. */
  masterKey: Buffer;
  bind: string;
  /** 0 takes any free port. */
  port: number;
  publicUrl: string;
  trustedProxies: string[];
  apiRatePerMinute: number;
  /** Where the other parts of this host answer, for /readyz. Parts left out are not expected here. */
  health: HealthExpectations;
  log: Log;
  /** A missing word or template part throws instead of falling back; tests want that. */
  strictUi?: boolean;
}

/** A running web process. */
export interface RunningWeb {
  port: number;
  stop(): Promise<void>;
}

/** What running requests get at a stop. */
const DRAIN_MS = 6_000;
/** As many calls of providers are worked on at once, by one process. */
const HOOK_CONNECTIONS = 6;

/** Starts the console, the API and callbacks on one port; resolves once it accepts connections. @throws when the port is taken */
export async function startWeb(options: WebOptions): Promise<RunningWeb> {
  const { log } = options;
  // Before anything connects: it works for seconds without a pause, in which a connection would count as timed out.
  const { renderer, assets } = createConsole(options.strictUi ?? false);
  const db = createDatabase(options.databaseUrl, createSecretBox(options.masterKey), log);
  const live = startLiveHub(options.databaseUrl, log);
  const health = healthSource(db.outside, options.health, log);
  const requests = startRequestLog(db.outside, log);
  // Connections of its own: neither do pages wait for a rush of callbacks nor callbacks for pages.
  const hookDb = createDatabase(options.databaseUrl, createSecretBox(options.masterKey), log, HOOK_CONNECTIONS, true);
  const desk = createHookDesk({ db: hookDb, publicUrl: options.publicUrl, log });
  const app = createApp({
    ...options,
    db,
    live,
    desk,
    health,
    watch: requests.watch,
    renderer,
    assets,
    lookup: signInLookup(db.outside),
  });
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, app);
  const drain = drainable(server, DRAIN_MS);
  try {
    await listenOn(server, { port: options.port, host: options.bind }, (error) =>
      log.warn({ err: error }, 'the listening socket of the console and the API reported an error'),
    );
  } catch (error) {
    await Promise.all([live.stop(), requests.stop()]);
    await Promise.all([db.close(), hookDb.close()]);
    throw error;
  }
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      await live.stop();
      await drain();
      await desk.stop();
      await requests.stop();
      await Promise.all([db.close(), hookDb.close()]);
    },
  };
}
