/**
 * RadSec (RFC 6614): RADIUS over TLS for routers that are known by a certificate. Each has a loopback address of its own, from which its packets go
 * on by UDP to FreeRADIUS and the accounting listener, so that for them an address is a router as always. Orders go back through its connection.
 *
 *   const radsec = await startRadsec({ databaseUrl, bind: '::', port: 2083, behind: '127.0.0.1', authPort: 1812, acctPort: 1813, dataDir, openKey, log });
 *   await radsec.stop();
 *
 * docs/reference/radsec.md tells how it is used.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { Front } from './front';
import { Keeper } from './keeper';
import { OrderDesk } from './order-desk';
import type { PartLog } from '../part';

export interface RadsecOptions {
  /** Connection of the role lango_radsec. */
  databaseUrl: string;
  /** Where routers connect to: an address of this host, 0.0.0.0, or :: for both families. */
  bind: string;
  port: number;
  /** Where FreeRADIUS and the listener are reached, by IPv4: a router with a certificate has an address of 127.128.0.0/10 there. */
  behind: string;
  authPort: number;
  acctPort: number;
  /** LANGO_DATA: the certificates are kept under it for a start without the database. */
  dataDir: string;
  /** Opens the sealed key of the server's certificate. */
  openKey(sealed: Buffer): string;
  log: PartLog;
}

export interface Radsec {
  /** The TCP port in use; 0 while there is no certificate to show. */
  port: number;
  /** Requests in hand are answered; ends within five seconds. */
  stop(): Promise<void>;
}

const REPORT_EVERY_MS = 5000;
const DRAIN_MS = 3000;

/**
 * Starts the front. It starts also while the database is away, with the certificates known last; without any it listens as soon as it learns them.
 * Throws with one sentence when the port is taken.
 */
export async function startRadsec(o: RadsecOptions): Promise<Radsec> {
  const { log } = o;
  const pool = new Pool({
    connectionString: o.databaseUrl,
    // Certificates and reports, orders, and their answers.
    max: 3,
    application_name: 'lango-radsec',
    connectionTimeoutMillis: 3000,
    keepAlive: true,
  });
  pool.on('error', () => undefined);
  const host = o.behind;
  const keeper: Keeper = new Keeper({
    databaseUrl: o.databaseUrl,
    pool,
    file: join(o.dataDir, 'radsec', 'certificates.json'),
    openKey: (sealed) => o.openKey(sealed),
    changed: () => void agree(),
    log,
  });
  const front: Front = new Front({
    bind: o.bind,
    port: o.port,
    authentication: { host, port: o.authPort },
    accounting: { host, port: o.acctPort },
    keeper,
    changed: () => void report(),
    log,
  });
  const instance = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
  let started = false;
  const agree = async (): Promise<void> => {
    // At the start the port is asked for below, where a refusal ends the start.
    if (!started) return;
    await front
      .agree()
      .catch((error: unknown) => log.error({ err: error }, 'RadSec: the certificate or the port cannot be used'));
  };
  const report = reporter(pool, front, instance, log);
  const desk = new OrderDesk({ databaseUrl: o.databaseUrl, pool, instance, connections: front.connections, log });
  const stop = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer);
    await desk.stop();
    await front.stop(DRAIN_MS);
    await report();
    await keeper.stop();
    await pool.end().catch(() => undefined);
  };
  const timers = [setInterval(() => front.endRefused(), 1000), setInterval(() => void report(), REPORT_EVERY_MS)];
  try {
    await Promise.all([keeper.start(), desk.start()]);
    started = true;
    await front.agree();
  } catch (error) {
    await stop();
    throw error;
  }
  if (front.port === 0)
    log.warn({}, 'RadSec has no certificate to show yet; it listens as soon as the database tells it one');
  return {
    get port() {
      return front.port;
    },
    stop,
  };
}

/** Tells the database who is connected: each time that changes, and every few seconds. One report at a time; the last word counts. */
function reporter(pool: Pool, front: Front, instance: string, log: PartLog): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const tell = async (): Promise<void> => {
    do {
      again = false;
      const now = performance.now();
      const rows = [...front.connections]
        .filter((one) => one.open)
        .map((one) => ({
          certificate_id: one.certificate.certificateId,
          peer: one.peer,
          protocol: one.protocol,
          age_ms: Math.round(now - one.since_ms),
        }));
      await pool
        .query('SELECT radsec_report($1, $2)', [instance, JSON.stringify(rows)])
        .catch((error: unknown) => log.debug({ err: error }, 'RadSec: the database does not hear who is connected'));
    } while (again);
  };
  const report = (): Promise<void> => {
    again = true;
    running ??= tell().finally(() => {
      running = undefined;
      if (again) void report();
    });
    return running;
  };
  return report;
}
